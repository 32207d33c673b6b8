"""What a viewer of a running session sees: the angles now, their last peaks, the sensors' health."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from imuhip.cli.news_text import news_line
from imuhip.cli.set_text import last_rep_lines
from imuhip.records import record

if TYPE_CHECKING:
    from imuhip.exercises.results import ExerciseSet
    from imuhip.hip.stage import HipAngles, HipBlock
    from imuhip.live_results import News
    from imuhip.pipeline import SensorHealth
    from imuhip.units import FloatArray

PEAK_PROMINENCE_DEG = 8.0
"""A turn-round counts as a peak once the angle has come back this far; sway and soft tissue stay below it."""

LAST_KNOWN_S = 1.0
"""Sensors never end on the same sample: the picture that stays shows what was known up to a second before."""

AGAINST_GRAVITY = "against gravity"
"""What is shown without a pelvis sensor: how far each segment is from the vertical."""

UNKNOWN = "not known"
NO_HEADING = "heading not known"
NEAR_SIDE_SPLIT = "near 90\u00b0 to the side"
"""Near 90 degrees of ab/adduction the other two angles lose their meaning."""


@record
class Gauge:
    """One angle as shown.

    Attributes:
        name: What it is called.
        value_deg: Its value now, None where it is not known.
        peak_deg: Its last peak, None where there was none yet or peaks mean nothing.
        reason: Why there is no value.
        relative: Whether only its changes mean something.
    """

    name: str
    value_deg: float | None
    peak_deg: float | None = None
    reason: str = ""
    relative: bool = False


@record
class LiveState:
    """Everything a view shows at one moment.

    ``groups`` maps "right hip" and the like to its gauges; ``exercise`` is the set that is going on, in lines; ``told``
    are the results so far, a line each; ``note`` is what else has to be said.
    """

    elapsed_s: float
    duration_s: float
    groups: Mapping[str, Sequence[Gauge]]
    health: Sequence[SensorHealth]
    exercise: Sequence[str] = ()
    told: Sequence[str] = ()
    note: str = ""

    @property
    def left_s(self) -> float:
        """Seconds of the recording still to come."""
        return max(self.duration_s - self.elapsed_s, 0.0)


class PeakTracker:
    """The last turning point of one angle away from zero, whichever direction the movement had."""

    def __init__(self) -> None:
        self.peak_deg: float | None = None
        self._high = self._low = 0.0
        self._started = False
        self._rising = True

    def feed(self, angle_deg: FloatArray) -> None:
        """Follow the angle.

        Args:
            angle_deg: (N,) consecutive values, NaN where not known (those are passed over).
        """
        for angle in angle_deg[np.isfinite(angle_deg)].tolist():
            if not self._started:
                self._high = self._low = angle
                self._started = True
            self._high = max(self._high, angle)
            self._low = min(self._low, angle)
            if self._rising and angle < self._high - PEAK_PROMINENCE_DEG:
                self._turn(self._high, angle, rising=False)
            elif not self._rising and angle > self._low + PEAK_PROMINENCE_DEG:
                self._turn(self._low, angle, rising=True)

    def _turn(self, extreme_deg: float, now_deg: float, *, rising: bool) -> None:
        # The turn that leads back towards zero ends a movement; the one at the start pose is no peak.
        if abs(extreme_deg) > abs(now_deg):
            self.peak_deg = extreme_deg
        self._high = self._low = now_deg
        self._rising = rising


class Watch:
    """Collects what the pipeline reports into what a view shows.

    Args:
        duration_s: Length of the recording.
    """

    def __init__(self, duration_s: float) -> None:
        self._duration_s = duration_s
        self._told: list[str] = []
        self._elapsed_s = self._step_s = 0.0
        self._groups: dict[str, dict[str, Gauge]] = {}
        self._peaks: dict[tuple[str, str], PeakTracker] = {}
        self._known: dict[tuple[str, str], tuple[float, float]] = {}

    @property
    def knew_nothing(self) -> bool:
        """Whether no angle was known at any time."""
        return not self._known

    def take(self, blocks: Iterable[HipBlock], news: Iterable[News] = ()) -> None:
        """Take the pipeline's next results.

        Args:
            blocks: In the order of the pipeline.
            news: Results that came with them.
        """
        self._follow_angles(blocks)
        lines = [news_line(each, self._elapsed_s) for each in news]
        self._told += [line for line in lines if line]

    def _follow_angles(self, blocks: Iterable[HipBlock]) -> None:
        for block in blocks:
            if not len(block):
                continue
            self._elapsed_s = (block.start_index + len(block)) / block.rate_hz
            self._step_s = 1.0 / block.rate_hz
            self._groups = {}  # each block has all angles; what a moved strap no longer measures is not shown on
            for side, hip in block.sides.items():
                without_flexion, without_others = _reasons(hip)
                self._follow(f"{side} hip", "flexion", hip.flexion_deg, without_flexion)
                self._follow(f"{side} hip", "adduction", hip.adduction_deg, without_others)
                self._follow(f"{side} hip", "internal rotation", hip.internal_rotation_deg, without_others)
            if "pelvis" in block.roles:
                tilt, tip, turn = block.pelvis_deg()
                self._follow("pelvis", "tilt", tilt)
                self._follow("pelvis", "list", tip)
                self._follow("pelvis", "rotation", turn, relative=True)
            else:
                for k, role in enumerate(block.roles):
                    self._follow(AGAINST_GRAVITY, role.replace("_", " "), block.inclination_deg(k))

    def end(self) -> None:
        """Let the last picture show what was known last, where that was a moment ago."""
        for group, gauges in self._groups.items():
            for name, gauge in gauges.items():
                time_s, angle_deg = self._known.get((group, name), (-np.inf, 0.0))
                if gauge.value_deg is None and self._elapsed_s - time_s <= LAST_KNOWN_S:
                    gauges[name] = replace(gauge, value_deg=angle_deg, reason="")

    def state(
        self, health: Sequence[SensorHealth], exercise: ExerciseSet | None = None, *, note: str = ""
    ) -> LiveState:
        """What to show now.

        Args:
            health: The pipeline's report on its sensors.
            exercise: The set that is going on.
            note: What else has to be said.

        Returns:
            A snapshot.
        """
        groups = {group: list(gauges.values()) for group, gauges in self._groups.items()}
        exercise_lines = () if exercise is None else last_rep_lines(exercise)
        return LiveState(self._elapsed_s, self._duration_s, groups, health, exercise_lines, self._told, note)

    def _follow(
        self, group: str, name: str, angle_deg: FloatArray, reason: str = UNKNOWN, *, relative: bool = False
    ) -> None:
        tracker = self._peaks.setdefault((group, name), PeakTracker())
        tracker.feed(angle_deg)
        peak_deg = None if relative else tracker.peak_deg
        known = np.flatnonzero(np.isfinite(angle_deg))
        if len(known):
            ago_s = (len(angle_deg) - int(known[-1])) * self._step_s
            self._known[group, name] = self._elapsed_s - ago_s, float(angle_deg[known[-1]])
        last = float(angle_deg[-1])
        value_deg = last if np.isfinite(last) else None
        why = reason if value_deg is None else ""
        self._groups.setdefault(group, {})[name] = Gauge(name, value_deg, peak_deg, why, relative)


def _reasons(hip: HipAngles) -> tuple[str, str]:
    """Why flexion, and why the other two angles, are missing at the end of a block where they are."""
    if hip.singular[-1]:
        return NEAR_SIDE_SPLIT, NEAR_SIDE_SPLIT
    return UNKNOWN, NO_HEADING if hip.valid[-1] else UNKNOWN
