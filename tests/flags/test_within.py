"""Before and after within a session."""

from __future__ import annotations

import re

import pytest
from judged_sessions import CONTROLS, exercise_set, level, session

from imuhip.flags.session import observe
from imuhip.flags.within import carried_over_today, changes, session_gains


def gained(before, after, peaks=(), **others):
    entries = [level("extension", before), level("extension", after, phase="post", start_s=200.0)]
    entries += [exercise_set(peaks=peaks)] if peaks else []
    return observe(session(*entries, mobilise=((100.0, 160.0),), **others), CONTROLS)


def flag(before, after, peaks=()):
    (found,) = session_gains(gained(before, after, peaks), CONTROLS)
    return found


@pytest.mark.parametrize(
    ("after", "peaks", "expected"),
    [
        (14.0, (), "green"),  # within the MDC of 4
        (14.1, (), "amber"),
        (20.0, (), "amber"),  # not more than 10
        (20.1, (), "red"),
        (25.0, (21.0, 20.0, 15.0), "red"),  # two reps reach 80 % of 25
        (25.0, (20.0, 20.0, 20.0), "amber"),
        (25.0, (25.0, 22.0, 20.9), "amber"),
        (25.0, (25.0, 22.0, 21.0), "green"),  # C >= 25 - 4 closes it
        (3.0, (), "green"),
    ],
)
def test_new_range_stays_open_until_slow_reps_have_reached_it(after, peaks, expected):
    assert flag(10.0, after, peaks).level == expected


def test_reps_before_mobilising_do_not_close_it():
    entries = [
        level("extension", 10.0),
        exercise_set(peaks=(30.0,) * 3, start_s=30.0),
        level("extension", 18.0, phase="post", start_s=200.0),
    ]
    (found,) = session_gains(observe(session(*entries, mobilise=((100.0, 160.0),)), CONTROLS), CONTROLS)
    assert found.level == "amber"


def test_a_gain_names_what_to_do_how_far_and_that_it_is_transient():
    message = flag(10.0, 17.0).message
    assert "+7 \u00b1 4 degrees of new range" in message
    assert "slow reps (bridge or hip extension)" in message
    assert "up to 17 degrees" in message
    assert "transient" in message


def test_a_change_is_real_only_beyond_the_mdc_and_says_so():
    (within,), (beyond,) = changes(gained(10.0, 13.0)), changes(gained(10.0, 5.0))
    assert within.to_json()["message"] == (
        "Right hip extension on your front: +3 \u00b1 4 degrees, no real change: within the MDC of 4."
    )
    assert beyond.to_json()["message"] == (
        "Right hip extension on your front: \u22125 \u00b1 4 degrees, a real change: beyond the MDC of 4."
    )
    assert (beyond.to_json()["change_deg"], beyond.to_json()["real"]) == (-5.0, True)


def test_passive_range_has_its_change_but_no_flag():
    today = observe(
        session(
            level("flexion", 110.0, position="supine", mode="passive"),
            level("flexion", 120.0, position="supine", mode="passive", phase="post", start_s=300.0),
        ),
        CONTROLS,
    )
    assert [c.mode for c in changes(today)] == ["passive"]
    assert list(session_gains(today, CONTROLS)) == []


def test_other_positions_and_sides_are_never_compared():
    today = observe(
        session(
            level("extension", 10.0),
            level("extension", 20.0, position="standing", phase="post", start_s=300.0),
            level("extension", 20.0, side="left", phase="post", start_s=300.0),
        ),
        CONTROLS,
    )
    assert changes(today) == []


def carry(abduction_after, extension_after=None):
    entries = [
        level("abduction", 30.0, position="side_lying"),
        level("extension", 10.0),
        level("abduction", abduction_after, position="side_lying", phase="post", start_s=300.0),
    ]
    if extension_after is not None:
        entries.append(level("extension", extension_after, phase="post", start_s=330.0))
    return {f.motion.name: f for f in carried_over_today(observe(session(*entries), CONTROLS))}


@pytest.mark.parametrize(("extension_after", "carried"), [(15.0, True), (12.0, False), (4.0, False), (None, None)])
def test_a_gain_in_the_side_motions_asks_whether_flexion_and_extension_gained(extension_after, carried):
    found = carry(38.0, extension_after)["extension"]
    assert (found.level, found.evidence["carried_over"]) == ("green", carried)
    assert "+8 \u00b1 4 degrees" in found.message


def test_flexion_that_was_not_tested_is_an_open_question():
    assert "is open" in carry(38.0, 15.0)["flexion"].message


def test_without_a_gain_there_is_no_question():
    assert carry(33.0, 15.0) == {}


def test_without_a_pelvis_sensor_no_word_of_a_hip_is_said():
    entries = [
        level("abduction", 30.0, reference="gravity"),
        level("abduction", 40.0, phase="post", start_s=200.0, reference="gravity"),
    ]
    seen = observe(session(*entries, mobilise=((100.0, 160.0),)), CONTROLS)
    told = [*session_gains(seen, CONTROLS), *carried_over_today(seen)]
    assert told
    for each in told:
        assert "against gravity" in each.message
        assert "hip" not in re.sub(r"\(.*?\)", "", each.message)  # names of exercises stay
    assert told[0].to_json()["evidence"]["reference"] == "gravity"
