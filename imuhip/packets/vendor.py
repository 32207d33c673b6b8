"""What the drivers of bought sensors have in common, so that each is only what is particular to its model."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from typing import ClassVar

import numpy as np

from imuhip.errors import InputError, PacketError
from imuhip.packets.clock import ClockTraits
from imuhip.packets.columns import BadPacket, PacketColumns, Scales
from imuhip.packets.gatt import Advertisement, Answer, Capabilities, Request
from imuhip.packets.host_descriptor import HostDescriptor, decode_host_descriptor, encode_host_descriptor
from imuhip.packets.import_codec import VALUE_LIMIT
from imuhip.packets.notification import NotificationBlock
from imuhip.records import record

RADIANS = math.radians(1.0)


@record
class VendorPacket:
    """What one notification of a bought sensor tells.

    Attributes:
        samples: Each sample's acc x y z, gyr x y z, in the driver's own steps; at least one.
        tick_us: Sensor time of the first sample, microseconds; 0 where the model has no clock.
    """

    samples: Sequence[Sequence[float]]
    tick_us: int = 0


class VendorDriver(ABC):
    """A driver that decodes one notification at a time; see :class:`imuhip.packets.drivers.RadioDriver`.

    What most models lack is absent here: a log, answers, a blinking light.
    """

    name: ClassVar[str]
    model: ClassVar[str]
    capabilities: ClassVar[Capabilities]
    notify_uuids: tuple[str, ...]
    info_uuids: ClassVar[tuple[str, ...]] = ()
    battery: ClassVar[Request | None] = None
    tick_bits: ClassVar[int] = 64
    """Width of the sensor's clock counted in microseconds; 64: it does not wrap in a session."""
    scale: ClassVar[Scales] = Scales(acc_m_s2=1.0, gyr_rad_s=RADIANS, mag=None)
    """What one step of the values means; the default is for values in m/s2 and deg/s."""

    @property
    def loss_visible(self) -> bool:
        """Whether lost samples can be counted."""
        return self.capabilities.loss_visible

    @abstractmethod
    def decode_one(self, data: bytes) -> VendorPacket:
        """Decode one notification.

        Raises:
            PacketError: With position and reason, for anything else.
        """

    @abstractmethod
    def recognise(self, advertisement: Advertisement) -> bool:
        """Tell whether an advertisement comes from such a sensor."""

    @abstractmethod
    def start(self, rate_hz: float) -> tuple[Request, ...]:
        """Return what starts the samples, in order."""

    @abstractmethod
    def stop(self) -> tuple[Request, ...]:
        """Return what stops them."""

    def decode(self, block: NotificationBlock) -> PacketColumns:
        """Decode the notifications one after the other; never raises for data."""
        data, offset = block.data.tobytes(), block.offset.tolist()
        index, ticks, counts, bad = [], [], [], []
        samples: list[Sequence[float]] = []
        for at in range(len(block)):
            try:
                packet = self.decode_one(data[offset[at] : offset[at + 1]])
            except PacketError as error:
                bad.append(BadPacket(at, error.position, error.reason))
                continue
            index.append(at)
            ticks.append(packet.tick_us)
            counts.append(len(packet.samples))
            samples += packet.samples
        zero = np.zeros(len(index), dtype=np.int64)
        return PacketColumns(
            index=np.array(index, dtype=np.int64),
            sequence=zero,
            tick_us=np.array(ticks, dtype=np.int64),
            period_ns=zero,
            drops=zero,
            count=np.array(counts, dtype=np.int64),
            time_s=None,
            motion=np.array(samples, dtype=np.float64).reshape(-1, 6),
            mag_row=np.empty(0, dtype=np.int64),
            mag=np.empty((0, 3)),
            temperature=np.full(len(index), np.nan),
            bad=tuple(bad),
        )

    def join(self, held: NotificationBlock, block: NotificationBlock) -> tuple[NotificationBlock, NotificationBlock]:
        """Put split notifications together: most models split nothing."""
        return block, held

    def traits(self, descriptor: bytes) -> ClockTraits:
        """Return what the sensor can tell about time and loss; see :class:`imuhip.packets.drivers.Driver`."""
        rate_hz = decode_host_descriptor(descriptor).rate_hz
        return ClockTraits(self.capabilities.time, self.tick_bits, sequence_bits=0, rate_hz=rate_hz)

    def scales(self, descriptor: bytes) -> Scales:
        """Return what one step means in SI units; see :class:`imuhip.packets.drivers.Driver`."""
        decode_host_descriptor(descriptor)
        return self.scale

    def configure(self, rate_hz: float) -> tuple[Request, ...]:
        """Return what sets the rate: nothing, where it is part of starting."""
        self.check_rate(rate_hz)
        return ()

    def check_rate(self, rate_hz: float) -> None:
        """Refuse a rate that the model does not have.

        Raises:
            InputError: That says which it has.
        """
        if rate_hz not in self.capabilities.rates_hz:
            possible = ", ".join(f"{rate:g}" for rate in self.capabilities.rates_hz)
            raise InputError(f"{self.model} does not stream at {rate_hz:g} Hz", remedy=f"Choose one of {possible} Hz")

    def describe(self, rate_hz: float, info: Mapping[str, bytes]) -> bytes:
        """Return the descriptor for the recording, written by the host."""
        del info
        return encode_host_descriptor(HostDescriptor(rate_hz, self.model))

    def identify(self) -> tuple[Request, ...]:
        """Return what makes the light blink: nothing does."""
        return ()

    def resend(self, first: int, count: int) -> Request | None:
        """Return what asks for samples from a log: there is none."""
        del first, count
        return None

    def battery_percent(self, value: bytes) -> int | None:
        """Return the level from an answer whose first byte it is.

        Raises:
            PacketError: If it is none.
        """
        if not value:
            raise PacketError("answer about the battery is empty", position=0)
        if value[0] > 100:
            raise PacketError(f"battery of {value[0]} percent", position=0)
        return value[0]

    def carries_samples(self, uuid: str, value: bytes) -> bool:
        """Tell whether a notification belongs into the recording."""
        del value
        return uuid in self.notify_uuids

    def answer(self, request: Request, uuid: str, value: bytes) -> Answer | None:
        """Read the answer to a request: the model sends none."""
        del request, uuid, value
        return None


def check_values(values: Sequence[float], position: int) -> None:
    """Refuse 32-bit floats that no sensor measures.

    Args:
        values: As decoded, one after the other.
        position: Where the first lies in the notification.

    Raises:
        PacketError: For the first that is not finite or too large for any sensor.
    """
    for at, value in enumerate(values):
        if not -VALUE_LIMIT <= value <= VALUE_LIMIT:
            raise PacketError("value is not finite or too large", position=position + 4 * at)
