"""Where the wearer is still: the gyro bias, quiet moments for nodes, and still poses."""

from __future__ import annotations

import numpy as np

from imuhip.arrays import median_rows
from imuhip.calibration.motion import SLOT_STEPS, Motion
from imuhip.records import record
from imuhip.units import BoolArray, FloatArray, IntArray

STILL_GYR_SPREAD_RAD_S = np.deg2rad(2.5)
"""Spread of the gyro within a second below which a body can be still: postural sway is up to 1 deg/s on each axis."""
STILL_ACC_SPREAD_M_S2 = 0.2
"""The same for the accelerometer; at 4 deg/s gravity alone spreads by 0.2 m/s2 in a second."""
QUIET_RAD_S = np.deg2rad(4.0)
"""Speed below which a moment is quiet enough for a node: a hip 0.3 m from the joint moves under 0.02 m/s."""
POSE_RAD_S = np.deg2rad(6.0)
"""Speed that a still pose may reach for a moment."""
POSE_MIN_STEPS = 25
"""A still pose lasts at least a second."""
SPEED_STEPS = 5
"""Steps over which speed is smoothed (0.2 s), a divisor of the slot."""
NODE_GAPS = 40, 3
"""Nodes closer than so many steps (1.6 s) add cost, not knowledge; without a quiet moment one is set after so many
seconds, because a segment's turning must stay linear in the bias."""
NODE_GAPS_LIVE = 60, 4
"""Live, where only the last node is asked for, fewer will do."""


@record
class Still:
    """A stretch of stillness of all sensors, steps ``start`` to ``end`` (not included)."""

    start: int
    end: int


def still_slots(motion: Motion) -> BoolArray:
    """(slots,) whether gyro and accelerometer of all sensors spread little within each whole second."""
    slots = len(motion) // SLOT_STEPS
    used = slots * SLOT_STEPS
    still = np.ones(slots, dtype=np.bool_)
    for known, turn, acc in zip(
        motion.known[:, :used], motion.turn_rad[:, :used], motion.acc_m_s2[:, :used], strict=True
    ):
        still &= known.reshape(slots, SLOT_STEPS).all(axis=1)
        still &= _spread(turn.reshape(slots, SLOT_STEPS, 3)) < STILL_GYR_SPREAD_RAD_S * motion.step_s
        still &= _spread(acc.reshape(slots, SLOT_STEPS, 3)) < STILL_ACC_SPREAD_M_S2
    return still


def _spread(values: FloatArray) -> FloatArray:
    """Root mean square of vectors (M, N, 3) about their mean, (M,)."""
    off = values - (np.einsum("mni->mi", values) / values.shape[1])[:, None]
    spread: FloatArray = np.sqrt(np.einsum("mni,mni->m", off, off) / values.shape[1])
    return spread


def still_bias(motion: Motion) -> FloatArray | None:
    """Gyro bias from all still seconds, (K, 3) rad/s, or None where there is none.

    A standing body sways at up to 1 deg/s, so a second says little; the median of all of them is good to 0.1 deg/s,
    from where the least squares goes on.
    """
    still = still_slots(motion)
    if not still.any():
        return None
    used = len(still) * SLOT_STEPS
    means = motion.turn_rad[:, :used].reshape(motion.sensors, len(still), SLOT_STEPS, 3).mean(axis=2)
    return median_rows(means[:, still]) / motion.step_s


def speed(motion: Motion, bias_rad_s: FloatArray) -> FloatArray:
    """(K, N // SPEED_STEPS) root mean square of the turning rate over 0.2 s, infinite where not all is known."""
    groups = len(motion) // SPEED_STEPS
    used = groups * SPEED_STEPS
    square = np.empty((motion.sensors, groups))
    for turn, bias, out in zip(motion.turn_rad[:, :used], bias_rad_s, square, strict=True):
        rates = (turn / motion.step_s - bias).reshape(groups, 3 * SPEED_STEPS)
        np.einsum("gi,gi->g", rates, rates, out=out)
    square /= SPEED_STEPS
    known = motion.known[:, :used].reshape(motion.sensors, groups, SPEED_STEPS).all(axis=2)
    return np.where(known, np.sqrt(square), np.inf)


def pick_nodes(fastest: FloatArray, gaps: tuple[int, int] = NODE_GAPS) -> IntArray:
    """Steps at which the session is cut: quiet moments, and the quietest of every few seconds in between.

    Args:
        fastest: (groups,) speed of the fastest sensor, from :func:`speed`.
        gaps: Fewest steps and most slots between nodes.
    """
    least_steps, most_slots = gaps
    per_slot = SLOT_STEPS // SPEED_STEPS
    slots = len(fastest) // per_slot
    grid = fastest[: slots * per_slot].reshape(slots, per_slot)
    quietest = np.argmin(grid, axis=1)
    steps = (np.arange(slots) * per_slot + quietest) * SPEED_STEPS + SPEED_STEPS // 2
    quiet = grid[np.arange(slots), quietest] < QUIET_RAD_S
    nodes = [0]
    for slot, (step, calm) in enumerate(zip(steps.tolist(), quiet.tolist(), strict=True)):
        gap = step - nodes[-1]
        if gap >= least_steps and (calm or (slot + 1) * SLOT_STEPS - nodes[-1] > most_slots * SLOT_STEPS):
            nodes.append(step)
    return np.array(nodes, dtype=np.int64)


def find_stills(fastest: FloatArray) -> list[Still]:
    """Stretches of at least a second in which no sensor moves."""
    calm = np.concatenate([[False], fastest < POSE_RAD_S, [False]])
    edges = np.flatnonzero(np.diff(calm.astype(np.int8)))
    stills = [Still(int(a) * SPEED_STEPS, int(b) * SPEED_STEPS) for a, b in edges.reshape(-1, 2)]
    return [s for s in stills if s.end - s.start >= POSE_MIN_STEPS]
