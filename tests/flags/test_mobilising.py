"""Mobilising work: its minutes, its cap, and the tests that are due after it."""

from __future__ import annotations

import pytest

from imuhip.catalogue_files import load_catalogue
from imuhip.flags.mobilising import mobilise_entries
from imuhip.marks import Mark

AREAS = load_catalogue().mobilise
SECOND = 1_000_000_000


def work(start_s, end_s, area="lateral_hip", side="left"):
    end_ns = None if end_s is None else end_s * SECOND
    return Mark(int(start_s), "mobilise", start_s * SECOND, end_ns, area, side)


def done(name, start_s, side="left", position="prone"):
    return {"name": name, "side": side, "position": position, "start_s": float(start_s), "peak_deg": 30.0}


def entries(marks, tests=(), **others):
    return mobilise_entries(marks, 0, tests=tests, areas=AREAS, **others)


def test_minutes_of_an_area_and_side_add_up_against_its_cap():
    found = entries([work(0, 240), work(300, 400), work(500, 700, side="right"), work(800, 900, "adductors")])
    assert [each["minutes"] for each in found] == pytest.approx([4.0, 5.67, 3.33, 1.67])
    assert [each["over_cap"] for each in found] == [False, True, False, False]
    assert {each["cap_minutes"] for each in found} == {5.0}


def test_work_that_goes_on_counts_up_to_now():
    (open_one,) = entries([work(100, None)], now_s=430.0)
    assert (open_one["end_s"], open_one["over_cap"], open_one["retest_due"]) == (None, True, [])
    assert entries([work(100, None)])[0]["minutes"] == 0.0


def test_tests_done_before_are_due_again_until_they_are_done():
    before = [done("extension", 10), done("flexion", 20, position="supine"), done("straight_leg_raise", 30)]
    assert entries([work(60, 120)], before)[0]["retest_due"] == ["flexion", "extension"]
    assert entries([work(60, 120)], [*before, done("extension", 130)])[0]["retest_due"] == ["flexion"]
    elsewhere = [*before, done("extension", 130), done("flexion", 140, position="standing")]
    assert entries([work(60, 120)], elsewhere)[0]["retest_due"] == ["flexion"]


def test_a_test_without_a_trial_was_not_done():
    tried = {**done("flexion", 15), "peak_deg": None}
    assert entries([work(60, 120)], [done("extension", 10), tried])[0]["retest_due"] == ["extension"]
    assert entries([work(60, 120)], [done("extension", 10), {**done("extension", 130), "peak_deg": None}])[0][
        "retest_due"
    ]


def test_only_the_last_work_on_an_area_asks_for_a_retest():
    before = [done("extension", 10)]
    assert [each["retest_due"] for each in entries([work(60, 120), work(150, 200)], before)] == [[], ["extension"]]


def test_the_other_leg_is_not_due():
    assert entries([work(60, 120)], [done("extension", 10, "right"), done("flexion", 15)])[0]["retest_due"] == [
        "flexion"
    ]


def test_without_a_test_before_any_test_of_the_area_after_it_will_do():
    assert entries([work(60, 120)])[0]["retest_due"] == list(AREAS["lateral_hip"].retest)
    assert entries([work(60, 120)], [done("abduction", 130)])[0]["retest_due"] == []


def test_an_area_that_nobody_named_has_the_lowest_cap_and_all_tests_are_due():
    (one,) = entries([work(60, 420, area="", side=None)], [done("straight_leg_raise", 10, "right")])
    assert (one["over_cap"], one["retest_due"]) == (True, ["straight_leg_raise"])
    assert mobilise_entries([work(60, 420)], 0)[0]["cap_minutes"] is None
