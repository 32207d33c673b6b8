"""Repetitions in movements of any kind, whatever their size and pace."""

from __future__ import annotations

import moved
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from imuhip import rotation
from imuhip.exercises import finder as finding
from imuhip.exercises.distances import angle_distance, direction_distance, orientation_distance
from imuhip.exercises.finder import RepFinder

EVERY = 4
"""Frames in a step."""


def steps_of(angle_deg):
    points = np.ascontiguousarray(angle_deg[EVERY - 1 :: EVERY, None])
    return np.arange(len(points)), points


def found_in(angle_deg, *, signed=True):
    return found_among(steps_of(angle_deg)[1], angle_distance, signed)


def found_among(points, metric, signed=False, *, cuts=()):
    finder = RepFinder(metric, signed=signed)
    out = []
    for steps, part in zip(np.split(np.arange(len(points)), cuts), np.split(points, cuts), strict=True):
        out += finder.feed(steps, part)
    return out + finder.flush()


@pytest.mark.parametrize("signed", [True, False])
@pytest.mark.parametrize("range_deg", [6.0, 15.0, 60.0, 120.0])
@pytest.mark.parametrize(
    "tempo",
    [
        {"lift_s": 2.4, "hold_s": 1.5, "lower_s": 3.2, "rest_s": 1.0},
        {"lift_s": 0.5, "hold_s": 0.0, "lower_s": 0.5, "rest_s": 0.3},
        {"lift_s": 5.0, "hold_s": 6.0, "lower_s": 6.0, "rest_s": 4.0},
    ],
)
def test_every_repetition_is_found_at_any_size_and_pace(signed, range_deg, tempo):
    assert len(found_in(moved.reps(6, range_deg, **tempo), signed=signed)) == 6


def test_sizes_and_pauses_may_differ_within_a_set():
    parts = [moved.rest(0, 2), moved.rep(40), moved.rep(15), moved.rest(0, 8), moved.rep(45, lift_s=0.6), moved.rep(30)]
    found = found_in(np.concatenate(parts))
    assert [round(one.size) for one in found] == [40, 15, 45, 30]


def test_a_fidget_between_repetitions_is_none():
    fidget = np.concatenate([moved.move(0, 6, 0.3), moved.move(6, 0, 0.3), moved.rest(0, 1)])
    one = moved.rep(40)
    assert len(found_in(np.concatenate([moved.rest(0, 2), one, fidget, one, fidget, one]))) == 3


def test_a_stop_or_a_step_back_on_the_way_does_not_split_a_repetition():
    stop = [moved.move(0, 20, 1), moved.rest(20, 0.6), moved.move(20, 14, 0.5), moved.move(14, 45, 1.5)]
    back = [moved.rest(45, 1), moved.move(45, 0, 3), moved.rest(0, 1)]
    (found,) = found_in(np.concatenate([moved.rest(0, 2), *stop, *back]))
    assert found.size == pytest.approx(45, abs=4)


def test_a_repetition_that_comes_back_half_way_counts():
    way = [moved.rest(0, 2), moved.move(0, 40, 2), moved.move(40, 16, 2), moved.move(16, 40, 2), moved.move(40, 0, 2)]
    assert len(found_in(np.concatenate([*way, moved.rest(0, 2)]))) == 2


def test_small_repetitions_after_a_pause_are_not_taken_for_fidgets():
    angle = np.concatenate([moved.reps(4, 80), moved.rest(0, 20), moved.reps(4, 7)])
    assert len(found_in(angle)) == 8


def test_a_repetition_is_told_a_second_after_coming_to_rest():
    finder = RepFinder(angle_distance, signed=True)
    angle = np.concatenate([moved.rest(0, 2), moved.rep(40, rest_s=5.0)])
    found = finder.feed(*steps_of(angle))
    assert len(found) == 1
    back_s = 2.0 + 2.4 + 1.5 + 3.2
    assert found[0].told / 25 == pytest.approx(back_s + 0.6, abs=0.6)


def test_what_only_goes_away_is_no_repetition():
    assert found_in(np.concatenate([moved.rest(0, 2), moved.move(0, 60, 3), moved.rest(60, 30)])) == []
    assert found_in(moved.rest(0, 20)) == []
    assert found_in(np.zeros(0)) == []


def test_the_new_pose_is_the_start_pose_of_what_follows():
    angle = np.concatenate([moved.rest(0, 2), moved.move(0, 60, 3), moved.rest(60, 12), moved.reps(4, 25) + 60])
    found = found_in(angle, signed=False)
    assert [round(one.size) for one in found] == [25] * 4


def test_an_unknown_stretch_ends_what_was_going_on():
    steps, points = steps_of(moved.reps(4, 40))
    lost = (steps > 330) & (steps < 460)
    finder = RepFinder(angle_distance, signed=True)
    found = [*finder.feed(steps[~lost], points[~lost]), *finder.flush()]
    assert all(one.end <= 330 or one.start >= 460 for one in found)


def wandering(seed):
    """Repetitions of all sizes and paces with drift and sway: as angles, as directions and as orientations."""
    rng = np.random.default_rng(seed)
    sizes = rng.uniform(3, 60, 6)
    angle = np.concatenate([moved.rest(0, 1), *[moved.rep(s, lift_s=rng.uniform(0.4, 3)) for s in sizes]])
    angle = angle + np.cumsum(rng.normal(0, 0.05, len(angle)))
    turn = np.stack([angle, *np.cumsum(rng.normal(0, 0.3, (2, len(angle))), axis=1)], axis=1)[EVERY - 1 :: EVERY]
    quat = rotation.exp(np.deg2rad(turn))
    return {
        angle_distance: np.ascontiguousarray(turn[:, :1]),
        direction_distance: rotation.rotate(rotation.conjugate(quat), np.array([0.0, 0.0, 1.0])),
        orientation_distance: quat,
    }


@given(st.lists(st.integers(0, 1500), max_size=12), st.integers(0, 3))
def test_any_cut_of_the_input_finds_the_same(cuts, seed):
    for metric, points in wandering(seed).items():
        for signed in (True, False) if metric is angle_distance else (False,):
            assert found_among(points, metric, signed, cuts=sorted(cuts)) == found_among(points, metric, signed)


@given(st.integers(1, 400), st.integers(0, 3))
def test_how_many_points_are_looked_at_in_one_go_does_not_matter(window_steps, seed):
    for metric, points in wandering(seed).items():
        whole = found_among(points, metric)
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(finding, "WINDOW_STEPS", window_steps)
            assert found_among(points, metric) == whole


def test_directions_and_orientations_are_followed_without_an_axis():
    turn = np.deg2rad(moved.reps(5, 50))[EVERY - 1 :: EVERY, None] * np.array([0.6, 0.0, 0.8])
    quat = rotation.multiply(rotation.exp(np.array([0.3, -0.2, 0.9])), rotation.exp(turn))
    up = rotation.rotate(rotation.conjugate(quat), np.array([0.0, 0.0, 1.0]))
    for metric, points in ((orientation_distance, quat), (direction_distance, up)):
        finder = RepFinder(metric)
        found = [*finder.feed(np.arange(len(points)), points), *finder.flush()]
        assert len(found) == 5
    assert found[0].size == pytest.approx(max(direction_distance(up, up[0])), abs=1)


def test_an_orientation_and_its_negative_are_the_same():
    quat = rotation.exp(np.array([[0.1, 0.2, 0.3]]))
    assert orientation_distance(-quat, quat[0])[0] == pytest.approx(0.0, abs=1e-6)


def _lost(frames_lost, metric):
    """Repetitions of 40 deg, the first lost to sight on its way up; seen as a direction or an angle."""
    angle = np.concatenate([moved.rest(0, 2), moved.reps(4, 40, hold_s=6.0)])
    points = angle[EVERY - 1 :: EVERY, None]
    if metric is direction_distance:
        rad = np.deg2rad(points[:, 0])
        points = np.stack([np.sin(rad), np.zeros_like(rad), np.cos(rad)], axis=1)
    steps = np.arange(len(points))
    seen = (steps < 75) | (steps >= 75 + frames_lost)
    finder = RepFinder(metric, signed=metric is angle_distance)
    return [*finder.feed(steps[seen], points[seen]), *finder.flush()], points


@pytest.mark.parametrize("metric", [direction_distance, angle_distance])
def test_who_comes_back_into_sight_at_the_top_does_not_lift_downwards_from_then_on(metric):
    found, points = _lost(80, metric)
    assert len(found) == 3
    for one in found:
        assert metric(points[one.start : one.start + 1], points[0])[0] < 5
        assert metric(points[one.top : one.top + 1], points[0])[0] > 35


@pytest.mark.parametrize("metric", [direction_distance, angle_distance])
def test_a_shorter_loss_costs_no_repetition(metric):
    assert len(_lost(40, metric)[0]) == 4
