from __future__ import annotations

import contextlib
import dataclasses
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from imuhip.errors import PacketError
from imuhip.packets.codec import Packet, decode_notification, encode_notification

i16 = st.integers(-(2**15), 2**15 - 1)
u32 = st.integers(0, 2**32 - 1)
packets = st.builds(
    Packet,
    sequence=u32,
    tick_us=st.integers(0, 2**53 - 1),
    period_ns=st.integers(0, 10**9),
    drops=u32,
    samples=st.lists(st.tuples(i16, i16, i16, i16, i16, i16), min_size=1, max_size=20).map(tuple),
    mag=st.none() | st.tuples(i16, i16, i16),
    temperature=st.none() | i16,
)
PACKET = Packet(1, 2, 3, 4, ((1, 2, 3, 4, 5, 6),))


@contextlib.contextmanager
def inside(data: bytes) -> Iterator[None]:
    """Check that a PacketError on its way up names a place in the data and a reason."""
    try:
        yield
    except PacketError as error:
        if not (0 <= error.position <= len(data) and error.reason):
            raise AssertionError(f"{error!r} points outside {len(data)} bytes") from error
        raise


@given(packets)
def test_decoding_gives_back_what_was_encoded(packet: Packet) -> None:
    assert decode_notification(encode_notification(packet)) == packet


@given(st.binary(max_size=80) | st.binary(max_size=80).map(lambda tail: b"\x01" + tail))
def test_any_bytes_are_a_packet_or_a_packet_error_inside_them(data: bytes) -> None:
    with contextlib.suppress(PacketError), inside(data):
        decode_notification(data)


@given(packets, st.binary(min_size=1, max_size=40))
def test_appended_fields_change_nothing(packet: Packet, appended: bytes) -> None:
    assert decode_notification(encode_notification(packet) + appended) == packet


@given(packets, st.data())
def test_every_truncation_is_refused_at_its_end(packet: Packet, data: st.DataObject) -> None:
    whole = encode_notification(packet)
    cut = data.draw(st.integers(0, len(whole) - 1))
    with pytest.raises(PacketError) as caught:
        decode_notification(whole[:cut])
    assert caught.value.position == cut


@given(packets)
@example(dataclasses.replace(PACKET, samples=PACKET.samples * 16, mag=(1, 2, 3), temperature=0))
def test_sixteen_samples_with_everything_fit_one_link_layer_packet(packet: Packet) -> None:
    if len(packet.samples) <= 16:
        assert len(encode_notification(packet)) <= 244


@pytest.mark.parametrize(
    ("change", "position"),
    [
        ({"samples": ()}, 2),
        ({"samples": PACKET.samples * 256}, 2),
        ({"sequence": -1}, 4),
        ({"sequence": 2**32}, 4),
        ({"tick_us": -1}, 8),
        ({"tick_us": 2**53}, 8),
        ({"period_ns": 10**9 + 1}, 16),
        ({"drops": 2**32}, 20),
        ({"samples": ((1, 2, 3, 4, 5, 6), (1, 2, 32768, 4, 5, 6))}, 24 + 12 + 4),
        ({"mag": (0, 0, -32769)}, 24 + 12 + 4),
        ({"temperature": 40000}, 24 + 12),
    ],
)
def test_values_that_do_not_fit_are_refused_at_their_field(change: dict[str, Any], position: int) -> None:
    with pytest.raises(PacketError) as caught:
        encode_notification(dataclasses.replace(PACKET, **change))
    assert caught.value.position == position
