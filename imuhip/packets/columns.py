"""Many packets of one sensor as columns: what every driver decodes notifications into."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import numpy.typing as npt

from imuhip.errors import PacketError
from imuhip.packets.notification import NotificationBlock
from imuhip.records import record
from imuhip.units import FloatArray, IntArray


@record
class BadPacket:
    """A notification that is not a packet: a counted event, never an exception.

    Attributes:
        index: Which notification of the block it was.
        position: Byte offset in the notification where the fault was found.
        reason: What is wrong.
    """

    index: int
    position: int
    reason: str


@record
class Scales:
    """What one step of a driver's values means in SI units.

    Attributes:
        acc_m_s2: Specific force of one step.
        gyr_rad_s: Angular rate of one step.
        mag: Magnetic field of one step in the unit of the descriptor; None where the sensor has no magnetometer.
    """

    acc_m_s2: float
    gyr_rad_s: float
    mag: float | None


@record
class PacketColumns:
    """The P good packets of a block, holding S samples, values as sent.

    Attributes:
        index: (P,) which notification of the block each packet was.
        sequence: (P,) running number of the first sample (0 where the model has none).
        tick_us: (P,) sensor time of the first sample (0 where the model has none).
        period_ns: (P,) time between the samples of a packet; 0 where the sensor does not tell it.
        drops: (P,) the sensor's running count of samples it had to drop.
        count: (P,) samples in each packet.
        time_s: (S,) time of each sample where the driver has it, else None.
        motion: (S, 6) acc x y z, gyr x y z in the driver's own steps (int16 or float64).
        mag_row: (M,) which samples have a magnetometer value.
        mag: (M, 3) those values, in the driver's own steps.
        temperature: (P,) hundredths of a degree Celsius, NaN where not sent.
        bad: The notifications that are not packets.
    """

    index: IntArray
    sequence: IntArray
    tick_us: IntArray
    period_ns: IntArray
    drops: IntArray
    count: IntArray
    time_s: FloatArray | None
    motion: npt.NDArray[np.int16] | FloatArray
    mag_row: IntArray
    mag: npt.NDArray[np.int16] | FloatArray
    temperature: FloatArray
    bad: tuple[BadPacket, ...]


def interleave(parts: Sequence[PacketColumns]) -> PacketColumns:
    """Put packets of one block that were decoded in parts into the order of their notifications.

    Args:
        parts: Packets of different notifications, in order within each part, without ``time_s``.

    Returns:
        All packets; the bad ones of every part, in order.
    """
    index = np.concatenate([part.index for part in parts])
    order = np.argsort(index, kind="stable")
    count = np.concatenate([part.count for part in parts])
    first = np.cumsum(count) - count
    total = int(count.sum())
    rows = np.repeat(first[order], count[order]) + np.arange(total)
    rows -= np.repeat(np.cumsum(count[order]) - count[order], count[order])
    place = np.empty(total, dtype=np.int64)
    place[rows] = np.arange(total)
    start = np.cumsum([0, *(len(part.motion) for part in parts)])
    mag_row = place[np.concatenate([part.mag_row + low for part, low in zip(parts, start, strict=False)])]
    mag_order = np.argsort(mag_row, kind="stable")
    return PacketColumns(
        index=index[order],
        sequence=np.concatenate([part.sequence for part in parts])[order],
        tick_us=np.concatenate([part.tick_us for part in parts])[order],
        period_ns=np.concatenate([part.period_ns for part in parts])[order],
        drops=np.concatenate([part.drops for part in parts])[order],
        count=count[order],
        time_s=None,
        motion=np.concatenate([part.motion for part in parts])[rows],
        mag_row=mag_row[mag_order],
        mag=np.concatenate([part.mag for part in parts])[mag_order],
        temperature=np.concatenate([part.temperature for part in parts])[order],
        bad=tuple(sorted((bad for part in parts for bad in part.bad), key=lambda bad: bad.index)),
    )


def explain(block: NotificationBlock, good: IntArray, decode: Callable[[bytes], object]) -> tuple[BadPacket, ...]:
    """Say what is wrong with the notifications that are not packets.

    Args:
        block: The notifications.
        good: (P,) indices of those that are packets.
        decode: The decoder of one notification; it knows position and reason, so they cannot differ from it.

    Returns:
        One event for each of the others, in order.

    Raises:
        RuntimeError: If ``decode`` accepts one of them: the two decoders disagree, a defect of this program.
    """
    if len(good) == len(block):
        return ()
    refused = np.ones(len(block), dtype=np.bool_)
    refused[good] = False
    bad = []
    for index in np.flatnonzero(refused).tolist():
        try:
            decode(block.data[block.offset[index] : block.offset[index + 1]].tobytes())
        except PacketError as error:
            bad.append(BadPacket(index, error.position, error.reason))
        else:
            raise RuntimeError(f"notification {index} is a packet for one decoder and none for the other")
    return tuple(bad)
