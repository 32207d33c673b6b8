"""What error-prone sensors measure of a body, before any radio.

Convention of an ideal gyro: the sample at time t is the rotation over (t - dt, t] divided by dt, so that turning is
conserved, as on the analysis grid. The accelerometer's sample is the specific force at t.
"""

from __future__ import annotations

from dataclasses import fields

import numpy as np

from imuhip.records import record
from imuhip.simulation import quaternions as quat
from imuhip.simulation.body import GRID_HZ
from imuhip.units import GRAVITY_M_S2, FloatArray, IntArray

_MG = GRAVITY_M_S2 / 1000


@record
class SensorErrors:
    """The errors of consumer sensors; "within" means drawn uniformly between minus and plus.

    Attributes:
        acc_bias_mg: Accelerometer bias of each axis, within.
        acc_scale: Its scale error of each axis, within.
        acc_cross_axis: Its share of each other axis, within.
        acc_noise_mg_sqrt_hz: Its white noise, one-sided density: RMS at rate f is density * sqrt(f / 2).
        gyr_bias_deg_s: Gyro bias of each axis at the start, within.
        gyr_bias_drift_deg_h: SD of what a random walk has added to it after an hour.
        gyr_scale, gyr_cross_axis: As for the accelerometer.
        gyr_noise_deg_s_sqrt_hz: White noise, one-sided density.
        random_mount: Mounted uniformly over all orientations, or along the segment.
        clock_ppm: Rate error of the sensor's clock, within.
        loss: Share of notifications lost.
        burst: Mean number of notifications lost together.
    """

    acc_bias_mg: float = 20.0
    acc_scale: float = 0.005
    acc_cross_axis: float = 0.005
    acc_noise_mg_sqrt_hz: float = 0.15
    gyr_bias_deg_s: float = 1.0
    gyr_bias_drift_deg_h: float = 5.0
    gyr_scale: float = 0.005
    gyr_cross_axis: float = 0.005
    gyr_noise_deg_s_sqrt_hz: float = 0.01
    random_mount: bool = True
    clock_ppm: float = 50.0
    loss: float = 0.01
    burst: float = 3.0

    @classmethod
    def none(cls, *, random_mount: bool = True) -> SensorErrors:
        """Ideal sensors on an ideal radio, mounted at random all the same unless told otherwise."""
        return cls(**{f.name: 0.0 for f in fields(cls) if f.type == "float"}, random_mount=random_mount)


@record
class VirtualSensor:
    """One sensor as drawn.

    Attributes:
        mount: (4,) quat_segment_from_sensor.
        acc_matrix: (3, 3) measured = matrix * true + bias + noise.
        acc_bias_m_s2: (3,).
        gyr_matrix: (3, 3).
        gyr_bias_rad_s: (N, 3) over the session's grid.
        clock_ppm: How much too fast its clock runs.
    """

    mount: FloatArray
    acc_matrix: FloatArray
    acc_bias_m_s2: FloatArray
    gyr_matrix: FloatArray
    gyr_bias_rad_s: FloatArray
    clock_ppm: float


@record
class SensorSamples:
    """What one sensor measured, M samples on its own clock, before packing.

    Attributes:
        time_s: (M,) true time of each sample from the session's start.
        tick_us: (M,) the sensor's own clock.
        acc_m_s2: (M, 3).
        gyr_rad_s: (M, 3), the mean over the interval that ends at the sample.
    """

    time_s: FloatArray
    tick_us: IntArray
    acc_m_s2: FloatArray
    gyr_rad_s: FloatArray


def draw_sensor(errors: SensorErrors, count: int, rng: np.random.Generator) -> VirtualSensor:
    """Draw one sensor for a session of ``count`` grid moments."""

    def within(limit: float, *shape: int) -> FloatArray:
        return np.asarray(rng.uniform(-1.0, 1.0, shape) * limit)

    def distortion(scale: float, cross: float) -> FloatArray:
        off_diagonal = within(cross, 3, 3) * (1.0 - np.eye(3))
        return np.eye(3) + np.diag(within(scale, 3)) + off_diagonal

    mount = quat.uniform(rng) if errors.random_mount else quat.IDENTITY
    step_deg_s = errors.gyr_bias_drift_deg_h / 3600 / np.sqrt(3600 * GRID_HZ)
    walk = np.cumsum(rng.standard_normal((count, 3)), axis=0) * np.radians(step_deg_s)
    return VirtualSensor(
        mount=mount,
        acc_matrix=distortion(errors.acc_scale, errors.acc_cross_axis),
        acc_bias_m_s2=within(errors.acc_bias_mg * _MG, 3),
        gyr_matrix=distortion(errors.gyr_scale, errors.gyr_cross_axis),
        gyr_bias_rad_s=np.radians(within(errors.gyr_bias_deg_s, 3)) + walk,
        clock_ppm=float(within(errors.clock_ppm)),
    )


def interpolate(values: FloatArray, time_s: FloatArray) -> FloatArray:
    """Cubic (Catmull-Rom) interpolation of grid values (N, C) at times (M,) inside the grid."""
    place = np.clip(time_s * GRID_HZ, 0.0, len(values) - 1.0)
    base = np.minimum(place.astype(np.int64), len(values) - 2)
    u = (place - base)[:, None]
    before, after = np.maximum(base - 1, 0), np.minimum(base + 2, len(values) - 1)
    return np.asarray(
        values[before] * (u * (-0.5 + u * (1.0 - 0.5 * u)))
        + values[base] * (1.0 + u * u * (-2.5 + 1.5 * u))
        + values[base + 1] * (u * (0.5 + u * (2.0 - 1.5 * u)))
        + values[after] * (u * u * (-0.5 + 0.5 * u))
    )


def ideal_rates(orientation: FloatArray, time_s: FloatArray) -> FloatArray:
    """(M, 3) what an ideal gyro reads: rotation since the previous sample over the time between them.

    Args:
        orientation: (M, 4) quat_earth_from_sensor at the sample times.
        time_s: (M,) sample times. The first sample has none before it and repeats the second.
    """
    turned = quat.log(quat.multiply(quat.conjugate(orientation[:-1]), orientation[1:]))
    rates = turned / np.diff(time_s)[:, None]
    return np.concatenate([rates[:1], rates])


def samples_of(
    sensor: VirtualSensor,
    errors: SensorErrors,
    path: tuple[FloatArray, FloatArray],
    rate_hz: float,
    rng: np.random.Generator,
) -> SensorSamples:
    """Sample a sensor on its own clock, which starts a little after the session and runs a little fast or slow.

    Args:
        sensor: As drawn.
        errors: For the noise.
        path: Orientation earth_from_sensor (N, 4) and specific force (N, 3) in the sensor's frame, on the grid.
        rate_hz: Nominal rate by the sensor's own clock.
        rng: Source of the noise and of the clock's start.

    Returns:
        What the sensor measured.
    """
    orientation, force = path
    step_s = 1.0 / (rate_hz * (1.0 + sensor.clock_ppm * 1e-6))
    start_s = float(rng.uniform(0.005, 0.03))
    booted_us = int(rng.integers(10_000_000, 3_600_000_000))
    count = int(((len(force) - 1) / GRID_HZ - start_s) / step_s) + 1
    time_s = np.asarray(start_s + np.arange(count) * step_s, dtype=np.float64)
    tick_us = booted_us + np.rint(np.arange(count) * (1e6 / rate_hz)).astype(np.int64)
    turned = interpolate(orientation, time_s)
    turned = np.asarray(turned / np.linalg.norm(turned, axis=1, keepdims=True), dtype=np.float64)
    ideal = interpolate(force, time_s), ideal_rates(turned, time_s)
    acc, gyr = _measure(sensor, errors, ideal, time_s, rng)
    return SensorSamples(time_s, tick_us, acc, gyr)


def frames_of(
    sensor: VirtualSensor, errors: SensorErrors, path: tuple[FloatArray, FloatArray], rng: np.random.Generator
) -> tuple[FloatArray, FloatArray]:
    """Measure on the session's grid itself, as a perfect timeline would deliver it: (N, 3) m/s2 and rad/s."""
    orientation, force = path
    time_s = np.asarray(np.arange(len(force)) / GRID_HZ, dtype=np.float64)
    return _measure(sensor, errors, (force, ideal_rates(orientation, time_s)), time_s, rng)


def _measure(
    sensor: VirtualSensor,
    errors: SensorErrors,
    ideal: tuple[FloatArray, FloatArray],
    time_s: FloatArray,
    rng: np.random.Generator,
) -> tuple[FloatArray, FloatArray]:
    """Add the sensor's errors to ideal specific force (M, 3) and angular rate (M, 3) at times (M,)."""
    acc, gyr = ideal
    root_bandwidth = np.sqrt((len(time_s) - 1) / (time_s[-1] - time_s[0]) / 2)
    acc_noise = errors.acc_noise_mg_sqrt_hz * _MG * root_bandwidth * rng.standard_normal(acc.shape)
    gyr_noise = np.radians(errors.gyr_noise_deg_s_sqrt_hz) * root_bandwidth * rng.standard_normal(gyr.shape)
    bias = interpolate(sensor.gyr_bias_rad_s, time_s)
    return (
        np.einsum("ij,nj->ni", sensor.acc_matrix, acc) + sensor.acc_bias_m_s2 + acc_noise,
        np.einsum("ij,nj->ni", sensor.gyr_matrix, gyr) + bias + gyr_noise,
    )
