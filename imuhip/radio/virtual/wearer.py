"""Who wears virtual sensors: a simulated session as motion that sensors sample whenever they like.

Before the session begins and after it has ended the wearer goes on standing: the first and last second are played
to and fro.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from imuhip.errors import InputError
from imuhip.marks import Mark
from imuhip.packets.blocks import split_by_sensor
from imuhip.recording import Recording
from imuhip.samples.stage import SampleStage
from imuhip.simulation.script import (
    Session,
    both_legs_session,
    range_test_session,
    shank_session,
    short_session,
    strengthening_session,
)
from imuhip.simulation.sensors import SensorErrors, SensorSamples
from imuhip.simulation.simulate import SimulatedSession, simulate
from imuhip.simulation.wearer import SoftTissue, Wearer
from imuhip.timeline.stage import TimelineStage
from imuhip.units import GRAVITY_M_S2, BoolArray, FloatArray

SCENARIOS: Mapping[str, Session] = {
    "range_test": range_test_session(),
    "strengthening": strengthening_session(),
    "both_legs": both_legs_session(),
    "shank": shank_session(),
    "short": short_session(),
}
"""What a virtual wearer can do, by name."""

TAP_G, TAP_S, BETWEEN_TAPS_S = 3.0, 0.02, 0.3
"""A fingertip on the case: 2-4 g for one or two samples; people tap three times a second."""


def simulated(name: str, seed: int, *, both_thighs: bool = False, rate_hz: float = 100.0) -> SimulatedSession:
    """Simulate what :meth:`VirtualWearer.of_scenario` plays: its truth is what such a session can be judged by.

    Args:
        name: One of :data:`SCENARIOS`.
        seed: Of everything that is drawn.
        both_thighs: Whether both thighs wear a sensor.
        rate_hz: Of the sensors.

    Returns:
        The session.

    Raises:
        InputError: There is no such scenario.
    """
    if name not in SCENARIOS:
        raise InputError(f"there is no scenario {name!r}", remedy=f"Choose one of {', '.join(SCENARIOS)}")
    return simulate(
        SCENARIOS[name],
        seed=seed,
        wearer=Wearer.real(seed),
        errors=SensorErrors(loss=0.0),  # what gets lost is up to the radio
        soft_tissue=SoftTissue.real(seed),
        both_thighs=both_thighs,
        rate_hz=rate_hz,
    )


class VirtualWearer:
    """Moves the sensors.

    Args:
        samples: What each sensor measures in the session, by role; every step in time is the same.
        marks: What is done when, on a clock that begins with the session at ``start_ns``.
        start_ns: See there.
    """

    def __init__(self, samples: Mapping[str, SensorSamples], marks: Sequence[Mark] = (), start_ns: int = 0) -> None:
        self.roles = tuple(samples)
        self.origin_s: float | None = None
        self._time_s = {role: (float(s.time_s[0]), float(s.time_s[1] - s.time_s[0])) for role, s in samples.items()}
        self._motion = {role: np.concatenate([s.acc_m_s2, s.gyr_rad_s], axis=1) for role, s in samples.items()}
        self._marks = tuple(marks)
        self._start_ns = start_ns
        self._taps: list[tuple[str, float]] = []

    @classmethod
    def of_scenario(cls, name: str, seed: int, *, both_thighs: bool = False, rate_hz: float = 100.0) -> VirtualWearer:
        """Simulate a session.

        Args:
            name: One of :data:`SCENARIOS`.
            seed: Of everything that is drawn.
            both_thighs: Whether both thighs wear a sensor.
            rate_hz: Of the sensors.

        Returns:
            The wearer.

        Raises:
            InputError: There is no such scenario.
        """
        made = simulated(name, seed, both_thighs=both_thighs, rate_hz=rate_hz)
        return cls(made.samples, made.marks, int(made.truth.host_ns[0]))

    @classmethod
    def of_recording(cls, path: Path) -> VirtualWearer:
        """Play a recorded session again: its motion at 100 Hz, what was lost bridged in a straight line.

        Args:
            path: The recording.

        Returns:
            The wearer, without errors of clocks.

        Raises:
            InputError: The recording cannot be read or is empty.
        """
        recording = Recording.open(path)
        stages = [SampleStage(sensor) for sensor in recording.sensors]
        timeline = TimelineStage([stage.traits for stage in stages], wait_s=math.inf)
        parts = split_by_sensor(recording.notifications(), len(stages))
        timeline.feed([stage.feed(part) for stage, part in zip(stages, parts, strict=True) if len(part)])
        frames = timeline.flush()
        if not frames:
            raise InputError("has no samples", path=path)
        acc, gyr, known = (
            np.concatenate([getattr(block, name) for block in frames], axis=1)
            for name in ("acc_m_s2", "gyr_rad_s", "known")
        )
        time_s = np.arange(acc.shape[1]) / frames[0].rate_hz
        samples = {
            sensor.role: SensorSamples(
                time_s,
                np.rint(time_s * 1e6).astype(np.int64),
                _bridged(acc[sensor.index], known[sensor.index], time_s),
                _bridged(gyr[sensor.index], known[sensor.index], time_s),
            )
            for sensor in recording.sensors
            if known[sensor.index].any()
        }
        return cls(samples, recording.marks, timeline.start_ns or 0)

    @property
    def duration_s(self) -> float:
        """Length of the session."""
        return min(t0 + step * (len(self._motion[role]) - 1) for role, (t0, step) in self._time_s.items())

    def begin(self, at_s: float) -> None:
        """Begin the session at a moment of the loop's time, unless it has begun."""
        if self.origin_s is None:
            self.origin_s = at_s

    def marks(self, to_host_ns: int = 0) -> list[Mark]:
        """Return what is done when on the host's clock: as marks open and as they close, in order of time.

        Args:
            to_host_ns: Host time of the loop's time zero.
        """
        if self.origin_s is None:
            return []
        shift = to_host_ns + round(self.origin_s * 1e9) - self._start_ns
        messages: list[tuple[int, Mark]] = []
        for mark in self._marks:
            end_ns = mark.start_ns if mark.end_ns is None else mark.end_ns
            closed = replace(mark, start_ns=mark.start_ns + shift, end_ns=end_ns + shift)
            messages += [(closed.start_ns, replace(closed, end_ns=None)), (end_ns + shift, closed)]
        return [mark for _, mark in sorted(messages, key=lambda message: message[0])]

    def first_sample_s(self, role: str, after_s: float) -> float:
        """Return when a sensor that is started takes its first sample.

        Its lattice is the session's, so that what it sends is what was simulated, without interpolation.
        """
        t0, step = self._time_s[role]
        begin_s = t0 + (self.origin_s or 0.0)
        return begin_s + math.ceil((after_s - begin_s) / step) * step

    def step_s(self, role: str) -> float:
        """Return the true time between two samples."""
        return self._time_s[role][1]

    def tap(self, role: str, at_s: float) -> None:
        """Tap a sensor twice."""
        self._taps += [(role, at_s), (role, at_s + BETWEEN_TAPS_S)]

    def motion(self, role: str, time_s: FloatArray) -> FloatArray:
        """Return what a sensor measures.

        Args:
            role: Of the sensor.
            time_s: (N,) moments of the loop's time.

        Returns:
            (N, 6) specific force (m/s2) and angular rate (rad/s).
        """
        t0, step = self._time_s[role]
        values = self._motion[role]
        place = (time_s - t0 - (self.origin_s if self.origin_s is not None else 1e12)) / step
        place = _to_and_fro(place, len(values), round(1.0 / step))
        base = np.minimum(place.astype(np.int64), len(values) - 2)
        share = (place - base)[:, None]
        moved: FloatArray = values[base] * (1 - share) + values[base + 1] * share
        for tapped, at_s in self._taps:
            if tapped == role:
                hit = (time_s >= at_s) & (time_s < at_s + TAP_S)
                moved[hit, 2] += TAP_G * GRAVITY_M_S2
        return moved


def _bridged(values: FloatArray, known: BoolArray, time_s: FloatArray) -> FloatArray:
    """Fill what is not known of (N, 3) values in a straight line."""
    return np.stack([np.interp(time_s, time_s[known], column[known]) for column in values.T], axis=1)


def _to_and_fro(place: FloatArray, count: int, width: int) -> FloatArray:
    """Fold places before the first and after the last sample back into the first or last ``width`` samples."""
    last = count - 1
    before = np.abs((-place + width) % (2 * width) - width)
    after = last - np.abs((place - last + width) % (2 * width) - width)
    return np.where(place < 0, before, np.where(place > last, after, place))
