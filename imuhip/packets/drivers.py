"""The drivers: every model whose notifications can be decoded, by name."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Protocol

from imuhip.packets.clock import ClockTraits
from imuhip.packets.columns import PacketColumns, Scales
from imuhip.packets.imported import ImportDriver
from imuhip.packets.notification import NotificationBlock
from imuhip.packets.own import OwnDriver


class Driver(Protocol):
    """What is known about one family of sensors; a driver keeps no state."""

    @property
    def name(self) -> str:
        """What recordings call it; never changes."""

    @property
    def loss_visible(self) -> bool:
        """Whether lost samples can be counted."""

    def traits(self, descriptor: bytes) -> ClockTraits:
        """Return what the sensor can tell about time and loss.

        Args:
            descriptor: The bytes read from the sensor at connect.

        Raises:
            PacketError: If they are not a descriptor.
        """

    def scales(self, descriptor: bytes) -> Scales:
        """Return what one step of the decoded values means in SI units.

        Args:
            descriptor: The bytes read from the sensor at connect.

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


DRIVERS: Mapping[str, Driver] = MappingProxyType({driver.name: driver for driver in (OwnDriver(), ImportDriver())})
"""Every driver by its name."""
