"""The driver of imported samples: many notifications at once."""

from __future__ import annotations

import numpy as np

from imuhip.packets import import_codec
from imuhip.packets.clock import ClockTraits
from imuhip.packets.columns import PacketColumns, Scales, explain
from imuhip.packets.gather import gather_records, gather_runs
from imuhip.packets.notification import NotificationBlock
from imuhip.units import BoolArray, IntArray

_HEADER = np.dtype(
    {
        "names": ["type", "flags", "count"],
        "formats": ["u1"] * 3,
        "offsets": [0, 1, 2],
        "itemsize": import_codec.HEADER.size,
    }
)


class ImportDriver:
    """Decodes imported samples."""

    name = "import"
    loss_visible = False

    def join(self, held: NotificationBlock, block: NotificationBlock) -> tuple[NotificationBlock, NotificationBlock]:
        """See :class:`imuhip.packets.drivers.Driver`; nothing is split."""
        return block, held

    def traits(self, descriptor: bytes) -> ClockTraits:
        """See :class:`imuhip.packets.drivers.Driver`."""
        rate_hz = import_codec.decode_import_descriptor(descriptor).rate_hz
        return ClockTraits(kind="recording_clock", tick_bits=64, sequence_bits=0, rate_hz=rate_hz)

    def scales(self, descriptor: bytes) -> Scales:
        """See :class:`imuhip.packets.drivers.Driver`; factors of one keep every value as it was."""
        has_mag = import_codec.decode_import_descriptor(descriptor).mag_unit is not None
        return Scales(acc_m_s2=1.0, gyr_rad_s=1.0, mag=1.0 if has_mag else None)

    def decode(self, block: NotificationBlock) -> PacketColumns:
        """See :class:`imuhip.packets.drivers.Driver`; packet for packet as :func:`import_codec.decode_import`."""
        start = block.offset[:-1]
        length = block.offset[1:] - start
        index = np.flatnonzero(length >= import_codec.HEADER.size)
        header = gather_records(block.data, start[index], import_codec.HEADER.size).view(_HEADER)
        count = header["count"].astype(np.int64)
        has_mag = (header["flags"] & import_codec.FLAG_MAG).astype(np.bool_)
        size = import_codec.HEADER.size + count * (import_codec.MOTION_SIZE + import_codec.MAG_SIZE * has_mag)
        whole = (header["type"] == import_codec.TYPE_IMPORT) & (count > 0) & (length[index] >= size)
        if not whole.all():
            index, count, has_mag = index[whole], count[whole], has_mag[whole]
        return _columns(block, index, count, has_mag)


def _columns(block: NotificationBlock, index: IntArray, count: IntArray, has_mag: BoolArray) -> PacketColumns:
    """Read the values of whole notifications, leaving out those with implausible ones."""
    motion_at = block.offset[index] + import_codec.HEADER.size
    motion_size = import_codec.MOTION_SIZE * count
    motion = gather_runs(block.data, motion_at, motion_size).view("<f8").reshape(-1, 7)
    mag_at = (motion_at + motion_size)[has_mag]
    mag = gather_runs(block.data, mag_at, import_codec.MAG_SIZE * count[has_mag]).view("<f8").reshape(-1, 3)
    mag_row = np.flatnonzero(np.repeat(has_mag, count))
    motion_ok = import_codec.plausible_motion(motion)
    mag_ok = import_codec.plausible_mag(mag)
    if not (motion_ok.all() and mag_ok.all()):
        packet_of_row = np.repeat(np.arange(len(index)), count)
        good = np.ones(len(index), dtype=np.bool_)
        good[packet_of_row[~motion_ok.all(axis=1)]] = False
        good[packet_of_row[mag_row[~mag_ok.all(axis=1)]]] = False
        return _columns(block, index[good], count[good], has_mag[good])
    zero = np.zeros(len(index), dtype=np.int64)
    return PacketColumns(
        index=index,
        sequence=zero,
        tick_us=zero,
        period_ns=zero,
        drops=zero,
        count=count,
        time_s=np.ascontiguousarray(motion[:, 0]),
        motion=motion[:, 1:],
        mag_row=mag_row,
        mag=mag,
        temperature=np.full(len(index), np.nan),
        bad=explain(block, index, import_codec.decode_import),
    )
