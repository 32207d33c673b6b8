"""Axes of hinge-like movement, on turns whose axis is known."""

from __future__ import annotations

import numpy as np
import pytest

from imuhip import rotation
from imuhip.calibration.hinges import MIN_PLANARITY, Hinge, find_hinge, find_tilt_hinge
from imuhip.calibration.motion import Motion
from imuhip.calibration.strapdown import Strapdown, integrate
from imuhip.units import GRAVITY_M_S2, FloatArray

STEP_S = 0.04
UP = np.array([0.0, 0.0, 1.0])
TIME_S = np.arange(500) * STEP_S
SWING_RAD = np.deg2rad(20.0) * np.sin(2 * np.pi * 0.4 * TIME_S)
LEANING_RAD = np.deg2rad(30.0) * np.sin(np.pi * 0.2 * TIME_S) ** 2


def strapdown_of(quat_earth_from_sensor: FloatArray) -> Strapdown:
    """What an ideal sensor that turns on the spot gives, (N, 4)."""
    q = quat_earth_from_sensor
    turn = rotation.log(rotation.multiply(rotation.conjugate(q[:-1]), q[1:]))
    acc = rotation.rotate(rotation.conjugate(q[:-1]), GRAVITY_M_S2 * UP)
    known = np.ones((1, len(turn)), dtype=np.bool_)
    motion = Motion(STEP_S, turn[None], acc[None], known, np.zeros(known.shape))
    return integrate(motion, np.zeros((1, 3)), np.array([0, len(turn)]))[0]


def swinging(*turns: tuple[FloatArray, FloatArray], mount: FloatArray) -> Strapdown:
    """Swings about horizontal axes (3,) by angles (N,), seen by a sensor mounted in some way."""
    q = np.tile(rotation.IDENTITY, (len(TIME_S), 1))
    for axis, angle in turns:
        q = rotation.multiply(q, rotation.exp(angle[:, None] * axis))
    return strapdown_of(rotation.multiply(q, mount))


def found(strap: Strapdown, upright: FloatArray | None = None) -> Hinge:
    hinge = find_hinge(strap, 0, 0, len(TIME_S) - 1, upright)
    assert hinge is not None
    return hinge


@pytest.mark.parametrize("seed", range(5))
def test_the_axis_of_a_swing_is_found_whatever_the_mounting(seed: int) -> None:
    mount = rotation.normalise(np.random.default_rng(seed).standard_normal(4))
    hinge = found(swinging((np.array([1.0, 0.0, 0.0]), SWING_RAD), mount=mount))
    expected = rotation.rotate(rotation.conjugate(mount), np.array([1.0, 0.0, 0.0]))
    assert np.rad2deg(np.arccos(min(abs(hinge.axis @ expected), 1.0))) < 0.5
    assert hinge.planarity > 0.99


@pytest.mark.parametrize("towards", [1.0, -1.0])
def test_the_axis_points_so_that_the_greatest_tilt_is_positive(towards: float) -> None:
    axis = np.array([0.0, 1.0, 0.0])
    strap = swinging((axis, towards * LEANING_RAD), mount=rotation.IDENTITY)
    for hinge in (found(strap, UP), find_tilt_hinge(strap, 0, 0, len(TIME_S) - 1, UP)):
        assert hinge is not None
        assert hinge.axis @ axis == pytest.approx(towards, abs=1e-3)
        assert np.rad2deg(hinge.excursion_rad) == pytest.approx(30.0, abs=0.5)


def test_a_swing_in_a_circle_is_not_in_one_plane() -> None:
    sideways = np.deg2rad(15.0) * np.cos(2 * np.pi * 0.4 * TIME_S)
    strap = swinging(
        (np.array([1.0, 0.0, 0.0]), SWING_RAD), (np.array([0.0, 1.0, 0.0]), sideways), mount=rotation.IDENTITY
    )
    assert found(strap).planarity < MIN_PLANARITY


def test_turning_about_the_vertical_does_not_bend_an_axis_that_gravity_tells() -> None:
    axis = np.array([1.0, 0.0, 0.0])
    strap = swinging((UP, 2.0 * LEANING_RAD), (axis, LEANING_RAD), mount=rotation.IDENTITY)
    hinge = find_tilt_hinge(strap, 0, 0, len(TIME_S) - 1, UP)
    assert hinge is not None
    assert hinge.axis @ axis > np.cos(np.deg2rad(1.0))


@pytest.mark.parametrize("amplitude_deg", [0.0, 1.0])
def test_what_hardly_turns_has_no_axis(amplitude_deg: float) -> None:
    strap = swinging((np.array([1.0, 0.0, 0.0]), amplitude_deg / 20.0 * SWING_RAD), mount=rotation.IDENTITY)
    assert find_hinge(strap, 0, 0, len(TIME_S) - 1, None) is None
    assert find_tilt_hinge(strap, 0, 0, len(TIME_S) - 1, UP) is None


def test_what_lasts_less_than_a_second_has_no_axis() -> None:
    strap = swinging((np.array([1.0, 0.0, 0.0]), SWING_RAD), mount=rotation.IDENTITY)
    assert find_hinge(strap, 0, 100, 120, None) is None
