"""What a running pipeline hands to the sink: angles on the recording's clock; tests, repetitions, flags once each."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator
from mosquitto import free_port
from played import UTC_NS, events_of

from imuhip.catalogue_files import load_catalogue
from imuhip.marks import Mark
from imuhip.packets.notification import NotificationBlock
from imuhip.pipeline import Pipeline
from imuhip.recording import Anchor, Recording, SessionInfo
from imuhip.simulation.script import short_session
from imuhip.simulation.simulate import SimulatedSession, simulate
from imuhip.sinks.mqtt.address import Broker
from imuhip.sinks.mqtt.schemas import load_schema
from imuhip.sinks.mqtt.sink import MqttSink
from imuhip.sinks.mqtt.tap import MqttTap

MakeSink = Callable[..., MqttSink]


@pytest.fixture(scope="module")
def made() -> SimulatedSession:
    return simulate(short_session(), seed=6)


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


def test_times_are_those_of_the_recording(made: SimulatedSession, sink: MqttSink) -> None:
    pipeline = Pipeline(made.sensors)
    tap = MqttTap(sink, pipeline, session_of(made), load_catalogue())
    for event in events_of(made):
        blocks = pipeline.mark(event) if isinstance(event, Mark) else pipeline.feed(event)
        if isinstance(event, Mark):
            tap.mark(event)
        tap.take(blocks)
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
    tap = MqttTap(sink, pipeline, session_of(made, anchor=False), load_catalogue())
    blocks = pipeline.feed(made.notifications())
    tap.take(blocks)
    newest = sink._frames.take()[-1]
    assert abs(newest.t_us - time.time_ns() // 1000) < 60e6


def test_repetitions_ranges_and_flags_are_published_as_their_schemas_say(sink: MqttSink, recordings: Path) -> None:
    recording = Recording.open(recordings / "strengthening.mcap")
    catalogue = load_catalogue()
    pipeline = Pipeline(recording.sensors, catalogue=catalogue)
    tap = MqttTap(sink, pipeline, recording.session, catalogue)
    for event in recording.events(0.5):
        if isinstance(event, Mark) and event.start_ns < pipeline_end_ns(recording, 95.0):
            tap.take(pipeline.mark(event))
            tap.mark(event)
        elif isinstance(event, NotificationBlock):
            if int(event.arrival_ns[-1]) > pipeline_end_ns(recording, 95.0):
                break
            tap.take(pipeline.feed(event))
    hurt = Mark(900, "pain", pipeline_end_ns(recording, 60.0), None, "knee", "left", value=2.0)
    pipeline.mark(hurt)
    tap.mark(hurt)
    tap.take(pipeline.flush(), last=True)
    *reps, flag = events(sink, 9)
    for rep in reps:
        Draft202012Validator(load_schema("rep")).validate(rep)
    Draft202012Validator(load_schema("flag")).validate(flag)
    assert [(rep["exercise"], rep["side"], rep["number"]) for rep in reps] == [
        ("bridge", "left", n) for n in range(1, 9)
    ]
    assert [rep["controlled_range_deg"] is None for rep in reps] == [True] * 2 + [False] * 6
    assert (flag["rule"], flag["level"]) == ("pain", "amber")
    assert [rep["seq"] for rep in reps] == list(range(8))


def pipeline_end_ns(recording: Recording, after_s: float) -> int:
    return recording.marks[0].start_ns + round(after_s * 1e9)
