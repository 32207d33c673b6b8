"""The signs, by where knee and kneecap are: written without the simulation's own rotations."""

from dataclasses import replace

import numpy as np
import pytest
from numpy.testing import assert_allclose
from scipy.spatial.transform import Rotation

from imuhip.simulation.body import Body
from imuhip.simulation.script import Side, short_session
from imuhip.simulation.simulate import simulate
from imuhip.simulation.truth import hip_angles_deg, zero
from imuhip.simulation.wearer import Wearer

# The wearer faces the earth's x, so the earth's -y is to the right; z is up.
FORWARD, RIGHT, UP = np.array([1.0, 0, 0]), np.array([0, -1.0, 0]), np.array([0, 0, 1.0])


def _segment(proximal: np.ndarray, front: np.ndarray) -> np.ndarray:
    """earth_from_segment of a segment whose long axis points to ``proximal`` and whose front faces ``front``."""
    y = proximal / np.linalg.norm(proximal)
    z = np.cross(front, y)
    z /= np.linalg.norm(z)
    matrix = np.column_stack([np.cross(y, z), y, z])
    return Rotation.from_matrix(matrix).as_quat(scalar_first=True)


PELVIS = _segment(UP, FORWARD)


def _thigh(knee_direction: np.ndarray, kneecap: np.ndarray) -> np.ndarray:
    return _segment(-knee_direction, kneecap)


@pytest.mark.parametrize("side", ["right", "left"])
def test_standing_straight_reads_zero(side: Side) -> None:
    assert_allclose(hip_angles_deg(PELVIS, _thigh(-UP, FORWARD), side), 0.0, atol=1e-12)


@pytest.mark.parametrize("side", ["right", "left"])
@pytest.mark.parametrize("angle", [30.0, 90.0, 120.0])
def test_knee_moved_forward_is_flexion(side: Side, angle: float) -> None:
    a = np.radians(angle)
    thigh = _thigh(-np.cos(a) * UP + np.sin(a) * FORWARD, np.cos(a) * FORWARD + np.sin(a) * UP)
    assert_allclose(hip_angles_deg(PELVIS, thigh, side), [angle, 0, 0], atol=1e-9)


@pytest.mark.parametrize(("side", "outward"), [("right", RIGHT), ("left", -RIGHT)])
def test_knee_moved_outward_is_negative_adduction(side: Side, outward: np.ndarray) -> None:
    a = np.radians(25)
    thigh = _thigh(-np.cos(a) * UP + np.sin(a) * outward, FORWARD)
    assert_allclose(hip_angles_deg(PELVIS, thigh, side), [0, -25, 0], atol=1e-9)


@pytest.mark.parametrize(("side", "inward"), [("right", -RIGHT), ("left", RIGHT)])
def test_kneecap_turned_inward_is_internal_rotation(side: Side, inward: np.ndarray) -> None:
    a = np.radians(20)
    thigh = _thigh(-UP, np.cos(a) * FORWARD + np.sin(a) * inward)
    assert_allclose(hip_angles_deg(PELVIS, thigh, side), [0, 0, 20], atol=1e-9)


@pytest.mark.parametrize(("side", "outward"), [("right", RIGHT), ("left", -RIGHT)])
def test_seated_foot_swung_outward_is_internal_rotation(side: Side, outward: np.ndarray) -> None:
    a = np.radians(30)
    # Thigh horizontal; the shank hangs, and the kneecap faces away from it: up, and inward as the foot goes out.
    shank = -np.cos(a) * UP + np.sin(a) * outward
    assert_allclose(hip_angles_deg(PELVIS, _thigh(FORWARD, -shank), side), [90, 0, 30], atol=1e-9)


def test_a_heading_error_shows_as_false_adduction_growing_with_flexion() -> None:
    a, e = np.radians(30), np.radians(10)
    thigh = _thigh(-np.cos(a) * UP + np.sin(a) * FORWARD, np.cos(a) * FORWARD + np.sin(a) * UP)
    turned = (Rotation.from_rotvec(e * UP) * Rotation.from_quat(thigh, scalar_first=True)).as_quat(scalar_first=True)
    adduction = hip_angles_deg(PELVIS, turned, "right")[1]
    assert_allclose(abs(adduction), 10 * np.sin(a), atol=0.1)


def _still(pelvis: np.ndarray, thigh: np.ndarray) -> Body:
    bones = {"pelvis": np.tile(pelvis, (200, 1)), "thigh_right": np.tile(thigh, (200, 1))}
    return Body(np.arange(200) / 100, bones, bones, {})


def test_zero_uprights_a_tilted_pelvis_without_turning_it_and_puts_the_thigh_along() -> None:
    upright = Rotation.from_quat(PELVIS, scalar_first=True)
    tilted = upright * Rotation.from_rotvec([0.05, 0.0, -0.2])  # about an axis across the long axis
    thigh = Rotation.from_rotvec([0.1, -0.2, 0.3]) * upright
    body = _still(tilted.as_quat(scalar_first=True), thigh.as_quat(scalar_first=True))
    zeroed = zero(body, (0.2, 1.5), {"thigh_right": (0.2, 1.5)})
    for role in ("pelvis", "thigh_right"):
        difference = upright.inv() * Rotation.from_quat(zeroed.bones[role][50], scalar_first=True)
        assert difference.magnitude() < 1e-7, role


@pytest.mark.parametrize("side", ["right", "left"])
def test_the_marked_stance_reads_zero_for_bone_and_skin_however_the_wearer_is_built(side: Side) -> None:
    made = simulate(short_session(side), seed=8, wearer=Wearer.real(8))
    stance = next(mark for mark in made.marks if mark.name == "stance")
    assert stance.end_ns is not None
    span = slice(made.truth.index(stance.start_ns), made.truth.index(stance.end_ns) + 1)
    hip = made.truth.hips[side]
    assert_allclose(hip.bone_deg[span].mean(axis=0), 0.0, atol=0.02)
    assert_allclose(hip.skin_deg[span].mean(axis=0), 0.0, atol=0.02)
    up = Rotation.from_quat(made.truth.earth_from_segment[0, span], scalar_first=True).apply([0, 1, 0]).mean(axis=0)
    assert_allclose(up[:2], 0.0, atol=1e-4)


def test_anatomical_angles_in_the_stance_are_the_wearers_build() -> None:
    wearer = replace(Wearer.real(3), sway_deg=0.0, breath_deg=0.0)
    truth = simulate(short_session(), seed=3, wearer=wearer).truth
    anatomical = truth.hips["right"].anatomical_deg[300]
    assert_allclose(anatomical, wearer.hip_deg, atol=1e-6)
