"""Decoding many notifications at once against decoding them one at a time."""

from __future__ import annotations

import math
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

from imuhip.errors import PacketError
from imuhip.packets.blocks import block_from_notifications, slice_block
from imuhip.packets.codec import SHORT_MARK, Packet, decode_notification, encode_notification, encode_short
from imuhip.packets.columns import BadPacket, PacketColumns
from imuhip.packets.descriptor import Descriptor, encode_descriptor
from imuhip.packets.drivers import DRIVERS

DRIVER = DRIVERS["imuhip"]
i16 = st.integers(-(2**15), 2**15 - 1)
good = st.builds(
    Packet,
    sequence=st.integers(0, 2**32 - 1),
    tick_us=st.integers(0, 2**53 - 1),
    period_ns=st.integers(0, 10**9),
    drops=st.integers(0, 2**32 - 1),
    samples=st.lists(st.tuples(i16, i16, i16, i16, i16, i16), min_size=1, max_size=3).map(tuple),
    mag=st.none() | st.tuples(i16, i16, i16),
    temperature=st.none() | i16,
).map(encode_notification)

i16x6 = st.tuples(i16, i16, i16, i16, i16, i16)
short = st.builds(
    Packet,
    sequence=st.integers(0, 2**16 - 1),
    tick_us=st.integers(0, 2**32 - 1),
    period_ns=st.just(0),
    drops=st.integers(0, 255),
    samples=st.tuples(i16x6),
).map(encode_short)


@st.composite
def damaged(draw: st.DrawFn) -> bytes:
    """A notification with some header bytes replaced, cut or prolonged anywhere."""
    data = bytearray(draw(good))
    for _ in range(draw(st.integers(0, 2))):
        # the bytes that decide: type, flags, count, ends of the time and of the period
        data[draw(st.sampled_from([0, 1, 2, 3, 14, 15, 18, 19]))] = draw(st.integers(0, 255))
    return bytes(data[: draw(st.integers(0, len(data)))]) + draw(st.binary(max_size=9))


payloads = st.lists(
    good | short | damaged() | st.binary(min_size=20, max_size=20) | st.binary(max_size=40), max_size=12
)


def one_by_one(data: list[bytes]) -> tuple[list[Packet], list[int], tuple[BadPacket, ...]]:
    packets, index, bad = [], [], []
    for i, payload in enumerate(data):
        try:
            packets.append(decode_notification(payload))
            index.append(i)
        except PacketError as error:
            bad.append(BadPacket(i, error.position, error.reason))
    return packets, index, tuple(bad)


def as_packets(columns: PacketColumns) -> list[Packet]:
    first = np.cumsum(columns.count) - columns.count
    mag = {int(row): tuple(value) for row, value in zip(columns.mag_row, columns.mag.tolist(), strict=True)}
    return [
        Packet(
            sequence=int(columns.sequence[p]),
            tick_us=int(columns.tick_us[p]),
            period_ns=int(columns.period_ns[p]),
            drops=int(columns.drops[p]),
            samples=tuple(map(tuple, columns.motion[first[p] : first[p] + columns.count[p]].tolist())),
            mag=mag.get(int(first[p])),
            temperature=None if math.isnan(columns.temperature[p]) else int(columns.temperature[p]),
        )
        for p in range(len(columns.index))
    ]


@settings(max_examples=300)
@given(payloads)
@example([])
@example([b""])
@example([b"", b""])
def test_many_at_once_is_what_one_by_one_gives(data: list[bytes]) -> None:
    columns = DRIVER.decode(block_from_notifications([(0, 0, payload) for payload in data]))
    packets, index, bad = one_by_one(data)
    assert as_packets(columns) == packets
    assert columns.index.tolist() == index
    assert columns.bad == bad
    assert columns.motion.shape == (sum(len(packet.samples) for packet in packets), 6)


@given(payloads, st.data())
def test_a_part_of_a_block_decodes_as_that_part(data: list[bytes], draw: st.DataObject) -> None:
    block = block_from_notifications([(0, 0, payload) for payload in data])
    start = draw.draw(st.integers(0, len(data)))
    stop = draw.draw(st.integers(start, len(data)))
    assert as_packets(DRIVER.decode(slice_block(block, start, stop))) == one_by_one(data[start:stop])[0]


def test_traits_and_scales_come_from_the_descriptor() -> None:
    known = Descriptor("m", "1", 104_000, 8, 2000, Fraction(8, 32768), Fraction(70, 1000), Fraction(15, 100))
    data = encode_descriptor(known)
    traits = DRIVER.traits(data)
    assert (traits.kind, traits.tick_bits, traits.sequence_bits, traits.rate_hz) == ("sensor_clock", 64, 32, 104.0)
    scales = DRIVER.scales(data)
    assert scales.acc_m_s2 * 4096 == 9.80665
    assert scales.gyr_rad_s == math.radians(0.07)
    assert scales.mag == 0.15
    assert DRIVER.loss_visible


def test_short_form_in_the_descriptor_narrows_the_counters() -> None:
    known = Descriptor("m", "1", 100_000, 8, 2000, Fraction(8, 32768), Fraction(70, 1000), short_form=True)
    traits = DRIVER.traits(encode_descriptor(known))
    assert (traits.tick_bits, traits.sequence_bits, traits.drop_bits) == (32, 16, 8)


@pytest.mark.parametrize(
    "packet",
    [
        Packet(0, 0, 0, 0, ((0,) * 6,) * 2),
        Packet(0, 0, 0, 0, ()),
        Packet(0, 0, 0, 0, ((0,) * 6,), mag=(1, 2, 3)),
        Packet(0, 0, 0, 0, ((0,) * 6,), temperature=0),
        Packet(0, 0, 0, 0, ((0, 0, 0, 0, 0, 2**15),)),
    ],
)
def test_the_short_form_refuses_what_it_cannot_hold(packet: Packet) -> None:
    with pytest.raises(PacketError):
        encode_short(packet)


def test_the_short_form_sends_the_low_bits_of_the_counters() -> None:
    packet = decode_notification(encode_short(Packet(2**31 + 5, 2**52 + 6, 10_000_000, 2**20 + 7, ((1,) * 6,))))
    assert packet == Packet(5, 6, 0, 7, ((1,) * 6,))


@given(good)
def test_an_ordinary_notification_cut_to_twenty_bytes_is_not_taken_for_short(data: bytes) -> None:
    cut = data[:20]
    assume(not cut[7] & SHORT_MARK)  # it is only after 2**31 samples, eight months at 100 Hz
    with pytest.raises(PacketError):
        decode_notification(cut)


@pytest.mark.parametrize("name", list(DRIVERS))
def test_a_bad_descriptor_is_a_packet_error(name: str) -> None:
    assert DRIVERS[name].name == name
    for read in (DRIVERS[name].traits, DRIVERS[name].scales):
        with pytest.raises(PacketError):
            read(b"not a descriptor, not even nearly")
