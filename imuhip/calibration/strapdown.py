"""Strapdown integration of the digest and its sums between nodes, linear in what the estimator solves for.

Within a segment between two nodes the sensor's turning is integrated from the gyro alone, into a frame W that would not
move if the gyro were perfect. What the estimator must know of a segment is then a handful of integrals over it.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from vqf import VQF

from imuhip import rotation
from imuhip.calibration.motion import Motion
from imuhip.units import BoolArray, FloatArray, IntArray

MAX_SLIP_VAR = 1.0
"""Slip of a radian: the turning is lost."""


@dataclass(frozen=True, slots=True)
class Strapdown:
    """Gyro-only orientation of every step's end, and the running integrals.

    Attributes:
        quat: (K, N + 1, 4) W from sensor at the start of step i (and at the end of the last).
        sums: (K, N + 1, 63) running integrals from the start: 9 of R dt, 27 of R rate dt, 27 of R force dt;
            R[i, j] at ``3 i + j``, and R[i, j] x[k] at ``9 i + 3 j + k``.
        force: (K, N + 1, 3) running integral of the force in W.
        slip_var: (K, N + 1) running sum of the variance of turning over gaps.
    """

    quat: FloatArray
    sums: FloatArray
    force: FloatArray
    slip_var: FloatArray


@dataclass(frozen=True, slots=True)
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


def integrate(motion: Motion, bias_rad_s: FloatArray) -> Strapdown:
    """Integrate the digest with a constant gyro bias taken off.

    Args:
        motion: The digest.
        bias_rad_s: (K, 3).
    """
    sensors, n = motion.known.shape
    dt = motion.step_s
    turn = motion.turn_rad - bias_rad_s[:, None] * dt
    quat = np.empty((sensors, n + 1, 4))
    quat[:, 0] = rotation.IDENTITY
    for k in range(sensors):
        quat[k, 1:] = _gyro_only(np.ascontiguousarray(turn[k] / dt), dt)
    m = rotation.matrix(quat)
    mid = 0.5 * (m[:, :-1] + m[:, 1:])
    acc = motion.acc_m_s2
    sums = np.zeros((sensors, n + 1, 63))
    steps = sums[:, 1:]
    flat = mid.reshape(sensors, n, 9)
    steps[..., :9] = flat * dt
    steps[..., 9:36] = (flat[..., None] * turn[:, :, None, :]).reshape(sensors, n, 27)
    steps[..., 36:] = (flat[..., None] * (acc * dt)[:, :, None, :]).reshape(sensors, n, 27)
    np.cumsum(steps, axis=1, out=steps)
    force = steps[..., 36:].reshape(sensors, n, 3, 9)[..., [0, 4, 8]].sum(axis=-1)
    force = np.concatenate([np.zeros((sensors, 1, 3)), force], axis=1)
    slip = np.concatenate([np.zeros((sensors, 1)), np.cumsum(motion.slip_var, axis=1)], axis=1)
    return Strapdown(quat, sums, force, slip)


def segments(strap: Strapdown, node_step: IntArray, step_s: float) -> Segments:
    """Cut the running integrals at the nodes."""
    duration = np.diff(node_step) * step_s
    sums = np.diff(strap.sums[:, node_step], axis=1)
    shape = (*sums.shape[:2], 3, 3)
    per_s = 1.0 / duration[None, :, None]
    r = sums[..., :9].reshape(shape)
    slip_var = np.diff(strap.slip_var[:, node_step], axis=1)
    return Segments(
        node_step=node_step,
        duration_s=duration,
        quat=strap.quat[:, node_step],
        turn_by_bias=r,
        turn_by_gain=sums[..., 9:36].reshape(*shape[:3], 9),
        force=np.diff(strap.force[:, node_step], axis=1) * per_s,
        force_by_bias=r * per_s[..., None],
        force_by_gain=sums[..., 36:].reshape(*shape[:3], 9) * per_s[..., None],
        slip_var=slip_var,
        whole=slip_var < MAX_SLIP_VAR,
    )


def _gyro_only(gyr: FloatArray, step_s: float) -> FloatArray:
    """Strapdown integration in compiled code: VQF without an accelerometer (zeros are left out) or bias estimation."""
    vqf = VQF(step_s, motionBiasEstEnabled=False, restBiasEstEnabled=False)
    quat: FloatArray = vqf.updateBatch(gyr, np.zeros_like(gyr))["quat6D"]
    return quat
