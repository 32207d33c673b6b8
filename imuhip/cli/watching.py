"""What a viewer of a running session sees: the angles now, their last peaks, the sensors' health."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from imuhip.pipeline import HipBlock, SensorHealth
    from imuhip.units import FloatArray

PEAK_PROMINENCE_DEG = 8.0
"""A turn-round counts as a peak once the angle has come back this far; sway and soft tissue stay below it."""


@dataclass(frozen=True, slots=True)
class Gauge:
    """One angle as shown: its value now (None: not known) and its last peak (None: none yet)."""

    name: str
    value_deg: float | None
    peak_deg: float | None


@dataclass(frozen=True, slots=True)
class LiveState:
    """Everything a view shows at one moment; ``groups`` maps "right hip" and the like to its gauges."""

    elapsed_s: float
    duration_s: float
    groups: Mapping[str, Sequence[Gauge]]
    health: Sequence[SensorHealth]

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
        self._elapsed_s = 0.0
        self._groups: dict[str, dict[str, float | None]] = {}
        self._peaks: dict[tuple[str, str], PeakTracker] = {}

    def take(self, blocks: Iterable[HipBlock]) -> None:
        """Take the pipeline's next results.

        Args:
            blocks: In the order of the pipeline.
        """
        for block in blocks:
            for side, hip in block.sides.items():
                # A missing value is passed over by the peaks and shown as not known.
                known = np.where(hip.valid, 0.0, np.nan)
                self._follow(f"{side} hip", "flexion", hip.flexion_deg + known)
                self._follow(f"{side} hip", "adduction", hip.adduction_deg + known)
                self._follow(f"{side} hip", "internal rotation", hip.internal_rotation_deg + known)
            self._follow("pelvis", "tilt", block.pelvis_tilt_deg)
            self._follow("pelvis", "list", block.pelvis_list_deg)
            self._follow("pelvis", "rotation", block.pelvis_rotation_deg)
            self._elapsed_s = (block.start_index + len(block)) / block.rate_hz

    def state(self, health: Sequence[SensorHealth]) -> LiveState:
        """What to show now.

        Args:
            health: The pipeline's report on its sensors.

        Returns:
            A snapshot.
        """
        groups = {
            group: [Gauge(name, value, self._peaks[group, name].peak_deg) for name, value in values.items()]
            for group, values in self._groups.items()
        }
        return LiveState(self._elapsed_s, self._duration_s, groups, health)

    def _follow(self, group: str, name: str, angle_deg: FloatArray) -> None:
        if not len(angle_deg):
            return
        last = float(angle_deg[-1])
        self._groups.setdefault(group, {})[name] = last if np.isfinite(last) else None
        self._peaks.setdefault((group, name), PeakTracker()).feed(angle_deg)
