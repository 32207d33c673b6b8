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
from imuhip.pipeline import Pipeline
from imuhip.recording import Anchor, SessionInfo
from imuhip.simulation.script import short_session
from imuhip.simulation.simulate import SimulatedSession, simulate
from imuhip.sinks.mqtt.address import Broker
from imuhip.sinks.mqtt.schemas import load_schema
from imuhip.sinks.mqtt.sink import MqttSink
from imuhip.sinks.mqtt.tap import MqttTap

MakeSink = Callable[..., MqttSink]
REP = {key: load_schema("rep")["examples"][0][key] for key in (
    "start_s", "top_s", "end_s", "range_deg", "peak_deg", "lift_s", "hold_s", "lower_s", "peak_speed_deg_s", "sparc",
    "off_axis", "faults", "good",
)}  # fmt: skip


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


def one_set(*reps: dict[str, Any], start_s: float = 10.0, controlled_deg: float | None = None) -> dict[str, Any]:
    return {
        "exercise": "bridge",
        "side": "right",
        "start_s": start_s,
        "reference": "pelvis",
        "controlled_range_deg": controlled_deg,
        "reps": list(reps),
    }


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


def test_every_repetition_is_published_once_as_it_comes(made: SimulatedSession, sink: MqttSink) -> None:
    tap = MqttTap(sink, Pipeline(made.sensors), session_of(made), load_catalogue())
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
    tap = MqttTap(sink, Pipeline(made.sensors), session_of(made), load_catalogue())
    flag = {
        k: load_schema("flag")["examples"][0][k] for k in ("rule", "level", "motion", "side", "message", "evidence")
    }
    tap.flags([flag])
    tap.flags([flag, flag | {"level": "red"}])
    assert [f["level"] for f in events(sink, 2)] == ["amber", "red"]
