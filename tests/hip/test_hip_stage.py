"""Orientations to hip angles: validity, uncertainty, and blocks that can be cut and joined."""

from __future__ import annotations

from dataclasses import fields, replace

import numpy as np
import played
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_allclose

from imuhip import rotation
from imuhip.hip.stage import FLOOR_DEG, HALF_WIDTH, HipAngles, HipBlock, hip_block, join
from imuhip.joint import quat_from_hip_angles
from imuhip.orientation.segments import SegmentBlock, Spread
from imuhip.units import BoolArray, FloatArray

STANDING = rotation.exp(np.array([np.pi / 2, 0.0, 0.0]))
SUPINE = rotation.multiply(STANDING, rotation.exp(np.array([0.0, 0.0, np.pi / 2])))
"""On the back: the front points up."""


def segments(
    angles_deg: FloatArray,
    *,
    pelvis: FloatArray = STANDING,
    roles: tuple[str, ...] = ("pelvis", "thigh_right"),
    known: BoolArray | None = None,
    level_sd_deg: float = 0.5,
    heading_sd_deg: float = 2.0,
    start: int = 0,
) -> SegmentBlock:
    n = len(angles_deg)
    quat = {"pelvis": np.tile(pelvis, (n, 1))}
    for side in ("right", "left"):
        quat[f"thigh_{side}"] = rotation.multiply(pelvis, quat_from_hip_angles(np.deg2rad(angles_deg), side))
    spread = Spread(np.full(n, np.deg2rad(level_sd_deg)), np.full(n, np.deg2rad(heading_sd_deg)))
    known = np.ones((len(roles), n), dtype=np.bool_) if known is None else known
    spreads = {role.removeprefix("thigh_"): spread for role in roles if role.startswith("thigh")}
    stacked = np.stack([quat[role] for role in roles])
    return SegmentBlock(start, 100.0, roles, stacked, known, spreads, stacked, known)


def noise(n: int = 60, seed: int = 1) -> FloatArray:
    return np.random.default_rng(seed).uniform(-60, 60, (n, 3))


def test_angles_of_both_hips_are_those_of_the_orientations() -> None:
    angles = noise()
    block = hip_block(segments(angles, roles=("thigh_left", "pelvis", "thigh_right")))
    assert set(block.sides) == {"right", "left"}
    for hip in block.sides.values():
        assert_allclose(played.angles_of(hip), angles, atol=1e-9)
        assert hip.valid.all()
    assert_allclose(block.pelvis_deg(), 0.0, atol=1e-9)


def test_unknown_segments_give_no_angles() -> None:
    known = np.ones((2, 60), dtype=np.bool_)
    known[0, 10:20] = known[1, 15:30] = False
    block = hip_block(segments(noise(), known=known))
    hip = block.sides["right"]
    assert (hip.valid == known.all(axis=0)).all()
    assert (np.isfinite(played.angles_of(hip)).all(axis=1) == known.all(axis=0)).all()
    assert (np.isfinite(hip.uncertainty_deg) == hip.valid).all()
    assert (np.isfinite(block.pelvis_deg()) == known[0]).all()


def test_lost_heading_hides_adduction_and_rotation_only() -> None:
    sagittal = noise() * np.array([1.0, 0.0, 0.0])
    hip = hip_block(segments(sagittal, heading_sd_deg=30.0)).sides["right"]
    assert hip.valid.all()
    assert not hip.heading_known.any()
    assert np.isnan(hip.adduction_deg).all()
    assert np.isnan(hip.internal_rotation_deg).all()


def test_without_a_spread_nothing_is_known() -> None:
    bare = segments(noise())
    block = hip_block(replace(bare, spreads={}))
    assert not block.sides["right"].valid.any()


def test_uncertainty_of_flexion_standing_comes_from_tilt_lying_on_the_side_from_heading() -> None:
    straight = np.zeros((5, 3))
    floor = FLOOR_DEG**2
    standing = hip_block(segments(straight)).sides["right"].uncertainty_deg
    assert_allclose(standing, HALF_WIDTH * np.sqrt(0.5**2 + floor), rtol=1e-9)
    side = rotation.multiply(STANDING, rotation.exp(np.array([np.pi / 2, 0.0, 0.0])))
    lying = hip_block(segments(straight, pelvis=side)).sides["right"].uncertainty_deg
    assert_allclose(lying, HALF_WIDTH * np.sqrt(2.0**2 + floor), rtol=1e-9)


@pytest.mark.parametrize("adduction_deg", [-89.0, -80.0, 80.0, 89.9])
def test_near_ninety_degrees_of_adduction_flexion_and_rotation_are_left_out(adduction_deg: float) -> None:
    hip = hip_block(segments(np.tile([20.0, adduction_deg, 10.0], (4, 1)))).sides["right"]
    assert hip.singular.all()
    assert not hip.valid.any()
    assert np.isnan(hip.flexion_deg).all()
    assert np.isnan(hip.internal_rotation_deg).all()
    assert_allclose(hip.adduction_deg, adduction_deg, atol=1e-5)


def test_without_a_pelvis_there_are_inclinations_only() -> None:
    angles = np.column_stack([np.linspace(0, 120, 7), np.zeros(7), np.zeros(7)])
    block = hip_block(segments(angles, roles=("thigh_right",)))
    assert not block.sides
    assert np.isnan(block.pelvis_deg()).all()
    assert block.pelvis_deg(slice(2, 5)).shape == (3, 3)
    assert_allclose(block.inclination_deg(0), np.linspace(0, 120, 7), atol=1e-6)


def test_lying_on_the_back_is_a_backward_tilt() -> None:
    block = hip_block(segments(np.zeros((3, 3)), pelvis=SUPINE))
    assert_allclose(block.pelvis_deg()[0], -90.0, atol=1e-9)


@given(st.lists(st.integers(1, 25), min_size=1, max_size=8))
def test_parts_and_joined_blocks_hold_the_same_bits(sizes: list[int]) -> None:
    whole = hip_block(segments(noise(100)))
    parts: list[HipBlock] = []
    at = 0
    while at < 100:
        size = sizes[len(parts) % len(sizes)]
        parts.append(whole.part(at, min(at + size, 100)))
        at += size
    assert parts[0].start_index == 0
    assert sum(len(part) for part in parts) == 100
    assert played.bits(join(parts)) == played.bits(whole)


@given(st.integers(1, 40))
def test_any_block_size_gives_the_same_bits(size: int) -> None:
    angles = noise(100, seed=2)
    whole = hip_block(segments(angles))
    parts = [hip_block(segments(angles[at : at + size], start=at)) for at in range(0, 100, size)]
    assert played.bits(join(parts)) == played.bits(whole)


def test_hip_that_a_block_does_not_have_is_unknown_there() -> None:
    right = hip_block(segments(noise(30)))
    left = hip_block(segments(noise(20), roles=("pelvis", "thigh_left"), start=30))
    both = join([right, left])
    assert len(both) == 50
    assert both.sides["right"].valid.tolist() == [True] * 30 + [False] * 20
    assert both.sides["left"].valid.tolist() == [False] * 30 + [True] * 20
    for hip in both.sides.values():
        assert {len(getattr(hip, field.name)) for field in fields(HipAngles)} == {50}
