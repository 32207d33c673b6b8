import numpy as np
import pytest
from numpy.testing import assert_allclose

from imuhip.simulation.sensors import SensorErrors, VirtualSensor, draw_sensor, frames_of, interpolate
from imuhip.units import GRAVITY_M_S2

MG = GRAVITY_M_S2 / 1000


@pytest.fixture(scope="module")
def drawn() -> list[VirtualSensor]:
    return [draw_sensor(SensorErrors(), 2, np.random.default_rng([1, i])) for i in range(400)]


def _fills(values: np.ndarray, limit: float) -> None:
    """Values spread uniformly between minus and plus the limit."""
    assert np.abs(values).max() <= limit
    assert_allclose(np.abs(values).max(), limit, rtol=0.02)
    assert_allclose(values.std(), limit / np.sqrt(3), rtol=0.1)
    assert_allclose(values.mean(), 0.0, atol=0.1 * limit)


def test_errors_fill_the_stated_limits(drawn: list[VirtualSensor]) -> None:
    _fills(np.stack([sensor.acc_bias_m_s2 for sensor in drawn]), 20 * MG)
    _fills(np.degrees(np.stack([sensor.gyr_bias_rad_s[0] for sensor in drawn])), 1.0)
    _fills(np.array([sensor.clock_ppm for sensor in drawn]), 50.0)
    off_diagonal = ~np.eye(3, dtype=bool)
    for matrices in ([s.acc_matrix for s in drawn], [s.gyr_matrix for s in drawn]):
        errors = np.stack(matrices) - np.eye(3)
        _fills(errors[:, ~off_diagonal], 0.005)
        _fills(errors[:, off_diagonal], 0.005)


def test_mounts_prefer_no_orientation(drawn: list[VirtualSensor]) -> None:
    mounts = np.stack([sensor.mount for sensor in drawn])
    assert_allclose(np.einsum("ni,nj->ij", mounts, mounts) / len(mounts), np.eye(4) / 4, atol=0.05)


def test_gyro_bias_has_walked_by_5_deg_h_after_an_hour() -> None:
    errors = SensorErrors()
    walked = [
        np.ptp(draw_sensor(errors, 360_000, np.random.default_rng(i)).gyr_bias_rad_s[[0, -1]], 0) for i in range(12)
    ]
    assert_allclose(np.sqrt(np.mean(np.square(walked))), np.radians(5 / 3600), rtol=0.3)


def test_noise_has_the_stated_density() -> None:
    errors = SensorErrors()
    count = 40_000
    still = np.tile([1.0, 0, 0, 0], (count, 1)), np.tile([0, 0, GRAVITY_M_S2], (count, 1))
    sensor = draw_sensor(SensorErrors.none(random_mount=False), count, np.random.default_rng(1))
    acc, gyr = frames_of(sensor, errors, still, np.random.default_rng(2))
    assert_allclose(gyr.std(axis=0), np.radians(0.01) * np.sqrt(50), rtol=0.02)
    assert_allclose(acc.std(axis=0), 0.15 * MG * np.sqrt(50), rtol=0.02)
    assert_allclose(acc.mean(axis=0), [0, 0, GRAVITY_M_S2], atol=1e-3)


def test_without_errors_a_sensor_reads_the_truth() -> None:
    still = np.tile([1.0, 0, 0, 0], (100, 1)), np.tile([0, 0, GRAVITY_M_S2], (100, 1))
    rng = np.random.default_rng(1)
    sensor = draw_sensor(SensorErrors.none(), 100, rng)
    acc, gyr = frames_of(sensor, SensorErrors.none(), still, rng)
    assert_allclose(acc, still[1])
    assert_allclose(gyr, 0.0)


def test_interpolation_is_exact_on_the_grid_and_for_parabolas() -> None:
    grid = np.arange(50) / 100
    values = np.stack([grid, grid**2], axis=-1)
    assert_allclose(interpolate(values, grid), values, atol=1e-15)
    inside = np.linspace(0.02, 0.46, 97)
    assert_allclose(interpolate(values, inside), np.stack([inside, inside**2], axis=-1), atol=1e-12)
