"""Heading between pelvis and thigh from the hip joint: one point of the body, so both sensors tell its acceleration.

What a sensor measures is the joint's acceleration plus what its own turning adds over the lever from sensor to joint
(Seel 2014, doi:10.3390/s140406891; for heading Weygers 2020, doi:10.1109/JSEN.2020.2982459). Levers are unknown but
linear, so for each heading they are solved for, and the best heading is the one at which both agree.
Slow floor work accelerates the hip less than accelerometers are off by, and is left alone.
"""

from __future__ import annotations

import itertools

import numpy as np

from imuhip import rotation
from imuhip.calibration.evidence import Evidence
from imuhip.calibration.pose_equations import HeadingPrior
from imuhip.records import record
from imuhip.units import GRAVITY_M_S2, FloatArray, IntArray

WINDOW_STEPS = 75
"""Heading is looked for in stretches of 3 s: long enough for a step or a rep, too short for a heading to drift."""
MIN_WINDOW_STEPS = 25
SMOOTHING_STEPS = 5
"""Accelerations are averaged over 0.2 s: what skin and straps do is faster than what the hip does."""
EXCITED_M_S2 = 0.6
"""Root mean square of the horizontal acceleration below which sensor errors would tell the heading."""
MISFIT_M_S2 = 0.5
"""By how much both sensors disagree about the joint, mostly because of skin and straps."""
MIN_MISFIT = 0.5
"""Both sensors are never trusted to agree much better than that, however well they do in a window (in variance)."""
LEVER_M = 0.25
"""From the thigh's sensor up to the hip."""
LEVER_SD_M = 0.12
OFFSET_SD_M_S2 = 0.4
"""A constant difference, as from two degrees of wrong tilt."""
GRID_DEG = 15
MIRROR_MARGIN = 8.0
"""How much worse (in -2 log likelihood) headings more than 60 degrees away must fit."""
HEADING_SD_RAD = np.deg2rad(8.0)
"""What all windows together leave open: a skin that lags does so in every one."""


def joint_headings(evidence: Evidence, level: FloatArray, pelvis: int, thigh: int) -> list[HeadingPrior]:
    """Headings in all windows in which the hip was accelerated enough.

    Args:
        evidence: The session.
        level: (K, J, 4) levelled frames, earth from W at the nodes.
        pelvis: Mounting of the pelvis.
        thigh: Mounting of the thigh.
    """
    body = evidence.body
    sensors = (body.mountings[pelvis].sensor, body.mountings[thigh].sensor)
    up = evidence.uprights[thigh]
    if up is None:
        return []
    lever = np.concatenate([np.zeros(3), LEVER_M * up, np.zeros(3)])
    found = []
    windows = _windows(evidence, (pelvis, thigh))
    # Cheaper, and never less than the horizontal part alone.
    shaking = np.min([_shaking(evidence, k, windows) for k in sensors], axis=0)
    for start, end in windows[shaking >= EXCITED_M_S2].tolist():
        first, second = (_Side.of(evidence, level, k, start, end) for k in sensors)
        if min(first.excitation, second.excitation) < EXCITED_M_S2:
            continue
        fit = _fit(first, second, lever)
        if fit is not None:
            node = int(np.argmin(np.abs(evidence.seg.node_step - (start + end) // 2)))
            found.append((node, *fit))
    floor = HEADING_SD_RAD * np.sqrt(len(found))
    return [HeadingPrior.at(node, sensors, level, heading, float(np.hypot(sd, floor))) for node, heading, sd in found]


@record
class _Side:
    """One sensor's word on the joint's acceleration, in its levelled frame.

    Attributes:
        force: (N, 3) the sensor's own acceleration.
        by_lever: (N, 3, 3) what a lever in the sensor's frame adds.
    """

    force: FloatArray
    by_lever: FloatArray

    @staticmethod
    def of(evidence: Evidence, level: FloatArray, sensor: int, start: int, end: int) -> _Side:
        motion, dt = evidence.motion, evidence.motion.step_s
        steps = np.arange(start, end)
        node = np.clip(np.searchsorted(evidence.seg.node_step, steps, side="right") - 1, 0, level.shape[1] - 1)
        turn = evidence.strap.turn_rad[sensor, start:end]
        middle = rotation.multiply(evidence.strap.quat[sensor, start:end], rotation.exp(0.5 * turn))
        earth = rotation.matrix(rotation.multiply(level[sensor, node], middle))
        rate = rotation.skew(turn / dt)
        by_lever = np.gradient(rate, dt, axis=0) + np.einsum("nij,njk->nik", rate, rate)
        force = np.einsum("nij,nj->ni", earth, motion.acc_m_s2[sensor, start:end]) - [0.0, 0.0, GRAVITY_M_S2]
        return _Side(_smooth(force), _smooth(np.einsum("nij,njk->nik", earth, by_lever)))

    @property
    def excitation(self) -> float:
        """Root mean square of the horizontal acceleration, without its mean, m/s2."""
        return float(np.sqrt(self.force[:, :2].var(axis=0).sum()))


def _shaking(evidence: Evidence, sensor: int, windows: IntArray) -> FloatArray:
    """(W,) root mean square of the acceleration without its mean, m/s2, in windows (W, 2)."""
    velocity, squares = evidence.strap.force[sensor], evidence.force_squares[sensor]
    a, b = windows[:, 0], windows[:, 1]
    mean = (velocity[b] - velocity[a]) / ((b - a) * evidence.motion.step_s)[:, None]
    variance = (squares[b] - squares[a]) / (b - a) - np.einsum("wi,wi->w", mean, mean)
    shaking: FloatArray = np.sqrt(np.maximum(variance, 0.0))
    return shaking


def _windows(evidence: Evidence, mounts: tuple[int, int]) -> IntArray:
    """(W, 2) stretches without a gap in which both mountings hold, cut into equal windows."""
    body, motion = evidence.body, evidence.motion
    sensors = [body.mountings[e].sensor for e in mounts]
    known = motion.known[sensors].all(axis=0) & (motion.slip_var[sensors] == 0.0).all(axis=0)
    known[: max(0, *(body.mountings[e].start for e in mounts))] = False
    known[min(body.end(e) or len(known) for e in mounts) :] = False
    edges = np.flatnonzero(np.diff(np.concatenate([[False], known, [False]]).astype(np.int8)))
    windows: list[tuple[int, int]] = []
    for a, b in edges.reshape(-1, 2).tolist():
        count = -(-(b - a) // WINDOW_STEPS)
        cuts = [a + (b - a) * i // count for i in range(count + 1)]
        windows += [(s, e) for s, e in itertools.pairwise(cuts) if e - s >= MIN_WINDOW_STEPS]
    return np.array(windows, dtype=np.int64).reshape(-1, 2)


def _fit(first: _Side, second: _Side, lever: FloatArray) -> tuple[float, float] | None:
    """The heading at which both sides agree best and its spread; None where another fits nearly as well."""
    grid = np.deg2rad(np.arange(-180, 180, GRID_DEG))
    cost = _costs(first, second, lever, grid)
    guess = grid[int(np.argmin(cost))]
    near = np.deg2rad(np.arange(-GRID_DEG, GRID_DEG + 1, GRID_DEG // 3))
    bend, slope, least = np.polyfit(near, _costs(first, second, lever, guess + near), 2)
    if bend <= 0:
        return None
    best = float(guess + np.clip(-slope / (2 * bend), near[0], near[-1]))
    apart = np.abs(rotation.wrapped(grid - best))
    misfit = max(MIN_MISFIT, float(least) * SMOOTHING_STEPS / first.force.size)
    if cost[apart > np.pi / 3].min() - least < MIRROR_MARGIN * misfit:
        return None
    return best, float(np.sqrt(misfit / bend))


def _costs(first: _Side, second: _Side, lever: FloatArray, headings: FloatArray) -> FloatArray:
    """-2 log likelihood of headings (G,), levers and a constant difference solved for in each."""
    cos, sin = np.cos(headings), np.sin(headings)
    turn = np.zeros((len(headings), 3, 3))
    turn[:, 0, 0], turn[:, 0, 1], turn[:, 1, 0], turn[:, 1, 1], turn[:, 2, 2] = cos, -sin, sin, cos, 1.0
    turned = np.einsum("gij,njk->gnik", turn, second.by_lever)
    same = np.broadcast_to(first.by_lever, turned.shape)
    constant = np.broadcast_to(np.eye(3), turned.shape)
    lhs = np.concatenate([same, -turned, constant], axis=-1).reshape(len(headings), -1, 9)
    rhs = (np.einsum("gij,nj->gni", turn, second.force) - first.force).reshape(len(headings), -1)
    weight = 1.0 / (MISFIT_M_S2**2 * SMOOTHING_STEPS)
    prior = 1.0 / np.array([LEVER_SD_M] * 6 + [OFFSET_SD_M_S2] * 3) ** 2
    normal = weight * np.einsum("gni,gnj->gij", lhs, lhs) + np.diag(prior)
    right = weight * np.einsum("gni,gn->gi", lhs, rhs) + prior * lever
    solved = np.linalg.solve(normal, right[..., None])[..., 0]
    rest = rhs - np.einsum("gni,gi->gn", lhs, solved)
    off: FloatArray = weight * np.einsum("gn,gn->g", rest, rest) + np.einsum("i,gi->g", prior, (solved - lever) ** 2)
    return off


def _smooth(x: FloatArray) -> FloatArray:
    """Moving mean over :data:`SMOOTHING_STEPS`, (N, ...) -> (N - 4, ...)."""
    total = np.concatenate([np.zeros((1, *x.shape[1:])), np.cumsum(x, axis=0)])
    mean: FloatArray = (total[SMOOTHING_STEPS:] - total[:-SMOOTHING_STEPS]) / SMOOTHING_STEPS
    return mean
