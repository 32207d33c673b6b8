"""Rules over sessions."""

from __future__ import annotations

from dataclasses import replace

import pytest
from judged_sessions import CONTROLS, DAY_S, exercise_set, level, session, usual

from imuhip.flags.between import between_sessions
from imuhip.flags.session import observe


def sessions(*results, days=4.0):
    return [observe(one, CONTROLS, started_s=1e9 + i * days * DAY_S) for i, one in enumerate(results)]


def flags(rule, *results, days=4.0):
    """The rule's flag in each session, None where it says nothing."""
    judged = between_sessions(sessions(*results, days=days), CONTROLS)
    return [next((flag for flag in own if flag.rule == rule), None) for own in judged]


def levels(rule, *results, days=4.0):
    return [None if flag is None else flag.level for flag in flags(rule, *results, days=days)]


def test_range_that_outgrows_control_is_amber_with_reason_and_remedy():
    found = flags("A", *[usual(10)] * 3, usual(18))[-1]
    assert found is not None
    assert found.level == "amber"
    assert found.message == (
        "Your right hip extension on your front grew 8 \u00b1 5 degrees more than the range you have shown under "
        "control. Stay within 10 degrees and add slow reps (bridge or hip extension)."
    )
    assert found.evidence["stay_within_deg"] == pytest.approx(10)


def test_red_says_to_pause_mobilising():
    found = flags("A", *[usual(10)] * 3, usual(18), usual(18))[-1]
    assert found is not None
    assert found.level == "red"
    assert "again" in found.message
    assert "Pause mobilising" in found.message


def test_the_first_sessions_say_what_is_missing():
    first, *_, last = flags("A", usual(10), usual(30))
    assert first is not None
    assert last is not None
    assert "not enough sessions" in first.message
    assert "(1 of 3)" in last.message


def test_a_single_measurement_asks_for_three_more_trials():
    found = flags("A", *[usual(10)] * 3, session(level("extension", 25.0), exercise_set()))[-1]
    assert found is not None
    assert found.level == "green"
    assert "Repeat the test" in found.message


def test_a_range_never_trained_asks_for_good_reps():
    (found,) = flags("A", session(level("extension", 25.0)))
    assert found is not None
    assert "no controlled range" in found.message


def test_each_session_is_judged_as_if_it_were_the_last():
    results = [usual(value) for value in (10, 11, 9, 19, 10, 20, 12)]
    whole = between_sessions(sessions(*results), CONTROLS)
    for n in range(1, len(results) + 1):
        assert between_sessions(sessions(*results[:n]), CONTROLS, since=n - 1) == [whole[n - 1]]


def test_range_within_half_an_hour_of_another_sessions_mobilising_is_not_cold():
    rolled = usual(10, mobilise=((600.0, 900.0),))
    soon = replace(observe(usual(30), CONTROLS), started_s=1e9 + 3 * 4 * DAY_S + 900 + 1700)
    later = replace(soon, started_s=1e9 + 3 * 4 * DAY_S + 900 + 1900)
    before = sessions(*[usual(10)] * 3, rolled)
    for session_row, expected in ((soon, []), (later, ["red"])):
        judged = between_sessions([*before, session_row], CONTROLS)[-1]
        assert [flag.level for flag in judged if flag.rule == "A"] == expected


def test_reps_of_a_day_without_the_shanks_test_count_for_it():
    rotation = level("external_rotation", 30.0, position="seated")
    shank = ("pelvis", "shank_right")
    first = session(exercise_set("clamshell", peaks=(20.0,) * 3))
    (_, found) = flags("A", first, session(rotation, roles=shank))
    assert found is not None
    assert found.evidence["controlled_mean_deg"] == 20.0


def both(active, passive):
    return session(level("extension", active), level("extension", passive, mode="passive"))


def test_passive_range_that_outgrows_active_is_amber_and_then_red():
    assert levels("C", both(10, 14), both(10, 15), both(10, 21), both(10, 21)) == [None, "green", "amber", "red"]


def test_a_gap_that_grows_because_active_range_fell_is_not_flagged():
    assert levels("C", both(10, 14), both(3, 14)) == [None, "green"]


def test_red_needs_two_running():
    assert levels("C", both(10, 14), both(10, 21), both(10, 14), both(10, 21)) == [None, "amber", "green", "amber"]


def test_steady_fast_growth_is_advised_against_from_six_sessions_on():
    growing = [usual(10 + 3.2 * i) for i in range(7)]  # 3.2 degrees in 4 days: 5.6 a week
    assert levels("slope", *growing) == [None] * 5 + ["amber"] * 2
    found = flags("slope", *growing)[-1]
    assert found is not None
    assert "5.6 degrees a week (95 % interval 5.6 to 5.6, 7 sessions)" in found.message


def test_growth_of_three_a_week_is_fine():
    assert levels("slope", *[usual(10 + 3.0 * i) for i in range(7)], days=7.0)[-1] == "green"


def test_growth_that_is_not_sure_is_fine():
    values = [10, 18, 12, 22, 14, 26]
    assert levels("slope", *[usual(v) for v in values])[-1] == "green"


def test_old_sessions_do_not_hide_a_trend():
    steady, growing = [usual(10)] * 10, [usual(10 + 3.0 * i) for i in range(6)]
    old = [replace(s, started_s=s.started_s - 365 * DAY_S) for s in sessions(*steady)]
    judged = between_sessions([*old, *sessions(*growing)], CONTROLS)[-1]
    assert [flag.level for flag in judged if flag.rule == "slope"] == ["amber"]


@pytest.mark.parametrize(("extension", "carried"), [(16.0, True), (12.0, False)])
def test_what_the_side_motions_gained_over_weeks_is_looked_for_in_extension(extension, carried):
    first = session(level("abduction", 30.0, position="side_lying"), level("extension", 10.0))
    last = session(level("abduction", 40.0, position="side_lying"), level("extension", extension))
    found = flags("carry_over", first, last)[-1]
    assert found is not None
    assert (found.motion.name, found.evidence["carried_over"]) == ("extension", carried)
    assert "+10 \u00b1 7 degrees" in found.message


def test_gains_right_after_mobilising_are_no_gains_over_weeks():
    first = session(level("abduction", 30.0, position="side_lying"), level("extension", 10.0))
    after = level("abduction", 45.0, position="side_lying", phase="post", start_s=400.0)
    last = session(level("abduction", 31.0, position="side_lying"), level("extension", 20.0), after)
    assert flags("carry_over", first, last) == [None, None]


def test_a_limit_below_the_stance_is_not_given_as_a_number():
    stiff = [usual(-12)] * 3
    found = flags("A", *stiff, usual(0))[-1]
    assert found is not None
    assert found.level == "red"
    assert "Stay short of it" in found.message
