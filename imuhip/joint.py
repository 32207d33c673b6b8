"""Hip angles from the pelvis' and the thigh's orientation, with their derivatives.

Sign of every angle (the positive direction is in the name):

============================ ============================ ============================
angle                        right hip                    left hip
============================ ============================ ============================
``flexion``                  thigh forward                thigh forward
``adduction``                thigh towards the midline    thigh towards the midline
``internal_rotation``        kneecap turns inward         kneecap turns inward
============================ ============================ ============================

References:
    Wu et al. 2002, doi:10.1016/S0021-9290(01)00222-6: thigh in pelvis, intrinsic z-x'-y''.
"""

from __future__ import annotations

import numpy as np

from imuhip import rotation
from imuhip.units import FloatArray

SIDE_SIGNS: dict[str, FloatArray] = {"right": np.array([1.0, 1.0, 1.0]), "left": np.array([1.0, -1.0, -1.0])}
"""What turns the z-x'-y'' angles of a side into flexion, adduction, internal rotation."""


def euler_zxy(hip: FloatArray) -> FloatArray:
    """Angles of intrinsic z-x'-y'' rotation.

    Args:
        hip: (..., 3, 3) ``R_pelvis^T R_thigh``.

    Returns:
        (..., 3) rad: about z in (-pi, pi], about x' in [-pi/2, pi/2], about y'' in (-pi, pi].
    """
    out = np.empty(hip.shape[:-1])
    out[..., 0] = np.arctan2(-hip[..., 0, 1], hip[..., 1, 1])
    out[..., 1] = np.arcsin(np.clip(hip[..., 2, 1], -1.0, 1.0))
    out[..., 2] = np.arctan2(-hip[..., 2, 0], hip[..., 2, 2])
    return out


def hip_angles(quat_pelvis_from_thigh: FloatArray, side: str) -> FloatArray:
    """Flexion, adduction and internal rotation of one hip.

    Args:
        quat_pelvis_from_thigh: (..., 4).
        side: ``"left"`` or ``"right"``.

    Returns:
        (..., 3) rad.
    """
    return zxy_angles(quat_pelvis_from_thigh) * SIDE_SIGNS[side]


def zxy_angles(quat_pelvis_from_thigh: FloatArray) -> FloatArray:
    """Angles of intrinsic z-x'-y'' rotation, (..., 4) -> (..., 3) rad; :data:`SIDE_SIGNS` makes hip angles of them."""
    return np.moveaxis(zxy_of_components(_components(quat_pelvis_from_thigh)), 0, -1)


def zxy_of_components(pelvis_from_thigh: rotation.Components) -> FloatArray:
    """The same from components of shape (...): (3, ...) rad."""
    w, x, y, z = pelvis_from_thigh
    out = np.empty((3, *w.shape))
    out[0] = np.arctan2(-2 * (x * y - w * z), 1 - 2 * (x * x + z * z))
    out[1] = np.arcsin(np.clip(2 * (y * z + w * x), -1.0, 1.0))
    out[2] = np.arctan2(-2 * (x * z - w * y), 1 - 2 * (x * x + y * y))
    return out


def quat_from_hip_angles(angles: FloatArray, side: str) -> FloatArray:
    """``quat_pelvis_from_thigh`` of flexion, adduction and internal rotation, the inverse of :func:`hip_angles`.

    Args:
        angles: (..., 3) rad.
        side: ``"left"`` or ``"right"``.

    Returns:
        (..., 4).
    """
    z, x, y = np.moveaxis(angles * SIDE_SIGNS[side], -1, 0)
    zero = np.zeros_like(z)
    about_z = np.stack([np.cos(z / 2), zero, zero, np.sin(z / 2)], axis=-1)
    about_x = np.stack([np.cos(x / 2), np.sin(x / 2), zero, zero], axis=-1)
    about_y = np.stack([np.cos(y / 2), zero, np.sin(y / 2), zero], axis=-1)
    return rotation.multiply(rotation.multiply(about_z, about_x), about_y)


def angle_jacobian(angles: FloatArray, side: str) -> FloatArray:
    """How the hip angles change when the thigh turns a little about its own axes.

    The columns of the body-rate matrix of z-x'-y'' are inverted in closed form; the result grows as
    ``1 / cos(adduction)``, which is the noise of the angles near 90 degrees of ab/adduction.

    Args:
        angles: (..., 3) rad, flexion, adduction, internal rotation.
        side: ``"left"`` or ``"right"``.

    Returns:
        (..., 3, 3) derivative of the angles by the rotation vector ``v`` of ``H exp(v)``, in rad/rad.
    """
    signs = SIDE_SIGNS[side]
    a, r = angles[..., 1] * signs[1], angles[..., 2] * signs[2]
    ca, sa, cr, sr = np.maximum(np.cos(a), 1e-3), np.sin(a), np.cos(r), np.sin(r)
    out = np.zeros((*angles.shape, 3))
    # Body rates: v_x = cr da - ca sr df, v_y = sa df + dr, v_z = sr da + ca cr df.
    out[..., 0, 0] = -sr / ca
    out[..., 0, 2] = cr / ca
    out[..., 1, 0] = cr
    out[..., 1, 2] = sr
    out[..., 2, 0] = sa * sr / ca
    out[..., 2, 1] = 1.0
    out[..., 2, 2] = -sa * cr / ca
    return out * signs[:, None]


def twist_about_y(quat: FloatArray) -> FloatArray:
    """The twist about y (the femur's long axis) of a rotation, swing-twist, in (-pi, pi] rad; (..., 4) -> (...)."""
    angle = 2 * np.arctan2(quat[..., 2], quat[..., 0])
    return rotation.wrapped(angle)


def pelvis_angles(quat_earth_from_pelvis: FloatArray) -> FloatArray:
    """Tilt, list and rotation of the pelvis against gravity and its own heading.

    Tilt is positive when the top of the pelvis goes forward (anterior tilt), list when the right side goes up, rotation
    when the pelvis turns to the wearer's left. The order is rotation, list, tilt, so that tilt runs through lying down
    (supine -90, prone +90) and only side-lying, where the mediolateral axis is vertical, is singular. Rotation counts
    from the earth's x, whose direction is arbitrary.

    Args:
        quat_earth_from_pelvis: (..., 4), earth z up.

    Returns:
        (..., 3) rad: tilt, list, rotation.

    References:
        Baker 2001, doi:10.1016/S0167-9457(00)00038-9, for the order.
    """
    w, x, y, z = _components(quat_earth_from_pelvis)
    out = np.empty((3, *w.shape))
    out[0] = np.arctan2(-2 * (x * z - w * y), 2 * (y * z + w * x))
    out[1] = np.arcsin(np.clip(1 - 2 * (x * x + y * y), -1.0, 1.0))
    out[2] = np.arctan2(2 * (x * z + w * y), -2 * (y * z - w * x))
    return np.moveaxis(out, 0, -1)


def _components(quat: FloatArray) -> rotation.Components:
    """Contiguous ones: angles of strided arrays have other last bits than those of a single frame."""
    w, x, y, z = (np.asarray(quat[..., i], order="C") for i in range(4))
    return w, x, y, z
