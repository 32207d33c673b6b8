"""The decoder of our own protocol: many notifications at once.

References:
    firmware_protocol/PROTOCOL.md.
"""

from __future__ import annotations

import math
from dataclasses import replace
from fractions import Fraction

import numpy as np

from imuhip.packets import codec
from imuhip.packets.clock import ClockTraits
from imuhip.packets.columns import PacketColumns, Scales, explain, interleave
from imuhip.packets.descriptor import decode_descriptor
from imuhip.packets.gather import gather_records, gather_runs
from imuhip.packets.notification import NotificationBlock
from imuhip.units import IntArray

_HEADER = np.dtype(
    {
        "names": ["type", "flags", "count", "sequence", "tick_us", "period_ns", "drops"],
        "formats": ["u1", "u1", "u1", "<u4", "<u8", "<u4", "<u4"],
        "offsets": [0, 1, codec.COUNT_AT, 4, codec.TIME_AT, codec.PERIOD_AT, 20],
        "itemsize": codec.HEADER.size,
    }
)
_SHORT = np.dtype([("sequence", "<u2"), ("tick_us", "<u4"), ("drops", "u1"), ("flags", "u1"), ("motion", "<i2", 6)])
_STANDARD_GRAVITY_M_S2 = Fraction("9.80665")  # exact by definition (CGPM 1901)


class OwnDecoder:
    """Decodes data notifications and descriptors of firmware_protocol."""

    name = "imuhip"
    loss_visible = True

    def join(self, held: NotificationBlock, block: NotificationBlock) -> tuple[NotificationBlock, NotificationBlock]:
        """See :class:`imuhip.packets.drivers.Driver`; nothing is split."""
        return block, held

    def traits(self, descriptor: bytes) -> ClockTraits:
        """See :class:`imuhip.packets.drivers.Driver`."""
        known = decode_descriptor(descriptor)
        rate_hz = known.rate_mhz / 1000
        if known.short_form:
            return ClockTraits(kind="sensor_clock", tick_bits=32, sequence_bits=16, rate_hz=rate_hz, drop_bits=8)
        return ClockTraits(kind="sensor_clock", tick_bits=64, sequence_bits=32, rate_hz=rate_hz)

    def scales(self, descriptor: bytes) -> Scales:
        """See :class:`imuhip.packets.drivers.Driver`."""
        known = decode_descriptor(descriptor)
        return Scales(
            acc_m_s2=float(known.acc_scale_g * _STANDARD_GRAVITY_M_S2),
            gyr_rad_s=math.radians(known.gyr_scale_deg_s),
            mag=None if known.mag_scale_ut is None else float(known.mag_scale_ut),
        )

    def decode(self, block: NotificationBlock) -> PacketColumns:
        """See :class:`imuhip.packets.drivers.Driver`; packet for packet as :func:`codec.decode_notification`."""
        length = block.offset[1:] - block.offset[:-1]
        packets = _ordinary(block, length)
        short = np.flatnonzero(length == codec.SHORT.size)
        if len(short):
            marks = block.data[block.offset[short] + codec.SHORT_FLAGS_AT] & codec.SHORT_MARK
            packets = interleave((packets, _short(block, short[marks > 0])))
        return replace(packets, bad=explain(block, packets.index, codec.decode_notification))


def _ordinary(block: NotificationBlock, length: IntArray) -> PacketColumns:
    """Read the good notifications of the ordinary form."""
    start = block.offset[:-1]
    index = np.flatnonzero(length >= codec.HEADER.size)
    header = gather_records(block.data, start[index], codec.HEADER.size).view(_HEADER)
    count = header["count"].astype(np.int64)
    flags = header["flags"].astype(np.int64)
    mag_size = codec.MAG.size * (flags & codec.FLAG_MAG)
    temperature_size = codec.TEMPERATURE.size * ((flags & codec.FLAG_TEMPERATURE) >> 1)
    samples_size = codec.SAMPLE.size * count
    good = (
        (header["type"] == codec.TYPE_DATA)
        & (count > 0)
        & (header["tick_us"] < codec.TICK_LIMIT_US)
        & (header["period_ns"] <= codec.PERIOD_LIMIT_NS)
        & (length[index] >= codec.HEADER.size + samples_size + mag_size + temperature_size)
    )
    if not good.all():
        index, header, count = index[good], header[good], count[good]
        samples_size, mag_size, temperature_size = samples_size[good], mag_size[good], temperature_size[good]
    samples_at = start[index] + codec.HEADER.size
    mag_at = samples_at + samples_size
    with_mag = np.flatnonzero(mag_size)
    temperature = np.full(len(index), np.nan)
    if temperature_size.any():
        sent = np.flatnonzero(temperature_size)
        temperature[sent] = gather_records(block.data, (mag_at + mag_size)[sent], 2).view("<i2")
    return PacketColumns(
        index=index,
        sequence=header["sequence"].astype(np.int64),
        tick_us=header["tick_us"].astype(np.int64),
        period_ns=header["period_ns"].astype(np.int64),
        drops=header["drops"].astype(np.int64),
        count=count,
        time_s=None,
        motion=gather_runs(block.data, samples_at, samples_size).view("<i2").reshape(-1, 6),
        mag_row=(np.cumsum(count) - count)[with_mag],
        mag=gather_records(block.data, mag_at[with_mag], codec.MAG.size).view("<i2").reshape(-1, 3),
        temperature=temperature,
        bad=(),
    )


def _short(block: NotificationBlock, index: IntArray) -> PacketColumns:
    """Read notifications of the short form."""
    record = gather_records(block.data, block.offset[index], codec.SHORT.size).view(_SHORT)
    return PacketColumns(
        index=index,
        sequence=record["sequence"].astype(np.int64),
        tick_us=record["tick_us"].astype(np.int64),
        period_ns=np.zeros(len(index), dtype=np.int64),
        drops=record["drops"].astype(np.int64),
        count=np.ones(len(index), dtype=np.int64),
        time_s=None,
        motion=np.ascontiguousarray(record["motion"]),
        mag_row=np.empty(0, dtype=np.int64),
        mag=np.empty((0, 3), dtype=np.int16),
        temperature=np.full(len(index), np.nan),
        bad=(),
    )
