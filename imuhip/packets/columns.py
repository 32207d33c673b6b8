"""Many packets of one sensor as columns: what every driver decodes notifications into."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from imuhip.errors import PacketError
from imuhip.packets.notification import NotificationBlock
from imuhip.units import FloatArray, IntArray


@dataclass(frozen=True, slots=True)
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


@dataclass(frozen=True, slots=True)
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


@dataclass(frozen=True, slots=True)
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
