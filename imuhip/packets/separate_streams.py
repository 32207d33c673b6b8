"""Frames of sensors that send acceleration and angular rate as two streams; decoded here, not yet put together.

A driver of such a sensor has to pair the two streams before it is a :class:`imuhip.packets.drivers.RadioDriver`:
samples of this program have both.

References:
    MbientLab, MetaWear C++ API, accelerometer and gyro modules. Polar, SDK documentation of the Polar Measurement Data
    service: frame, compressed by deltas.
"""

from __future__ import annotations

import struct

from imuhip.errors import PacketError
from imuhip.records import record

Triple = tuple[int, int, int]

_PACKED = struct.Struct("<BB9h")
_PMD_HEADER = struct.Struct("<BQB")  # measurement, ns since 2000 of the last sample, frame type
_PMD_COMPRESSED = 0x80
_PMD_REFERENCE = struct.Struct("<3h")
_PMD_BITS = range(1, 33)


@record
class PmdFrame:
    """One frame of Polar's measurement data.

    Attributes:
        measurement: 2 acceleration, 5 angular rate.
        last_ns: Time of the **last** sample, nanoseconds since 2000-01-01.
        samples: Values x y z; the factor to units comes with the reply that started the stream.
    """

    measurement: int
    last_ns: int
    samples: tuple[Triple, ...]


def decode_metamotion(data: bytes) -> tuple[int, int, tuple[Triple, Triple, Triple]]:
    """Read three samples of MetaMotion's packed output.

    Returns:
        Module (0x03 accelerometer, 0x13 gyro), register, samples x y z in steps of the range that was set.

    Raises:
        PacketError: If it is not as long as three samples.
    """
    if len(data) != _PACKED.size:
        raise PacketError(f"packed output of {len(data)} bytes, not {_PACKED.size}", position=len(data))
    module, register, *values = _PACKED.unpack(data)
    a, b, c = (tuple(values[at : at + 3]) for at in (0, 3, 6))
    return module, register, (a, b, c)


def decode_pmd(data: bytes) -> PmdFrame:
    """Read a compressed frame of three channels of 16 bits: a reference, then blocks of deltas.

    Raises:
        PacketError: With position and reason, for anything else.
    """
    at = _PMD_HEADER.size + _PMD_REFERENCE.size
    if len(data) < at:
        raise PacketError("frame ends before its reference", position=len(data))
    measurement, last_ns, kind = _PMD_HEADER.unpack_from(data)
    if kind != _PMD_COMPRESSED:
        raise PacketError(f"frame type 0x{kind:02x} is not compressed type 0", position=9)
    samples = [_PMD_REFERENCE.unpack_from(data, _PMD_HEADER.size)]
    while at < len(data):
        bits, count = data[at], data[at + 1] if at + 1 < len(data) else 0
        size = (3 * bits * count + 7) // 8
        if bits not in _PMD_BITS or not count or at + 2 + size > len(data):
            raise PacketError("block of deltas is not whole", position=at)
        deltas = _signed(int.from_bytes(data[at + 2 : at + 2 + size], "little"), bits, 3 * count)
        for i in range(0, len(deltas), 3):
            x, y, z = samples[-1]
            samples.append((x + deltas[i], y + deltas[i + 1], z + deltas[i + 2]))
        at += 2 + size
    return PmdFrame(measurement, last_ns, tuple(samples))


def _signed(packed: int, bits: int, count: int) -> list[int]:
    """Return numbers of ``bits`` bits each, the first in the lowest bits, two's complement."""
    half = 1 << (bits - 1)
    return [(((packed >> (bits * i)) + half) & (2 * half - 1)) - half for i in range(count)]
