"""Simulated repetitions held against their truth: which were found, when, and with which faults."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from accuracy_reps_manners import Task, draw_set

from imuhip.exercises.catalogue import ExerciseEntry
from imuhip.exercises.results import FAULTS
from imuhip.simulation.graded import TrueRepetition, true_repetitions
from imuhip.simulation.script import practice_session
from imuhip.simulation.simulate import SimulatedSession, simulate
from imuhip.simulation.wearer import SoftTissue, Wearer

REPETITIONS, HOLDS = 10, 3
"""Of a set, and of one in which each is held for half a minute."""
OVERLAP = 0.5
"""Of a found repetition with the true one, as the share of what either covers."""
EDGES = ("start", "top", "lower", "end")


@dataclass(frozen=True, slots=True)
class RepCase:
    """One session of one exercise, of so many sets; live or as analysed afterwards."""

    exercise: str
    seed: int
    sets: int
    live: bool = False


@dataclass(frozen=True, slots=True)
class Judged:
    """One true repetition and what was found of it.

    Attributes:
        start_s: Of the true one, from the recording's start.
        edges_s: Found minus true, of each of :data:`EDGES`; empty where it was not found.
        meant: The fault that it was drawn with, if any.
        times: How many times its limit every fault truly is.
        reported: The faults that were.
    """

    start_s: float
    edges_s: tuple[float, ...]
    meant: str
    times: dict[str, float]
    reported: tuple[str, ...]

    @property
    def found(self) -> bool:
        """Whether it was found."""
        return bool(self.edges_s)


@dataclass(frozen=True, slots=True)
class RepOutcome:
    """One session, measured.

    Attributes:
        case: Which.
        judged: Every true repetition.
        extra: Start of those found where there is none, s.
    """

    case: RepCase
    judged: tuple[Judged, ...]
    extra: tuple[float, ...]


def repetitions_of(entry: ExerciseEntry) -> int:
    """How many a set has."""
    return HOLDS if entry.cycle == ("hold",) else REPETITIONS


def simulated_practice(task: Task, seed: int, sets: int) -> SimulatedSession:
    """A session of one exercise; odd seeds are left legs."""
    rng = np.random.default_rng([seed, 20, *task.entry.name.encode()])
    session = practice_session(
        task.entry.name,
        task.entry.position,
        [draw_set(task, repetitions_of(task.entry), rng) for _ in range(sets)],
        "left" if seed % 2 else "right",
    )
    # The pelvis' part is drawn for every repetition, within the limit or beyond it: the wearer adds little.
    wearer = replace(Wearer.real(seed), pelvis_share=(0.0, 0.03), range_sd=0.05)
    return simulate(session, seed=seed, wearer=wearer, soft_tissue=SoftTissue.real(seed))


def judge(case: RepCase, task: Task, made: SimulatedSession, sets: Iterable[Mapping[str, Any]]) -> RepOutcome:
    """Hold the repetitions found in a session against the true ones.

    Args:
        case: For the outcome.
        task: For the limits.
        made: The session.
        sets: As the results have them.
    """
    offset_s = min(float(samples.time_s[0]) for samples in made.samples.values())
    left = [rep for each in sets for rep in each["reps"]]
    judged = []
    for group in _by_set(true_repetitions(made.truth)):
        usual_deg = float(np.percentile([each.range_deg for each in group], 75))
        for true in group:
            times = true_multiples(task, true, group[0], usual_deg)
            meant = "" if true.plan.manner is None else true.plan.manner.meant
            span = (true.lift.start_s - offset_s, true.lower.end_s - offset_s)
            overlaps = [overlap(rep, span) for rep in left]
            edges: tuple[float, ...] = ()
            reported: tuple[str, ...] = ()
            if max(overlaps, default=0.0) >= OVERLAP:
                rep = left.pop(int(np.argmax(overlaps)))
                edges = _edges(rep, true, offset_s)
                reported = tuple(fault["id"] for fault in rep["faults"])
            judged.append(Judged(span[0], edges, meant, times, reported))
    return RepOutcome(case, tuple(judged), tuple(rep["start_s"] for rep in left))


def true_multiples(task: Task, true: TrueRepetition, first: TrueRepetition, usual_deg: float) -> dict[str, float]:
    """How many times its limit every fault of a repetition truly is.

    Args:
        task: For the limits.
        true: The repetition.
        first: The first one of its set.
        usual_deg: Usual range of its set.
    """
    if task.entry.axis == "breath":  # the pace is told, not judged
        return dict.fromkeys(FAULTS, 0.0)
    limits, phases = task.limits, (true.lift, true.lower)
    pitch = {"after_lift": true.late_tilt_deg, "reversal": true.tilt_back_deg}
    aside = float(np.linalg.norm(true.aside[list(task.strays)]))
    drift = np.abs(true.start_deg - first.start_deg)
    times = {
        "flung": max(limits.lift_s / true.lift.duration_s, true.lift.peak_to_mean / limits.peak_to_mean),
        "dropped": max(limits.lower_s / true.lower.duration_s, true.lower.peak_to_mean / limits.peak_to_mean),
        "stopped": max(max(p.stopped / limits.stopped_share, p.peaks / limits.speed_peaks) for p in phases),
        "shaky": max(phase.ripple for phase in phases) / limits.ripple,
        "off_axis": aside / limits.off_axis,
        "pelvis_pitch": pitch.get(task.entry.pelvis_pitch, float(true.pelvis_deg[0])) / limits.pelvis_pitch_deg,
        "pelvis_list": float(true.pelvis_deg[1]) / limits.pelvis_list_deg,
        "pelvis_rotation": float(true.pelvis_deg[2]) / limits.pelvis_rotation_deg,
        "short_range": (1 - true.range_deg / usual_deg) / (1 - limits.range_share),
        "start_drift": float(drift.max()) / limits.start_drift_deg,
    }
    if task.entry.has_hold:
        times["no_hold"] = limits.hold_s / max(true.hold_s, 0.01)
        times["unsteady_hold"] = max(
            true.hold_rms_deg / limits.hold_rms_deg, true.hold_speed_deg_s / limits.hold_speed_deg_s
        )
    if task.entry.cycle == ("hold",):
        times = {"no_hold": limits.hold_s / true.hold_s, "unsteady_hold": true.hold_drift_deg / limits.hold_drift_deg}
    return {fault: round(float(times.get(fault, 0.0)), 3) for fault in FAULTS}


def _by_set(repetitions: Iterable[TrueRepetition]) -> list[list[TrueRepetition]]:
    groups: dict[int, list[TrueRepetition]] = defaultdict(list)
    for each in repetitions:
        groups[each.plan.mark_id].append(each)
    return list(groups.values())


def overlap(rep: Mapping[str, Any], span: tuple[float, float]) -> float:
    """What a found repetition and a true span (s) have in common, as the share of what either covers."""
    common = min(rep["end_s"], span[1]) - max(rep["start_s"], span[0])
    return float(max(common, 0.0) / (max(rep["end_s"], span[1]) - min(rep["start_s"], span[0])))


def _edges(rep: Mapping[str, Any], true: TrueRepetition, offset_s: float) -> tuple[float, ...]:
    if rep["lower_s"] is None:  # a kept position has no phases
        return (float("nan"),) * len(EDGES)
    measured = (rep["start_s"], rep["top_s"], rep["end_s"] - rep["lower_s"], rep["end_s"])
    truth = (true.lift.start_s, true.lift.end_s, true.lower.start_s, true.lower.end_s)
    return tuple(round(float(a - b + offset_s), 3) for a, b in zip(measured, truth, strict=True))
