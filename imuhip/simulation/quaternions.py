"""The few quaternion operations that the simulation needs, elementwise.

They are the simulation's own on purpose: truth that shares code with the estimate would share its mistakes.
"""

from __future__ import annotations

from typing import Literal

import numpy as np

from imuhip.units import FloatArray

Axis = Literal["x", "y", "z"]
IDENTITY: FloatArray = np.array([1.0, 0.0, 0.0, 0.0])
_AXIS_COLUMN = {"x": 1, "y": 2, "z": 3}


def multiply(a: FloatArray, b: FloatArray) -> FloatArray:
    """Hamilton product of quaternions ``(..., 4)``, broadcast; of a_from_b and b_from_c it is a_from_c."""
    aw, ax, ay, az = a[..., 0], a[..., 1], a[..., 2], a[..., 3]
    bw, bx, by, bz = b[..., 0], b[..., 1], b[..., 2], b[..., 3]
    out = np.empty((*np.broadcast_shapes(aw.shape, bw.shape), 4))
    out[..., 0] = aw * bw - ax * bx - ay * by - az * bz
    out[..., 1] = aw * bx + ax * bw + ay * bz - az * by
    out[..., 2] = aw * by - ax * bz + ay * bw + az * bx
    out[..., 3] = aw * bz + ax * by - ay * bx + az * bw
    return out


def conjugate(q: FloatArray) -> FloatArray:
    """Inverse of ``(..., 4)`` unit quaternions."""
    return np.asarray(q * np.array([1.0, -1.0, -1.0, -1.0]))


def about_axis(axis: Axis, angle_rad: FloatArray | float) -> FloatArray:
    """Rotation by ``angle_rad`` (...,) about a coordinate axis, right-handed, as ``(..., 4)``."""
    half = np.asarray(angle_rad, dtype=np.float64) / 2
    out = np.zeros((*half.shape, 4))
    out[..., 0] = np.cos(half)
    out[..., _AXIS_COLUMN[axis]] = np.sin(half)
    return out


def exp(rotvec_rad: FloatArray) -> FloatArray:
    """Quaternions ``(..., 4)`` of rotation vectors ``(..., 3)`` in rad."""
    half = np.linalg.norm(rotvec_rad, axis=-1) / 2
    out = np.empty((*half.shape, 4))
    out[..., 0] = np.cos(half)
    out[..., 1:] = rotvec_rad * (np.sinc(half / np.pi) / 2)[..., None]
    return out


def log(q: FloatArray) -> FloatArray:
    """Rotation vectors ``(..., 3)`` in rad, of the shorter way round, of unit quaternions ``(..., 4)``."""
    sign = np.where(q[..., :1] < 0, -1.0, 1.0)
    vector = q[..., 1:] * sign
    sine = np.linalg.norm(vector, axis=-1)
    angle = 2 * np.arctan2(sine, q[..., 0] * sign[..., 0])
    return np.asarray(vector * np.where(sine > 0, angle / np.where(sine > 0, sine, 1.0), 2.0)[..., None])


def rotate(q: FloatArray, v: FloatArray) -> FloatArray:
    """Coordinates in ``a`` of vectors ``(..., 3)`` given in ``b``, for ``quat_a_from_b`` ``(..., 4)``."""
    u = q[..., 1:]
    t = 2 * np.cross(u, v)
    return np.asarray(v + q[..., :1] * t + np.cross(u, t))


def matrix(q: FloatArray) -> FloatArray:
    """Rotation matrices ``(..., 3, 3)`` whose columns are the axes of ``b`` in ``a``, for ``quat_a_from_b``."""
    return np.stack([rotate(q, axis) for axis in np.eye(3)], axis=-1)


def mean(q: FloatArray) -> FloatArray:
    """Mean orientation ``(4,)`` of close, sign-continuous quaternions ``(N, 4)``."""
    total = q.mean(axis=0)
    return np.asarray(total / np.linalg.norm(total))


def uniform(rng: np.random.Generator) -> FloatArray:
    """One quaternion ``(4,)`` drawn uniformly over all orientations."""
    q = rng.standard_normal(4)
    return np.asarray(q / np.linalg.norm(q))
