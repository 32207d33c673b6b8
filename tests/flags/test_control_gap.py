"""Rule A by the numbers."""

from __future__ import annotations

import math
from statistics import median

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from imuhip.flags.control_gap import GapRow, judge_gaps

DAY_S = 86400.0


def rows(ranges, repeats=None, controls=5.0, days=3.0):
    repeats = ranges if repeats is None else repeats
    controls = [controls] * len(ranges) if np.isscalar(controls) else controls
    return [GapRow(i * days * DAY_S, *row) for i, row in enumerate(zip(ranges, repeats, controls, strict=True))]


def last(ranges, repeats=None, controls=5.0, days=3.0):
    return list(judge_gaps(rows(ranges, repeats, controls, days)))[-1]


def test_three_unflagged_sessions_are_needed_to_know_what_is_usual():
    verdicts = [j.verdict for j in judge_gaps(rows([10, 40, 10, 40]))]
    assert verdicts == ["not_enough_sessions"] * 3 + ["confirmed"]


# Three equal gaps: s^2 = 8 * 2.5^2 / 10 * (1 + 1/3) = 6.667, so amber lies at 2.5 s = 6.455.
@pytest.mark.parametrize(
    ("excess", "expected"), [(6.4, "green"), (6.5, "amber"), (9.9, "amber"), (10.1, "red"), (-20, "green")]
)
def test_levels_at_their_limits(excess, expected):
    assert last([10, 10, 10, 10 + excess]).level == expected


def test_with_many_steady_sessions_the_floor_of_six_degrees_holds():
    # s^2 = 50 / 47 * (1 + 1/40) = 1.09: 2.5 s = 2.6 < 6
    assert last([10.0] * 40 + [15.9]).level == "green"
    assert last([10.0] * 40 + [16.1]).level == "amber"


def test_a_restless_wearer_needs_more_to_be_flagged():
    restless = [10 + 8 * (-1) ** i for i in range(20)]
    assert last([*restless, 20]).level == "green"
    assert last([10.0] * 20 + [20]).level == "amber"


@given(st.lists(st.floats(5, 15), min_size=3, max_size=12))
def test_spread_and_usual_gap_follow_the_formula(ranges):
    # C-bar is 0 throughout and no gap exceeds 10 degrees beyond another, so only amber can flag one.
    judged = list(judge_gaps(rows([*ranges, 5.0], controls=0.0)))
    unflagged = [r for r, j in zip(ranges, judged, strict=False) if j.level == "green"]
    m = len(unflagged)
    s = math.sqrt((8 * 2.5**2 + (m - 1) * np.var(unflagged, ddof=1)) / (7 + m) * (1 + 1 / m))
    assert judged[-1].usual_deg == pytest.approx(median(unflagged))
    assert judged[-1].half_width_deg == pytest.approx(1.959964 * s)
    assert judged[-1].amber_deg == pytest.approx(max(2.5 * s, 6))
    assert judged[-1].red_deg == pytest.approx(max(3 * s, 10))


def test_a_single_measurement_asks_for_a_repeat_and_flags_nothing():
    found = last([10, 10, 10, 25], [None] * 4)
    assert (found.level, found.verdict) == ("green", "repeat_due")


def test_a_repeat_that_does_not_agree_clears_it():
    found = last([10, 10, 10, 25], [None, None, None, 12])
    assert (found.level, found.verdict) == ("green", "not_confirmed")


def test_red_needs_both_measurements_beyond_its_line():
    assert last([10, 10, 10, 25], [None, None, None, 18]).level == "amber"


def test_a_flagged_gap_does_not_become_usual():
    judged = list(judge_gaps(rows([10, 10, 10, 18, 18, 18, 18])))
    assert [j.level for j in judged[3:]] == ["amber", "red", "red", "red"]
    assert judged[-1].usual_deg == pytest.approx(5.0)


def test_amber_twice_in_three_sessions_is_red_while_control_stays_flat():
    judged = list(judge_gaps(rows([10, 10, 10, 18, 10, 18])))
    assert [j.level for j in judged[3:]] == ["amber", "green", "red"]
    assert judged[-1].persistent
    assert [j.level for j in judge_gaps(rows([10, 10, 10, 18, 10, 10, 18]))][3:] == ["amber", "green", "green", "amber"]


def test_amber_again_stays_amber_once_control_has_followed():
    # C-bar rises from 5 to 11.7, by more than 4 degrees; the range has run ahead as far again.
    judged = list(judge_gaps(rows([10, 10, 10, 18, 25], controls=[5, 5, 5, 5, 25])))
    assert judged[4].controlled_mean_deg == pytest.approx(35 / 3)
    assert (judged[4].level, judged[4].persistent) == ("amber", False)


def test_controlled_range_is_the_mean_of_the_last_three_sessions_within_28_days():
    assert last([10] * 5, controls=[1, 2, 3, 4, 6]).controlled_mean_deg == pytest.approx(13 / 3)
    assert last([10] * 5, controls=[1, 2, 3, None, None]).controlled_mean_deg == pytest.approx(2)
    assert last([10] * 3, controls=[1, 2, 3], days=20).controlled_mean_deg == pytest.approx(2.5)
    assert last([10] * 3, controls=[1, 2, None], days=29).verdict == "no_controlled_range"


def test_sessions_without_a_test_or_without_reps_are_no_baseline():
    judged = list(judge_gaps(rows([10, None, 10, None, 10, 30])))
    assert [j.verdict for j in judged] == [
        "not_enough_sessions", "no_range", "not_enough_sessions", "no_range", "not_enough_sessions", "confirmed"
    ]  # fmt: skip
