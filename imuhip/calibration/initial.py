"""First guess of the unknowns, in closed form, good enough for the least squares to converge."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

import numpy as np

from imuhip import rotation
from imuhip.arrays import median_rows
from imuhip.calibration.strapdown import Segments
from imuhip.units import FloatArray

UP: FloatArray = np.array([0.0, 0.0, 1.0])
LEVELLING_PART = 0.3
"""Part of a segment's tilt that is taken off at a node: its force also tells of movement."""


def level_frames(seg: Segments) -> FloatArray:
    """W frames turned upright by the force of each segment, without a jump where the gyro connects them.

    Args:
        seg: The segments.

    Returns:
        (K, J, 4) earth from W at each node.
    """
    sensors, nodes = seg.quat.shape[:2]
    out = np.empty((sensors, nodes, 4))
    up = rotation.normalise(seg.force + np.array([0.0, 0.0, 1e-9]))
    for k in range(sensors):
        starts = [0, *(np.flatnonzero(~seg.whole[k]) + 1).tolist()]
        for a, b in zip(starts, [*starts[1:], nodes], strict=True):
            inside = up[k, a : b - 1] if b - a > 1 else up[k, min(a, nodes - 2)][None]
            first = rotation.align(rotation.normalise(median_rows(inside[:5])), UP)
            out[k, a:b] = list(_levelled(first.tolist(), up[k, a : b - 1].tolist()))
    return out


def _levelled(first: list[float], ups: list[list[float]]) -> Iterator[tuple[float, float, float, float]]:
    """Earth from W at each node of a run, turned at each by a part of what up in the segment after it is off by.

    One after the other in plain numbers: numpy's calls would take ten times as long.
    """
    w, x, y, z = first
    yield w, x, y, z
    for up_x, up_y, up_z in ups:
        off_x = (1 - 2 * (y * y + z * z)) * up_x + 2 * (x * y - w * z) * up_y + 2 * (x * z + w * y) * up_z
        off_y = 2 * (x * y + w * z) * up_x + (1 - 2 * (x * x + z * z)) * up_y + 2 * (y * z - w * x) * up_z
        level = 2 * (x * z - w * y) * up_x + 2 * (y * z + w * x) * up_y + (1 - 2 * (x * x + y * y)) * up_z
        off = math.hypot(off_x, off_y)
        half_turn = 0.5 * LEVELLING_PART * math.atan2(off, level)
        c, s = math.cos(half_turn), math.sin(half_turn) / off if off > 1e-12 else 0.0
        a, b = s * off_y, -s * off_x
        w, x, y, z = c * w - a * x - b * y, c * x + a * w + b * z, c * y - a * z + b * w, c * z + a * y - b * x
        yield w, x, y, z


def mount_from_axes(up: FloatArray, right: FloatArray) -> FloatArray:
    """Mounting of a segment whose y is ``up`` and whose z is as near as possible to ``right``, all in sensor axes.

    Returns:
        (4,) sensor from segment.
    """
    z = rotation.normalise(right - up * (up @ right))
    return rotation.from_matrix(np.stack([rotation.cross(up, z), up, z], axis=1))


def right_axis(
    stance_up: FloatArray, poses: Sequence[tuple[FloatArray, FloatArray]], hinges: Sequence[FloatArray]
) -> FloatArray | None:
    """The mediolateral axis of a segment in its sensor's frame.

    Args:
        stance_up: (3,) up in the stance.
        poses: Up in another pose, and up in segment axes as expected there.
        hinges: (3,) axes of hinge-like movement, already pointing right.

    Returns:
        (3,) unit vector, or None where nothing tells.
    """
    total = np.zeros(3)
    for up, expected in poses:
        normal = rotation.cross(stance_up, up)
        if abs(expected[2]) > 0.5:
            total += 0.7 * np.sign(expected[2]) * (up - stance_up * (stance_up @ up))
        elif np.linalg.norm(normal) > 0.35:
            # Lying back, up goes to x, the front; in segment axes cross(y, x) is -z.
            total -= np.sign(expected[0]) * normal
    for axis in hinges:
        total += 0.8 * (axis - stance_up * (stance_up @ axis))
    length = float(np.linalg.norm(total))
    return total / length if length > 0.2 else None


def any_across(up: FloatArray) -> FloatArray:
    """Some unit vector square to ``up``, for a segment of which nobody knows where it faces."""
    other = np.eye(3)[int(np.argmin(np.abs(up)))]
    return rotation.normalise(other - up * (up @ other))
