"""Angles and marks to sets: marked, unmarked, marked one by one; any cut of the input gives the same."""

from __future__ import annotations

import itertools
from dataclasses import replace

import moved
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from imuhip.catalogue_files import load_catalogue
from imuhip.exercises.stage import ExerciseStage

CATALOGUE = load_catalogue()


def stage_with(*marks):
    stage = ExerciseStage(CATALOGUE, moved.RATE_HZ)
    for number, (mark, start_s, end_s) in enumerate(marks):
        stage.mark(replace(mark, id=number), start_s, end_s)
    return stage


def sets_of(block, *marks, cuts=()):
    stage = stage_with(*marks)
    edges = [0, *sorted(cut for cut in cuts if 0 < cut < len(block)), len(block)]
    for a, b in itertools.pairwise(edges):
        stage.feed(block.part(a, b))
    stage.flush()
    return stage.sets()


def whole(name, block, **mark):
    return moved.marked(name, 1.0, **mark), 0.0, len(block) / moved.RATE_HZ


def test_a_marked_set_is_graded_by_its_exercise():
    block = moved.block_of(np.concatenate([moved.reps(4, 70), moved.rep(70, lift_s=0.6)]))
    (one,) = sets_of(block, whole("squat", block))
    assert (one.exercise, one.side, one.reference, one.signal) == ("squat", "right", "pelvis", "hip_flexion")
    assert one.marked
    assert len(one.reps) == 5
    assert one.good_reps == 4
    assert [fault.id for fault in one.reps[-1].faults] == ["flung"]
    assert one.controlled_range_deg == pytest.approx(70, abs=1)
    assert one.notes


def test_the_direction_of_the_exercise_tells_what_a_lift_is():
    block = moved.block_of(50 - moved.reps(5, 45))
    (one,) = sets_of(block, whole("bridge", block))
    assert len(one.reps) == 5
    assert one.reps[0].peak_deg == pytest.approx(-5, abs=1)
    assert one.reps[0].start_deg == pytest.approx(-50, abs=1)


def test_rotation_is_the_twist_from_the_start_pose():
    turned = -moved.reps(5, 30)
    block = moved.block_of(np.full(len(turned), 45.0), internal_rotation=turned + 20.0)
    (one,) = sets_of(block, whole("clamshell", block))
    assert len(one.reps) == 5
    assert one.reps[0].range_deg == pytest.approx(30, abs=1)
    assert one.reps[0].peak_deg == pytest.approx(30, abs=1), "from the start pose, whatever the angle there"


def test_without_a_pelvis_sensor_the_segment_is_followed_and_it_says_so():
    block = moved.block_of(moved.reps(6, 40), roles=("thigh_right",))
    (one,) = sets_of(block, whole("straight_leg_raise", block))
    assert (one.reference, one.signal, len(one.reps)) == ("gravity", "thigh_right", 6)
    assert one.reps[2].range_deg == pytest.approx(40, abs=1)


def test_hip_angles_that_are_hardly_known_give_way_to_gravity():
    block = moved.block_of(moved.reps(6, 40))
    lost = np.arange(len(block)) > 500
    hip = block.sides["right"]
    flexion = np.where(lost, np.nan, hip.flexion_deg)
    block = replace(block, sides={"right": replace(hip, flexion_deg=flexion)})
    (one,) = sets_of(block, whole("straight_leg_raise", block))
    assert (one.reference, len(one.reps)) == ("gravity", 6)


def test_a_long_set_whose_hip_angles_are_lost_late_is_still_seen_from_its_start():
    block = moved.block_of(moved.reps(30, 40))
    assert len(block) > 2 * 100 * 100
    hip = block.sides["right"]
    flexion = np.where(np.arange(len(block)) > 0.4 * len(block), np.nan, hip.flexion_deg)
    block = replace(block, sides={"right": replace(hip, flexion_deg=flexion)})
    (one,) = sets_of(block, whole("straight_leg_raise", block))
    assert (one.reference, len(one.reps)) == ("gravity", 30)
    assert sets_of(block, whole("straight_leg_raise", block), cuts=range(0, len(block), 700)) == [one]


def test_what_a_view_asks_for_on_the_way_changes_nothing():
    block = moved.block_of(moved.reps(5, 40))
    asked = stage_with(whole("straight_leg_raise", block))
    for at in range(0, len(block), 150):
        asked.feed(block.part(at, min(at + 150, len(block))))
        asked.latest()
    asked.flush()
    assert asked.sets() == sets_of(block, whole("straight_leg_raise", block))


def test_what_takes_longer_than_two_minutes_is_no_repetition():
    slow = moved.rep(40, lift_s=60.0, hold_s=5.0, lower_s=70.0)
    block = moved.block_of(np.concatenate([moved.rest(0, 2), slow, moved.reps(3, 40)]))
    (one,) = sets_of(block, whole("straight_leg_raise", block))
    assert len(one.reps) == 3
    assert sets_of(block, whole("straight_leg_raise", block), cuts=range(0, len(block), 900)) == [one]


def test_a_set_without_a_repetition_is_told_as_such():
    block = moved.block_of(moved.rest(3, 30))
    (one,) = sets_of(block, whole("squat", block))
    assert one.reps == ()
    assert one.controlled_range_deg is None
    assert one.consistent is None


def test_an_exercise_that_nobody_knows_is_followed_on_what_moves():
    block = moved.block_of(moved.reps(5, 40))
    (one,) = sets_of(block, whole("juggling", block))
    assert one.exercise == "juggling"
    assert len(one.reps) == 5


def test_repetitions_without_a_mark_are_found_with_the_angle_that_moves_most():
    adduction = -moved.reps(6, 30)
    block = moved.block_of(np.full(len(adduction), 5.0), adduction=adduction)
    (one,) = sets_of(block)
    assert not one.marked
    assert one.exercise is None
    assert (one.signal, one.reference, len(one.reps)) == ("hip_adduction", "pelvis", 6)
    assert one.reps[0].range_deg == pytest.approx(30, abs=1.5)


def test_two_sets_apart_are_two():
    block = moved.block_of(np.concatenate([moved.reps(5, 40), moved.rest(0, 30), moved.reps(4, 60)]))
    assert [len(one.reps) for one in sets_of(block)] == [5, 4]


@pytest.mark.parametrize(
    "flexion",
    [
        np.tile(np.concatenate([moved.move(0, 35, 0.5), moved.move(35, 0, 0.5)]), 60),
        np.concatenate([moved.rest(0, 5), moved.rep(40), moved.rest(0, 30)]),
        np.concatenate([moved.rest(0, 5), moved.move(0, 90, 2), moved.rest(90, 30), moved.move(90, 0, 2)]),
        moved.rest(0, 60),
    ],
    ids=["walking", "a single movement", "sitting down", "rest"],
)
def test_what_is_no_set_is_not_taken_for_one(flexion):
    assert sets_of(moved.block_of(flexion)) == []


@pytest.mark.parametrize("kind", ["test", "calibration", "walk", "rest", "still"])
def test_what_is_marked_as_something_else_is_no_set(kind):
    block = moved.block_of(moved.reps(6, 40))
    assert sets_of(block, whole("swing", block, kind=kind)) == []


def test_a_mark_of_pain_hides_nothing():
    block = moved.block_of(moved.reps(6, 40))
    assert len(sets_of(block, (moved.marked("", 1.0, kind="pain"), 10.0, 10.0))) == 1


def test_single_marks_of_repetitions_give_one_each():
    flexion = moved.reps(4, 60, lift_s=0.8, hold_s=0.0, lower_s=0.8, rest_s=0.5)
    block = moved.block_of(flexion)
    mark = moved.marked("HalfSquat", 1.0, kind="repetition", side=None)
    marks = [(mark, 2 + 2.1 * k, 3.7 + 2.1 * k) for k in range(4)]
    (one,) = sets_of(block, *marks)
    assert (one.exercise, one.signal, len(one.reps)) == ("HalfSquat", "hip_flexion", 4)
    for k, rep in enumerate(one.reps):
        assert 2 + 2.1 * k - 0.05 <= rep.start_s < rep.top_s < rep.end_s <= 3.75 + 2.1 * k
        assert rep.range_deg == pytest.approx(60, abs=2)


def test_marks_of_repetitions_inside_a_set_are_labels_only():
    block = moved.block_of(moved.reps(5, 60))
    label = (moved.marked("correct", 1.0, kind="repetition"), 5.0, 6.0)
    (one,) = sets_of(block, whole("squat", block), label)
    assert len(one.reps) == 5


def test_a_sensor_that_lay_still_shows_no_repetition():
    block = moved.block_of(moved.rest(0, 10))
    (one,) = sets_of(block, (moved.marked("squat", 1.0, kind="repetition"), 2.0, 5.0))
    assert one.reps == ()


def test_kept_positions_are_told_by_their_holds():
    push = [moved.move(0, 10, 1.5), moved.rest(10, 24), moved.move(10, 0, 1.5), moved.rest(0, 6)]
    early = [moved.move(0, 10, 1.5), moved.rest(10, 12), moved.move(10, 0, 1.5), moved.rest(0, 6)]
    turned = np.concatenate([moved.rest(0, 4), *push, *early])
    block = moved.block_of(np.full(len(turned), 50.0), internal_rotation=turned)
    (one,) = sets_of(block, whole("ninety_ninety_rails", block))
    assert [rep.hold_s for rep in one.reps] == [pytest.approx(24, abs=1.5), pytest.approx(12, abs=1.5)]
    assert [rep.good for rep in one.reps] == [True, False]
    assert one.reps[1].faults[0].id == "no_hold"


def test_pushing_into_the_floor_is_one_hold():
    block = moved.block_of(moved.rest(50, 30), internal_rotation=moved.rest(10, 30))
    (one,) = sets_of(block, whole("ninety_ninety_pails", block))
    assert len(one.reps) == 1
    assert one.reps[0].hold_s == pytest.approx(30, abs=1)


def test_legs_that_take_turns_are_two_sets():
    right = moved.reps(6, 50, hold_s=0.0, lift_s=2, lower_s=2, rest_s=0.2)
    both = moved.block_of(right)
    left = moved.block_of(50 - right, side="left", roles=("pelvis", "thigh_left"))
    block = replace(
        both,
        roles=("pelvis", "thigh_right", "thigh_left"),
        sides={**both.sides, **left.sides},
        quat_earth_from_segment=np.concatenate([both.quat_earth_from_segment, left.quat_earth_from_segment[1:]]),
        segment_known=np.concatenate([both.segment_known, left.segment_known[1:]]),
        quat_earth_from_sensor=np.concatenate([both.quat_earth_from_sensor, left.quat_earth_from_sensor[1:]]),
        levelled=np.concatenate([both.levelled, left.levelled[1:]]),
    )
    found = sets_of(block, whole("bike_pedals", block, side=None))
    assert sorted((one.side or "", len(one.reps)) for one in found) == [("left", 5), ("right", 6)]


def test_an_open_mark_shows_its_repetitions_as_they_come():
    block = moved.block_of(moved.reps(6, 60))
    stage = stage_with((moved.marked("squat", 1.0), 0.0, None))
    seen = []
    for a in range(0, len(block), 50):
        stage.feed(block.part(a, min(a + 50, len(block))))
        latest = stage.latest()
        seen.append(0 if latest is None else len(latest.reps))
    assert sorted(set(seen)) == list(range(7)) or sorted(set(seen)) == list(range(6))
    assert seen == sorted(seen)


@settings(max_examples=25, deadline=None)
@given(st.lists(st.integers(1, 6000), max_size=15))
def test_any_cut_of_the_input_gives_the_same_sets(cuts):
    flexion = np.concatenate([moved.reps(4, 60), moved.rest(0, 20), moved.reps(4, 30), moved.rest(0, 3)])
    block = moved.block_of(flexion, adduction=0.1 * flexion)
    mark = (moved.marked("squat", 1.0), 0.0, 38.0)
    assert sets_of(block, mark, cuts=cuts) == sets_of(block, mark)
