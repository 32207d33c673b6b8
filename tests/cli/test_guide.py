"""What the wearer is told, and the marks that countdown and keys leave."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from imuhip.cli.guide import Marker, calibration_steps
from imuhip.marks import MARK_KINDS, Mark

SECOND = 1_000_000_000
ROLES = ("pelvis", "thigh_right")


def run_down(marker: Marker, seconds: float, start_s: float = 0.0) -> tuple[list[Mark], int]:
    """Follow the countdown in steps of 50 ms; returns marks and sounds."""
    marks, sounds = [], 0
    for at in range(round(seconds * 20)):
        new, sound = marker.at(round((start_s + at / 20) * SECOND))
        marks += new
        sounds += sound
    return marks, sounds


def test_the_countdown_leaves_the_calibration_marks_with_a_sound_at_both_ends() -> None:
    marker = Marker(ROLES, calibration_steps(ROLES))
    marks, sounds = run_down(marker, 60)
    closed = [mark for mark in marks if mark.end_ns is not None]
    assert [(mark.kind, mark.name, mark.side) for mark in closed] == [
        ("calibration", "stance", None),
        ("calibration", "swing", "right"),
        ("still", "second_pose", None),
    ]
    assert all((mark.end_ns or 0) - mark.start_ns >= 3.9 * SECOND for mark in closed)
    assert len(marks) == 2 * len(closed) == sounds
    assert {mark.id for mark in marks} == {mark.id for mark in closed}, "a mark keeps its number when it closes"


def test_the_countdown_counts_down_to_one() -> None:
    marker = Marker(ROLES, calibration_steps(ROLES))
    said = []
    for at in range(100):
        marker.at(at * SECOND // 20)
        said.append(marker.said)
    assert said[0] == "Stand upright and still, in 4 s"
    assert said[79] == "Stand upright and still, in 1 s"
    assert said[80] == "Stand upright and still: 5 s"


def test_a_number_starts_a_test_and_ends_it_and_another_one_takes_over() -> None:
    marker = Marker(ROLES)
    (opened,) = marker.press("1", 10)
    assert (opened.kind, opened.name, opened.side, opened.position) == ("test", "flexion", "right", "supine")
    closed, other = marker.press("3", 20)
    assert (closed.id, closed.end_ns) == (opened.id, 20)
    assert other.name == "abduction"
    (ended,) = marker.press("3", 30)
    assert (ended.id, ended.end_ns) == (other.id, 30)
    assert marker.close(40) == []


def test_pain_is_a_moment_and_never_a_toggle() -> None:
    marker = Marker(ROLES)
    for _ in range(2):
        (mark,) = marker.press("p", 5)
        assert mark.start_ns == mark.end_ns == 5
    assert "Stop what hurts" in marker.said


def test_a_key_is_answered_before_the_countdown_goes_on() -> None:
    marker = Marker(ROLES, calibration_steps(ROLES))
    marker.at(0)
    marker.press("p", SECOND)
    marker.at(SECOND)
    assert "Stop what hurts" in marker.said
    marker.press("x", 2 * SECOND)
    assert "Stop what hurts" in marker.said, "a key that means nothing changes nothing"
    marker.at(4 * SECOND + 1)
    assert marker.said == "Stand upright and still: 5 s"
    marker.press("p", 5 * SECOND)
    marker.press("w", 5 * SECOND)
    marker.at(5 * SECOND)
    assert marker.said.startswith("Move the strap to the thigh left")


def test_moving_the_strap_marks_it_and_calibrates_again() -> None:
    marker = Marker(ROLES)
    marker.press("1", 0)
    *closed, wear = marker.press("w", SECOND)
    assert [mark.end_ns for mark in closed] == [SECOND]
    assert (wear.kind, wear.name, wear.sensor) == ("wear", "thigh_left", 1)
    assert marker.roles == ("pelvis", "thigh_left")
    marks, _ = run_down(marker, 60, start_s=1.0)
    assert [(mark.name, mark.side) for mark in marks if mark.end_ns] == [("stance", None), ("swing", "left")]
    (back,) = marker.press("w", 100 * SECOND)
    assert back.name == "thigh_right"


def test_a_strap_moves_only_where_one_leg_wears_one() -> None:
    both = Marker(("pelvis", "thigh_right", "thigh_left"))
    assert both.press("w", 0) == []
    assert both.said == "Both legs wear a sensor"
    assert Marker(("pelvis",)).press("w", 0) == []


@given(keys=st.text(max_size=40))
def test_any_keys_leave_marks_that_are_opened_once_and_closed_once(keys: str) -> None:
    marker = Marker(ROLES)
    marks = [mark for at, key in enumerate(keys) for mark in marker.press(key, at)] + marker.close(len(keys))
    ended = [mark.id for mark in marks if mark.end_ns is not None]
    assert len(ended) == len(set(ended))
    assert {mark.id for mark in marks} == set(ended)
    assert all(mark.kind in MARK_KINDS for mark in marks)
