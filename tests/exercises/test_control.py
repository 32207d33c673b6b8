"""Every check of slow control: a clean repetition passes all, and each fault is caught and told with its number."""

from __future__ import annotations

from dataclasses import replace

import moved
import numpy as np
import pytest

from imuhip.catalogue_files import load_catalogue
from imuhip.exercises.control import SetContext, graded, measure_rep
from imuhip.exercises.motion import HipTrack, SegmentTrack

NOTHING = SetContext(None, None)


@pytest.fixture(scope="module")
def entry():
    return load_catalogue().exercises["squat"]


def measured(flexion, entry, **angles):
    block = moved.block_of(np.concatenate([moved.rest(0, 1), flexion]), **angles)
    return measure_rep(HipTrack(["right"], (0, 1.0), twist=False).motion(block, 0, 0), entry)


def faults(figures, entry, context=NOTHING):
    return {f.id: (f.value, f.limit) for f in graded(figures, entry.limits, context, cycle=entry.cycle).faults}


def padded(values):
    return np.concatenate([moved.rest(0, 1), values])


def test_a_clean_repetition_is_good_and_measured(entry):
    rep = graded(measured(moved.rep(60), entry), entry.limits, NOTHING, cycle=entry.cycle)
    assert rep.good
    assert rep.faults == ()
    assert rep.range_deg == pytest.approx(60, abs=1)
    assert rep.peak_deg == pytest.approx(60, abs=0.5)
    assert rep.control_deg == pytest.approx(60, abs=0.5)
    assert rep.off_axis == pytest.approx(0.0, abs=0.01)
    assert rep.pelvis_deg == pytest.approx((0.0, 0.0, 0.0), abs=0.01)
    assert rep.start_s == pytest.approx(1.2, abs=0.2)
    assert rep.sparc == pytest.approx(-1.41, abs=0.05)


@pytest.mark.parametrize(
    ("flexion", "fault"),
    [
        (moved.rep(60, lift_s=0.6), "flung"),
        (moved.rep(60, lower_s=0.8), "dropped"),
        (moved.rep(60, hold_s=0.0), "no_hold"),
    ],
)
def test_haste_is_told_in_seconds(entry, flexion, fault):
    seen = faults(measured(flexion, entry), entry)
    assert set(seen) == {fault}
    value, limit = seen[fault]
    assert value < limit


def test_a_rush_within_a_slow_phase_is_told_as_a_ratio(entry):
    way = [moved.move(60, 47, 2.5), moved.move(47, 0, 0.7), moved.rest(0, 1)]
    seen = faults(measured(np.concatenate([moved.move(0, 60, 2.4), moved.rest(60, 1.5), *way]), entry), entry)
    value, limit = seen["dropped"]
    assert value > limit == 2.6


def test_stops_are_told_and_trembling_is_another_fault(entry):
    pieces = [moved.move(12 * k, 12 * (k + 1), 0.6) for k in range(5)]
    back = [moved.rest(60, 1.5), moved.move(60, 0, 3.2), moved.rest(0, 1)]
    assert "stopped" in faults(measured(np.concatenate([*pieces, *back]), entry), entry)
    clean = moved.rep(60)
    tremor = 0.8 * np.sin(2 * np.pi * 6 * np.arange(len(clean)) / moved.RATE_HZ) * (clean > 2) * (clean < 58)
    seen = faults(measured(clean + tremor, entry), entry)
    assert "shaky" in seen
    assert "stopped" not in seen


def test_a_swaying_hold_is_told(entry):
    sway = 60 + 5 * np.sin(2 * np.pi * 0.8 * np.arange(250) / moved.RATE_HZ)
    parts = [moved.move(0, 60, 2.4), moved.rest(60, 0.3), sway, moved.move(60, 0, 3.2), moved.rest(0, 1)]
    assert "unsteady_hold" in faults(measured(np.concatenate(parts), entry), entry)


def test_moving_off_the_axis_is_told_unless_it_belongs(entry):
    flexion = moved.rep(60)
    figures = measured(flexion, entry, adduction=padded(0.4 * flexion))
    value, limit = faults(figures, entry)["off_axis"]
    assert value == pytest.approx(0.4, abs=0.02)
    assert limit == 0.25
    belongs = replace(entry, companions=("abduction",))
    assert "off_axis" not in faults(measured(flexion, belongs, adduction=padded(0.4 * flexion)), belongs)


@pytest.mark.parametrize(("axis", "fault"), [(0, "pelvis_list"), (1, "pelvis_rotation")])
def test_the_pelvis_is_told_about_its_own_axes(entry, axis, fault):
    flexion = moved.rep(60)
    pelvis = np.zeros((len(flexion) + 100, 3))
    pelvis[:, axis] = padded(flexion) * 12 / 60
    seen = faults(measured(flexion, entry, pelvis=pelvis), entry)
    assert set(seen) == {fault}
    assert seen[fault][0] == pytest.approx(12, abs=0.3)


def test_pitch_is_measured_as_the_exercise_says(entry):
    flexion = moved.rep(60)
    lean = np.zeros((len(flexion) + 100, 3))
    lean[:, 2] = -padded(flexion) * 30 / 60
    assert "pelvis_pitch" not in faults(measured(flexion, entry, pelvis=lean), entry), "a squat leans"
    change = replace(entry, pelvis_pitch="change")
    assert faults(measured(flexion, change, pelvis=lean), change)["pelvis_pitch"][0] == pytest.approx(30, abs=0.5)
    tuck = lean.copy()
    tuck[:, 2] += np.concatenate([np.zeros(300), moved.move(0, 15, 0.8), moved.rest(15, 20)])[: len(tuck)]
    assert faults(measured(flexion, entry, pelvis=tuck), entry)["pelvis_pitch"][0] > 10
    late = replace(entry, pelvis_pitch="after_lift")
    arch = lean.copy()
    arch[:, 2] += np.concatenate([np.zeros(350), moved.move(0, 14, 0.8), moved.rest(14, 20)])[: len(arch)]
    assert faults(measured(flexion, late, pelvis=arch), late)["pelvis_pitch"][0] == pytest.approx(14, abs=1.5)


def test_the_rest_of_the_set_tells_short_and_drifted_repetitions(entry):
    figures = measured(moved.rep(40), entry)
    seen = faults(figures, entry, SetContext(60.0, (15.0, 0.0, 0.0)))
    assert seen["short_range"] == (pytest.approx(40, abs=1), pytest.approx(48))
    assert seen["start_drift"][0] == pytest.approx(15, abs=1)
    assert faults(figures, entry, SetContext(45.0, (5.0, 0.0, 0.0))) == {}


def test_against_gravity_only_tempo_and_range_are_judged(entry):
    block = moved.block_of(padded(moved.rep(60, lift_s=0.6)), roles=("thigh_right",))
    figures = measure_rep(SegmentTrack("thigh_right").motion(block, 0, 90), entry)
    rep = graded(figures, entry.limits, NOTHING, cycle=entry.cycle)
    assert [fault.id for fault in rep.faults] == ["flung"]
    assert rep.off_axis is None
    assert rep.pelvis_deg is None


def test_smoothness_is_not_given_below_the_range_at_which_it_means_something(entry):
    assert graded(measured(moved.rep(10), entry), entry.limits, NOTHING, cycle=entry.cycle).sparc is None


def test_a_start_pose_that_was_left_unseen_is_the_last_one_seen(entry):
    lost, never = padded(moved.rep(60, lift_s=2.0)), padded(moved.rep(60, lift_s=2.0))
    lost[60:200] = np.nan
    never[:200] = np.nan
    poses = []
    for angle in (lost, never):
        motion = HipTrack(["right"], (0, 1.0), twist=False).motion(moved.block_of(angle), 0, 90)
        poses.append(measure_rep(motion, entry).start_pose_deg)
    assert poses[0] == pytest.approx((0.0, 0.0, 0.0), abs=0.5)
    assert poses[1] is None


@pytest.mark.parametrize(
    ("name", "shown"), [("straight_leg_raise", True), ("hip_extension", True), ("bridge", False), ("clamshell", False)]
)
def test_against_gravity_range_is_controlled_only_where_the_exercise_starts_like_its_test(name, shown):
    known = load_catalogue().exercises[name]
    block = moved.block_of(padded(moved.rep(40)), roles=("thigh_right",))
    figures = measure_rep(SegmentTrack("thigh_right").motion(block, 0, 90), known)
    assert (figures.control_deg is not None) is shown
