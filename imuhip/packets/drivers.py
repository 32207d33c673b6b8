"""The drivers: every model whose notifications can be decoded, by name."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Protocol

from imuhip.packets.clock import ClockTraits
from imuhip.packets.columns import PacketColumns, Scales
from imuhip.packets.dot import DotDriver
from imuhip.packets.gatt import Advertisement, Answer, Capabilities, Request
from imuhip.packets.imported import ImportDriver
from imuhip.packets.movesense import MovesenseDriver
from imuhip.packets.notification import NotificationBlock
from imuhip.packets.own import OwnDriver
from imuhip.packets.witmotion import WitMotionDriver


class Driver(Protocol):
    """What is known about one family of sensors; a driver keeps no state."""

    @property
    def name(self) -> str:
        """What recordings call it; never changes."""

    @property
    def loss_visible(self) -> bool:
        """Whether lost samples can be counted."""

    def join(self, held: NotificationBlock, block: NotificationBlock) -> tuple[NotificationBlock, NotificationBlock]:
        """Put together what a sensor splits over several notifications; most do not.

        Args:
            held: Parts held back by the last call; empty at first.
            block: The next notifications of this sensor.

        Returns:
            Notifications for :meth:`decode`, and parts to hold back for the next call.
        """

    def traits(self, descriptor: bytes) -> ClockTraits:
        """Return what the sensor can tell about time and loss.

        Args:
            descriptor: The bytes read from the sensor at connect, or written by the host in their place.

        Raises:
            PacketError: If they are not a descriptor.
        """

    def scales(self, descriptor: bytes) -> Scales:
        """Return what one step of the decoded values means in SI units.

        Args:
            descriptor: The bytes read from the sensor at connect, or written by the host in their place.

        Raises:
            PacketError: If they are not a descriptor.
        """

    def decode(self, block: NotificationBlock) -> PacketColumns:
        """Decode notifications of one sensor; never raises for data.

        Args:
            block: Notifications of this sensor only.

        Returns:
            The packets as columns; what is not a packet is listed in ``bad``.
        """


class RadioDriver(Driver, Protocol):
    """A driver that also knows how to find and set up its sensors.

    The radio connects, subscribes to all of ``notify_uuids``, makes the requests of :meth:`configure`, reads
    ``info_uuids``, asks :meth:`describe` for the descriptor that goes into the recording, then makes those of
    :meth:`start`. After a reconnect it does the same again.
    """

    @property
    def model(self) -> str:
        """The family's name, for people."""

    @property
    def capabilities(self) -> Capabilities:
        """What the model can do."""

    @property
    def notify_uuids(self) -> tuple[str, ...]:
        """Characteristics to subscribe to before anything is asked."""

    @property
    def info_uuids(self) -> tuple[str, ...]:
        """Characteristics to read for :meth:`describe`; one that the sensor lacks is left out."""

    @property
    def battery(self) -> Request | None:
        """How to ask for the battery's level; None where it cannot be asked."""

    def recognise(self, advertisement: Advertisement) -> bool:
        """Tell whether an advertisement comes from such a sensor."""

    def configure(self, rate_hz: float) -> tuple[Request, ...]:
        """Return what sets the rate, in order.

        Raises:
            InputError: If the model is known not to have this rate.
        """

    def describe(self, rate_hz: float, info: Mapping[str, bytes]) -> bytes:
        """Return the descriptor that tells a reader of the recording how to decode it.

        Args:
            rate_hz: The rate that was asked for.
            info: Values of ``info_uuids`` by UUID.

        Raises:
            PacketError: If a value cannot be what this sensor sends.
        """

    def start(self, rate_hz: float) -> tuple[Request, ...]:
        """Return what starts the samples, in order; the last subscription is in place."""

    def stop(self) -> tuple[Request, ...]:
        """Return what stops them."""

    def identify(self) -> tuple[Request, ...]:
        """Return what makes the light blink for some seconds; empty where nothing does."""

    def resend(self, first: int, count: int) -> Request | None:
        """Return what asks for samples from the sensor's log; None where it has none.

        Args:
            first: Sequence number of the first sample.
            count: How many; 0 ends a running request.
        """

    def battery_percent(self, value: bytes) -> int | None:
        """Return the level from the answer to ``battery``, 0 to 100, or None where the sensor does not know.

        Raises:
            PacketError: If it is none.
        """

    def carries_samples(self, uuid: str, value: bytes) -> bool:
        """Tell whether a notification belongs into the recording; others may be answers.

        What is neither is taken for damaged samples: it is recorded, and counted when it is decoded.
        """

    def answer(self, request: Request, uuid: str, value: bytes) -> Answer | None:
        """Read the answer to a request.

        Args:
            request: The one that waits.
            uuid: The characteristic that notified.
            value: The notification's value.

        Returns:
            The answer, or None where the notification is not it.
        """


RADIO_DRIVERS: tuple[RadioDriver, ...] = (
    OwnDriver(),
    DotDriver(),
    MovesenseDriver(),
    WitMotionDriver(),
)
"""Every driver of sensors that can be connected to, in the order in which they are asked about an advertisement."""

_ALL: tuple[Driver, ...] = (*RADIO_DRIVERS, ImportDriver())
DRIVERS: Mapping[str, Driver] = MappingProxyType({driver.name: driver for driver in _ALL})
"""Every driver by its name."""


def recognise(advertisement: Advertisement) -> RadioDriver | None:
    """Return the driver of the sensor that advertises, or None where no driver knows it."""
    return next((driver for driver in RADIO_DRIVERS if driver.recognise(advertisement)), None)
