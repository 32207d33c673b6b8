"""Pain as it is marked and as it counts."""

from __future__ import annotations

import pytest
from judged_sessions import CONTROLS, ache, exercise_set, level, session

from imuhip.flags.judge import judge
from imuhip.flags.pain import Pain, pain_entries
from imuhip.marks import Mark


@pytest.mark.parametrize(
    ("site", "value", "stops"),
    [
        ("groin", 4, True), ("groin", 3.9, False), ("knee", 10, True), ("ankle", 0, False), ("low_back", None, True),
        ("knee", 45, True), ("catching", 1, True), ("numbness", 0, False), ("", 4, True),
    ],
)  # fmt: skip
def test_pain_from_four_on_signs_to_stop_and_pain_without_a_number_end_a_session(site, value, stops):
    pain = Pain(site, "right", value)
    assert (pain.stops and pain.felt) is stops


def test_a_mark_inside_a_test_belongs_to_it_and_others_to_the_session():
    second = 1_000_000_000
    marks = [
        Mark(0, "test", 10 * second, 20 * second, "extension", "right"),
        Mark(1, "pain", 15 * second, 15 * second, "groin", "right", value=3.0, note="at the end"),
        Mark(2, "pain", 30 * second, None, "knee", value=1.0),
    ]
    first, second_entry = pain_entries(marks, 5 * second)
    assert first == {
        "start_s": 10.0, "site": "groin", "side": "right", "value": 3.0, "test": "extension", "note": "at the end"
    }  # fmt: skip
    assert (second_entry["site"], second_entry["test"]) == ("knee", None)


def gain(points: float, **others):
    return session(
        level("extension", 10.0),
        level("extension", 10.0 + points, phase="post", start_s=200.0),
        exercise_set(peaks=(10.0 + points,) * 3),
        mobilise=((100.0, 160.0),),
        **others,
    )


def test_no_green_survives_pain_of_four():
    well, hurt = judge(gain(2), CONTROLS), judge(gain(2, pain=(ache(value=4.0),)), CONTROLS)
    assert [flag["level"] for flag in well] == ["green"]
    assert [(flag["rule"], flag["level"]) for flag in hurt] == [("pain", "red"), ("B", "amber")]
    assert hurt[1]["evidence"]["level_without_pain"] == "green"
    assert "Pain comes first (right groin 4/10)" in hurt[1]["message"]


def test_with_pain_nothing_asks_for_more_work_today():
    (pain, gained) = judge(gain(8, pain=(ache(),)) | {"sets": []}, CONTROLS)
    assert pain["rule"] == "pain"
    assert gained["message"].startswith("Not today, pain comes first")


def test_little_pain_is_told_and_overrules_nothing():
    pain, gained = judge(gain(2, pain=(ache("knee", 2.0),)), CONTROLS)
    assert (pain["rule"], pain["level"], pain["motion"], pain["side"]) == ("pain", "amber", None, "right")
    assert "Right knee 2/10" in pain["message"]
    assert gained["level"] == "green"


def test_a_zero_says_that_there_was_none():
    assert [flag["rule"] for flag in judge(gain(2, pain=(ache(value=0.0),)), CONTROLS)] == ["B"]


@pytest.mark.parametrize(("value", "said"), [(None, "no number given"), (45.0, "45 is not between 0 and 10")])
def test_pain_without_a_usable_number_stops_and_asks_for_one(value, said):
    pain, gained = judge(gain(2, pain=(ache(value=value),)), CONTROLS)
    assert said in pain["message"]
    assert "from 0 to 10" in pain["message"]
    assert gained["level"] == "amber"
