"""Headings over gaps: a wearer who looks as before a gap, as far as gravity tells, is as before it.

Tests and exercises repeat, so after a gap in mid-set the wearer comes back to the same start pose and to nearly the
same end of range. Gravity shows that this has happened, and then pelvis and thigh must face each other as before.
"""

from __future__ import annotations

import numpy as np

from imuhip import rotation
from imuhip.calibration import few
from imuhip.calibration.evidence import Evidence
from imuhip.calibration.pose_equations import ReturnPrior
from imuhip.calibration.poses import SETS, Activity
from imuhip.records import record
from imuhip.units import FloatArray, IntArray

ALIKE_RAD = np.deg2rad(5.0)
"""Largest difference of up, in either sensor, between moments that look alike."""
RETURN_SD_RAD = np.deg2rad(4.0)
"""How far pelvis and thigh may face each other otherwise at moments that look alike."""
WORTH_VAR = (0.5 * RETURN_SD_RAD) ** 2
"""Of a smaller slip a return tells less than is known."""
VISIBLE_RAD = np.deg2rad(12.0)
"""A movement that gravity shows less of may be one about the vertical, and then its ends look alike."""
PLAUSIBLE_SDS = 2.5
"""Over a bridged gap headings slip by no more than this many times what is stated."""
MOST_PAIRS = 4
"""The nearest in time: over a minute headings drift."""
BEFORE_STEPS = 75
"""The start pose is taken up to 3 s before a mark."""


@record
class _Moments:
    """Quiet moments of one activity, M of them.

    Attributes:
        node: (M,) ascending.
        quat: (2, M, 4) levelled orientations of both sensors.
        up: (2, M, 3) up in the sensors.
    """

    node: IntArray
    quat: FloatArray
    up: FloatArray


def returns(evidence: Evidence, level: FloatArray, first: int, second: int) -> list[ReturnPrior]:
    """Moments before and after gaps at which two sensors face each other alike, wherever the wearer came back.

    Args:
        evidence: The session.
        level: (K, J, 4) levelled frames, earth from W at the nodes.
        first: A sensor.
        second: Another.
    """
    slip_var = evidence.seg.slip_var[[first, second]].sum(axis=0)
    slipped = np.flatnonzero(slip_var > WORTH_VAR)
    slip_sum = np.concatenate([[0.0], np.cumsum(slip_var)])
    found = []
    for act in evidence.activities:
        if act.kind in SETS:
            start, end = _nodes_of(evidence, act)
            inside = slipped[(slipped >= start) & (slipped + 1 < end)].tolist()
            moments = _moments(evidence, level, (first, second), start, end) if inside else None
            if moments is not None:
                each = (_return(evidence, moments, slip_sum, (first, second), gap) for gap in inside)
                found += [prior for prior in each if prior is not None]
    return found


def _nodes_of(evidence: Evidence, activity: Activity) -> tuple[int, int]:
    nodes = evidence.seg.node_step
    end = len(nodes) if activity.end is None else int(np.searchsorted(nodes, activity.end, side="right"))
    return int(np.searchsorted(nodes, activity.start - BEFORE_STEPS)), end


def _moments(evidence: Evidence, level: FloatArray, sensors: tuple[int, int], start: int, end: int) -> _Moments | None:
    """Quiet moments among some nodes; None where gravity hardly shows how the second sensor moves."""
    pair = list(sensors)
    quat = few.multiply(level[pair, start:end], evidence.seg.quat[pair, start:end])
    up = few.matrix(quat)[..., 2, :]
    if _angles(up[1], up[1]).max() < VISIBLE_RAD:
        return None
    quiet = evidence.quiet[start:end]
    return _Moments(np.arange(start, end)[quiet], quat[:, quiet], up[:, quiet])


def _return(
    evidence: Evidence, moments: _Moments, slip_sum: FloatArray, sensors: tuple[int, int], gap: int
) -> ReturnPrior | None:
    """What the moments before and after a gap, from node ``gap`` to the next, say about it."""
    before, after = moments.node <= gap, moments.node > gap
    if not before.any() or not after.any():
        return None
    apart = np.max([_angles(up[before], up[after]) for up in moments.up], axis=0)
    turn = rotation.heading(
        rotation.multiply(moments.quat[:, None, after], rotation.conjugate(moments.quat[:, before, None]))
    )
    off = rotation.wrapped(turn[1] - turn[0])
    slip_var = slip_sum[gap + 1] - slip_sum[gap]
    other_var = np.abs(slip_sum[moments.node[after]] - slip_sum[moments.node[before], None] - slip_var)
    sd = np.sqrt(RETURN_SD_RAD**2 + other_var)
    fits = (apart < ALIKE_RAD) & (other_var < slip_var)
    fits &= np.abs(off) < PLAUSIBLE_SDS * np.sqrt(slip_var + sd**2)
    if not fits.any():
        return None
    i, j = np.nonzero(fits)
    pairs = np.stack([moments.node[before][i], moments.node[after][j]])
    nearest = np.argsort(pairs[1] - pairs[0], kind="stable")
    spread = np.abs(rotation.wrapped(off[fits] - off[fits][nearest[0]]))
    if np.median(spread) > RETURN_SD_RAD:  # what looks alike and yet is not gives more than one answer
        return None
    use = nearest[spread[nearest] < PLAUSIBLE_SDS * RETURN_SD_RAD][:MOST_PAIRS]
    quat = evidence.seg.quat[list(sensors)][:, pairs[:, use]]
    return ReturnPrior(gap, sensors, pairs[:, use], quat, float(sd[fits][use].max()))


def _angles(first: FloatArray, second: FloatArray) -> FloatArray:
    """(M, N) angles between unit vectors (M, 3) and (N, 3)."""
    return np.asarray(np.arccos(np.clip(first @ second.T, -1.0, 1.0)))
