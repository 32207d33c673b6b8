"""Quaternions and rotation matrices, elementwise so that bits do not depend on the block size.

Quaternions are ``(..., 4)``, scalar first; matrices ``(..., 3, 3)``; rotation vectors ``(..., 3)`` in rad.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

import numpy as np

from imuhip.units import FloatArray

IDENTITY: FloatArray = np.array([1.0, 0.0, 0.0, 0.0])
FEW = 64
"""So many vectors are transformed faster all components at a time; products, sums and bits are the same."""


A = TypeVar("A", float, FloatArray)
Components = tuple[FloatArray, FloatArray, FloatArray, FloatArray]
"""A quaternion's w, x, y, z, an array each: large blocks are worked on much faster than along a last axis of 4."""


def multiply(a: FloatArray, b: FloatArray) -> FloatArray:
    """Product of quaternions, ``quat_x_from_y * quat_y_from_z -> quat_x_from_z``; broadcasts."""
    out = np.empty((*np.broadcast_shapes(a.shape[:-1], b.shape[:-1]), 4))
    of_a, of_b = ((q[..., 0], q[..., 1], q[..., 2], q[..., 3]) for q in (a, b))
    out[..., 0], out[..., 1], out[..., 2], out[..., 3] = product(of_a, of_b)
    return out


def product(a: Components, b: Components) -> Components:
    """The same by components."""
    aw, ax, ay, az = a
    bw, bx, by, bz = b
    return (
        aw * bw - ax * bx - ay * by - az * bz,
        aw * bx + ax * bw + ay * bz - az * by,
        aw * by - ax * bz + ay * bw + az * bx,
        aw * bz + ax * by - ay * bx + az * bw,
    )


def conjugate(q: FloatArray) -> FloatArray:
    """Inverse of unit quaternions."""
    out: FloatArray = q * np.array([1.0, -1.0, -1.0, -1.0])
    return out


def normalise(v: FloatArray) -> FloatArray:
    """Vectors (or quaternions) of length one along the last axis."""
    out: FloatArray = v / np.sqrt(np.einsum("...i,...i->...", v, v))[..., None]
    return out


def matrix(q: FloatArray) -> FloatArray:
    """Rotation matrices of unit quaternions, (..., 4) -> (..., 3, 3)."""
    out = matrix_components((q[..., 0], q[..., 1], q[..., 2], q[..., 3]))
    return np.moveaxis(out, 0, -1).reshape(*q.shape[:-1], 3, 3)


def matrix_components(q: Components) -> FloatArray:
    """The same from components of shape (...): (9, ...), entry [i, j] at ``3 i + j``."""
    w, x, y, z = q
    xx, yy, zz, xy, xz, yz = x * x, y * y, z * z, x * y, x * z, y * z
    wx, wy, wz = w * x, w * y, w * z
    out = np.empty((9, *w.shape))
    out[0], out[1], out[2] = 1 - 2 * (yy + zz), 2 * (xy - wz), 2 * (xz + wy)
    out[3], out[4], out[5] = 2 * (xy + wz), 1 - 2 * (xx + zz), 2 * (yz - wx)
    out[6], out[7], out[8] = 2 * (xz - wy), 2 * (yz + wx), 1 - 2 * (xx + yy)
    return out


def from_matrix(m: FloatArray) -> FloatArray:
    """Unit quaternions of rotation matrices, (..., 3, 3) -> (..., 4), scalar part not negative.

    References:
        Bar-Itzhack 2000, doi:10.2514/2.4654, by the largest of the four squared components.
    """
    d = np.stack([m[..., 0, 0], m[..., 1, 1], m[..., 2, 2]], axis=-1)
    t = d[..., 0] + d[..., 1] + d[..., 2]
    squares = np.stack([1 + t, 1 + 2 * d[..., 0] - t, 1 + 2 * d[..., 1] - t, 1 + 2 * d[..., 2] - t], axis=-1)
    best = np.argmax(squares, axis=-1)
    a = m[..., 2, 1] - m[..., 1, 2]
    b = m[..., 0, 2] - m[..., 2, 0]
    c = m[..., 1, 0] - m[..., 0, 1]
    xy = m[..., 1, 0] + m[..., 0, 1]
    xz = m[..., 0, 2] + m[..., 2, 0]
    yz = m[..., 2, 1] + m[..., 1, 2]
    rows = np.stack(
        [
            np.stack([squares[..., 0], a, b, c], axis=-1),
            np.stack([a, squares[..., 1], xy, xz], axis=-1),
            np.stack([b, xy, squares[..., 2], yz], axis=-1),
            np.stack([c, xz, yz, squares[..., 3]], axis=-1),
        ],
        axis=-2,
    )
    q = normalise(np.take_along_axis(rows, best[..., None, None], axis=-2)[..., 0, :])
    return np.where(q[..., :1] < 0, -q, q)


def rotate(q: FloatArray, v: FloatArray) -> FloatArray:
    """Vectors in the target frame, ``quat_a_from_b`` and ``v_b`` to ``v_a``; broadcasts."""
    w, u = q[..., :1], q[..., 1:]
    t = 2 * cross(u, v)
    return v + w * t + cross(u, t)


def transform(m: FloatArray, components: Sequence[FloatArray], out: FloatArray | None = None) -> FloatArray:
    """Many vectors (quaternions too) times one matrix for each of K sensors, component by component.

    A BLAS product would change bits with the block's size; products along a last axis of 3 or 4 take thrice the time.

    Args:
        m: (K, n, n).
        components: n contiguous arrays (K, N), one for each component of the vectors.
        out: (K, N, n) where to put the result; None for a new array.

    Returns:
        (K, N, n).
    """
    if out is None:
        out = np.empty((*components[0].shape, len(components)))
    if out.shape[1] <= FEW:
        total = m[:, None, :, 0] * components[0][..., None]
        for j in range(1, len(components)):
            total += m[:, None, :, j] * components[j][..., None]
        out[:] = total
        return out
    for i in range(len(components)):
        total = m[:, i, 0, None] * components[0]
        for j in range(1, len(components)):
            total += m[:, i, j, None] * components[j]
        out[..., i] = total
    return out


def cross(a: FloatArray, b: FloatArray) -> FloatArray:
    """Cross product along the last axis; faster than numpy's for small blocks."""
    out = np.empty(np.broadcast_shapes(a.shape, b.shape))
    out[..., 0] = a[..., 1] * b[..., 2] - a[..., 2] * b[..., 1]
    out[..., 1] = a[..., 2] * b[..., 0] - a[..., 0] * b[..., 2]
    out[..., 2] = a[..., 0] * b[..., 1] - a[..., 1] * b[..., 0]
    return out


def skew(v: FloatArray) -> FloatArray:
    """Matrices of the cross product, ``skew(v) @ x == v x x``."""
    out = np.zeros((*v.shape, 3))
    out[..., 0, 1], out[..., 0, 2] = -v[..., 2], v[..., 1]
    out[..., 1, 0], out[..., 1, 2] = v[..., 2], -v[..., 0]
    out[..., 2, 0], out[..., 2, 1] = -v[..., 1], v[..., 0]
    return out


def exp(v: FloatArray) -> FloatArray:
    """Unit quaternions of rotation vectors."""
    angle = np.sqrt(np.einsum("...i,...i->...", v, v))[..., None]
    half = 0.5 * angle
    # np.sinc keeps the limit 1/2 at angle 0 without a branch.
    return np.concatenate([np.cos(half), 0.5 * np.sinc(half / np.pi) * v], axis=-1)


def log(q: FloatArray) -> FloatArray:
    """Rotation vectors of unit quaternions, the shorter way round."""
    return _angle_per_length((q[..., 0], q[..., 1], q[..., 2], q[..., 3]))[..., None] * q[..., 1:]


def log_of_components(q: Components) -> tuple[FloatArray, FloatArray, FloatArray]:
    """The same by components."""
    scale = _angle_per_length(q)
    return scale * q[1], scale * q[2], scale * q[3]


def _angle_per_length(q: Components) -> FloatArray:
    """What makes the rotation vector of a quaternion's vector part."""
    w, x, y, z = q
    length = np.sqrt(x * x + y * y + z * z)
    angle = 2 * np.arctan2(length, np.abs(w))
    scale: FloatArray = np.where(length > 1e-9, angle / np.maximum(length, 1e-300), 2.0)
    return np.copysign(scale, w)


def about_z(angle: FloatArray) -> FloatArray:
    """Quaternions of turns about z (the vertical in the earth frame) by ``angle`` in rad."""
    out = np.zeros((*np.shape(angle), 4))
    out[..., 0] = np.cos(0.5 * angle)
    out[..., 3] = np.sin(0.5 * angle)
    return out


def heading(q: FloatArray) -> FloatArray:
    """The twist of ``q`` about z, in rad: its heading when ``q`` is close to a turn about the vertical."""
    return 2 * np.arctan2(q[..., 3], q[..., 0])


def wrapped(angle: A) -> A:
    """Angles, rad, within +-pi."""
    return (angle + np.pi) % (2 * np.pi) - np.pi


def align(a: FloatArray, b: FloatArray) -> FloatArray:
    """The smallest rotation that takes direction ``a`` to direction ``b``.

    Args:
        a: (..., 3) unit vectors.
        b: (..., 3) unit vectors, not opposite to ``a`` (opposite ones turn about an arbitrary normal).
    """
    w = 1 + np.einsum("...i,...i->...", a, b)[..., None]
    xyz = cross(a, b)
    normal = cross(a, np.where(np.abs(a[..., :1]) < 0.9, np.array([1.0, 0, 0]), np.array([0, 1.0, 0])))
    opposite = w < 1e-9
    return normalise(np.concatenate([np.where(opposite, 0.0, w), np.where(opposite, normal, xyz)], axis=-1))
