import re
from pathlib import Path

import numpy as np
import pytest

from imuhip.recording.plausible import GYR_UNITS, doubt_acc, doubt_gyr, doubt_time
from imuhip.units import FloatArray

DEG = 180 / np.pi


@pytest.mark.parametrize(("step", "unit"), [(0.05, "s"), (0.0025, "s"), (10.0, "ms"), (40.0, "ms"), (10_000.0, "us")])
def test_times_in_their_unit_are_accepted(step: float, unit: str) -> None:
    assert doubt_time(step, unit) is None


@pytest.mark.parametrize(
    ("step", "unit", "likely"),
    [
        (10.0, "s", "ms"),
        (50.0, "s", "ms"),
        (2.5, "s", "ms"),
        (10_000.0, "s", "us"),
        (0.01, "ms", "s"),
        (0.01, "us", "s"),
    ],
)
def test_times_in_another_unit_are_recognised(step: float, unit: str, likely: str) -> None:
    doubt = doubt_time(step, unit)
    assert doubt is not None
    assert doubt.unit == likely


@pytest.mark.parametrize(("step", "words"), [(0.1, "10 samples a second"), (0.0001, "10000 samples a second")])
def test_rates_that_show_no_hip_are_refused_without_a_unit(step: float, words: str) -> None:
    doubt = doubt_time(step, "s")
    assert doubt is not None
    assert doubt.unit is None
    assert re.search(words, doubt.reason)


@pytest.mark.parametrize(
    ("length", "unit", "likely"),
    [
        (9.81, "m_s2", "m_s2"),
        (1.0, "g", "g"),
        (1000.0, "mg", "mg"),
        (1.02, "m_s2", "g"),
        (981.0, "m_s2", "mg"),
        (9.7, "g", "m_s2"),
    ],
)
def test_gravity_shows_the_unit_of_acceleration(length: float, unit: str, likely: str) -> None:
    doubt = doubt_acc(np.tile([0.6 * length, 0.0, 0.8 * length], (50, 1)), unit)
    assert (unit if doubt is None else doubt.unit) == likely


def test_acceleration_without_gravity_is_refused() -> None:
    doubt = doubt_acc(np.full((50, 3), 0.02), "m_s2")
    assert doubt is not None
    assert doubt.unit is None
    assert "no gravity" in doubt.reason


def still(bias_rad_s: float, noise_rad_s: float) -> tuple[FloatArray, FloatArray, FloatArray]:
    noise = np.random.default_rng(0)
    time_s = np.arange(3000) / 100
    acc = np.array([0.0, 9.8, 0.5]) + noise.normal(0, 0.05, (3000, 3))
    return time_s, acc, bias_rad_s + noise.normal(0, noise_rad_s, (3000, 3))


def test_still_sensor_with_a_large_bias_is_not_taken_for_deg_s() -> None:
    assert doubt_gyr(*still(np.radians(4), 0.01), "rad_s") is None


def test_still_sensor_with_a_usual_bias_in_deg_s_is_recognised() -> None:
    time_s, acc, gyr = still(np.radians(0.6), 0.002)
    doubt = doubt_gyr(time_s, acc, gyr * DEG, "rad_s")
    assert doubt is not None
    assert doubt.unit == "deg_s"


def test_speed_that_no_body_reaches_is_recognised() -> None:
    time_s, acc, gyr = still(0.0, 0.01)
    gyr[100:120] = [150.0, 0, 0]
    doubt = doubt_gyr(time_s, acc, gyr, "rad_s")
    assert doubt is not None
    assert "faster than a body turns" in doubt.reason


def test_sensor_that_moves_but_hardly_turns_is_taken_for_rad_s() -> None:
    time_s, acc, gyr = still(0.0, 0.01)
    acc[:, 0] += 3.0 * np.sin(5.0 * time_s)
    gyr[:, 1] += np.sin(5.0 * time_s)  # 57 deg/s
    assert doubt_gyr(time_s, acc, gyr * DEG, "deg_s") is None
    doubt = doubt_gyr(time_s, acc, gyr, "deg_s")
    assert doubt is not None
    assert doubt.unit == "rad_s"


def test_still_sensor_in_deg_s_is_accepted() -> None:
    time_s, acc, gyr = still(np.radians(0.6), 0.002)
    assert doubt_gyr(time_s, acc, gyr * DEG, "deg_s") is None


def test_short_recordings_with_gaps_are_judged_without_error() -> None:
    time_s, acc, gyr = still(0.0, 0.01)
    for step in (20, 3000):
        assert doubt_gyr(time_s[::step], acc[::step], gyr[::step], "rad_s") is None
    assert doubt_gyr(time_s[:2], acc[:2], gyr[:2], "rad_s") is None


def test_real_sensors_are_judged_right_in_both_units(shared_data: Path) -> None:
    files = [path for path in sorted((shared_data / "hip").glob("*/*.csv")) if path.stem not in ("marks", "reference")]
    assert len(files) == 48
    for path in files:
        values = np.loadtxt(path, delimiter=",", skiprows=1)
        time_s, acc, gyr = values[:, 0], values[:, 1:4], values[:, 4:7]
        assert doubt_gyr(time_s, acc, gyr, "rad_s") is None, path
        assert doubt_gyr(time_s, acc, gyr / GYR_UNITS["deg_s"], "deg_s") is None, path
        if "chest" not in path.name:  # a chest that lies or sits still turns too little to tell
            assert doubt_gyr(time_s, acc, gyr / GYR_UNITS["deg_s"], "rad_s") is not None, path
            doubt = doubt_gyr(time_s, acc, gyr, "deg_s")
            assert ("rad/s and not deg/s" in doubt.reason) if doubt else path.parent.name in ("uci_s2_e3", "uci_s2_e5")
