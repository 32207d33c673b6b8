"""Every payload has a schema, with examples that fit it, and unknown angles are null."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hip_blocks import hip_block
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator, ValidationError

import imuhip.sinks.mqtt
from imuhip.sinks.mqtt import payloads
from imuhip.sinks.mqtt.commands import parse_command
from imuhip.sinks.mqtt.payloads import Frame, Session, quality_of, worst
from imuhip.sinks.mqtt.schemas import NAMES, load_schema
from imuhip.sinks.mqtt.topics import EVENTS

SESSION = Session("0123abcd", "live", {"pelvis": "m", "thigh_right": "m"}, 25.0)
TOPICS = (Path(imuhip.sinks.mqtt.__file__).parent / "TOPICS.md").read_text(encoding="utf-8")


def frames(*parts: Any) -> list[Frame]:
    return [Frame(block, i, 1_000_000 + i, 0.0) for block in parts for i in range(len(block))]


@pytest.mark.parametrize("name", NAMES)
def test_every_schema_is_one_and_its_examples_fit_it(name: str) -> None:
    schema = load_schema(name)
    Draft202012Validator.check_schema(schema)
    assert schema["examples"]
    for example in schema["examples"]:
        Draft202012Validator(schema).validate(example)
        if name.startswith("cmd_"):
            parse_command(name.removeprefix("cmd_"), json.dumps(example).encode())


@pytest.mark.parametrize("name", [n for n in NAMES if n not in ("check", "cmd_mark", "cmd_stop", "cmd_resend")])
def test_every_message_has_version_number_session_time_and_quality(name: str) -> None:
    required = load_schema(name)["required"]
    assert {"v", "seq", "session", "t_us", "quality"} <= set(required)
    assert ("id" in required) == (name in EVENTS)


@pytest.mark.parametrize("name", NAMES)
def test_every_topic_is_in_the_table_and_its_example_is_the_schemas(name: str) -> None:
    topic = name.replace("_", "/", 1)
    assert f"| `{topic}` |" in TOPICS
    assert json.dumps(load_schema(name)["examples"][0], ensure_ascii=False) in TOPICS


@given(
    known=st.lists(st.booleans(), min_size=1, max_size=3),
    roles=st.sampled_from([("pelvis", "thigh_right"), ("pelvis", "thigh_left", "thigh_right"), ("thigh_left",)]),
)
def test_angles_fit_their_schema_whatever_is_known(known: list[bool], roles: tuple[str, ...]) -> None:
    some = frames(*(hip_block(0, 2, roles, k) for k in known))
    for chosen in (some[-1:], some):
        payload = payloads.angles(SESSION, 4, chosen)
        Draft202012Validator(load_schema("angles")).validate(json.loads(payloads.encode(payload)))
    assert (payloads.angles(SESSION, 4, some)["quality"] == "none") == (not known[-1] and "pelvis" in roles)


def test_a_batch_spans_a_strap_that_moved() -> None:
    payload = payloads.angles(
        SESSION, 0, frames(hip_block(0, 1, ("pelvis", "thigh_right")), hip_block(1, 1, ("pelvis", "thigh_left")))
    )
    assert payload["batch"]["hips"]["right"]["flexion_deg"] == [0.0, None]
    assert payload["batch"]["hips"]["left"]["flexion_deg"] == [None, 1.0]
    Draft202012Validator(load_schema("angles")).validate(payload)


def test_without_a_pelvis_sensor_nothing_is_called_a_hip_angle() -> None:
    payload = payloads.angles(SESSION, 0, frames(hip_block(0, 1, ("thigh_right",))))
    assert payload["reference"] == "gravity"
    assert "hips" not in payload


def test_json_never_says_nan() -> None:
    with pytest.raises(ValueError, match="JSON"):
        payloads.event(SESSION, id_=1, seq=0, t_us=0, quality="none", fields={"x": float("nan")})
    assert b"NaN" not in payloads.encode(payloads.angles(SESSION, 0, frames(hip_block(0, 1, known=False))))


def test_fields_cannot_overwrite_number_and_time() -> None:
    made = json.loads(payloads.event(SESSION, id_=7, seq=1, t_us=5, quality="fair", fields={"id": 1, "seq": 9, "x": 2}))
    assert (made["id"], made["seq"], made["t_us"], made["x"]) == (7, 1, 5, 2)


@pytest.mark.parametrize(
    ("half", "name"), [(None, "none"), (0.0, "good"), (5.0, "good"), (5.1, "fair"), (10.1, "poor")]
)
def test_quality_follows_the_interval(half: float | None, name: str) -> None:
    assert quality_of(half) == name


def test_the_worst_counts() -> None:
    assert worst(["good", "poor", "fair"]) == "poor"
    assert worst([]) == "none"


def test_a_repetition_without_its_fields_does_not_fit() -> None:
    example = dict(load_schema("rep")["examples"][0])
    del example["good"]
    with pytest.raises(ValidationError):
        Draft202012Validator(load_schema("rep")).validate(example)
