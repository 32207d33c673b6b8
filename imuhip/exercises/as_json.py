"""Sets as the machine-readable results have them."""

from __future__ import annotations

import math
from typing import Any

from imuhip.exercises.results import ExerciseSet, Rep

DIGITS = 3


def set_json(one: ExerciseSet) -> dict[str, Any]:
    """A set, ready for JSON; what is not known is None.

    Args:
        one: The set.
    """
    return {
        "exercise": one.exercise,
        "side": one.side,
        "position": one.position,
        "mode": one.mode,
        "marked": one.marked,
        "start_s": _rounded(one.start_s),
        "end_s": _rounded(one.end_s),
        "good_reps": one.good_reps,
        "controlled_range_deg": _rounded(one.controlled_range_deg),
        "usual_range_deg": _rounded(one.usual_range_deg),
        "range_cv": _rounded(one.range_cv),
        "duration_cv": _rounded(one.duration_cv),
        "consistent": one.consistent,
        "less_smooth": list(one.less_smooth),
        "words": list(one.words),
        "aim": dict(one.aim),
        "controls": None if one.controls is None else {"test": one.controls[0], "position": one.controls[1]},
        "reference": one.reference,
        "signal": one.signal or None,
        "reps": [_rep_json(rep) for rep in one.reps],
        "notes": list(one.notes),
    }


def _rep_json(rep: Rep) -> dict[str, Any]:
    return {
        "start_s": _rounded(rep.start_s),
        "top_s": _rounded(rep.top_s),
        "end_s": _rounded(rep.end_s),
        "range_deg": _rounded(rep.range_deg),
        "peak_deg": _rounded(rep.peak_deg),
        "lift_s": _rounded(rep.lift_s),
        "hold_s": _rounded(rep.hold_s),
        "lower_s": _rounded(rep.lower_s),
        "peak_speed_deg_s": _rounded(rep.peak_speed_deg_s),
        "sparc": _rounded(rep.sparc),
        "off_axis": _rounded(rep.off_axis),
        "control_deg": _rounded(rep.control_deg),
        "drift_deg": _rounded(rep.drift_deg),
        "pelvis_deg": None if rep.pelvis_deg is None else [_rounded(each) for each in rep.pelvis_deg],
        "faults": [{"id": f.id, "value": _rounded(f.value), "limit": _rounded(f.limit)} for f in rep.faults],
        "good": rep.good,
    }


def _rounded(value: float | None) -> float | None:
    return round(value, DIGITS) if value is not None and math.isfinite(value) else None
