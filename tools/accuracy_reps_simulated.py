"""Figures on simulated repetitions: found, graded, timed."""

from __future__ import annotations

import math
import tempfile
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
from accuracy_reps_judge import (
    EDGES,
    HOLDS,
    REPETITIONS,
    RepCase,
    RepOutcome,
    judge,
    repetitions_of,
    simulated_practice,
)
from accuracy_reps_manners import CLEAN, FAULTY, Task, shipped_catalogue
from accuracy_table import Figure, Section, slashed
from make_recordings import write_recording

from imuhip.exercises.results import FAULTS
from imuhip.session import analyze

FIRST_SEED = 4000
"""Other wearers and sensors than those of the other figures."""
SETS = 4
"""Of each session."""
LIVE_SETS = 2
"""Of each session that is measured live: of each exercise one."""
F1, QUICK_F1 = 0.995, 0.97
RATE, QUICK_RATE = 0.95, 0.85
"""Of faults; what a quick run with a dozen of each can show is less."""
MEDIAN_S, P95_S = 0.15, 0.4
BREATHING = "hooklying_breathing"

Run = Callable[[Callable[[RepCase], RepOutcome], Sequence[RepCase]], list[RepOutcome]]


def reps_simulated(run: Run, sessions: int, *, quick: bool = False) -> Section:
    """Measure sessions of every exercise.

    Args:
        run: Maps over the cases, in parallel.
        sessions: Of each exercise.
        quick: Whether the wider bands apply.
    """
    exercises = shipped_catalogue().exercises
    cases = [
        RepCase(name, FIRST_SEED + k, SETS)
        for name, entry in exercises.items()
        for k in range(math.ceil(sessions * REPETITIONS / repetitions_of(entry)))
    ]
    cases += [RepCase(name, FIRST_SEED + 1, LIVE_SETS, live=True) for name in exercises]
    measured = run(measure, cases)
    outcomes = [each for each in measured if not each.case.live]
    figures = [*found_figures(outcomes, quick=quick), *fault_figures(outcomes, quick=quick), *time_figures(outcomes)]
    figures.append(_live_figure([each for each in measured if each.case.live]))
    notes = (
        f"{sessions} sessions of {SETS} x {REPETITIONS} repetitions of each of {len(exercises)} exercises, of holds as",
        f"many in sets of {HOLDS} (seeds from {FIRST_SEED}, both sides): real wearers with soft tissue, all sensor",
        "errors, 1 % loss.",
        "Half of the repetitions are drawn with one fault. It counts where the same checks on the bones' noiseless",
        f"angles find it at {FAULTY} times its limit or more; what they find at {CLEAN} times or less must not be",
        "reported. A fault of a repetition that was not found counts as not seen.",
    )
    return Section("Simulated repetitions", notes, tuple(figures), tuple(asdict(each) for each in measured))


def measure(case: RepCase) -> RepOutcome:
    """Simulate one session and measure it."""
    task = Task(shipped_catalogue().exercises[case.exercise])
    made = simulated_practice(task, case.seed, case.sets)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "session.mcap"
        write_recording(path, made, datetime(2026, 1, 1, tzinfo=UTC))
        results = analyze(path, causal=case.live).results
    return judge(case, task, made, results["sets"])


def found_figures(outcomes: Sequence[RepOutcome], *, quick: bool = False) -> Iterable[Figure]:
    """How many repetitions of each exercise were found, and how many that are none."""
    least = QUICK_F1 if quick else F1
    for name in dict.fromkeys(each.case.exercise for each in outcomes):
        own = [each for each in outcomes if each.case.exercise == name]
        f1, text = _f1(own)
        yield Figure(f"repetitions of {name}, F1", "soft tissue", f">= {least}", text, f1 >= least)


def _f1(outcomes: Sequence[RepOutcome]) -> tuple[float, str]:
    true = sum(len(each.judged) for each in outcomes)
    hits = sum(judged.found for each in outcomes for judged in each.judged)
    extra = sum(len(each.extra) for each in outcomes)
    f1 = 2 * hits / (true + hits + extra)
    return f1, f"{f1:.4f} ({hits} of {true}, {extra} too many)"


def _live_figure(outcomes: Sequence[RepOutcome]) -> Figure:
    """All exercises and faults in one row."""
    judged = [one for each in outcomes for one in each.judged]
    bad = [one for one in judged if one.meant and one.times[one.meant] >= FAULTY]
    seen = sum(one.meant in one.reported for one in bad)
    wrong = sum(one.times[fault] <= CLEAN for one in judged for fault in one.reported)
    text = f"{_f1(outcomes)[1]}; faults: {seen} of {len(bad)}, {wrong} wrongly"
    return Figure("the same live: repetitions, F1; faults", "soft tissue", "", text)


def fault_figures(outcomes: Sequence[RepOutcome], *, quick: bool = False) -> Iterable[Figure]:
    """How many of each fault were seen, and how many that are none."""
    least = QUICK_RATE if quick else RATE
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
            f"{fault}, recall / precision",
            "soft tissue",
            f">= {least} / {least}",
            text,
            min(recall, precision) >= least,
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


def time_figures(outcomes: Sequence[RepOutcome]) -> Iterable[Figure]:
    """How far the edges of phases are off."""
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
