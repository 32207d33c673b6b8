"""The golden vectors: what firmware authors check against is what the codec does."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import asdict
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest

from imuhip.errors import PacketError
from imuhip.packets import commands
from imuhip.packets.codec import decode_notification, encode_notification, encode_short, is_short
from imuhip.packets.descriptor import Descriptor, decode_descriptor, encode_descriptor

REPOSITORY = Path(__file__).resolve().parents[2]
PROTOCOL = REPOSITORY / "firmware_protocol"
FILES = ("notifications.json", "descriptors.json", "commands.json", "replies.json")
IGNORED = ("unknown flags", "appended", "reserved")
COMMANDS = {
    "start": commands.Start,
    "stop": commands.Stop,
    "configure": commands.Configure,
    "identify": commands.Identify,
    "battery": commands.AskBattery,
    "time": commands.AskTime,
    "resend": commands.Resend,
}
SESSION = ("configure", "start", "resend", "identify", "battery", "stop")
NAMES = {"next": "next_sequence", "oldest": "oldest_sequence"}


def load(name: str, key: str) -> list[Any]:
    vectors = json.loads((PROTOCOL / "vectors" / name).read_text(encoding="utf-8"))["vectors"]
    return [pytest.param(vector, id=vector["name"]) for vector in vectors if key in vector]


def descriptor_from(fields: dict[str, Any]) -> Descriptor:
    ratios = {name: Fraction(*value) for name, value in fields.items() if "scale" in name and value is not None}
    return Descriptor(**(fields | ratios))


@pytest.mark.parametrize("vector", load("notifications.json", "expect"))
def test_notification_means_what_its_vector_says(vector: dict[str, Any]) -> None:
    data = bytes.fromhex(vector["hex"])
    packet = decode_notification(data)
    expect = vector["expect"]
    assert packet.sequence == expect["sequence"]
    assert packet.tick_us == expect["time_us"]
    assert packet.period_ns == expect["period_ns"]
    assert packet.drops == expect["drops"]
    assert [list(sample) for sample in packet.samples] == expect["samples"]
    assert (None if packet.mag is None else list(packet.mag)) == expect["mag"]
    assert packet.temperature == expect["temperature"]
    if not any(word in vector["name"] for word in IGNORED):
        assert (encode_short(packet) if is_short(data) else encode_notification(packet)) == data


@pytest.mark.parametrize("vector", load("descriptors.json", "expect"))
def test_descriptor_means_what_its_vector_says(vector: dict[str, Any]) -> None:
    expect = descriptor_from(vector["expect"])
    assert decode_descriptor(bytes.fromhex(vector["hex"])) == expect
    assert decode_descriptor(encode_descriptor(expect)) == expect


@pytest.mark.parametrize("vector", load("commands.json", "expect"))
def test_command_means_what_its_vector_says(vector: dict[str, Any]) -> None:
    data = bytes.fromhex(vector["hex"])
    fields = dict(vector["expect"])
    command = commands.decode_command(data)
    assert command == COMMANDS[fields.pop("command")](**fields)
    if "appended" not in vector["name"]:
        assert commands.encode_command(command) == data
    assert commands.refusal(data) is None


@pytest.mark.parametrize("vector", load("replies.json", "expect"))
def test_reply_means_what_its_vector_says(vector: dict[str, Any]) -> None:
    data = bytes.fromhex(vector["hex"])
    reply = commands.decode_reply(data)
    expect = vector["expect"]
    assert (reply.code, reply.status) == (expect["code"], expect["status"])
    told = None if reply.value is None else asdict(reply.value)
    assert told == (None if expect["value"] is None else {NAMES.get(k, k): v for k, v in expect["value"].items()})
    if not any(word in vector["name"] for word in IGNORED):
        assert commands.encode_reply(reply) == data


@pytest.mark.parametrize("vector", load("commands.json", "error"))
def test_malformed_command_is_refused_where_its_vector_says(vector: dict[str, Any]) -> None:
    data = bytes.fromhex(vector["hex"])
    with pytest.raises(PacketError) as caught:
        commands.decode_command(data)
    assert {"position": caught.value.position, "reason": caught.value.reason} == vector["error"]
    reply = commands.refusal(data)
    assert reply is not None
    unknown = vector["error"]["reason"].startswith("unknown")
    assert reply.status == (commands.Status.UNKNOWN_COMMAND if unknown else commands.Status.MALFORMED)
    assert commands.encode_reply(reply)[0] == (data[0] | 0x80 if data else 0x80)


@pytest.mark.parametrize("vector", load("replies.json", "error"))
def test_malformed_reply_is_refused_where_its_vector_says(vector: dict[str, Any]) -> None:
    with pytest.raises(PacketError) as caught:
        commands.decode_reply(bytes.fromhex(vector["hex"]))
    assert {"position": caught.value.position, "reason": caught.value.reason} == vector["error"]


@pytest.mark.parametrize("vector", load("notifications.json", "error"))
def test_malformed_notification_is_refused_where_its_vector_says(vector: dict[str, Any]) -> None:
    with pytest.raises(PacketError) as caught:
        decode_notification(bytes.fromhex(vector["hex"]))
    assert {"position": caught.value.position, "reason": caught.value.reason} == vector["error"]


@pytest.mark.parametrize("vector", load("descriptors.json", "error"))
def test_malformed_descriptor_is_refused_where_its_vector_says(vector: dict[str, Any]) -> None:
    with pytest.raises(PacketError) as caught:
        decode_descriptor(bytes.fromhex(vector["hex"]))
    assert {"position": caught.value.position, "reason": caught.value.reason} == vector["error"]


def test_every_reason_of_the_protocol_has_a_vector() -> None:
    text = (PROTOCOL / "PROTOCOL.md").read_text(encoding="utf-8")
    section = text.split("## What a reader refuses")[1].split("## Worked example")[0]
    rows = [line.split("|")[3].strip() for line in section.splitlines() if line.startswith("| ")]
    reasons = [part for row in rows if row != "reason" for part in row.split(", ")]
    assert len(reasons) == 22
    errors = [p.values[0]["error"] for name in FILES for p in load(name, "error")]
    for reason in reasons:
        pieces = [piece for piece in reason.split("..") if piece]
        assert any(all(piece in error["reason"] for piece in pieces) for error in errors), reason


def test_worked_example_of_the_protocol_is_its_vector() -> None:
    text = (PROTOCOL / "PROTOCOL.md").read_text(encoding="utf-8")
    block, table = text.split("## Worked example")[1].split("```")[1:3]
    (vector,) = [p.values[0] for p in load("notifications.json", "expect") if p.id.startswith("worked example")]
    assert bytes.fromhex(block).hex() == vector["hex"]
    cells = [row.split("|")[2].strip(" `") for row in table.splitlines() if row.startswith("| ") and "`" in row]
    assert bytes.fromhex("".join(cells)).hex() == vector["hex"]


def test_short_session_of_the_protocol_is_what_it_says() -> None:
    text = (PROTOCOL / "PROTOCOL.md").read_text(encoding="utf-8")
    section = text.split("## A short session")[1].split("## Vectors")[0]
    lines = section.split("```")[1].strip().splitlines()
    written = [commands.decode_command(bytes.fromhex(line[1:])) for line in lines if line[0] == ">"]
    answered = [commands.decode_reply(bytes.fromhex(line[1:])) for line in lines if line[0] == "<"]
    assert [commands.code_of(command) for command in written] == [reply.code for reply in answered]
    assert [type(command) for command in written] == [COMMANDS[name] for name in SESSION]
    assert answered[1].value == commands.StreamState(15_303_040, 1520, 0, measuring=True)
    assert written[2] == answered[2].value == commands.Resend(1200, 320)
    assert answered[4].value == commands.Battery(87, charging=False, millivolt=3900)
    cells = [row.split("|")[1].strip(" `") for row in section.splitlines() if row.startswith("| `")]
    assert cells == [line[2:] for line in lines]


def test_uuids_of_the_protocol_are_those_of_the_package() -> None:
    text = (PROTOCOL / "PROTOCOL.md").read_text(encoding="utf-8")
    table = text.split("## GATT service")[1].split("Beside it")[0]
    told = [row.split("`")[-2] for row in table.splitlines() if row.count("-") > 3 and "`" in row]
    uuids = (commands.SERVICE_UUID, commands.DESCRIPTOR_UUID, commands.DATA_UUID, commands.CONTROL_UUID)
    assert tuple(told) == uuids


def test_vector_files_are_what_the_tool_writes() -> None:
    tool = REPOSITORY / "tools" / "make_vectors.py"
    done = subprocess.run([sys.executable, str(tool), "--check"], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
