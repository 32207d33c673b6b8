"""The sign of every angle, on both sides, by where knee, kneecap and pelvis are."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_allclose

from imuhip import rotation
from imuhip.joint import (
    angle_jacobian,
    euler_zxy,
    hip_angles,
    pelvis_angles,
    quat_from_hip_angles,
    twist_about_y,
)
from imuhip.units import FloatArray

FORWARD, UP, RIGHT = np.eye(3)
STANDING = rotation.exp(np.array([np.pi / 2, 0.0, 0.0]))
"""Earth from pelvis: x stays forward, y comes to point up, z to the right (the earth's -y)."""

sides = st.sampled_from(["left", "right"])
angles = st.tuples(st.floats(-170, 170), st.floats(-80, 80), st.floats(-170, 170)).map(np.deg2rad)


def turned(axis: FloatArray, angle_deg: float) -> FloatArray:
    return rotation.exp(axis * np.deg2rad(angle_deg))


def inward(side: str) -> FloatArray:
    return -RIGHT if side == "right" else RIGHT


@pytest.mark.parametrize("side", ["left", "right"])
def test_flexion_takes_the_knee_forward(side: str) -> None:
    q = quat_from_hip_angles(np.deg2rad([30.0, 0.0, 0.0]), side)
    assert rotation.rotate(q, -UP) @ FORWARD == pytest.approx(np.sin(np.deg2rad(30.0)))
    assert_allclose(np.rad2deg(hip_angles(turned(RIGHT, 30.0), side)), [30.0, 0.0, 0.0], atol=1e-12)


@pytest.mark.parametrize("side", ["left", "right"])
def test_adduction_takes_the_knee_to_the_midline(side: str) -> None:
    q = quat_from_hip_angles(np.deg2rad([0.0, 20.0, 0.0]), side)
    assert rotation.rotate(q, -UP) @ inward(side) == pytest.approx(np.sin(np.deg2rad(20.0)))
    sign = 1.0 if side == "right" else -1.0
    assert_allclose(np.rad2deg(hip_angles(turned(FORWARD, sign * 20.0), side)), [0.0, 20.0, 0.0], atol=1e-12)


@pytest.mark.parametrize("side", ["left", "right"])
def test_internal_rotation_turns_the_kneecap_inward(side: str) -> None:
    q = quat_from_hip_angles(np.deg2rad([0.0, 0.0, 25.0]), side)
    assert rotation.rotate(q, FORWARD) @ inward(side) == pytest.approx(np.sin(np.deg2rad(25.0)))
    sign = 1.0 if side == "right" else -1.0
    assert_allclose(np.rad2deg(hip_angles(turned(UP, sign * 25.0), side)), [0.0, 0.0, 25.0], atol=1e-12)


@given(angles, sides)
def test_angles_survive_the_rotation(angle: FloatArray, side: str) -> None:
    assert_allclose(hip_angles(quat_from_hip_angles(angle, side), side), angle, atol=1e-9)


@given(angles)
def test_left_is_the_mirror_image_of_right(angle: FloatArray) -> None:
    right, left = quat_from_hip_angles(angle, "right"), quat_from_hip_angles(angle, "left")
    assert_allclose(left, right * [1.0, -1.0, -1.0, 1.0], atol=1e-12)


@given(angles)
def test_quaternion_and_matrix_give_the_same_angles(angle: FloatArray) -> None:
    q = quat_from_hip_angles(angle, "right")
    assert_allclose(euler_zxy(rotation.matrix(q)), hip_angles(q, "right"), atol=1e-9)


@given(angles, sides)
def test_jacobian_is_the_derivative(angle: FloatArray, side: str) -> None:
    q, step = quat_from_hip_angles(angle, side), 1e-6
    columns = []
    for axis in np.eye(3):
        ahead = hip_angles(rotation.multiply(q, rotation.exp(step * axis)), side)
        behind = hip_angles(rotation.multiply(q, rotation.exp(-step * axis)), side)
        columns.append(((ahead - behind + np.pi) % (2 * np.pi) - np.pi) / (2 * step))
    assert_allclose(angle_jacobian(angle, side), np.column_stack(columns), atol=2e-4)


@pytest.mark.parametrize("side", ["left", "right"])
@pytest.mark.parametrize("adduction_deg", [-90.0, -89.9999, 89.9999, 90.0])
def test_at_ninety_degrees_of_adduction_everything_stays_finite(side: str, adduction_deg: float) -> None:
    q = quat_from_hip_angles(np.deg2rad([20.0, adduction_deg, 10.0]), side)
    assert np.isfinite(hip_angles(q, side)).all()
    assert np.rad2deg(hip_angles(q, side)[1]) == pytest.approx(adduction_deg, abs=1e-3)
    assert np.isfinite(angle_jacobian(hip_angles(q, side), side)).all()


@given(st.floats(-179, 179), st.floats(-80, 80))
def test_twist_is_the_turn_about_the_long_axis_whatever_the_swing(twist_deg: float, swing_deg: float) -> None:
    swing = turned(rotation.normalise(np.array([1.0, 0.0, 0.7])), swing_deg)
    q = rotation.multiply(swing, turned(UP, twist_deg))
    assert np.rad2deg(twist_about_y(q)) == pytest.approx(twist_deg, abs=1e-9)
    assert np.rad2deg(twist_about_y(-q)) == pytest.approx(twist_deg, abs=1e-9)


def test_upright_pelvis_has_neither_tilt_nor_list_nor_rotation() -> None:
    assert_allclose(pelvis_angles(STANDING), 0.0, atol=1e-12)


@pytest.mark.parametrize("tilt_deg", [-90.0, -30.0, 20.0, 90.0])
def test_pelvis_tilt_is_positive_when_the_top_goes_forward(tilt_deg: float) -> None:
    q = rotation.multiply(STANDING, turned(RIGHT, -tilt_deg))
    assert rotation.rotate(q, UP)[0] == pytest.approx(np.sin(np.deg2rad(tilt_deg)))
    assert_allclose(np.rad2deg(pelvis_angles(q)), [tilt_deg, 0.0, 0.0], atol=1e-9)


@pytest.mark.parametrize("list_deg", [-40.0, 15.0])
def test_pelvis_list_is_positive_when_the_right_side_goes_up(list_deg: float) -> None:
    q = rotation.multiply(STANDING, turned(FORWARD, -list_deg))
    q = q if rotation.rotate(q, RIGHT)[2] * list_deg > 0 else rotation.multiply(STANDING, turned(FORWARD, list_deg))
    assert rotation.rotate(q, RIGHT)[2] == pytest.approx(np.sin(np.deg2rad(list_deg)))
    assert_allclose(np.rad2deg(pelvis_angles(q)), [0.0, list_deg, 0.0], atol=1e-9)


@pytest.mark.parametrize("turn_deg", [-150.0, 60.0])
def test_pelvis_rotation_is_positive_to_the_left(turn_deg: float) -> None:
    q = rotation.multiply(turned(np.array([0.0, 0.0, 1.0]), turn_deg), STANDING)
    assert_allclose(np.rad2deg(pelvis_angles(q)), [0.0, 0.0, turn_deg], atol=1e-9)


def test_pelvis_order_is_rotation_list_tilt() -> None:
    turn = rotation.multiply(turned(np.array([0.0, 0.0, 1.0]), 70.0), STANDING)
    q = rotation.multiply(rotation.multiply(turn, turned(FORWARD, -20.0)), turned(RIGHT, -50.0))
    tilt, roll, rotated = np.rad2deg(pelvis_angles(q))
    assert (tilt, abs(roll), rotated) == pytest.approx((50.0, 20.0, 70.0), abs=1e-9)
