"""The data notifications of our own protocol, one at a time: the specification in Python.

:mod:`imuhip.packets.own_decoder` decodes many at once and must agree with this module notification for notification.

References:
    firmware_protocol/PROTOCOL.md, "Data notification" and "Short form".
"""

from __future__ import annotations

import struct

from imuhip.errors import PacketError
from imuhip.records import record

TYPE_DATA = 0x01
FLAG_MAG = 0x01
FLAG_TEMPERATURE = 0x02

HEADER = struct.Struct("<BBBxIQII")  # type, flags, count, reserved, sequence, time_us, period_ns, drops
SAMPLE = struct.Struct("<6h")
MAG = struct.Struct("<3h")
TEMPERATURE = struct.Struct("<h")

COUNT_AT, TIME_AT, PERIOD_AT = 2, 8, 16  # positions of the header's fields that can be malformed

SHORT = struct.Struct("<HIBB6h")  # sequence, time_us, drops, flags, sample
SHORT_FLAGS_AT = 7
SHORT_MARK = 0x80
"""Set in the flags of every notification of the short form; in an ordinary one that was cut to 20 bytes it is not."""

TICK_LIMIT_US = 2**53
"""Sensor times stay below this (285 years), so that they are exact as float64 and fit int64 as nanoseconds."""

PERIOD_LIMIT_NS = 1_000_000_000
"""The slowest sensor of the protocol sends one sample a second."""

Triple = tuple[int, int, int]
Sextuple = tuple[int, int, int, int, int, int]


@record
class Packet:
    """One data notification, values as sent.

    Attributes:
        sequence: Running number of the first sample (u32, short form u16; wraps).
        tick_us: Sensor time of the first sample, microseconds, below :data:`TICK_LIMIT_US` (short form u32, wraps).
        period_ns: Time between two samples in nanoseconds; 0 where the sensor does not measure it.
        drops: The sensor's running count of samples it had to drop (u32, short form u8; wraps).
        samples: 1 to 255 samples of acc x y z, gyr x y z (i16, scales in the descriptor).
        mag: Magnetometer x y z at the first sample (i16), or None.
        temperature: Hundredths of a degree Celsius (i16), or None.
    """

    sequence: int
    tick_us: int
    period_ns: int
    drops: int
    samples: tuple[Sextuple, ...]
    mag: Triple | None = None
    temperature: int | None = None


def payload_size(count: int, flags: int) -> int:
    """Return the bytes that a notification of ``count`` samples with these flags has at least."""
    size = HEADER.size + count * SAMPLE.size
    return size + (MAG.size if flags & FLAG_MAG else 0) + (TEMPERATURE.size if flags & FLAG_TEMPERATURE else 0)


def is_short(data: bytes) -> bool:
    """Tell whether a notification has the short form."""
    return len(data) == SHORT.size and bool(data[SHORT_FLAGS_AT] & SHORT_MARK)


def decode_notification(data: bytes) -> Packet:
    """Decode one data notification, ordinary or short.

    Bytes after the known fields and unknown flags belong to later versions and are ignored.

    Args:
        data: The whole value of the notification.

    Returns:
        The packet, values as sent.

    Raises:
        PacketError: With position and reason, for anything that is not a data notification.
    """
    if is_short(data):
        sequence, tick_us, drops, _, *values = SHORT.unpack(data)
        return Packet(sequence, tick_us, 0, drops, (tuple(values),))
    if len(data) < HEADER.size:
        raise PacketError("notification ends inside its header", position=len(data))
    kind, flags, count, sequence, tick_us, period_ns, drops = HEADER.unpack_from(data)
    if kind != TYPE_DATA:
        raise PacketError(f"unknown type 0x{kind:02x}", position=0)
    if count == 0:
        raise PacketError("no samples", position=COUNT_AT)
    if tick_us >= TICK_LIMIT_US:
        raise PacketError("sensor time is 2^53 us or more", position=TIME_AT)
    if period_ns > PERIOD_LIMIT_NS:
        raise PacketError("sample period is longer than 1 s", position=PERIOD_AT)
    if len(data) < payload_size(count, flags):
        raise PacketError("notification ends before its last field", position=len(data))
    position = HEADER.size + count * SAMPLE.size
    samples = tuple(SAMPLE.iter_unpack(data[HEADER.size : position]))
    mag: Triple | None = None
    temperature: int | None = None
    if flags & FLAG_MAG:
        mag = MAG.unpack_from(data, position)
        position += MAG.size
    if flags & FLAG_TEMPERATURE:
        (temperature,) = TEMPERATURE.unpack_from(data, position)
    return Packet(sequence, tick_us, period_ns, drops, samples, mag, temperature)


def encode_notification(packet: Packet) -> bytes:
    """Encode one data notification, the inverse of :func:`decode_notification`.

    Args:
        packet: Values as they go on the air.

    Returns:
        The notification's value.

    Raises:
        PacketError: If a value does not fit its field; the position is the field's.
    """
    count = len(packet.samples)
    header = (
        ("number of samples", COUNT_AT, count, range(1, 256)),
        ("sequence number", 4, packet.sequence, range(2**32)),
        ("sensor time", TIME_AT, packet.tick_us, range(TICK_LIMIT_US)),
        ("sample period", PERIOD_AT, packet.period_ns, range(PERIOD_LIMIT_NS + 1)),
        ("drop counter", 20, packet.drops, range(2**32)),
    )
    for name, position, value, allowed in header:
        if value not in allowed:
            raise PacketError(f"{name} {value} does not fit", position=position)
    flags = 0
    values: list[int] = [value for sample in packet.samples for value in sample]
    if packet.mag is not None:
        flags |= FLAG_MAG
        values += packet.mag
    if packet.temperature is not None:
        flags |= FLAG_TEMPERATURE
        values.append(packet.temperature)
    try:
        body = struct.pack(f"<{len(values)}h", *values)
    except struct.error as error:
        index = next(i for i, value in enumerate(values) if not -(2**15) <= value < 2**15)
        position = HEADER.size + 2 * index
        raise PacketError(f"value {values[index]} does not fit 16 bits", position=position) from error
    return HEADER.pack(TYPE_DATA, flags, count, packet.sequence, packet.tick_us, packet.period_ns, packet.drops) + body


def encode_short(packet: Packet) -> bytes:
    """Encode one sample in the short form; counters are cut to its widths.

    Args:
        packet: Values as they go on the air, with one sample, no magnetometer and no temperature.

    Returns:
        The notification's value, 20 bytes.

    Raises:
        PacketError: If the short form cannot hold the packet.
    """
    if len(packet.samples) != 1 or packet.mag is not None or packet.temperature is not None:
        raise PacketError("the short form holds one sample and nothing else", position=8)
    counters = packet.sequence % 2**16, packet.tick_us % 2**32, packet.drops % 2**8
    try:
        return SHORT.pack(*counters, SHORT_MARK, *packet.samples[0])
    except struct.error as error:
        raise PacketError(f"sample {packet.samples[0]} does not fit 16 bits", position=8) from error
