"""Repetitions to be done well or wrongly on purpose, drawn for an exercise of the catalogue.

A fault is drawn at 1.3 to 2.5 times its limit; everything else about a repetition is drawn at up to 0.8 times.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import cache

import numpy as np

from imuhip.catalogue_files import load_catalogue
from imuhip.exercises.catalogue import AXES, Catalogue, ExerciseEntry, Limits
from imuhip.exercises.results import FAULTS
from imuhip.simulation.manner import Manner, Pieces, Shake
from imuhip.simulation.movements import MOVEMENTS, Movement, Triple

PELVIS = ("pelvis_pitch", "pelvis_list", "pelvis_rotation")
CLEAN, FAULTY = 0.8, 1.3
"""Of their limits: what is below the one is clean, what is above the other faulty, what lies between is not judged."""
SKIN_LAG = 0.3
"""Share of a rotation that skin may hide: a fault by rotation has to be as much larger to be seen at all."""
CALM = 0.12
"""Ripple of a clean repetition, of its limit: a slow tremor of more than that is three peaks of the speed and more."""
SLOWEST = 1.5
"""Longest move beside its phase: of a small and slow one most is slower than 2 deg/s."""
NEAR_START = 0.3
"""Of the way: who rests further up than this has stopped on the way, not drifted."""
SWELL = 0.8
"""RMS of an oscillation that swells and fades, against one that does not."""


@cache
def shipped_catalogue() -> Catalogue:
    """The catalogue in the package."""
    return load_catalogue()


@dataclass(frozen=True, slots=True)
class Task:
    """An exercise of the catalogue as somebody does it."""

    entry: ExerciseEntry

    @property
    def limits(self) -> Limits:
        """Of its checks."""
        return self.entry.limits

    @property
    def pelvis_limits(self) -> tuple[float, float, float]:
        """Of pitch, list and rotation; infinite where there is none."""
        return (self.limits.pelvis_pitch_deg, self.limits.pelvis_list_deg, self.limits.pelvis_rotation_deg)

    @property
    def movement(self) -> Movement:
        """What the simulated wearer does."""
        return MOVEMENTS[self.entry.name, self.entry.position]

    @property
    def range_deg(self) -> float:
        """How far its main angle goes."""
        return self.movement.reach_deg

    @property
    def strays(self) -> tuple[int, ...]:
        """Hip angles that should stay; none where only the knee moves."""
        main = self.movement.main
        belong = {main, *(AXES[name][0] for name in self.entry.companions)}
        return tuple(i for i in range(3) if main is not None and i not in belong)

    def faults(self) -> list[str]:
        """What can be wrong with it."""
        if self.entry.cycle == ("hold",):
            return ["no_hold", "unsteady_hold"]
        if self.entry.axis == "breath":
            return []
        without = set() if self.entry.has_hold else {"no_hold", "unsteady_hold"}
        without |= set() if self.strays else {"off_axis", "start_drift"}
        without |= {fault for fault, limit in zip(PELVIS, self.pelvis_limits, strict=True) if np.isinf(limit)}
        return [fault for fault in FAULTS if fault not in without]


def span_s(phase_s: float, range_deg: float) -> float:
    """Duration of a minimum-jerk move whose phase, by the rule of 2 deg/s and 5 % of the peak speed, lasts so long."""
    span = phase_s
    for _ in range(20):
        peak_deg_s = 1.875 * range_deg / span
        edge = max(2.0, 0.05 * peak_deg_s) / peak_deg_s
        inset = 0.5 - np.sqrt(0.25 - np.sqrt(min(edge, 0.9) / 16))  # 16 s^2 (1 - s)^2 = edge
        span = min(phase_s / (1 - 2 * inset), SLOWEST * phase_s)
    return float(span)


def draw_set(task: Task, repetitions: int, rng: np.random.Generator) -> tuple[Manner, ...]:
    """Draw one set, half of it faulty, each repetition in one way; the first is clean.

    Args:
        task: The exercise.
        repetitions: How many.
        rng: Where from.
    """
    faults = task.faults()
    manners: list[Manner] = []
    for number in range(repetitions):
        clean = draw_clean(task, rng)
        if number == 0 or not faults or rng.uniform() < 0.5:
            manners.append(clean)
            continue
        fault = faults[int(rng.integers(len(faults)))]
        wrong = _DRAWS[fault](task, clean, float(rng.uniform(1.35, 2.5)), rng)
        if fault == "start_drift":  # time to take the other start pose
            manners[-1] = replace(manners[-1], rest_s=wrong.rest_s)
        manners.append(replace(wrong, meant=fault))
    return tuple(manners)


def draw_clean(task: Task, rng: np.random.Generator) -> Manner:
    """Draw a repetition with nothing wrong, but nothing perfect either."""
    limits, range_deg = task.limits, task.range_deg
    if task.entry.cycle == ("hold",):
        hold_s, rest_s = limits.hold_s * float(rng.uniform(1.25, 1.5)), float(rng.uniform(4.0, 7.0))
        return Manner(((1.5, 1.0),), hold_s=hold_s, lower=((1.5, 0.0),), rest_s=rest_s)
    if task.entry.breath is not None and task.entry.axis == "breath":
        breath = task.entry.breath
        inhale_s, exhale_s = (float(rng.uniform(*span)) for span in (breath.inhale_s, breath.exhale_s))
        return Manner(((inhale_s, 1.0),), hold_s=0.0, lower=((exhale_s, 0.0),), rest_s=0.0)
    lift_s = span_s(limits.lift_s * rng.uniform(1.3, 1.8), range_deg)
    lower_s = span_s(limits.lower_s * rng.uniform(1.3, 1.7), range_deg)
    pelvis = [float(rng.uniform(-0.7, 0.7)) * min(limit, 10.0) for limit in task.pelvis_limits]
    late = task.entry.pelvis_pitch != "change"
    return Manner(
        lift=((lift_s, 1.0),),
        hold_s=limits.hold_s * rng.uniform(1.25, 1.8) if task.entry.has_hold else 0.0,
        lower=((lower_s, 0.0),),
        rest_s=float(rng.uniform(0.7, 1.5)) if task.entry.has_hold else float(rng.uniform(0.0, 0.3)),
        range_share=float(rng.uniform(0.9, 1.03)),
        tremor=_tremor(task, lift_s, CALM * float(rng.uniform()), rng),
        stray_deg=_stray(task, 0.55 * float(rng.uniform()), rng),
        pelvis_deg=(0.0 if late else pelvis[0], pelvis[1], pelvis[2]),
        late_tilt_deg=abs(pelvis[0]) if late else 0.0,
    )


def _tremor(task: Task, lift_s: float, times: float, rng: np.random.Generator) -> Shake:
    """A tremor whose ripple in the lift is so many times its limit."""
    hz = float(rng.uniform(4.0, 8.0))
    ripple_deg_s = times * task.limits.ripple * task.range_deg / lift_s
    return Shake(hz, ripple_deg_s * np.sqrt(2) / (2 * np.pi * hz) / SWELL)


def _stray(task: Task, times: float, rng: np.random.Generator) -> Triple:
    """Angles at the top, off the main one by so many times the limit in a direction of its own."""
    if not task.strays:
        return (0.0, 0.0, 0.0)
    angle = float(rng.uniform(-0.6, 0.6)) + (np.pi if rng.uniform() < 0.5 else 0.0)
    parts = [0.0, 0.0, 0.0]
    for index, part in zip(task.strays, (np.cos(angle), np.sin(angle)), strict=False):
        parts[index] = times * task.limits.off_axis * task.range_deg * float(part)
    if len(task.strays) == 1:
        parts[task.strays[0]] = float(np.sign(np.cos(angle))) * times * task.limits.off_axis * task.range_deg
    return (parts[0], parts[1], parts[2])


def _flung(task: Task, clean: Manner, times: float, rng: np.random.Generator) -> Manner:
    return replace(clean, lift=_hasty(task, task.limits.lift_s, times, rng))


def _dropped(task: Task, clean: Manner, times: float, rng: np.random.Generator) -> Manner:
    return replace(clean, lower=tuple((s, 1.0 - level) for s, level in _hasty(task, task.limits.lower_s, times, rng)))


def _hasty(task: Task, limit_s: float, times: float, rng: np.random.Generator) -> Pieces:
    """Too quick from the start, or slowly and then with a rush."""
    if rng.uniform() < 0.5:
        return ((span_s(limit_s / times, task.range_deg), 1.0),)
    whole_s = 1.6 * limit_s
    rush_s = 0.85 * 1.875 * 0.8 * whole_s / (times * task.limits.peak_to_mean)
    return ((whole_s - rush_s, 0.2), (rush_s, 1.0))


def _stopped(task: Task, clean: Manner, times: float, rng: np.random.Generator) -> Manner:
    """One stop, or a way in five pieces; lifting or lowering."""
    lifting = bool(rng.uniform() < 0.5)
    span = clean.lift[0][0] if lifting else clean.lower[0][0]
    pieces: Pieces = tuple((span / 5, (k + 1) / 5) for k in range(5))
    if rng.uniform() < 0.5:
        half = float(rng.uniform(0.4, 0.6))
        pause_s = 0.8 * span * times * task.limits.stopped_share / (1 - 0.8 * times * task.limits.stopped_share)
        pieces = ((half * span, half), (pause_s, half), ((1 - half) * span, 1.0))
    if lifting:
        return replace(clean, lift=pieces, tremor=None)
    return replace(clean, lower=tuple((s, 1.0 - level) for s, level in pieces), tremor=None)


def _shaky(task: Task, clean: Manner, times: float, rng: np.random.Generator) -> Manner:
    return replace(clean, tremor=_tremor(task, clean.lift[0][0], times, rng))


def _no_hold(task: Task, clean: Manner, times: float, _: np.random.Generator) -> Manner:
    if task.entry.cycle == ("hold",):
        return replace(clean, hold_s=task.limits.hold_s / times)
    return replace(clean, hold_s=0.1 * task.limits.hold_s / times, late_tilt_deg=0.0)


def _unsteady_hold(task: Task, clean: Manner, times: float, rng: np.random.Generator) -> Manner:
    if task.entry.cycle == ("hold",):  # it gives way, or goes further, bit by bit
        share = times * task.limits.hold_drift_deg / task.range_deg
        return replace(clean, slip=share if share < 0.6 and rng.uniform() < 0.5 else -share)
    hz = float(rng.uniform(0.7, 1.3))
    by_rms_deg, by_speed_deg = task.limits.hold_rms_deg * np.sqrt(2), task.limits.hold_speed_deg_s / (4 * hz)
    amplitude_deg = times * min(by_rms_deg, by_speed_deg) / SWELL
    return replace(clean, hold_s=clean.hold_s + 1.0, wobble=Shake(hz, amplitude_deg))


def _off_axis(task: Task, clean: Manner, times: float, rng: np.random.Generator) -> Manner:
    hidden = 1.0 - SKIN_LAG if task.strays == (2,) else 1.0
    return replace(clean, stray_deg=_stray(task, times / hidden, rng))


def _pelvis(index: int) -> Callable[[Task, Manner, float, np.random.Generator], Manner]:
    def draw(task: Task, clean: Manner, times: float, rng: np.random.Generator) -> Manner:
        deg = times * task.pelvis_limits[index] * (1.0 if rng.uniform() < 0.5 else -1.0)
        if index == 0 and task.entry.pelvis_pitch != "change":
            return replace(clean, late_tilt_deg=abs(deg), hold_s=max(clean.hold_s, 1.2))
        parts = list(clean.pelvis_deg)
        parts[index] = deg
        return replace(clean, pelvis_deg=(parts[0], parts[1], parts[2]))

    return draw


def _short_range(task: Task, clean: Manner, times: float, rng: np.random.Generator) -> Manner:
    share = 1.0 - times * (1.0 - task.limits.range_share)
    lift_s = span_s(task.limits.lift_s * rng.uniform(1.3, 1.8), share * task.range_deg)
    lower_s = span_s(task.limits.lower_s * rng.uniform(1.3, 1.7), share * task.range_deg)
    stray = clean.stray_deg
    smaller = (share * stray[0], share * stray[1], share * stray[2])
    return replace(
        clean, range_share=share, lift=((lift_s, 1.0),), lower=((lower_s, 0.0),), stray_deg=smaller, tremor=None
    )


def _start_drift(task: Task, clean: Manner, times: float, rng: np.random.Generator) -> Manner:
    """The leg comes to rest elsewhere: not quite back, or to the side."""
    deg = times * task.limits.start_drift_deg
    parts, stray = [0.0, 0.0, 0.0], list(clean.stray_deg)
    main = task.movement.main or 0
    if deg < NEAR_START * task.range_deg and rng.uniform() < 0.5:
        parts[main] = deg * float(np.sign(task.movement.change_deg[main]))
    else:
        index = 0 if main != 0 else 1
        parts[index] = deg * (1.0 if rng.uniform() < 0.5 else -1.0)
        stray[index] += parts[index]  # the whole repetition is displaced
    start: Triple = (parts[0], parts[1], parts[2])
    return replace(clean, rest_s=2.5, start_deg=start, stray_deg=(stray[0], stray[1], stray[2]))


_DRAWS: Mapping[str, Callable[[Task, Manner, float, np.random.Generator], Manner]] = {
    "flung": _flung,
    "dropped": _dropped,
    "stopped": _stopped,
    "shaky": _shaky,
    "no_hold": _no_hold,
    "unsteady_hold": _unsteady_hold,
    "off_axis": _off_axis,
    "pelvis_pitch": _pelvis(0),
    "pelvis_list": _pelvis(1),
    "pelvis_rotation": _pelvis(2),
    "short_range": _short_range,
    "start_drift": _start_drift,
}
