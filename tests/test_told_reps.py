"""Every repetition is told once, however its set is seen later."""

from __future__ import annotations

from typing import Any

from imuhip.told_reps import ToldReps


def one_set(*starts_s: float, exercise: str | None = None, side: str | None = "right") -> dict[str, Any]:
    reps = [{"start_s": start_s, "end_s": start_s + 4.0} for start_s in starts_s]
    return {"exercise": exercise, "side": side, "start_s": starts_s[0], "end_s": starts_s[-1] + 4.0, "reps": reps}


def told(told_reps: ToldReps, one: dict[str, Any]) -> list[tuple[int, float]]:
    return [(number, rep["start_s"]) for number, rep in told_reps.new(one)]


def test_a_set_that_grows_gives_what_is_new() -> None:
    told_reps = ToldReps()
    assert told(told_reps, one_set(10, 15)) == [(1, 10), (2, 15)]
    assert told(told_reps, one_set(10, 15)) == []
    assert told(told_reps, one_set(10, 15, 20)) == [(3, 20)]
    assert told(told_reps, one_set(40, 45)) == [(1, 40), (2, 45)]


def test_a_set_that_is_seen_on_another_sensor_or_begins_later_is_not_told_again() -> None:
    told_reps = ToldReps()
    told(told_reps, one_set(10, 15, 20))
    assert told(told_reps, one_set(10.4, 15.3, 20.2, 25.1)) == [(4, 25.1)]
    assert told(told_reps, one_set(15.3, 20.2, 25.1, 30)) == [(5, 30)]


def test_what_gets_a_name_later_is_not_told_again() -> None:
    told_reps = ToldReps()
    told(told_reps, one_set(10, 15))
    assert told(told_reps, one_set(10, 15, 20, exercise="squat")) == [(1, 20)]


def test_the_other_leg_counts_for_itself() -> None:
    told_reps = ToldReps()
    told(told_reps, one_set(10, 15))
    assert told(told_reps, one_set(10, 15, side="left")) == [(1, 10), (2, 15)]
