"""Strapdown integration of the digest and its sums between nodes, linear in what the estimator solves for.

Within a segment between two nodes the sensor's turning is integrated from the gyro alone, into a frame W that would not
move if the gyro were perfect. What the estimator must know of a segment is then a handful of integrals over it.
"""

from __future__ import annotations

import itertools

import numpy as np
from vqf import BasicVQF

from imuhip import rotation
from imuhip.calibration import few
from imuhip.calibration.motion import Motion
from imuhip.records import record
from imuhip.units import BoolArray, FloatArray, IntArray

MAX_SLIP_VAR = 1.0
"""Slip of a radian: the turning is lost."""
STRETCH_STEPS = 1 << 13
"""Steps worked on at once: about what fits a processor's cache."""


@record
class Strapdown:
    """Gyro-only orientation of every step's end, and the running integrals.

    Attributes:
        quat: (K, N + 1, 4) W from sensor at the start of step i (and at the end of the last).
        turn_rad: (K, N, 3) rotation vector of each step, less the bias.
        acc_m_s2: (K, N, 3) mean specific force of each step.
        force: (K, N + 1, 3) running integral of the force in W.
        slip_var: (K, N + 1) running sum of the variance of turning over gaps.
    """

    quat: FloatArray
    turn_rad: FloatArray
    acc_m_s2: FloatArray
    force: FloatArray
    slip_var: FloatArray


@record
class Segments:
    """Integrals over the segments between consecutive nodes, J nodes and J - 1 segments.

    Attributes:
        node_step: (J,) start of the step at which each node lies.
        duration_s: (J - 1,).
        quat: (K, J, 4) W from sensor at the nodes.
        turn_by_bias: (K, J - 1, 3, 3) integral of R: a gyro bias b turns W by minus this times b.
        turn_by_gain: (K, J - 1, 3, 9) integral of R[:, j] rate[k] at column 3 j + k.
        force: (K, J - 1, 3) mean force in W.
        force_by_bias: (K, J - 1, 3, 3) mean of R.
        force_by_gain: (K, J - 1, 3, 9) mean of R[:, j] force[k] at column 3 j + k.
        slip_var: (K, J - 1) variance of the turning over gaps inside, rad^2.
        whole: (K, J - 1) whether no gap was too long to carry the turning over.
    """

    node_step: IntArray
    duration_s: FloatArray
    quat: FloatArray
    turn_by_bias: FloatArray
    turn_by_gain: FloatArray
    force: FloatArray
    force_by_bias: FloatArray
    force_by_gain: FloatArray
    slip_var: FloatArray
    whole: BoolArray


class StillMeans:
    """Mean orientation and gravity of all sensors in still stretches, each worked out once.

    Args:
        strap: Gyro-only orientations.
    """

    def __init__(self, strap: Strapdown) -> None:
        self._strap = strap
        self._known: dict[tuple[int, int], tuple[FloatArray, FloatArray]] = {}

    def of(self, start: int, end: int) -> tuple[FloatArray, FloatArray]:
        """(K, 4) mean W from sensor, and (K, 3) mean direction of up in each sensor's frame, from the accelerometer."""
        if (start, end) not in self._known:
            strap = self._strap
            # They follow each other without a change of sign.
            quat = rotation.normalise(strap.quat[:, start:end].sum(axis=1))
            force = strap.force[:, end] - strap.force[:, start]
            self._known[start, end] = quat, rotation.normalise(few.rotate(rotation.conjugate(quat), force))
        return self._known[start, end]


def integrate(motion: Motion, bias_rad_s: FloatArray, node_step: IntArray) -> tuple[Strapdown, FloatArray]:
    """Integrate the digest with a constant gyro bias taken off.

    Args:
        motion: The digest.
        bias_rad_s: (K, 3).
        node_step: (J,) steps of the nodes.

    Returns:
        What it gives, and (K, J - 1, 9, 7) the integrals of R, of R rate and of R force between nodes, R being the mean
        rotation matrix of each step, R[i, j] at ``3 i + j``.
    """
    sensors, n = motion.known.shape
    dt, nodes = motion.step_s, node_step.tolist()
    turn = motion.turn_rad - bias_rad_s[:, None] * dt
    quat, force = np.empty((sensors, n + 1, 4)), np.zeros((sensors, n + 1, 3))
    quat[:, 0] = rotation.IDENTITY
    # One sensor after the other: what hours of one need in between is most of the memory of all.
    middle, factors, integrals = np.empty((9, n)), np.empty((n, 7)), np.empty((sensors, len(nodes) - 1, 9, 7))
    for k in range(sensors):
        quat[k, 1:] = _gyro_only(np.ascontiguousarray(turn[k] / dt), dt)
        factors[:, 0], factors[:, 1:4], factors[:, 4:] = dt, turn[k], motion.acc_m_s2[k] * dt
        for a in range(0, n, STRETCH_STEPS):
            b = min(a + STRETCH_STEPS, n)
            part = quat[k, a : b + 1]
            m = rotation.matrix_components((part[:, 0], part[:, 1], part[:, 2], part[:, 3]))
            np.multiply(m[:, :-1] + m[:, 1:], 0.5, out=middle[:, a:b])
            x, y, z = factors[a:b, 4], factors[a:b, 5], factors[a:b, 6]
            for i in range(3):
                r = middle[3 * i : 3 * i + 3, a:b]
                force[k, a + 1 : b + 1, i] = r[0] * x + r[1] * y + r[2] * z
        # A product of two small matrices for each segment: running integrals of all 63 would cost ten times that.
        for j, (a, b) in enumerate(itertools.pairwise(nodes)):
            np.matmul(middle[:, a:b], factors[a:b], out=integrals[k, j])
    np.cumsum(force, axis=1, out=force)
    slip = np.concatenate([np.zeros((sensors, 1)), np.cumsum(motion.slip_var, axis=1)], axis=1)
    return Strapdown(quat, turn, motion.acc_m_s2, force, slip), integrals


def segments(strap: Strapdown, integrals: FloatArray, node_step: IntArray, step_s: float) -> Segments:
    """What the integrals of :func:`integrate` tell of the segments between the nodes."""
    duration = np.diff(node_step) * step_s
    per_s = 1.0 / duration[None, :, None]
    shape = (*integrals.shape[:2], 3)
    r, by_turn = integrals[..., 0].reshape(*shape, 3), integrals[..., 1:4].reshape(*shape, 9)
    by_force = integrals[..., 4:].reshape(*shape, 9)
    slip_var = np.diff(strap.slip_var[:, node_step], axis=1)
    return Segments(
        node_step=node_step,
        duration_s=duration,
        quat=strap.quat[:, node_step],
        turn_by_bias=r,
        turn_by_gain=by_turn,
        force=np.diff(strap.force[:, node_step], axis=1) * per_s,
        force_by_bias=r * per_s[..., None],
        force_by_gain=by_force * per_s[..., None],
        slip_var=slip_var,
        whole=slip_var < MAX_SLIP_VAR,
    )


def _gyro_only(gyr: FloatArray, step_s: float) -> FloatArray:
    """Strapdown integration in compiled code: the basic VQF without an accelerometer, whose zeros are left out."""
    quat: FloatArray = BasicVQF(step_s).updateBatch(gyr, np.zeros_like(gyr))["quat6D"]
    return quat
