"""The trials of a marked range test: where each was furthest."""

from __future__ import annotations

import numpy as np

from imuhip.medians import median
from imuhip.units import BoolArray, FloatArray

START_S = 0.8
"""A test begins at its start pose; its angle is the median of this much."""
TRIAL_SHARE = 0.5
"""A trial rises above half of the greatest excursion ..."""
RETURN_SHARE = 0.35
"""... and has ended when it is back below about a third."""
MIN_TRIAL_DEG = 5.0
UNFINISHED_SHARE = 0.8
"""Who is not back when the mark ends, and went less than this share of the others' way, was about something else."""


def find_trials(angle_deg: FloatArray, rate_hz: float, *, ended: bool = False) -> list[int]:
    """Frames of the peaks of the trials of a test.

    Args:
        angle_deg: (N,) positive in the test's direction, NaN where not known; the test starts at its start pose.
        rate_hz: Frames per second.
        ended: Whether the wearer gave up the posture at the end: what is not back by then is no trial.
    """
    known = np.isfinite(angle_deg)
    if not known.any():
        return []
    filled = np.where(known, angle_deg, -np.inf)
    start = start_level(angle_deg, rate_hz)
    if start is None:
        # Nobody starts a test beyond its start pose, so the least angle is the nearest to it that is known.
        start = float(np.nanmin(angle_deg))
    greatest = float(filled.max()) - start
    if greatest < MIN_TRIAL_DEG:
        return []
    high, low = start + TRIAL_SHARE * greatest, start + RETURN_SHARE * greatest
    above = filled > high
    either = np.flatnonzero(above | (known & (angle_deg < low)))
    # A trial begins at the first frame above after one that was back, and ends at the first that is back again.
    turns = either[np.flatnonzero(np.diff(above[either], prepend=False))].tolist()
    peaks = [
        begun + int(np.argmax(filled[begun:ended_at])) for begun, ended_at in zip(turns[::2], turns[1::2], strict=False)
    ]
    if len(turns) % 2:
        begun = turns[-1]
        if ended:  # that was the way out of the posture, and may have been further than any trial
            at_start = np.flatnonzero(filled[:begun] < start + MIN_TRIAL_DEG)
            return find_trials(angle_deg[: int(at_start[-1]) + 1], rate_hz) if len(at_start) else []
        last = begun + int(np.argmax(filled[begun:]))
        usual = median(filled[peaks].tolist()) if peaks else -np.inf
        if not peaks or filled[last] - start >= UNFINISHED_SHARE * (usual - start):
            peaks.append(last)
    return peaks


def start_level(angle_deg: FloatArray, rate_hz: float) -> float | None:
    """Angle of the start pose, None where that was hardly known."""
    begin = angle_deg[: start_frames(rate_hz)]
    known = np.isfinite(begin)
    return median(begin[known].tolist()) if start_frame(known, rate_hz) is not None else None


def start_frames(rate_hz: float) -> int:
    """How many frames the start pose takes."""
    return max(1, round(START_S * rate_hz))


def start_frame(known: BoolArray, rate_hz: float) -> int | None:
    """The frame that stands for the start pose, None where that was hardly known."""
    inside = np.flatnonzero(known[: start_frames(rate_hz)])
    enough = len(inside) > 0 and 5 * len(inside) >= min(start_frames(rate_hz), len(known))
    return int(inside[len(inside) // 2]) if enough else None
