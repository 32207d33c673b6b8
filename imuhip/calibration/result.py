"""What the estimator hands on: everything that the stages apply, with its uncertainty."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from imuhip.records import record
from imuhip.units import FloatArray, IntArray

HEADING_LIMIT_RAD = np.deg2rad(12.0)
"""Heading between pelvis and thigh worse than this is not known: it would show as false adduction of 12 deg at 90."""
FACING_LIMIT_RAD = np.deg2rad(15.0)
"""Beyond this, which way a segment faces under its sensor is not known, and flexion cannot be told from adduction."""


@record
class Mount:
    """How one sensor sits on its segment.

    Attributes:
        sensor: Index of the sensor.
        role: Segment that it is worn on.
        start_frame: First frame in which it sits there.
        quat_sensor_from_segment: (4,).
        sd_rad: (3,) about the segment's own axes; the second is which way it faces.
        zeroed: Whether a stance defined its zero.
    """

    sensor: int
    role: str
    start_frame: int
    quat_sensor_from_segment: FloatArray
    sd_rad: FloatArray
    zeroed: bool

    @property
    def usable(self) -> bool:
        """Whether angles of this segment mean something."""
        return self.zeroed and bool(self.sd_rad[1] < FACING_LIMIT_RAD)


@record
class HipKnots:
    """Uncertainty of one hip at the knots.

    Attributes:
        covariance: (J, 12, 12) of the turns of pelvis and thigh in earth axes (3 + 3) and of their mounts in segment
            axes (3 + 3), rad^2.
        level_sd_rad: (J,) of a relative tilt against gravity.
        heading_sd_rad: (J,) of the heading between the two.
        drift_sd_rad_s: How fast the heading gets worse after the last knot.
    """

    covariance: FloatArray
    level_sd_rad: FloatArray
    heading_sd_rad: FloatArray
    drift_sd_rad_s: float


@record
class Calibration:
    """What is known about sensors and mountings, over time at J knots.

    Attributes:
        knot_frame: (J,) number of frames before each knot: knot j is the moment after frame ``knot_frame[j] - 1``.
        gyr_bias_rad_s: (K, J, 3).
        gyr_unmix: (K, 3, 3) true rate = unmix (measured - bias).
        acc_bias_m_s2: (K, 3).
        acc_unmix: (K, 3, 3) true force = unmix (measured - bias).
        quat_earth_from_sensor: (K, J, 4), one earth for all sensors.
        mounts: All mountings.
        hips: By side.
        warnings: Plain sentences for the wearer.
    """

    knot_frame: IntArray
    gyr_bias_rad_s: FloatArray
    gyr_unmix: FloatArray
    acc_bias_m_s2: FloatArray
    acc_unmix: FloatArray
    quat_earth_from_sensor: FloatArray
    mounts: tuple[Mount, ...]
    hips: Mapping[str, HipKnots]
    warnings: tuple[str, ...]

    def mount_of(self, role: str, frame: int) -> Mount | None:
        """The mounting that puts a sensor on ``role`` at a frame, or None."""
        current = {m.sensor: m for m in self.mounts if m.start_frame <= frame}
        return next((m for m in current.values() if m.role == role), None)
