"""What a set says as a whole."""

from __future__ import annotations

from dataclasses import replace

import pytest

from imuhip.catalogue_files import load_catalogue
from imuhip.exercises.control import RepFigures
from imuhip.exercises.phases import PhaseFigures
from imuhip.exercises.sets import SetFrame, concluded, usual_range, without_fidgets

ENTRY = load_catalogue().exercises["straight_leg_raise"]
FRAME = SetFrame("straight_leg_raise", "right", "supine", "active", True, 0.0, 60.0, "pelvis", "hip_flexion")
LIFT = PhaseFigures(2.0, 40.0, 1.6, 1, 0.0, 0.02, -1.4)
LOWER = replace(LIFT, duration_s=2.8)


def rep(range_deg=60.0, *, number=0, lift_s=2.0, control_deg=None, sparc=-1.4, start_deg=0.0):
    start_s = 10.0 * number
    return RepFigures(
        start_s=start_s,
        top_s=start_s + lift_s,
        end_s=start_s + lift_s + 4.0,
        range_deg=range_deg,
        peak_deg=range_deg,
        start_deg=start_deg,
        lift=replace(LIFT, duration_s=lift_s, sparc=sparc),
        lower=LOWER,
        hold_s=1.2,
        start_pose_deg=(start_deg, 0.0, 0.0),
        control_deg=range_deg if control_deg is None else control_deg,
    )


def set_of(*figures):
    return concluded(FRAME, figures, ENTRY, ENTRY.limits)


def test_controlled_range_is_the_third_highest_of_the_good_ones():
    flung = rep(90, lift_s=0.5)
    assert set_of(flung, rep(71), rep(70), rep(69), rep(68)).controlled_range_deg == 69


def test_two_good_repetitions_show_no_controlled_range():
    assert set_of(rep(70), rep(69), rep(68, lift_s=0.5)).controlled_range_deg is None
    assert set_of().controlled_range_deg is None


def test_a_full_repetition_is_as_wide_as_the_wider_ones_are():
    assert usual_range([60] * 5 + [30] * 5) == 60
    assert usual_range([]) is None
    short = [r for r in set_of(*[rep(60)] * 6, *[rep(40)] * 3).reps if not r.good]
    assert [[fault.id for fault in r.faults] for r in short] == [["short_range"]] * 3


def test_a_tiny_movement_beside_real_ones_is_a_fidget():
    assert [r.range_deg for r in without_fidgets([rep(60), rep(9), rep(55), rep(20)])] == [60, 55, 20]
    assert without_fidgets([]) == []


def test_the_first_start_pose_is_what_later_ones_are_held_against():
    one = set_of(rep(), rep(start_deg=4.0), rep(start_deg=14.0))
    assert [[fault.id for fault in r.faults] for r in one.reps] == [[], [], ["start_drift"]]


def test_an_even_set_is_consistent_and_an_uneven_one_is_not():
    even = set_of(*[rep(60 + k % 2, number=k) for k in range(6)])
    assert even.consistent is True
    assert even.range_cv == pytest.approx(0.009, abs=0.002)
    uneven = set_of(*[rep(60, number=k, lift_s=2.0 + 2.5 * (k % 2)) for k in range(6)])
    assert uneven.consistent is False
    assert set_of(rep(), rep()).consistent is None


def test_what_is_less_smooth_than_the_median_is_advice_and_no_fault():
    one = set_of(rep(), rep(), rep(sparc=-2.1), rep())
    assert one.less_smooth == (3,)
    assert one.good_reps == 4
