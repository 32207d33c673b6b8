"""The virtual sensor speaks the protocol as its document has it."""

from __future__ import annotations

from pathlib import Path

import pytest
from virtual_session import wearer

from imuhip.packets import commands
from imuhip.packets.gatt import BATTERY_LEVEL_UUID, sig_uuid
from imuhip.radio.virtual.firmware import AttributeRefusedError
from imuhip.radio.virtual.own_sensor import OwnSensor

PROTOCOL = Path(__file__).resolve().parents[2] / "firmware_protocol" / "PROTOCOL.md"


def session_of_the_document() -> list[tuple[bytes, bytes]]:
    """What host and sensor write, pair by pair."""
    text = PROTOCOL.read_text(encoding="utf-8").split("## A short session, byte for byte")[1].split("```")[1]
    lines = [bytes.fromhex(line[2:]) for line in text.strip().splitlines()]
    return list(zip(lines[::2], lines[1::2], strict=True))


def asked(sensor: OwnSensor, command: bytes, now_s: float) -> bytes:
    sensor.write(commands.CONTROL_UUID, command, now_s)
    (reply,) = (value for uuid, value in sensor.due(now_s) if uuid == commands.CONTROL_UUID)
    return reply


def test_the_short_session_of_the_document_goes_as_written() -> None:
    sensor = OwnSensor("pelvis", wearer(), clock_start_us=0)
    sensor.connected(247)
    asked(sensor, b"\x01", 0.0)
    start_s = sensor.lattice[0]
    sensor.due(start_s + 12.0)
    sensor.disconnected()
    sensor.connected(247)
    now_s = start_s + 15.2 - 0.005
    pairs = session_of_the_document()
    assert len(pairs) == 6
    for command, written in pairs:
        reply = asked(sensor, command, now_s)
        clock = slice(2, 10) if command == b"\x01" else slice(0)  # its time counts from another moment
        assert (reply[: clock.start], reply[clock.stop :]) == (written[: clock.start], written[clock.stop :])


def test_it_tells_what_it_is_in_the_usual_places() -> None:
    sensor = OwnSensor("pelvis", wearer())
    assert sensor.read(BATTERY_LEVEL_UUID, 0.0) == b"\x57"
    assert sensor.read(sig_uuid(0x2A29), 0.0) == b"imuhip"
    offered = {attribute.uuid for service in sensor.services for attribute in service.attributes}
    assert {sig_uuid(0x2A24), sig_uuid(0x2A25), sig_uuid(0x2A26)} < offered
    with pytest.raises(AttributeRefusedError):
        sensor.read(commands.CONTROL_UUID, 0.0)
