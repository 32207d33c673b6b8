"""The descriptor that the host writes."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from imuhip.errors import PacketError
from imuhip.packets.host_descriptor import HostDescriptor, decode_host_descriptor, encode_host_descriptor

text = st.text(st.characters(min_codepoint=0x20, max_codepoint=0x7E), max_size=16)
GOOD = encode_host_descriptor(HostDescriptor(60.0, "Xsens/Movella DOT", "2.3.1", 21))


@given(
    st.builds(
        HostDescriptor, st.integers(1000, 10_000_000).map(lambda mhz: mhz / 1000), text, text, st.integers(0, 255)
    )
)
def test_it_comes_back_as_it_was(descriptor):
    assert decode_host_descriptor(encode_host_descriptor(descriptor)) == descriptor


def test_its_bytes_do_not_change():
    """They are in recordings."""
    told = "3000011560ea0000" + b"Xsens/Movella DOT".hex().ljust(48, "0") + b"2.3.1".hex().ljust(32, "0")
    assert GOOD.hex() == told


def test_appended_fields_are_ignored():
    longer = (50).to_bytes(2, "little") + GOOD[2:] + b"\xff\xff"
    assert decode_host_descriptor(longer) == decode_host_descriptor(GOOD)


@pytest.mark.parametrize(
    ("data", "position"),
    [
        (b"", 0),
        (GOOD[:47], 47),
        (GOOD[:2] + b"\x02" + GOOD[3:], 2),
        (b"\x2f\x00" + GOOD[2:], 0),
        (b"\x31\x00" + GOOD[2:], 0),
        (GOOD[:4] + bytes(4) + GOOD[8:], 4),
        (GOOD[:9] + b"\x1b" + GOOD[10:], 9),
        (GOOD[:32] + b"\xff" + GOOD[33:], 32),
    ],
)
def test_anything_else_is_refused_where_the_fault_lies(data, position):
    with pytest.raises(PacketError) as caught:
        decode_host_descriptor(data)
    assert caught.value.position == position


@pytest.mark.parametrize(
    "descriptor",
    [
        HostDescriptor(0.5, "m"),
        HostDescriptor(60, "m" * 25),
        HostDescriptor(60, "m", mode=256),
        HostDescriptor(60, "é"),
    ],
)
def test_what_does_not_fit_is_refused(descriptor):
    with pytest.raises(PacketError):
        encode_host_descriptor(descriptor)
