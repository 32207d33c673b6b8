"""The axis about which a segment turns in hinge-like movement."""

from __future__ import annotations

import numpy as np

from imuhip import rotation
from imuhip.calibration.strapdown import Strapdown
from imuhip.records import record
from imuhip.units import FloatArray

MIN_PLANARITY = 0.85
"""Share of the turning that the first axis must explain."""
MIN_SPREAD_RAD = np.deg2rad(4.0)
"""Root mean square of the turning below which an axis is noise."""
WINDOW_STEPS = 75
"""Turning is taken against the mean of 3 s, so that slow changes of heading do not count as movement."""


@record
class Hinge:
    """The principal axis of a stretch of movement.

    Attributes:
        axis: (3,) unit axis in the sensor's frame, pointing so that the greatest tilt from upright is positive.
        planarity: Share of the squared turning about it.
        excursion_rad: Greatest tilt about it.
    """

    axis: FloatArray
    planarity: float
    excursion_rad: float


def find_hinge(strap: Strapdown, sensor: int, start: int, end: int, upright: FloatArray | None) -> Hinge | None:
    """Principal axis of a sensor's turning between two steps, or None where it hardly turned.

    Args:
        strap: Gyro-only orientations.
        sensor: Which sensor.
        start: First step.
        end: End step.
        upright: (3,) up in the sensor's frame in the stance; None to take the start of the stretch.
    """
    if end - start < WINDOW_STEPS // 3:
        return None
    quat = strap.quat[sensor, start:end]
    windows = len(quat) // WINDOW_STEPS
    whole = quat[: windows * WINDOW_STEPS].reshape(windows, WINDOW_STEPS, 4)
    rest = quat[windows * WINDOW_STEPS :][None]
    turns = np.concatenate([_against_mean(part).reshape(-1, 3) for part in (whole, rest) if part.size])
    values, vectors = np.linalg.eigh(np.einsum("ni,nj->ij", turns, turns) / len(turns))
    if values.sum() < MIN_SPREAD_RAD**2:
        return None
    axis = vectors[:, -1]
    # Gravity tells which way the segment tilted, whatever its heading did.
    force = strap.force[sensor, end] - strap.force[sensor, start]
    up = rotation.rotate(rotation.conjugate(quat), rotation.normalise(force))
    level = up[0] if upright is None else upright
    tilt = -np.arctan2(np.einsum("ni,i->n", rotation.cross(level, up), axis), np.einsum("ni,i->n", up, level))
    high, low = float(tilt.max()), float(tilt.min())
    if -low > high:
        axis, high = -axis, -low
    return Hinge(axis, float(values[-1] / values.sum()), high)


def find_tilt_hinge(strap: Strapdown, sensor: int, start: int, end: int, upright: FloatArray) -> Hinge | None:
    """The horizontal axis about which a segment tilted in upright movement, by gravity alone.

    Walking and stepping turn the body about the vertical as well, which would pass for a hinge.

    Args:
        strap: Gyro-only orientations.
        sensor: Which sensor.
        start: First step.
        end: End step.
        upright: (3,) up in the sensor's frame in the stance.
    """
    if end - start < WINDOW_STEPS // 3:
        return None
    force = strap.force[sensor, end] - strap.force[sensor, start]
    up = rotation.rotate(rotation.conjugate(strap.quat[sensor, start:end]), rotation.normalise(force))
    tilt = rotation.cross(up, upright)  # sin(tilt) along the axis of the tilt
    values, vectors = np.linalg.eigh(np.einsum("ni,nj->ij", tilt, tilt) / len(tilt))
    if values.sum() < MIN_SPREAD_RAD**2:
        return None
    axis = vectors[:, -1]
    along = np.einsum("ni,i->n", tilt, axis)
    if -along.min() > along.max():
        axis, along = -axis, -along
    return Hinge(axis, float(values[-1] / values.sum()), float(np.arcsin(np.clip(along.max(), -1.0, 1.0))))


def _against_mean(quat: FloatArray) -> FloatArray:
    """Rotation vectors against the mean orientation of each window, without their mean, in the sensor's frame.

    Args:
        quat: (W, N, 4), following each other without a change of sign.

    Returns:
        (W, N, 3).
    """
    mean = rotation.normalise(quat.sum(axis=1, keepdims=True))
    turns = rotation.log(rotation.multiply(rotation.conjugate(mean), quat))
    centred: FloatArray = turns - turns.mean(axis=1, keepdims=True)
    return centred
