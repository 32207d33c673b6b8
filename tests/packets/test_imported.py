"""Imported samples: kept to the last bit, and many at once as one by one."""

from __future__ import annotations

import math
import struct

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from imuhip.errors import PacketError
from imuhip.packets.blocks import block_from_notifications
from imuhip.packets.columns import BadPacket
from imuhip.packets.drivers import DRIVERS
from imuhip.packets.import_codec import (
    ImportDescriptor,
    ImportPacket,
    decode_import,
    decode_import_descriptor,
    encode_import,
    encode_import_descriptor,
)

DRIVER = DRIVERS["import"]
SIGNALLING_NAN = bytes.fromhex("010000000000f07f")
ONE = struct.pack("<BBBx7d", 1, 0, 1, 0.5, 1, 2, 3, 4, 5, 6)

finite = st.floats(-1e6, 1e6) | st.sampled_from([0.0, -0.0, 5e-324, 1e6])


@st.composite
def notifications(draw: st.DrawFn) -> bytes:
    """A notification, mostly good, sometimes with one value or header byte that is not, cut or prolonged."""
    count, flags = draw(st.integers(1, 3)), draw(st.sampled_from([0, 1, 2, 3]))
    values = draw(st.lists(finite, min_size=10 * count, max_size=10 * count))[: count * (10 if flags & 1 else 7)]
    data = bytearray(struct.pack(f"<BBBx{len(values)}d", 1, flags, count, *values))
    match draw(st.sampled_from(["good", "good", "value", "header", "cut", "longer"])):
        case "value":
            at = 4 + 8 * draw(st.integers(0, len(values) - 1))
            odd = [math.nan, math.inf, -math.inf, 1e10, 1.0000001e6, 1e308]
            data[at : at + 8] = draw(st.sampled_from([SIGNALLING_NAN, *(struct.pack("<d", value) for value in odd)]))
        case "header":
            data[draw(st.integers(0, 3))] = draw(st.integers(0, 255))
        case "cut":
            del data[draw(st.integers(0, len(data))) :]
        case "longer":
            data += draw(st.binary(max_size=9))
    return bytes(data)


def bits(values: object) -> bytes:
    return np.asarray(values, dtype=np.float64).tobytes()


@settings(max_examples=300)
@given(st.lists(notifications() | st.binary(max_size=70), max_size=8))
@example([])
@example([b"", b""])
@example([ONE[:-8] + SIGNALLING_NAN])
def test_many_at_once_is_what_one_by_one_gives(data: list[bytes]) -> None:
    columns = DRIVER.decode(block_from_notifications([(0, 0, payload) for payload in data]))
    packets: list[ImportPacket] = []
    index, bad = [], []
    for i, payload in enumerate(data):
        try:
            packets.append(decode_import(payload))
            index.append(i)
        except PacketError as error:
            bad.append(BadPacket(i, error.position, error.reason))
    assert columns.index.tolist() == index
    assert columns.bad == tuple(bad)
    assert columns.count.tolist() == [len(packet.time_s) for packet in packets]
    assert columns.time_s is not None
    assert bits(columns.time_s) == bits([t for packet in packets for t in packet.time_s])
    assert bits(columns.motion) == bits([row for packet in packets for row in packet.motion])
    rows = [
        (has, value) for p in packets for has, value in zip([p.mag] * len(p.time_s), p.mag or p.time_s, strict=True)
    ]
    assert columns.mag_row.tolist() == [row for row, (has, _) in enumerate(rows) if has is not None]
    assert bits(columns.mag) == bits([value for has, value in rows if has is not None])


@given(st.integers(0, 25), st.booleans(), st.integers(1, 11), st.integers(0, 2**32 - 1))
def test_imported_samples_come_back_to_the_last_bit(count: int, has_mag: bool, per: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    time_s, motion = np.cumsum(rng.random(count)), rng.standard_normal((count, 6)) * 10
    mag = rng.standard_normal((count, 3)) if has_mag else None
    if mag is not None:
        mag[::2] = np.nan
    data = encode_import(time_s, motion[:, :3], motion[:, 3:], mag, per_notification=per)
    assert len(data) == math.ceil(count / per)
    columns = DRIVER.decode(block_from_notifications([(0, 0, payload) for payload in data]))
    assert columns.bad == ()
    assert bits(columns.time_s) == bits(time_s)
    assert bits(columns.motion) == bits(motion)
    assert bits(columns.mag) == bits(np.empty((0, 3)) if mag is None else mag)


@pytest.mark.parametrize(("row", "column", "position"), [(0, 0, 4), (11, 2, 4 + 56 + 16), (3, 6, 4 + 3 * 56 + 48)])
@pytest.mark.parametrize("value", [math.nan, math.inf, 1e300])
def test_values_that_are_none_are_refused_when_packing(row: int, column: int, position: int, value: float) -> None:
    samples = np.zeros((20, 7))
    samples[row, column] = value
    with pytest.raises(PacketError) as caught:
        encode_import(samples[:, 0], samples[:, 1:4], samples[:, 4:])
    assert caught.value.position == position


def test_packing_refuses_what_does_not_fit_together() -> None:
    zeros = np.zeros((5, 3))
    with pytest.raises(ValueError, match="256 samples do not fit"):
        encode_import(zeros[:, 0], zeros, zeros, per_notification=256)
    with pytest.raises(ValueError, match="4 magnetometer values for 5 samples"):
        encode_import(zeros[:, 0], zeros, zeros, zeros[:4])


@given(st.floats(1, 10_000), st.sampled_from([None, "ut", "au"]), st.text(max_size=20).filter(str.isprintable))
def test_descriptor_comes_back_as_it_was(rate_hz: float, mag_unit: str | None, source: str) -> None:
    descriptor = ImportDescriptor(rate_hz, mag_unit, source)
    data = encode_import_descriptor(descriptor)
    assert decode_import_descriptor(data) == descriptor
    appended = (len(data) + 2).to_bytes(2, "little") + data[2:] + b"xy"
    assert decode_import_descriptor(appended) == descriptor
    traits = DRIVER.traits(data)
    assert (traits.kind, traits.sequence_bits, traits.rate_hz) == ("recording_clock", 0, rate_hz)
    assert DRIVER.scales(data).mag == (None if mag_unit is None else 1.0)


@given(st.binary(max_size=40) | st.binary(min_size=11, max_size=30).map(lambda tail: b"\x14\x00\x01" + tail))
def test_any_bytes_are_a_descriptor_or_a_packet_error(data: bytes) -> None:
    try:
        decode_import_descriptor(data)
    except PacketError as error:
        inside = 0 <= error.position <= len(data)
    else:
        inside = True
    assert inside


@pytest.mark.parametrize(
    ("descriptor", "position"),
    [
        (ImportDescriptor(100.0, "nt", "x"), 3),
        (ImportDescriptor(math.nan, None, "x"), 4),
        (ImportDescriptor(0.5, None, "x"), 4),
        (ImportDescriptor(100.0, None, "x" * 65536), 12),
        (ImportDescriptor(100.0, None, "\x1b[2J"), 14),
    ],
)
def test_descriptor_refuses_what_does_not_fit(descriptor: ImportDescriptor, position: int) -> None:
    with pytest.raises(PacketError) as caught:
        encode_import_descriptor(descriptor)
    assert caught.value.position == position
