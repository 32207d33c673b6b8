from __future__ import annotations

import contextlib
import dataclasses
from collections.abc import Iterator
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from imuhip.errors import PacketError
from imuhip.packets.descriptor import SIZE, Descriptor, decode_descriptor, encode_descriptor

u32 = st.integers(1, 2**32 - 1)
scales = st.builds(Fraction, u32, u32)
ascii_text = st.text(st.characters(min_codepoint=0x20, max_codepoint=0x7E), max_size=16)
descriptors = st.builds(
    Descriptor,
    model=ascii_text,
    firmware=ascii_text,
    rate_mhz=st.integers(1000, 10_000_000),
    acc_range_g=st.integers(0, 65535),
    gyr_range_deg_s=st.integers(0, 65535),
    acc_scale_g=scales,
    gyr_scale_deg_s=scales,
    mag_scale_ut=st.none() | scales,
    has_temperature=st.booleans(),
    log_samples=st.integers(0, 2**32 - 1),
)
DESCRIPTOR = Descriptor("m", "1", 100_000, 8, 2000, Fraction(8, 32768), Fraction(70, 1000))


@contextlib.contextmanager
def inside(data: bytes) -> Iterator[None]:
    """Check that a PacketError on its way up names a place in the data and a reason."""
    try:
        yield
    except PacketError as error:
        if not (0 <= error.position <= len(data) and error.reason):
            raise AssertionError(f"{error!r} points outside {len(data)} bytes") from error
        raise


@given(descriptors)
def test_decoding_gives_back_what_was_encoded(descriptor: Descriptor) -> None:
    assert decode_descriptor(encode_descriptor(descriptor)) == descriptor


@given(descriptors, st.binary(max_size=40))
def test_an_older_reader_ignores_appended_fields(descriptor: Descriptor, appended: bytes) -> None:
    data = (SIZE + len(appended)).to_bytes(2, "little") + encode_descriptor(descriptor)[2:] + appended
    assert decode_descriptor(data) == descriptor


@given(st.binary(max_size=100) | st.binary(min_size=81, max_size=90).map(lambda tail: b"\x54\x00\x01" + tail))
def test_any_bytes_are_a_descriptor_or_a_packet_error_inside_them(data: bytes) -> None:
    with contextlib.suppress(PacketError), inside(data):
        decode_descriptor(data)


@pytest.mark.parametrize(
    ("change", "position"),
    [
        ({"rate_mhz": 0}, 8),
        ({"acc_range_g": -1}, 12),
        ({"gyr_range_deg_s": 65536}, 14),
        ({"acc_scale_g": Fraction(0)}, 16),
        ({"gyr_scale_deg_s": Fraction(1, 2**32)}, 24),
        ({"mag_scale_ut": Fraction(-1)}, 32),
        ({"log_samples": 2**32}, 40),
        ({"model": "x" * 25}, 44),
        ({"model": "\x1b[2J"}, 44),
        ({"firmware": "1.0\ud800"}, 68),
    ],
)
def test_values_that_do_not_fit_are_refused_at_their_field(change: dict[str, Any], position: int) -> None:
    with pytest.raises(PacketError) as caught:
        encode_descriptor(dataclasses.replace(DESCRIPTOR, **change))
    assert caught.value.position == position
