"""All rules together: what reaches the results, and its words."""

from __future__ import annotations

import json
import re

from judged_sessions import CONTROLS, DAY_S, ache, exercise_set, level, session, usual

from imuhip.catalogue_files import load_catalogue
from imuhip.exercises.catalogue import Catalogue
from imuhip.flags.judge import controls_of, judge
from imuhip.flags.results import judged
from imuhip.flags.session import observe

MEDICAL = re.compile(r"injur|risk|diagnos|prevent|treat|therap|patient|disease|symptom|patholog|heal", re.IGNORECASE)


def everything():
    """Flags of sessions that make every rule speak, in every way."""
    earlier = [observe(usual(10 + i), CONTROLS, started_s=1e9 + i * 4 * DAY_S) for i in range(6)]
    after = {"phase": "post", "start_s": 400.0}
    todays = [
        usual(value, pain=pain, mobilise=((200.0, 260.0),))
        for value in (8.0, 13.0, 24.0, 40.0)
        for pain in ((), (ache(value=2.0),), (ache(value=None, side=None), ache("locking", 1.0)))
    ]
    found = []
    for today in todays:
        for gain in (1.0, 7.0, 15.0):
            today["tests"] += [
                level("extension", today["tests"][0]["peak_deg"] + gain, **after),
                level("extension", 20.0 + gain, mode="passive"),
                level("abduction", 30.0, position="side_lying"),
                level("abduction", 30.0 + gain, position="side_lying", **after),
            ]
            today["sets"].append(exercise_set(peaks=(30.0,) * 3, start_s=500.0))
            found += judge(today, CONTROLS)
            found += judge(today, CONTROLS, earlier=[], started_s=2e9)
            rows = [*earlier, observe(today, CONTROLS, started_s=1e9 + 24 * DAY_S)]
            found += judge(today, CONTROLS, earlier=rows, started_s=1e9 + 28 * DAY_S)
    return found


def test_every_flag_has_the_keys_of_the_contract_and_fits_json():
    found = everything()
    for flag in found:
        assert set(flag) == {"rule", "level", "motion", "side", "position", "message", "evidence"}
        assert flag["level"] in ("green", "amber", "red")
    json.dumps(found, allow_nan=False)
    assert {flag["rule"] for flag in found} == {"A", "B", "C", "slope", "carry_over", "pain"}


def test_words_are_a_coachs_and_never_medical():
    for flag in everything():
        assert not MEDICAL.search(flag["message"]), flag["message"]
        assert "_" not in flag["message"]
        assert flag["message"][0].isupper()
        assert flag["message"].endswith(".")


def test_every_flag_that_is_not_green_gives_its_uncertainty():
    for flag in everything():
        if flag["level"] != "green" and flag["rule"] in ("A", "B", "C", "slope"):
            if flag["evidence"].get("verdict") in ("no_controlled_range", "not_enough_sessions"):
                continue  # overruled by pain: there is no number
            assert "\u00b1" in flag["message"] or "95 % interval" in flag["message"], flag["message"]


def test_pain_comes_first_and_then_what_matters_most():
    order = ["red", "amber", "green"]
    for today in (usual(30), usual(30, pain=(ache(),))):
        earlier = [observe(usual(10), CONTROLS, started_s=1e9 + i * DAY_S) for i in range(5)]
        found = judge(today, CONTROLS, earlier=earlier, started_s=1.01e9)
        assert [flag["rule"] == "pain" for flag in found] == sorted([f["rule"] == "pain" for f in found], reverse=True)
        rest = [order.index(flag["level"]) for flag in found if flag["rule"] != "pain"]
        assert rest == sorted(rest)


def test_without_history_only_the_session_itself_is_judged():
    assert {flag["rule"] for flag in judge(usual(30), CONTROLS)} == set()


def test_results_keep_what_they_had_and_gain_marks_changes_and_flags():
    before = session(level("extension", 10.0), level("extension", 18.0, phase="post", start_s=400.0))
    after = judged(before, [], 0, CONTROLS)
    assert after["tests"] == before["tests"]
    assert [change["change_deg"] for change in after["changes"]] == [8.0]
    assert [flag["rule"] for flag in after["flags"]] == ["B"]
    assert after["pain"] == after["mobilise"] == []


def test_the_shipped_catalogue_tells_what_exercises_control():
    catalogue = load_catalogue()
    assert isinstance(catalogue, Catalogue)
    assert controls_of(catalogue)["bridge"] == ("extension", "prone")
