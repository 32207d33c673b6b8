"""The first guess of W frames: levelled by force, without a jump."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_allclose

from imuhip import rotation
from imuhip.calibration.initial import LEVELLING_PART, level_frames
from imuhip.calibration.strapdown import Segments
from imuhip.units import GRAVITY_M_S2, BoolArray, FloatArray

UP = np.array([0.0, 0.0, 1.0])


def segments(up: FloatArray, whole: BoolArray | None = None) -> Segments:
    """Segments of one sensor whose mean force points up, (J - 1, 3) in W."""
    count = len(up)
    nothing, every = np.zeros((1, count, 3, 9)), np.ones((1, count), dtype=np.bool_)
    return Segments(
        node_step=25 * np.arange(count + 1),
        duration_s=np.ones(count),
        quat=np.tile(rotation.IDENTITY, (1, count + 1, 1)),
        turn_by_bias=nothing[..., :3],
        turn_by_gain=nothing,
        force=GRAVITY_M_S2 * up[None],
        force_by_bias=nothing[..., :3],
        force_by_gain=nothing,
        slip_var=np.zeros((1, count)),
        whole=every if whole is None else whole[None],
    )


def tilt_rad(level: FloatArray, up: FloatArray) -> float:
    return float(np.arccos(np.clip(rotation.rotate(level, up)[..., 2], -1.0, 1.0)))


directions = st.integers(0, 2**32 - 1).map(lambda seed: rotation.normalise(np.random.default_rng(seed).normal(size=3)))


@given(directions)
def test_where_gravity_stays_every_node_is_level(up: FloatArray) -> None:
    level = level_frames(segments(np.tile(up, (20, 1))))[0]
    assert level.shape == (21, 4)
    assert_allclose(np.linalg.norm(level, axis=1), 1.0, rtol=1e-12)
    assert_allclose(rotation.rotate(level, up), np.tile(UP, (21, 1)), atol=1e-7)


@given(directions, directions)
def test_a_new_tilt_is_taken_off_part_by_part_about_a_level_axis(a: FloatArray, b: FloatArray) -> None:
    angle = float(np.arccos(np.clip(a @ b, -1.0, 1.0)))
    up = np.array([a] * 5 + [b] * 15)
    level = level_frames(segments(up))[0]
    if angle > 3.0:  # nearly upside down: which way round is arbitrary
        return
    for k in range(5):
        left = tilt_rad(level[5 + k], b)
        assert abs(left - angle * (1 - LEVELLING_PART) ** k) < 1e-6
        turned = rotation.multiply(level[6 + k], rotation.conjugate(level[5 + k]))
        assert abs(turned[3]) < 1e-12, "the axis is level"


def test_after_a_gap_levelling_begins_anew() -> None:
    up, whole = np.tile(UP, (20, 1)), np.ones(20, dtype=np.bool_)
    up[10:] = rotation.normalise(np.array([1.0, 2.0, 0.5]))
    whole[9] = False
    level = level_frames(segments(up, whole))[0]
    assert tilt_rad(level[9], UP) < 1e-7
    assert tilt_rad(level[10], up[10]) < 1e-7
    unbroken = level_frames(replace(segments(up), whole=np.ones((1, 20), dtype=np.bool_)))[0]
    assert tilt_rad(unbroken[11], up[10]) > 0.1
