"""Work that is held, by its holds: positions that are kept, and let go."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from imuhip.arrays import median_rows
from imuhip.exercises.catalogue import Limits
from imuhip.exercises.control import RepFigures
from imuhip.exercises.finder import GAP_S, STEP_HZ
from imuhip.exercises.motion import Track
from imuhip.hip.stage import HipBlock
from imuhip.medians import median
from imuhip.records import record
from imuhip.units import BoolArray, FloatArray, IntArray

MIN_HOLD_S = 3.0
"""A position that is kept for less was passed through."""
MOVING_DEG_S = 3.0
"""Faster is a movement from one position to another: a hold that slips by its limit of 5 degrees does so slowly."""
SPEED_S = 0.6
"""Speed is the distance travelled in this time: trembling is no travel."""
REGAIN_S = 2.5
"""Who loses a position and has it again within this time still holds it; nobody rests for less."""
LOST_S, EDGE_S = 0.5, 0.3
"""Over a gap of this length nobody held the heading; the position before and after it is the median of so much."""
LEVEL_DEG = 2.5
"""Positions closer than this are the same: pushing into the floor moves nothing."""


@record
class HeldSet:
    """What was held, and on which track that was seen."""

    track: Track
    reps: list[RepFigures]


class Holds:
    """Frames of a marked hold-based exercise to its holds.

    Args:
        tracks: What to follow; the first that is known for most of the time is judged.
        limits: Of the exercise.
    """

    def __init__(self, tracks: Sequence[Track], limits: Limits) -> None:
        self._tracks = list(tracks)
        self._limits = limits
        self._steps: list[list[IntArray]] = [[] for _ in tracks]
        self._points: list[list[FloatArray]] = [[] for _ in tracks]

    def feed(self, block: HipBlock) -> None:
        """Take the next frames of the mark."""
        for k, track in enumerate(self._tracks):
            steps, points = track.points(block)
            self._steps[k].append(steps)
            self._points[k].append(points)

    def result(self) -> HeldSet:
        """The holds so far."""
        known = [sum(len(each) for each in steps) for steps in self._steps]
        best = next((k for k, n in enumerate(known) if 2 * n >= max(known)), 0)
        steps, points = np.concatenate(self._steps[best]), np.concatenate(self._points[best])
        return HeldSet(self._tracks[best], _holds(self._tracks[best], steps, points))


def _holds(track: Track, steps: IntArray, points: FloatArray) -> list[RepFigures]:
    lag = round(SPEED_S * STEP_HZ)
    if len(steps) <= lag:
        return []
    points = _without_slips(steps, points) if track.signed else points
    # Distance to where the position was a little before, on the sphere or as an angle alike.
    moved = track.metric(points[lag:], points[:-lag]) > MOVING_DEG_S * SPEED_S
    counted = np.cumsum(np.concatenate([np.zeros(lag), moved, np.zeros(lag)]))
    moving = counted[lag:] > counted[:-lag]  # from a little before a distance was too long until it was
    edges = np.flatnonzero(np.diff(np.concatenate([[True], moving, [True]]).astype(np.int8)))
    stretches = [(a, b) for a, b in zip(edges[::2].tolist(), edges[1::2].tolist(), strict=True)]
    kept = [(a, b) for a, b in stretches if b - a >= MIN_HOLD_S * STEP_HZ]
    if not kept:
        return []
    spans: list[tuple[int, int]] = []
    for a, b in (kept[k] for k in np.flatnonzero(_held(track, points, kept)).tolist()):
        last = spans[-1][1] - 1 if spans else a
        unseen = (steps[a] - steps[last]) - (a - last)
        if spans and a - last <= REGAIN_S * STEP_HZ and unseen <= GAP_S * STEP_HZ:
            spans[-1] = (spans[-1][0], b)
        else:
            spans.append((a, b))
    return [_hold(track, steps, points, span) for span in spans]


def _held(track: Track, points: FloatArray, kept: Sequence[tuple[int, int]]) -> BoolArray:
    """Which of the kept positions are held, and which are rests; all are, where they are all the same.

    A set begins in its start pose. The first way out of it tells the direction of holding; from then on a way there
    leads into a hold and a way back out of it, so that a heading that drifts over minutes mistakes nothing.
    """
    second = round(STEP_HZ)
    begins = np.stack([median_rows(points[a : min(a + second, b)]) for a, b in kept])
    ends = np.stack([median_rows(points[max(b - second, a) : b]) for a, b in kept])
    before = np.concatenate([points[:1], ends[:-1]])
    if not track.signed:
        levels = np.array([float(track.metric(each[None], points[0])[0]) for each in begins])
        away = levels[levels > LEVEL_DEG]
        # The usual position, not the furthest: one hold that slips must not put the others among the rests.
        return levels >= 0.5 * median(away.tolist()) if len(away) and levels.min() <= LEVEL_DEG else levels >= 0.0
    way = (begins - before)[:, 0]
    ways = np.flatnonzero(np.abs(way) > LEVEL_DEG)
    if not len(ways):
        return np.ones(len(kept), dtype=np.bool_)
    out = np.sign(way[ways[0]])
    last = np.maximum.accumulate(np.where(np.abs(way) > LEVEL_DEG, np.arange(len(kept)), -1))
    held: BoolArray = (last >= 0) & (out * way[last] > 0)
    return held


def _without_slips(steps: IntArray, angle_deg: FloatArray) -> FloatArray:
    """An angle (N, 1) without what its heading slipped by while the movement was lost.

    Who kept a position before a gap, and keeps another one after it that is not the start pose, has not moved.
    """
    angle = angle_deg.copy()
    edge = round(EDGE_S * STEP_HZ)
    start = float(median_rows(angle[:edge])[0])
    for gap in (np.flatnonzero(np.diff(steps) > LOST_S * STEP_HZ) + 1).tolist():
        sides = angle[max(gap - edge, 0) : gap], angle[gap : gap + edge]
        before, after = (float(median_rows(side)[0]) for side in sides)
        still = max(float(np.ptp(side)) for side in sides) < LEVEL_DEG
        away = abs(before - start)
        if still and away > LEVEL_DEG and abs(after - before) > LEVEL_DEG and abs(after - start) > 0.5 * away:
            angle[gap:] -= after - before
    return angle


def _hold(track: Track, steps: IntArray, points: FloatArray, span: tuple[int, int]) -> RepFigures:
    a, b = span
    level = median(track.metric(points[a:b], points[0]).tolist())
    drift = float(track.metric(points[a:b], points[a]).max())
    start_s, end_s = float(steps[a] + 1) / STEP_HZ, float(steps[b - 1] + 1) / STEP_HZ
    peak = median(points[a:b, 0].tolist()) if track.signed else level
    return RepFigures(
        start_s=start_s,
        top_s=start_s,
        end_s=end_s,
        range_deg=level,
        peak_deg=peak,
        start_deg=peak - level,
        hold_s=end_s - start_s,
        control_deg=peak if track.signed else None,
        drift_deg=drift,
    )
