"""First guess of the unknowns, in closed form, good enough for the least squares to converge."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from imuhip import rotation
from imuhip.calibration.pose_equations import UP, HingePrior
from imuhip.calibration.strapdown import Segments, Strapdown
from imuhip.units import FloatArray


def level_frames(seg: Segments) -> FloatArray:
    """W frames turned upright by the force of each segment, without a jump where the gyro connects them.

    Args:
        seg: The segments.

    Returns:
        (K, J, 4) earth from W at each node.
    """
    sensors, nodes = seg.quat.shape[:2]
    out = np.empty((sensors, nodes, 4))
    up = rotation.normalise(seg.force)
    for k in range(sensors):
        starts = np.flatnonzero(np.concatenate([[True], ~seg.whole[k]]))
        for a, b in zip(starts, np.append(starts[1:], nodes), strict=True):
            inside = up[k, a : max(b - 1, a + 1)] if a < nodes - 1 else up[k, -1:]
            first = rotation.normalise(np.median(inside, axis=0)) if len(inside) else UP
            out[k, a:b] = rotation.align(first, UP)
            for j in range(a, min(b, nodes) - 1):
                turned = rotation.rotate(out[k, j], up[k, j])
                out[k, j + 1] = rotation.multiply(_part(rotation.align(turned, UP), 0.3), out[k, j])
    return out


def gravity_in_sensor(strap: Strapdown, start: int, end: int, sensor: int) -> FloatArray:
    """Mean direction of up in the sensor's frame over a still stretch, (3,), from the accelerometer."""
    force = (strap.force[sensor, end] - strap.force[sensor, start])
    mean = mean_quat(strap.quat[sensor, start:end])
    return rotation.normalise(rotation.rotate(rotation.conjugate(mean), force))


def mean_quat(quats: FloatArray) -> FloatArray:
    """Mean of unit quaternions that lie close together, (N, 4) -> (4,)."""
    signs = np.sign(quats @ quats[len(quats) // 2])
    return rotation.normalise((quats * signs[:, None]).mean(axis=0))


def mount_from_axes(up: FloatArray, right: FloatArray) -> FloatArray:
    """Mounting of a segment whose y is ``up`` and whose z is as near as possible to ``right``, all in sensor axes.

    Returns:
        (4,) sensor from segment.
    """
    z = rotation.normalise(right - up * (up @ right))
    return rotation.from_matrix(np.stack([rotation.cross(up, z), up, z], axis=1))


def right_axis(
    stance_up: FloatArray, poses: Sequence[tuple[FloatArray, FloatArray]], hinges: Sequence[HingePrior]
) -> FloatArray | None:
    """The mediolateral axis of a segment in its sensor's frame.

    Args:
        stance_up: (3,) up in the stance.
        poses: Up in another pose, and up in segment axes as expected there.
        hinges: Axes of hinge-like movement, already pointing right.

    Returns:
        (3,) unit vector, or None where nothing tells.
    """
    total = np.zeros(3)
    for up, expected in poses:
        normal = rotation.cross(stance_up, up)
        size = np.linalg.norm(normal)
        if abs(expected[2]) > 0.5:
            total += np.sign(expected[2]) * (up - stance_up * (stance_up @ up)) * 0.7
        elif size > 0.35:
            # Tilting back (up goes to x, the front) turns up about -z in segment axes: cross(y, x) = -z.
            total -= normal * np.sign(expected[0]) if expected[0] else 0.0
    for hinge in hinges:
        total += 0.8 * (hinge.axis - stance_up * (stance_up @ hinge.axis))
    length = np.linalg.norm(total)
    return total / length if length > 0.2 else None


def _part(q: FloatArray, share: float) -> FloatArray:
    return rotation.exp(share * rotation.log(q))
