"""The golden vectors: what firmware authors check against is what the codec does."""

from __future__ import annotations

import json
import subprocess
import sys
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest

from imuhip.errors import PacketError
from imuhip.packets.codec import decode_notification, encode_notification
from imuhip.packets.descriptor import Descriptor, decode_descriptor, encode_descriptor

REPOSITORY = Path(__file__).resolve().parents[2]
PROTOCOL = REPOSITORY / "firmware_protocol"


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
    if not any(word in vector["name"] for word in ("unknown", "appended", "reserved")):
        assert encode_notification(packet) == data


@pytest.mark.parametrize("vector", load("descriptors.json", "expect"))
def test_descriptor_means_what_its_vector_says(vector: dict[str, Any]) -> None:
    expect = descriptor_from(vector["expect"])
    assert decode_descriptor(bytes.fromhex(vector["hex"])) == expect
    assert decode_descriptor(encode_descriptor(expect)) == expect


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
    assert len(reasons) == 14
    errors = [p.values[0]["error"] for name in ("notifications.json", "descriptors.json") for p in load(name, "error")]
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


def test_vector_files_are_what_the_tool_writes() -> None:
    tool = REPOSITORY / "tools" / "make_vectors.py"
    done = subprocess.run([sys.executable, str(tool), "--check"], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
