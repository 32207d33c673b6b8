"""Repetitions to a set: what the set as a whole says about each, and about itself."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict

import numpy as np

from imuhip.exercises.catalogue import ExerciseEntry, Limits
from imuhip.exercises.control import RepFigures, SetContext, graded
from imuhip.exercises.finder import FIDGET_SHARE
from imuhip.exercises.results import ExerciseSet, Rep
from imuhip.medians import median
from imuhip.records import record

FULL_QUANTILE = 0.75
"""A full repetition is as wide as the third quartile: a quarter may be done wide and most of the rest short."""
MIN_CONTROLLED = 3
"""Controlled range wants this many good repetitions."""


@record
class SetFrame:
    """What is known of a set besides its repetitions; as in :class:`ExerciseSet`."""

    exercise: str | None
    side: str | None
    position: str | None
    mode: str | None
    marked: bool
    start_s: float
    end_s: float
    reference: str
    signal: str
    notes: tuple[str, ...] = ()


def usual_range(ranges_deg: Sequence[float]) -> float | None:
    """Range of a full repetition; None without any."""
    last = len(ranges_deg) - 1
    # As numpy's quantile, whose generality costs more than measuring a repetition.
    return None if last < 0 else float(np.interp(FULL_QUANTILE * last, np.arange(last + 1), sorted(ranges_deg)))


def without_fidgets(reps: Sequence[RepFigures]) -> list[RepFigures]:
    """Repetitions that are not tiny beside the others."""
    usual = usual_range([rep.range_deg for rep in reps])
    return [rep for rep in reps if usual is not None and rep.range_deg >= FIDGET_SHARE * usual]


def graded_reps(reps: Sequence[RepFigures], entry: ExerciseEntry | None, limits: Limits) -> tuple[Rep, ...]:
    """Repetitions with their faults, each against the whole set."""
    usual = usual_range([rep.range_deg for rep in reps])
    context = SetContext(usual, next((rep.start_pose_deg for rep in reps if rep.start_pose_deg is not None), None))
    cycle = ("lift", "lower") if entry is None else entry.cycle
    return tuple(graded(rep, limits, context, cycle=cycle) for rep in reps)


def concluded(
    frame: SetFrame, figures: Sequence[RepFigures], entry: ExerciseEntry | None, limits: Limits
) -> ExerciseSet:
    """A set.

    Args:
        frame: What is known besides the repetitions.
        figures: What was measured, in order.
        entry: The exercise; None where the catalogue does not have it.
        limits: What to judge by.
    """
    reps = graded_reps(figures, entry, limits)
    good = [rep for rep in reps if rep.good]
    controlled = sorted((rep.control_deg for rep in good if rep.control_deg is not None), reverse=True)
    range_cv, duration_cv = _variation([r.range_deg for r in reps]), _variation([r.end_s - r.start_s for r in reps])
    consistent = None
    if range_cv is not None and duration_cv is not None:
        consistent = range_cv <= limits.range_cv and duration_cv <= limits.duration_cv
    return ExerciseSet(
        exercise=frame.exercise,
        side=frame.side,
        position=frame.position,
        mode=frame.mode,
        marked=frame.marked,
        start_s=frame.start_s,
        end_s=frame.end_s,
        reference=frame.reference,
        signal=frame.signal,
        reps=reps,
        good_reps=len(good),
        usual_range_deg=usual_range([rep.range_deg for rep in reps]),
        controlled_range_deg=controlled[MIN_CONTROLLED - 1] if len(controlled) >= MIN_CONTROLLED else None,
        range_cv=range_cv,
        duration_cv=duration_cv,
        consistent=consistent,
        less_smooth=_less_smooth(reps, limits),
        words=("lifted", "lowered") if entry is None else entry.words,
        aim=() if entry is None else _aim(entry),
        controls=None if entry is None else entry.controls,
        notes=frame.notes,
    )


def _less_smooth(reps: Sequence[Rep], limits: Limits) -> tuple[int, ...]:
    """Numbers of the repetitions that are less smooth than the median by more than chance."""
    arcs = [rep.sparc for rep in reps if rep.sparc is not None]
    if len(arcs) < 3:
        return ()
    least = median(arcs) - limits.sparc_drop
    return tuple(k for k, rep in enumerate(reps, 1) if rep.sparc is not None and rep.sparc < least)


def _aim(entry: ExerciseEntry) -> tuple[tuple[str, float], ...]:
    tempo = asdict(entry.tempo)
    return tuple((f"{part}_s", tempo[f"{part}_s"]) for part in entry.cycle)


def _variation(values: Sequence[float]) -> float | None:
    """Coefficient of variation, None with fewer than three values."""
    if len(values) < 3:
        return None
    mean = float(np.mean(values))
    return float(np.std(values, ddof=1)) / mean if mean > 0 else None
