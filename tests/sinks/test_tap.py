"""What a running pipeline hands to the sink: angles on the recording's clock; tests, repetitions, flags once each."""

from __future__ import annotations

import asyncio
import itertools
import json
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from followed import Followed
from jsonschema import Draft202012Validator
from mosquitto import free_port
from played import UTC_NS, Event, events_of

from imuhip.catalogue_files import load_catalogue
from imuhip.exercises.as_json import set_json
from imuhip.marks import Mark
from imuhip.packets.blocks import slice_block
from imuhip.packets.notification import NotificationBlock
from imuhip.pipeline import Pipeline
from imuhip.recording import Anchor, SessionInfo
from imuhip.simulation.script import short_session, strengthening_session
from imuhip.simulation.simulate import SimulatedSession, simulate
from imuhip.sinks.mqtt.address import Broker
from imuhip.sinks.mqtt.schemas import load_schema
from imuhip.sinks.mqtt.sink import MqttSink

MakeSink = Callable[..., MqttSink]
REP = {key: load_schema("rep")["examples"][0][key] for key in (
    "start_s", "top_s", "end_s", "range_deg", "peak_deg", "lift_s", "hold_s", "lower_s", "peak_speed_deg_s", "sparc",
    "off_axis", "faults", "good",
)}  # fmt: skip


@pytest.fixture
def sink(make_sink: MakeSink) -> MqttSink:
    return make_sink(Broker("127.0.0.1", free_port()))  # nobody there: everything waits


def events(sink: MqttSink, count: int) -> list[dict[str, Any]]:
    found = [json.loads(event.payload) for event in asyncio.run(sink._outbox.next(100))]
    assert len(found) == count
    return found


def session_of(made: SimulatedSession, anchor: bool = True) -> SessionInfo:
    first_ns = int(made.notifications().arrival_ns[0])
    return SessionInfo(tuple(made.sensors), anchor=Anchor(UTC_NS, first_ns) if anchor else None)


def one_set(*reps: dict[str, Any], start_s: float = 10.0, controlled_deg: float | None = None) -> dict[str, Any]:
    """A set of repetitions that follow each other."""
    placed = [
        rep | {"start_s": start_s + 5 * n, "top_s": start_s + 5 * n + 2, "end_s": start_s + 5 * n + 4}
        for n, rep in enumerate(reps)
    ]
    return {
        "exercise": "bridge",
        "side": "right",
        "start_s": start_s,
        "end_s": start_s + 5 * len(reps),
        "reference": "pelvis",
        "controlled_range_deg": controlled_deg,
        "reps": placed,
    }


def test_times_are_those_of_the_recording(made: SimulatedSession, sink: MqttSink) -> None:
    pipeline = Pipeline(made.sensors)
    tap = Followed(sink, pipeline, session_of(made))
    feed(tap, pipeline, events_of(made))
    tap.take(pipeline.flush(), last=True)
    (test,) = events(sink, 1)
    Draft202012Validator(load_schema("range")).validate(test)
    assert pipeline.start_ns is not None
    start_us = session_of(made).utc_ns(pipeline.start_ns) // 1000
    assert test["t_us"] == start_us + round(test["end_s"] * 1e6)
    (newest,) = sink._frames.take()[-1:] or [None]
    assert newest is not None
    assert abs(newest.t_us - UTC_NS // 1000) < 120e6
    assert set(sink._shared.sensors) == {"pelvis", "thigh_right"}


def test_a_session_without_a_date_is_taken_to_be_now(made: SimulatedSession, sink: MqttSink) -> None:
    pipeline = Pipeline(made.sensors)
    tap = Followed(sink, pipeline, session_of(made, anchor=False))
    blocks = pipeline.feed(made.notifications())
    tap.take(blocks)
    newest = sink._frames.take()[-1]
    assert abs(newest.t_us - time.time_ns() // 1000) < 60e6


def test_every_repetition_is_published_once_as_it_comes(made: SimulatedSession, sink: MqttSink) -> None:
    tap = Followed(sink, Pipeline(made.sensors), session_of(made))
    first, second, third = (REP | {"range_deg": r, "good": g} for r, g in ((30.0, True), (35.0, False), (33.0, True)))
    tap.sets([])
    tap.sets([one_set(first)])
    tap.sets([one_set(first)])
    tap.sets([one_set(first, second, third, controlled_deg=30.0)])
    tap.sets([one_set(first, second, third, controlled_deg=30.0), one_set(second, start_s=80.0)])
    reps = events(sink, 4)
    for rep in reps:
        Draft202012Validator(load_schema("rep")).validate(rep)
    assert [(r["number"], r["range_deg"], r["controlled_range_deg"]) for r in reps] == [
        (1, 30.0, None),
        (2, 35.0, 30.0),
        (3, 33.0, 30.0),
        (1, 35.0, None),
    ]
    assert [r["seq"] for r in reps] == [0, 1, 2, 3]


def test_every_flag_is_published_once(made: SimulatedSession, sink: MqttSink, tmp_path: Path) -> None:
    tap = Followed(sink, Pipeline(made.sensors), session_of(made))
    names = ("rule", "level", "motion", "side", "position", "message", "evidence")
    flag = {name: load_schema("flag")["examples"][0][name] for name in names}
    tap.flags([flag])
    tap.flags([flag, flag | {"level": "red"}])
    assert [f["level"] for f in events(sink, 2)] == ["amber", "red"]


def feed(tap: Followed, pipeline: Pipeline, events: Iterable[Event]) -> None:
    for event in events:
        for part in [event] if isinstance(event, Mark) else _tenths(event):
            blocks = pipeline.mark(part) if isinstance(part, Mark) else pipeline.feed(part)
            tap.take(blocks)
            if isinstance(part, Mark):
                tap.mark(part)


def _tenths(block: NotificationBlock) -> Iterator[NotificationBlock]:
    """About a tenth of a second at a time, as live."""
    return (slice_block(block, row, min(row + 3, len(block))) for row in range(0, len(block), 3))


@pytest.fixture(scope="module")
def made() -> SimulatedSession:
    """The short session with two times three trials."""
    short = short_session()
    steps = [replace(step, repetitions=6) if step.kind == "test" else step for step in short.steps]
    return simulate(replace(short, steps=tuple(steps)), seed=6)


@pytest.fixture
def halves(made: SimulatedSession) -> tuple[Mark, Mark]:
    """The session's test in two, three trials each."""
    (test,) = [mark for mark in made.marks if mark.kind == "test"]
    assert test.end_ns is not None
    middle_ns = (test.start_ns + test.end_ns) // 2
    return replace(test, end_ns=middle_ns), replace(test, id=900, start_ns=middle_ns + 200_000_000)


def played(made: SimulatedSession, sink: MqttSink, marks: Sequence[Mark]) -> tuple[Followed, Pipeline]:
    """All but the end of a session with other marks."""
    catalogue = load_catalogue()
    pipeline = Pipeline(made.sensors, catalogue=catalogue)
    tap = Followed(sink, pipeline, session_of(made))
    kept = [mark for mark in made.marks if mark.kind in ("calibration", "still")]
    feed(tap, pipeline, events_of(made, marks=[*kept, *marks]))
    return tap, pipeline


def test_new_range_and_pain_are_flagged_while_the_session_goes_on(
    made: SimulatedSession, sink: MqttSink, halves: tuple[Mark, Mark]
) -> None:
    before, after = halves
    mobilised = Mark(901, "mobilise", before.end_ns or 0, (before.end_ns or 0) + 100_000_000, name="groin")
    pain_ns = after.start_ns + 1_000_000_000
    pain = Mark(902, "pain", pain_ns, pain_ns, name="groin", side="right", value=6.0)
    tap, pipeline = played(made, sink, [before, mobilised, after, pain])
    live = events(sink, 4)  # the pain at once, then what it says to the gain
    assert [e.get("rule") or e["phase"] for e in live] == ["pre", "pain", "post", "B"]
    for event, name in zip(live, ("range", "flag", "range", "flag"), strict=True):
        Draft202012Validator(load_schema(name)).validate(event)
        assert set(event) <= set(load_schema(name)["properties"])  # nothing that is not described
    _, red, post, gain = live
    assert (red["level"], gain["level"]) == ("red", "amber")
    assert "in the flexion test" in red["message"]
    assert gain["message"].startswith("Pain comes first")
    assert 0 <= red["t_us"] - post["t_us"] + 1e6 * (post["end_s"] - post["start_s"]) < 4e6  # on the recording's clock
    tap.take(pipeline.flush(), last=True)
    events(sink, 4)  # the end says nothing else


def test_what_is_judged_otherwise_later_is_published_again(
    made: SimulatedSession, sink: MqttSink, halves: tuple[Mark, Mark]
) -> None:
    before, after = halves
    mobilised = Mark(901, "mobilise", before.end_ns or 0, (before.end_ns or 0) + 100_000_000, name="groin")
    tap, pipeline = played(made, sink, [before, mobilised, after])
    assert events(sink, 3)[-1]["level"] == "green"
    tap.mark(Mark(903, "pain", (after.end_ns or 0) + 1, (after.end_ns or 0) + 1, name="knee", side="left", value=5.0))
    tap.take([])
    assert [(e["rule"], e["level"]) for e in events(sink, 5)[3:]] == [
        ("B", "amber"),
        ("pain", "red"),
    ]  # what matters most last
    tap.take(pipeline.flush(), last=True)
    events(sink, 5)


def test_repetitions_that_are_marked_one_by_one_come_after_their_mark_as_the_analysis_has_them(
    made: SimulatedSession, sink: MqttSink, halves: tuple[Mark, Mark]
) -> None:
    marks = [replace(half, id=910 + n, kind="repetition", name="hip_flexion") for n, half in enumerate(halves)]
    tap, pipeline = played(made, sink, marks)
    (expected,) = [set_json(one) for one in pipeline.sets()]
    live = events(sink, 2)
    for rep in live:
        Draft202012Validator(load_schema("rep")).validate(rep)
        assert set(rep) <= set(load_schema("rep")["properties"])
    assert [{key: rep[key] for key in wanted} for rep, wanted in zip(live, expected["reps"], strict=True)] == expected[
        "reps"
    ]
    tap.take(pipeline.flush(), last=True)
    events(sink, 2)


@pytest.mark.slow
def test_a_session_in_which_no_exercise_is_marked_tells_every_movement_once(sink: MqttSink) -> None:
    made = simulate(strengthening_session(repetitions=5), seed=2)
    catalogue = load_catalogue()
    pipeline = Pipeline(made.sensors, catalogue=catalogue)
    tap = Followed(sink, pipeline, session_of(made))
    feed(tap, pipeline, events_of(made, marks=[mark for mark in made.marks if mark.kind != "exercise"]))
    live = [json.loads(event.payload) for event in asyncio.run(sink._outbox.next(1000))]
    final = [rep for one in pipeline.sets() for rep in set_json(one)["reps"]]
    spans_s = sorted((rep["start_s"], rep["end_s"]) for rep in live)
    for early, late in itertools.pairwise(spans_s):
        assert late[0] > sum(early) / 2  # no movement twice
    for rep in final[:-1]:  # the very last one is being looked at
        assert any(start_s < rep["top_s"] < end_s for start_s, end_s in spans_s), rep
    assert len(live) <= len(final) + 2  # some looked like repetitions only at the time
