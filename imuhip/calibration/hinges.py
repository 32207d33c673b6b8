"""The axis about which a segment turns in hinge-like movement, and why a swing was rejected."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from imuhip.calibration.strapdown import Strapdown
from imuhip import rotation
from imuhip.units import FloatArray

MIN_PLANARITY = 0.85
"""Share of the turning that the first axis must explain."""
MIN_TURNING_RAD = 0.5
"""Root mean square of the angle below which an axis is noise (over the stretch, about 10 deg of swing)."""


@dataclass(frozen=True, slots=True)
class Hinge:
    """The principal axis of a stretch of movement.

    Attributes:
        axis: (3,) unit axis in the sensor's frame, pointing so that the greatest excursion is positive.
        planarity: Share of the squared turning about it.
        excursion_rad: Greatest excursion about it from the start.
    """

    axis: FloatArray
    planarity: float
    excursion_rad: float


def find_hinge(strap: Strapdown, sensor: int, start: int, end: int) -> Hinge | None:
    """Principal axis of a sensor's turning between two steps, or None where it hardly turned."""
    quats = strap.quat[sensor, start : end + 1]
    turns = rotation.log(rotation.multiply(rotation.conjugate(quats[:-1]), quats[1:]))
    scatter = np.einsum("ni,nj->ij", turns, turns)
    values, vectors = np.linalg.eigh(scatter)
    if values.sum() <= 0 or np.abs(turns).sum() < MIN_TURNING_RAD:
        return None
    axis = vectors[:, -1]
    angle = np.cumsum(np.einsum("ni,i->n", turns, axis))
    high, low = float(angle.max()), float(angle.min())
    if -low > high:
        axis, high = -axis, -low
    return Hinge(axis, float(values[-1] / values.sum()), high)
