"""Xsens and Movella DOT: vectors of the specification, and the times of real streams with loss."""

from __future__ import annotations

import csv
import math
import struct
from pathlib import Path

import numpy as np
import pytest

from imuhip.errors import InputError, PacketError
from imuhip.packets.blocks import block_from_notifications
from imuhip.packets.dot import (
    CONTROL_UUID,
    INFO_UUID,
    LONG_UUID,
    MEASURE_UUID,
    MEDIUM_UUID,
    MODE_CUSTOM_5,
    DotDriver,
    decode_message,
    encode_message,
)
from imuhip.packets.host_descriptor import decode_host_descriptor
from imuhip.packets.notification import SensorInfo
from imuhip.samples.stage import SampleStage
from imuhip.timeline.link import Link
from imuhip.timeline.track import Track

DOT = DotDriver()
MOTION = (0.5, -9.75, 1.25, 100.0, -200.5, 0.125)  # exact as 32-bit floats


def rate_payload(tick_us: int, motion: tuple[float, ...] = MOTION) -> bytes:
    return struct.pack("<I6f", tick_us, *motion).ljust(40, b"\0")


def custom_5_payload(tick_us: int, motion: tuple[float, ...] = MOTION) -> bytes:
    return struct.pack("<I4f6f", tick_us, 1.0, 0.0, 0.0, 0.0, *motion).ljust(63, b"\0")


def stage_of(driver: DotDriver = DOT) -> SampleStage:
    return SampleStage(SensorInfo(0, "pelvis", driver.model, driver.name, driver.describe(60.0, {})))


@pytest.mark.parametrize(
    "payload", [rate_payload(7), custom_5_payload(7), rate_payload(7)[:28], custom_5_payload(7)[:44]]
)
def test_both_modes_are_decoded_padded_or_not(payload: bytes) -> None:
    packet = DOT.decode_one(payload)
    assert packet.tick_us == 7
    assert [tuple(sample) for sample in packet.samples] == [MOTION]


def test_values_become_si_units() -> None:
    block = stage_of().feed(block_from_notifications([(1, 0, rate_payload(2**32 - 1))]))
    assert block.tick_us.tolist() == [2**32 - 1]
    np.testing.assert_array_equal(block.acc_m_s2, [MOTION[:3]])
    np.testing.assert_allclose(block.gyr_rad_s, np.radians([MOTION[3:]]), rtol=1e-15)


@pytest.mark.parametrize(
    ("payload", "position"),
    [
        (b"", 0),
        (rate_payload(0)[:27], 27),
        (rate_payload(0, (math.nan, *MOTION[1:])), 4),
        (rate_payload(0, (*MOTION[:5], math.inf)), 24),
        (custom_5_payload(0, (*MOTION[:5], -2e6)), 40),
    ],
)
def test_what_is_no_payload_is_refused_where_the_fault_lies(payload: bytes, position: int) -> None:
    with pytest.raises(PacketError) as caught:
        DOT.decode_one(payload)
    assert caught.value.position == position


@pytest.mark.parametrize(
    "message", ["010102FC", "0207013D69F16ECAD453", "010260019C", "010974000105060708090A54", "010740DF503B5B0807E4"]
)
def test_messages_of_the_specification(message: str) -> None:
    data = bytes.fromhex(message)
    identifier, body = decode_message(data)
    assert (identifier, len(body)) == (data[0], data[1])
    assert encode_message(identifier, body) == data


@pytest.mark.parametrize("message", ["010740DF503B5B0807E0", "010102FD", "0101", "", "010202FC", "01010200FC"])
def test_messages_with_a_wrong_checksum_or_length_are_refused(message: str) -> None:
    with pytest.raises(PacketError):
        decode_message(bytes.fromhex(message))


def test_a_message_that_is_too_long_is_refused() -> None:
    with pytest.raises(PacketError):
        encode_message(1, bytes(256))


def test_setup_is_what_the_specification_asks_for() -> None:
    (rate,) = DOT.configure(60.0)
    assert (rate.uuid, rate.data) == (CONTROL_UUID, b"\x10" + bytes(23) + b"\x3c\x00" + bytes(6))
    (start,), (stop,) = DOT.start(60.0), DOT.stop()
    assert (start.uuid, start.data, stop.data) == (MEASURE_UUID, b"\x01\x01\x15", b"\x01\x00\x15")
    assert DotDriver(MODE_CUSTOM_5).start(60.0)[0].data == b"\x01\x01\x1a"
    (blink,) = DOT.identify()
    assert blink.data == b"\x01\x01" + bytes(30)
    assert MEDIUM_UUID == "15172003-4947-11e9-8646-d663bd873d93"
    assert all(DOT.carries_samples(uuid, b"") for uuid in (MEDIUM_UUID, LONG_UUID))
    assert not DOT.carries_samples(CONTROL_UUID, b"")
    with pytest.raises(InputError, match=r"20, 30, 60 Hz"):
        DOT.configure(120.0)


def test_the_firmware_is_told_in_the_descriptor() -> None:
    info = bytes.fromhex("d422cd003d69") + bytes((2, 3, 1)) + bytes(25)
    known = decode_host_descriptor(DOT.describe(60.0, {INFO_UUID: info}))
    assert (known.rate_hz, known.model, known.firmware, known.mode) == (60.0, "Xsens/Movella DOT", "2.3.1", 21)
    assert decode_host_descriptor(DOT.describe(60.0, {INFO_UUID: info[:33]})).firmware == ""


def test_battery_is_the_first_byte() -> None:
    assert DOT.battery_percent(b"\x55\x01") == 85
    for wrong in (b"", b"\x65"):
        with pytest.raises(PacketError):
            DOT.battery_percent(wrong)


def streams(folder: Path) -> list[tuple[str, np.ndarray, np.ndarray]]:
    """(file, packet counter, sensor time) of the real streams."""
    found = []
    for path in sorted(folder.glob("*.csv")):
        with path.open(encoding="utf-8-sig", newline="") as file:
            rows = [row for row in csv.reader(file) if len(row) >= 10 and row[0].isdigit()]
        found.append((path.name, np.array([int(row[0]) for row in rows]), np.array([int(row[1]) for row in rows])))
    return found


@pytest.mark.parametrize("turn_us", [0, 2**32 - 3_343_444_552 - 2_000_000], ids=["as recorded", "over the wrap"])
def test_loss_of_real_streams_is_counted_by_their_clock(shared_data: Path, turn_us: int) -> None:
    """The device's own packet counter, which is only in its files, tells what was lost."""
    known = streams(shared_data / "ble" / "xsens_dot_60hz")
    assert len(known) == 5
    for name, counter, tick_us in known:
        ticks = (tick_us + turn_us) % 2**32
        arrival = 10**12 + np.rint((tick_us - tick_us[0]) * 1000).astype(np.int64) + 20_000_000
        notes = [(int(at), 0, rate_payload(int(tick))) for at, tick in zip(arrival, ticks, strict=True)]
        samples = stage_of().feed(block_from_notifications(notes))
        traits = DOT.traits(DOT.describe(60.0, {}))
        link = Link(traits)
        order = link.feed(samples)
        assert order.taken.all(), name
        assert (link.lost, link.reboots, link.duplicates) == (counter[-1] - counter[0] + 1 - len(counter), 0, 0), name
        np.testing.assert_array_equal(order.number, counter - counter[0], err_msg=name)
        track = Track(traits, fill=False)
        timed = track.feed(samples)
        assert timed is not None
        np.testing.assert_allclose(np.diff(timed.host_ns) * 1e-3, np.diff(tick_us), rtol=0.01, err_msg=name)
        assert track.link.lost == link.lost
    assert {len(counter) for _, counter, _ in known} == {195, 381, 382}
