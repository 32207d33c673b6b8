"""Range tests measured while they happen are those of `analyze --causal`, however the input is cut."""

from __future__ import annotations

import itertools
from pathlib import Path

import pytest
from played import Event, events_of, recut, write

from imuhip.catalogue_files import load_catalogue
from imuhip.live_tests import LiveTests
from imuhip.marks import Mark
from imuhip.pipeline import Pipeline
from imuhip.session import analyze
from imuhip.simulation.script import both_legs_session, short_session
from imuhip.simulation.simulate import simulate


def follow(sensors: object, events: list[Event], sizes: object) -> tuple[list[dict[str, object]], list[float]]:
    """Results, and the time by the data at which each came."""
    pipeline = Pipeline(sensors)  # type: ignore[arg-type]
    tests, results, when = LiveTests(pipeline, load_catalogue()), [], []
    for event in recut(events, sizes):  # type: ignore[arg-type]
        if isinstance(event, Mark):
            blocks = pipeline.mark(event)
            tests.mark(event)
        else:
            blocks = pipeline.feed(event)
        new = tests.take(blocks)
        results += new
        when += [int(event.arrival_ns[-1]) * 1e-9] * len(new) if not isinstance(event, Mark) else []
    return results + tests.take(pipeline.flush(), last=True), when


@pytest.mark.parametrize("session", [short_session(), both_legs_session()], ids=lambda s: s.name)
def test_live_tests_are_those_of_the_causal_analysis(session: object, tmp_path: Path) -> None:
    made = simulate(session, seed=5)  # type: ignore[arg-type]
    events = events_of(made)
    expected = analyze(write(tmp_path / "s.mcap", made.sensors, events), causal=True).results["tests"]
    assert expected
    assert follow(made.sensors, events, itertools.cycle([7, 60, 31]))[0] == expected


def test_a_result_comes_within_seconds_of_the_tests_end() -> None:
    made = simulate(short_session(), seed=5)
    (test,) = [mark for mark in made.marks if mark.kind == "test"]
    assert test.end_ns is not None
    _, when = follow(made.sensors, events_of(made), itertools.repeat(1))
    assert test.end_ns * 1e-9 < when[0] < test.end_ns * 1e-9 + 2.0


def test_a_forgotten_test_and_a_long_session_do_not_fill_the_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    made = simulate(short_session(), seed=5)
    monkeypatch.setattr("imuhip.live_tests.HISTORY_S", 10.0)
    monkeypatch.setattr("imuhip.live_tests.LONGEST_TEST_S", 30.0)
    marks = [Mark(77, "test", made.marks[0].start_ns, None, name="flexion", side="right")]
    pipeline = Pipeline(made.sensors)
    for open_marks, least_s, most_s in (([], 10, 20), (marks, 30, 40)):
        pipeline = Pipeline(made.sensors)
        tests = LiveTests(pipeline, load_catalogue())
        for mark in open_marks:
            tests.mark(mark)
        for event in recut(events_of(made, marks=[]), itertools.repeat(10)):
            assert not isinstance(event, Mark)
            assert tests.take(pipeline.feed(event)) == []
        kept_s = sum(map(len, tests._blocks)) / pipeline.rate_hz
        assert least_s <= kept_s <= most_s
