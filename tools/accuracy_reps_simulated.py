"""Figures on simulated repetitions: found, graded, timed."""

from __future__ import annotations

import math
import tempfile
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
from accuracy_reps_manners import CLEAN, FAULTY, Task, draw_set, shipped_catalogue
from accuracy_table import Figure, Section, slashed
from make_recordings import write_recording

from imuhip.exercises.catalogue import ExerciseEntry
from imuhip.exercises.results import FAULTS
from imuhip.session import analyze
from imuhip.simulation.graded import TrueRepetition, true_repetitions
from imuhip.simulation.script import practice_session
from imuhip.simulation.simulate import SimulatedSession, simulate
from imuhip.simulation.wearer import SoftTissue, Wearer

FIRST_SEED = 4000
"""Other wearers and sensors than those of the other figures."""
SETS, REPETITIONS, HOLDS = 4, 10, 3
"""Of each session: sets, repetitions of a set, and of one that is held for half a minute each."""
OVERLAP = 0.5
"""Of a found repetition with the true one, as the share of what either covers."""
F1 = 0.995
RATE = 0.95
MEDIAN_S, P95_S = 0.15, 0.4
BREATHING = "hooklying_breathing"
EDGES = ("start", "top", "lower", "end")

Run = Callable[[Callable[["RepCase"], "RepOutcome"], Sequence["RepCase"]], list["RepOutcome"]]


@dataclass(frozen=True, slots=True)
class RepCase:
    """One session of one exercise."""

    exercise: str
    seed: int
    sets: int


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


def reps_simulated(run: Run, sessions: int) -> Section:
    """Measure sessions of every exercise.

    Args:
        run: Maps over the cases, in parallel.
        sessions: Of each exercise.
    """
    exercises = shipped_catalogue().exercises
    cases = [
        RepCase(name, FIRST_SEED + k, SETS)
        for name, entry in exercises.items()
        for k in range(math.ceil(sessions * REPETITIONS / _repetitions(entry)))
    ]
    outcomes = run(measure, cases)
    figures = [*_found_figures(outcomes), *_fault_figures(outcomes), *_time_figures(outcomes)]
    notes = (
        f"{sessions} sessions of {SETS} x {REPETITIONS} repetitions of each of {len(exercises)} exercises, of holds as",
        f"many in sets of {HOLDS} (seeds from {FIRST_SEED}, both sides): real wearers with soft tissue, all sensor",
        "errors, 1 % loss.",
        "Half of the repetitions are drawn with one fault. It counts where the same checks on the bones' noiseless",
        f"angles find it at {FAULTY} times its limit or more; what they find at {CLEAN} times or less must not be",
        "reported. A fault of a repetition that was not found counts as not seen.",
    )
    return Section("Simulated repetitions", notes, tuple(figures), tuple(asdict(each) for each in outcomes))


def _repetitions(entry: ExerciseEntry) -> int:
    return HOLDS if entry.cycle == ("hold",) else REPETITIONS


def measure(case: RepCase) -> RepOutcome:
    """Simulate one session and measure it."""
    task = Task(shipped_catalogue().exercises[case.exercise])
    made = simulated_practice(task, case.seed, case.sets)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "session.mcap"
        write_recording(path, made, datetime(2026, 1, 1, tzinfo=UTC))
        results = analyze(path).results
    return judge(case, task, made, results["sets"])


def simulated_practice(task: Task, seed: int, sets: int) -> SimulatedSession:
    """A session of one exercise; odd seeds are left legs."""
    rng = np.random.default_rng([seed, 20, *task.entry.name.encode()])
    session = practice_session(
        task.entry.name,
        task.entry.position,
        [draw_set(task, _repetitions(task.entry), rng) for _ in range(sets)],
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
            overlaps = [_overlap(rep, span) for rep in left]
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


def _overlap(rep: Mapping[str, Any], span: tuple[float, float]) -> float:
    common = min(rep["end_s"], span[1]) - max(rep["start_s"], span[0])
    return float(max(common, 0.0) / (max(rep["end_s"], span[1]) - min(rep["start_s"], span[0])))


def _edges(rep: Mapping[str, Any], true: TrueRepetition, offset_s: float) -> tuple[float, ...]:
    if rep["lower_s"] is None:  # a kept position has no phases
        return (float("nan"),) * len(EDGES)
    measured = (rep["start_s"], rep["top_s"], rep["end_s"] - rep["lower_s"], rep["end_s"])
    truth = (true.lift.start_s, true.lift.end_s, true.lower.start_s, true.lower.end_s)
    return tuple(round(float(a - b + offset_s), 3) for a, b in zip(measured, truth, strict=True))


def _found_figures(outcomes: Sequence[RepOutcome]) -> Iterable[Figure]:
    for name in dict.fromkeys(each.case.exercise for each in outcomes):
        own = [each for each in outcomes if each.case.exercise == name]
        true = sum(len(each.judged) for each in own)
        hits = sum(judged.found for each in own for judged in each.judged)
        extra = sum(len(each.extra) for each in own)
        f1 = 2 * hits / (true + hits + extra)
        text = f"{f1:.4f} ({hits} of {true}, {extra} too many)"
        yield Figure(f"repetitions of {name}, F1", "soft tissue", f">= {F1}", text, f1 >= F1)


def _fault_figures(outcomes: Sequence[RepOutcome]) -> Iterable[Figure]:
    judged = [(each.case.exercise, one) for each in outcomes for one in each.judged]
    for fault in FAULTS:
        bad = [(name, one) for name, one in judged if one.meant == fault and one.times[fault] >= FAULTY]
        seen = sum(fault in one.reported for _, one in bad)
        wrong = [name for name, one in judged if one.times[fault] <= CLEAN and fault in one.reported]
        recall = seen / len(bad) if bad else float("nan")
        precision = seen / (seen + len(wrong)) if seen else float("nan")
        missed = [name for name, one in bad if fault not in one.reported]
        text = f"{recall:.3f} / {precision:.3f} ({seen} of {len(bad)}, {len(wrong)} wrongly{_most(missed, wrong)})"
        yield Figure(
            f"{fault}, recall / precision", "soft tissue", f">= {RATE} / {RATE}", text, min(recall, precision) >= RATE
        )


def _most(missed: Sequence[str], wrong: Sequence[str]) -> str:
    """Where most of the errors are, where there are several."""
    out = ""
    for label, names in (("missed", missed), ("wrong", wrong)):
        counts = {name: names.count(name) for name in names}
        worst = max(counts, key=lambda name: counts[name], default="")
        if worst and counts[worst] > 2:
            out += f"; most {label}: {worst}, {counts[worst]}"
    return out


def _time_figures(outcomes: Sequence[RepOutcome]) -> Iterable[Figure]:
    moving = [each for each in outcomes if each.case.exercise != BREATHING]
    rows = np.array([one.edges_s for each in moving for one in each.judged if one.found]).reshape(-1, len(EDGES))
    rows = rows[np.isfinite(rows).all(axis=1)]
    for name, error in zip(EDGES, np.abs(rows).T, strict=True):
        values = [float(np.quantile(error, q)) if len(error) else float("inf") for q in (0.5, 0.95)]
        passed = values[0] <= MEDIAN_S and values[1] <= P95_S
        target = f"<= {MEDIAN_S} / {P95_S}"
        yield Figure(f"time of {name}, median / p95, s", "soft tissue", target, slashed(values, 3), passed)
    breaths = [one.edges_s for each in outcomes if each.case.exercise == BREATHING for one in each.judged if one.found]
    if breaths:
        error = np.abs(np.diff(np.array(breaths), axis=1)[:, [0, 2]])
        text = slashed([float(np.quantile(error, q)) for q in (0.5, 0.95)])
        yield Figure("length of inhaling and exhaling, median / p95, s", "sensor on the navel", "", text)
