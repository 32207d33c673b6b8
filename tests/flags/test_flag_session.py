"""What the rules take from the results of a session."""

from __future__ import annotations

import pytest
from judged_sessions import CONTROLS, exercise_set, level, range_test, session

from imuhip.flags.motion import Motion
from imuhip.flags.session import controlled, measurements, observe

EXTENSION = Motion("extension", "prone", "right")


def row(*entries, motion=EXTENSION, **others):
    return observe(session(*entries, **others), CONTROLS).motions[motion]


def test_range_is_the_median_of_three_trials_and_never_the_best_of_more():
    found = row(range_test(trials=(11.0, 10.0, 9.0, 30.0, 31.0)))
    assert (found.range_deg, found.repeat_deg) == (10.0, None)
    assert measurements([1, 2, 3, 6, 5, 4, 9]) == [2, 5]


def test_two_trials_measure_nothing_and_say_so():
    found = row(range_test(trials=(11.0, 10.0)))
    assert found.range_deg is None
    assert found.trials_missing


@pytest.mark.parametrize(
    "entries",
    [
        (level("extension", 10.0), level("extension", 12.0, start_s=90.0)),
        (range_test(trials=(10.0, 10.0, 10.0, 12.0, 12.0, 12.0)),),
    ],
    ids=["marked twice", "six trials in one mark"],
)
def test_a_second_measurement_of_the_cold_range_is_the_repeat(entries):
    found = row(*entries)
    assert (found.range_deg, found.repeat_deg) == (10.0, 12.0)


def test_what_is_measured_after_mobilising_never_counts_as_range():
    found = row(level("extension", 20.0, phase="post", start_s=400.0))
    assert (found.range_deg, found.after_deg) == (None, 20.0)


def test_passive_range_stands_apart_from_active():
    found = row(level("extension", 10.0), level("extension", 18.0, mode="passive"))
    assert (found.range_deg, found.passive_deg) == (10.0, 18.0)


def test_position_side_and_reference_are_part_of_a_motion():
    motions = observe(
        session(
            level("extension", 10.0),
            level("extension", 10.0, position="standing"),
            level("extension", 10.0, side="left"),
            level("extension", 10.0, reference="gravity"),
            roles=("pelvis", "thigh_right", "thigh_left"),
        ),
        CONTROLS,
    ).motions
    assert len(motions) == 4


def test_rotation_by_a_sensor_on_the_shank_is_another_motion_with_a_smaller_mdc():
    entry = level("external_rotation", 30.0, position="seated")
    (by_shank,) = observe(session(entry, roles=("pelvis", "shank_right")), CONTROLS).motions
    (by_thigh,) = observe(session(entry), CONTROLS).motions
    assert (by_shank.reference, by_shank.mdc_deg) == ("shank", 6.9)
    assert (by_thigh.reference, by_thigh.mdc_deg) == ("pelvis", 8.3)


def test_controlled_range_is_the_third_highest_good_rep_of_the_session():
    sets = (exercise_set(peaks=(5.0, 9.0)), exercise_set("hip_extension", peaks=(7.0, 8.0), start_s=500.0))
    assert row(*sets).controlled_deg == 7.0
    assert controlled([1.0, 2.0]) is None


def test_reps_with_a_fault_of_the_other_leg_or_against_another_reference_control_nothing():
    entries = (
        level("extension", 10.0),
        exercise_set(good=False),
        exercise_set(side="left"),
        exercise_set(reference="gravity"),
        exercise_set("clamshell"),
        exercise_set("unknown"),
    )
    assert row(*entries).controlled_deg is None


def test_a_set_of_both_legs_counts_for_each_leg_that_wears_a_sensor():
    motions = observe(session(exercise_set(side="both")), CONTROLS).motions
    assert [motion.side for motion in motions] == ["right"]
    assert motions[EXTENSION].controlled_deg == 4.0


def test_what_a_rep_says_about_the_test_goes_before_its_own_peak():
    one = exercise_set(peaks=(50.0, 50.0, 50.0))
    for rep in one["reps"]:
        rep["control_deg"] = 3.0
    assert row(one).controlled_deg == 3.0
    for rep in one["reps"]:
        rep["control_deg"] = None
    assert row(level("extension", 10.0), one).controlled_deg is None


def test_only_reps_after_mobilising_are_fresh():
    sets = (exercise_set(start_s=50.0), exercise_set(peaks=(8.0, 7.0), start_s=300.0))
    assert row(*sets, mobilise=((100.0, 160.0),)).fresh_peaks_deg == (8.0, 7.0)
    # Without its mark, the first test after it tells when that was.
    found = row(*sets, level("extension", 12.0, phase="post", start_s=200.0))
    assert found.fresh_peaks_deg == (8.0, 7.0)
