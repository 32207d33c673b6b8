"""Whatever arrives as a command becomes one, or a reason why not."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator, ValidationError

from imuhip.sinks.mqtt.commands import (
    CommandError,
    MarkCommand,
    OpenMarks,
    ResendCommand,
    StopCommand,
    parse_command,
)
from imuhip.sinks.mqtt.schemas import load_schema
from imuhip.sinks.mqtt.topics import COMMANDS


def parse(name: str, fields: Any) -> object:
    return parse_command(name, json.dumps(fields).encode())


def test_commands_are_read() -> None:
    assert parse("stop", {}) == StopCommand()
    assert parse("resend", {"v": 1, "from_id": 17}) == ResendCommand(17)
    assert parse("mark", {"kind": "pain", "side": "left", "value": 3, "note": "groin"}) == MarkCommand(
        "moment", "pain", side="left", value=3.0, note="groin"
    )


@pytest.mark.parametrize(
    ("name", "payload", "reason"),
    [
        ("stop", b"", "not JSON"),
        ("stop", b"\xff\xfe", "not JSON"),
        ("stop", b"[]", "not a JSON object"),
        ("stop", b"null", "not a JSON object"),
        ("stop", b'{"v":2}', "v is not 1"),
        ("stop", b'{"v":true}', "v is not 1"),
        ("reboot", b"{}", "no such command"),
        ("resend", b"{}", "from_id"),
        ("resend", b'{"from_id":-1}', "from_id"),
        ("resend", b'{"from_id":1e400}', "from_id"),
        ("resend", b'{"from_id":true}', "from_id"),
        ("resend", b'{"from_id":"1; DROP TABLE events"}', "from_id"),
        ("resend", b'{"from_id":' + b"9" * 60 + b"}", "from_id"),
        ("resend", b'{"from_id":' + b"9" * 4090 + b"}", "4096"),
        ("mark", b"{}", "kind is missing"),
        ("mark", b'{"kind":"wear"}', "kind is not one of"),
        ("mark", b'{"kind":["pain"]}', "kind is not one of"),
        ("mark", b'{"kind":"pain","value":NaN}', "not JSON"),
        ("mark", b'{"kind":"pain","value":1e300}', "value"),
        ("mark", b'{"kind":"pain","value":"3"}', "value"),
        ("mark", b'{"kind":"pain","note":"\\u001b[2J"}', "note is not a plain text"),
        ("mark", b'{"kind":"pain","note":"' + b"x" * 201 + b'"}', "note is not a plain text"),
        ("mark", b'{"kind":"test","action":"explode"}', "action is not one of"),
        ("mark", b"[" * 4000, "not JSON"),
        ("mark", b'{"a":' * 800, "not JSON"),
    ],
)
def test_malformed_commands_are_refused_with_a_reason(name: str, payload: bytes, reason: str) -> None:
    with pytest.raises(CommandError, match=reason):
        parse_command(name, payload)


def test_a_retained_command_is_refused_because_it_would_act_at_every_connection() -> None:
    with pytest.raises(CommandError, match="retain"):
        parse_command("stop", b"{}", retained=True)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=5,
)
fields = st.dictionaries(
    st.sampled_from(["v", "action", "kind", "name", "side", "mode", "position", "value", "note", "from_id"]),
    json_values | st.sampled_from(["pain", "test", "start", "left", "active", "supine", 1, 4.5]),
)


@given(
    name=st.sampled_from([*COMMANDS, "x"]),
    payload=st.binary(max_size=200) | fields.map(lambda f: json.dumps(f).encode()),
)
def test_any_bytes_give_a_command_or_a_command_error(name: str, payload: bytes) -> None:
    try:
        command = parse_command(name, payload)
    except CommandError:
        return
    assert isinstance(command, MarkCommand | StopCommand | ResendCommand)


@given(fields=fields, name=st.sampled_from(COMMANDS))
def test_what_is_taken_is_what_the_schema_allows(fields: dict[str, Any], name: str) -> None:
    try:
        parse_command(name, json.dumps(fields).encode())
    except CommandError:
        return
    try:
        Draft202012Validator(load_schema(f"cmd_{name}")).validate(fields)
    except ValidationError as error:
        pytest.fail(f"{fields} was taken: {error.message}")


def test_an_end_closes_the_newest_start_of_its_kind_and_name() -> None:
    marks = OpenMarks()
    first = marks.take(MarkCommand("start", "test", "flexion", "right"), 10)
    other = marks.take(MarkCommand("start", "test", "extension"), 20)
    closed = marks.take(MarkCommand("end", "test", "flexion"), 30)
    assert first is not None
    assert other is not None
    assert closed is not None
    assert (closed.id, closed.start_ns, closed.end_ns, closed.side) == (first.id, 10, 30, "right")
    assert first.end_ns is None
    assert other.id != first.id
    assert marks.take(MarkCommand("end", "test", "flexion"), 40) is None


def test_a_moment_begins_and_ends_at_once() -> None:
    mark = OpenMarks().take(MarkCommand("moment", "pain", value=4.0), 77)
    assert mark is not None
    assert (mark.start_ns, mark.end_ns, mark.value) == (77, 77, 4.0)


def test_a_sender_who_never_ends_anything_fills_no_memory() -> None:
    marks = OpenMarks()
    for n in range(1000):
        marks.take(MarkCommand("start", "test", f"n{n}"), n)
    assert marks.take(MarkCommand("end", "test", "n0"), 2000) is None
    assert marks.take(MarkCommand("end", "test", "n999"), 2000) is not None


def test_what_nobody_ended_ends_with_the_session() -> None:
    marks = OpenMarks()
    ended, left = (marks.take(MarkCommand("start", "test", name, "left"), 10) for name in ("flexion", "extension"))
    assert ended is not None
    assert left is not None
    marks.take(MarkCommand("end", "test", "flexion"), 20)
    assert marks.close(30) == [replace(left, end_ns=30)]
    assert marks.close(40) == []
