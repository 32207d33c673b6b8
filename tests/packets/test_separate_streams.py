"""Frames of MetaMotion and Polar sensors: vectors with known values."""

from __future__ import annotations

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from imuhip.errors import PacketError
from imuhip.packets.separate_streams import decode_metamotion, decode_pmd

METAMOTION = bytes.fromhex("030562b7530de9fd16d04d0e57028affa1050a01")
PMD = bytes.fromhex("05FFFFFFFFFFFFFF7F80EAFF08000D000301DF00")


def test_metamotion_vector_at_8_g() -> None:
    module, register, samples = decode_metamotion(METAMOTION)
    assert (module, register) == (0x03, 0x05)
    assert [value / 4096 for value in samples[0]] == pytest.approx([-4.539, 0.833, -0.131], abs=5e-4)
    assert samples[2] == (-118, 1441, 266)


def test_polar_vector() -> None:
    frame = decode_pmd(PMD)
    assert (frame.measurement, frame.last_ns) == (5, 2**63 - 1)
    assert frame.samples == ((-22, 8, 13), (-23, 11, 16))


deltas = st.integers(2, 16).flatmap(
    lambda bits: st.tuples(
        st.just(bits),
        st.lists(st.tuples(*[st.integers(-(2 ** (bits - 1)), 2 ** (bits - 1) - 1)] * 3), min_size=1, max_size=20),
    )
)


@given(st.lists(deltas, max_size=4), st.integers(0, 2**64 - 1))
def test_deltas_add_up(blocks: list[tuple[int, list[tuple[int, int, int]]]], last_ns: int) -> None:
    data, known = struct.pack("<BQB3h", 2, last_ns, 0x80, 1, -2, 3), [(1, -2, 3)]
    for bits, rows in blocks:
        packed = 0
        for i, value in enumerate(value for row in rows for value in row):
            packed |= (value % 2**bits) << (bits * i)
        data += bytes((bits, len(rows))) + packed.to_bytes((3 * bits * len(rows) + 7) // 8, "little")
        for row in rows:
            known.append(tuple(a + b for a, b in zip(known[-1], row, strict=True)))  # type: ignore[arg-type]
    assert decode_pmd(data).samples == tuple(known)


@given(st.binary(max_size=40) | st.binary(max_size=60).map(lambda data: PMD[:16] + data))
def test_any_bytes_are_a_frame_or_a_packet_error(data: bytes) -> None:
    for decode in (decode_pmd, decode_metamotion):
        try:
            decode(data)
        except PacketError as error:
            assert error.position <= len(data)  # noqa: PT017


@pytest.mark.parametrize(
    ("data", "position"), [(b"", 0), (PMD[:15], 15), (PMD[:9] + b"\x00" + PMD[10:], 9), (PMD[:19], 16), (PMD[:17], 16)]
)
def test_what_is_no_frame_is_refused_where_the_fault_lies(data: bytes, position: int) -> None:
    with pytest.raises(PacketError) as caught:
        decode_pmd(data)
    assert caught.value.position == position
