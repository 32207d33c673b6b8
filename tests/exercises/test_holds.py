"""Holds of a hip's angle, made up of ramps and rests."""

import numpy as np
import pytest

from imuhip.exercises.distances import angle_distance
from imuhip.exercises.finder import STEP_HZ
from imuhip.exercises.holds import _holds


class Angle:
    """An angle to follow."""

    reference = "pelvis"
    signal = "hip_internal_rotation"
    side = "right"
    metric = staticmethod(angle_distance)
    signed = True


def found(*parts, lost=(0.0, 0.0)):
    """Holds in (seconds, angle reached then) from 0 deg on, without what was lost between two times."""
    times = np.cumsum([0.0, *(seconds for seconds, _ in parts)])
    angles = [0.0, *(angle for _, angle in parts)]
    time_s = np.arange(round(times[-1] * STEP_HZ)) / STEP_HZ
    steps = np.arange(len(time_s))[(time_s < lost[0]) | (time_s >= lost[1])]
    points = np.interp(time_s, times, angles)[steps, None]
    return _holds(Angle(), steps, points)


HOLD, REST = ((1.5, 8.0), (20.0, 8.0), (1.5, 0.0)), ((5.0, 0.0),)


def test_positions_away_from_the_start_pose_are_held():
    reps = found(*HOLD, *REST, *HOLD, *REST)
    assert [rep.hold_s for rep in reps] == pytest.approx([20.0, 20.0], abs=1.5)
    assert [rep.start_s for rep in reps] == pytest.approx([1.5, 29.5], abs=1.0)
    assert [rep.range_deg for rep in reps] == pytest.approx([8.0, 8.0], abs=0.1)


def test_rests_are_not_held_however_long():
    reps = found(*HOLD, (60.0, 0.0), *HOLD)
    assert len(reps) == 2
    assert max(rep.hold_s for rep in reps) < 22


def test_a_hold_that_slips_far_does_not_put_the_others_among_the_rests():
    slipping = ((1.5, 8.0), (25.0, 20.0), (1.5, 0.0))
    reps = found(*HOLD, *REST, *slipping, *REST, *HOLD)
    assert len(reps) == 3
    assert [rep.drift_deg for rep in reps] == pytest.approx([0.0, 12.0, 0.0], abs=1.0)


def test_a_heading_that_drifts_mistakes_no_rest_for_a_hold():
    parts, base = [], 0.0
    for _ in range(6):
        parts += [(1.5, base + 8.0), (20.0, base + 9.0), (1.5, base + 1.0), (5.0, base + 1.25)]
        base += 1.25
    assert len(found(*parts)) == 6


def test_pushing_that_moves_nothing_is_held_all_the_time():
    (rep,) = found((30.0, 0.5))
    assert rep.hold_s == pytest.approx(30.0, abs=0.5)


def test_a_short_loss_does_not_part_a_hold():
    (rep,) = found(*HOLD, lost=(10.0, 12.0))
    assert rep.hold_s == pytest.approx(20.0, abs=1.5)


def test_a_heading_that_slips_in_a_gap_is_no_way_back():
    first, second = ((1.5, -5.0), (4.0, -5.0), (0.1, 6.0), (16.0, 6.0), (1.5, 11.0)), ((5.0, 11.0),)
    again = ((1.5, 6.0), (20.0, 6.0), (1.5, 11.0))
    reps = found(*first, *second, *again, lost=(5.0, 6.6))
    assert [rep.start_s for rep in reps] == pytest.approx([1.5, 29.6], abs=1.0)
    assert [rep.hold_s for rep in reps] == pytest.approx([20.0, 20.0], abs=1.5)


def test_who_lets_go_while_nobody_sees_it_has_let_go():
    reps = found(*HOLD, *REST, *HOLD, lost=(21.0, 24.0))
    assert [rep.start_s for rep in reps] == pytest.approx([1.5, 29.5], abs=1.0)


def test_a_longer_loss_parts_no_hold_that_is_seen_again():
    (rep,) = found(*HOLD, lost=(10.0, 12.4))
    assert rep.hold_s == pytest.approx(20.0, abs=1.5)


def test_nothing_is_held_by_who_keeps_moving_or_is_hardly_seen():
    assert found(*[(1.0, angle) for angle in (9.0, 0.0) * 5]) == []
    assert found((0.2, 0.0)) == []
