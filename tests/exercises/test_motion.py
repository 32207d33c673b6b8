"""What is followed: angles with their direction, and segments against gravity whatever their mounting."""

from __future__ import annotations

from dataclasses import replace

import moved
import numpy as np
import pytest

from imuhip import rotation
from imuhip.exercises.motion import HipOrientationTrack, HipTrack, SegmentTrack
from imuhip.exercises.steps import fill, frame_of, step_frames, steps_in


def mounted(block, turn_deg):
    """The same with the thigh's sensor strapped on in another way."""
    mount = rotation.exp(np.deg2rad(np.array(turn_deg)))
    sensor = block.quat_earth_from_sensor.copy()
    sensor[1] = rotation.multiply(sensor[1], mount)
    return replace(block, quat_earth_from_sensor=sensor)


@pytest.mark.parametrize("turn_deg", [(0, 0, 0), (0, 90, 0), (40, -70, 100)])
def test_a_segment_reads_the_same_however_its_sensor_sits(turn_deg):
    angle = moved.reps(1, 50)
    motion = SegmentTrack("thigh_right").motion(mounted(moved.block_of(angle), turn_deg), 10, 130)
    assert motion is not None
    assert np.abs(motion.angle_deg - angle).max() < 0.05


def test_a_segment_is_followed_without_any_calibration():
    block = moved.block_of(moved.reps(1, 50))
    block = replace(block, segment_known=np.zeros_like(block.segment_known))
    steps, points = SegmentTrack("thigh_right").points(block)
    assert len(steps) == len(block) // 4
    assert HipTrack(["right"], (2, 1.0), twist=True).points(block)[0].size == 0
    assert points.shape == (len(steps), 3)


def test_a_sensor_that_is_not_worn_is_not_followed():
    block = moved.block_of(moved.reps(1, 50))
    track = SegmentTrack("shank_left")
    assert track.points(block)[0].size == 0
    assert track.motion(block, 0, 1) is None


def test_the_angle_is_positive_in_the_direction_of_the_exercise():
    block = moved.block_of(-moved.reps(1, 20))
    motion = HipTrack(["right"], (0, -1.0), twist=False).motion(block, 0, 0)
    assert motion.angle_deg.max() == pytest.approx(20, abs=1e-6)


def test_rotation_is_a_twist_from_where_it_was_first_known():
    turned = 30 + moved.reps(1, 25)
    block = moved.block_of(np.full(len(turned), 80.0), internal_rotation=turned)
    _, points = HipTrack(["right"], (2, 1.0), twist=True).points(block)
    assert points[0, 0] == pytest.approx(0, abs=1e-6)
    assert points[:, 0].max() == pytest.approx(25, abs=0.1)


def test_a_movement_that_nobody_named_is_followed_about_its_own_axis():
    adduction = -moved.reps(1, 30)
    track = HipOrientationTrack("right")
    motion = track.motion(moved.block_of(np.full(len(adduction), 10.0), adduction=adduction), 10, 130)
    assert track.signal == "hip_adduction"
    assert motion.angle_deg.max() == pytest.approx(30, abs=0.5)


def test_short_gaps_are_bridged_and_long_ones_are_not():
    angle = np.linspace(0, 10, 100)
    gap = angle.copy()
    gap[40:50] = np.nan
    assert np.allclose(fill(gap), angle)
    gap[20:60] = np.nan
    assert fill(gap) is None
    assert fill(np.zeros(0)) is None


@pytest.mark.parametrize("start", range(5))
def test_steps_do_not_depend_on_where_a_block_begins(start):
    block = moved.block_of(moved.rest(0, 0.4), start=start)
    frames = (start + np.arange(len(block)))[step_frames(block)]
    assert (frames % 4 == 3).all()
    assert len(frames) == 10
    assert [frame_of(step, block.rate_hz) for step in steps_in(block)] == frames.tolist()
