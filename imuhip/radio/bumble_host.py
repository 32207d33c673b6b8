"""A Bluetooth host of our own over any controller that bumble reaches: a dongle, a serial port, a socket, a simulation.

References:
    https://google.github.io/bumble/transports/
"""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from bleak.exc import BleakBluetoothNotAvailableError, BleakBluetoothNotAvailableReason
from bumble import core, hci
from bumble.device import Connection, Device, DeviceConfiguration
from bumble.host import Host
from bumble.pairing import PairingConfig
from bumble.transport import open_transport
from usb1 import USBError  # type: ignore[import-untyped]  # bumble needs it, so it is there

from imuhip.errors import RadioError
from imuhip.radio.tasks import unbroken

logger = logging.getLogger(__name__)

ADDRESS = "F0:F1:F2:F3:F4:F6"
"""A static random address, as bonds want; the host never advertises, so that two hosts in one room do not meet."""


class BumbleHost:
    """A central; scanner and clients share it.

    Args:
        source, sink: The controller's HCI transport.
        keys: Where bonds are kept; None for as long as the host lives.
    """

    def __init__(self, source: Any, sink: Any, keys: Path | None = None) -> None:
        config = DeviceConfiguration(
            name="imuhip",
            address=hci.Address(ADDRESS),
            keystore=None if keys is None else f"JsonKeyStore:{keys}",
            # otherwise a bond's keys are kept under the address 00:..:00 and never found again
            identity_address_type=hci.Address.RANDOM_DEVICE_ADDRESS,
        )
        self.device = Device(config=config, host=Host(controller_source=source, controller_sink=sink))
        self.device.pairing_config_factory = lambda _: PairingConfig(
            sc=True, mitm=False, bonding=True, identity_address_type=PairingConfig.AddressType.RANDOM
        )
        self.powered = False

    async def power_on(self) -> None:
        """Start the controller.

        Raises:
            RadioError: It does not answer.
        """
        try:
            await self.device.power_on()
        except (core.BaseBumbleError, OSError) as error:
            raise RadioError(f"the Bluetooth controller does not answer ({error})", remedy=TRANSPORT_REMEDY) from error
        except ValueError as error:
            raise RadioError("the file with bumble's keys is damaged", remedy=KEYS_REMEDY) from error
        self.powered = True

    def require_power(self) -> None:
        """Refuse what needs the controller while it is switched off.

        Raises:
            BleakBluetoothNotAvailableError: It is.
        """
        if not self.powered:
            raise BleakBluetoothNotAvailableError("the controller is off", BleakBluetoothNotAvailableReason.POWERED_OFF)

    async def power_off(self) -> None:
        """Drop all connections; calling it again does nothing."""
        if not self.powered:
            return
        self.powered = False
        for connection in list(self.device.connections.values()):
            await self.drop(connection)

    async def drop(self, connection: Connection) -> None:
        """End a connection; one that is gone already is no error."""
        if connection.handle not in self.device.connections:
            return
        try:
            await unbroken(connection.disconnect())
        except core.BaseBumbleError as error:
            logger.debug("disconnecting: %s", error)


KEYS_REMEDY = "Delete bumble_keys.json in imuhip's settings folder, and pair the sensors again"
TRANSPORT_REMEDY = "Check the transport given after bumble: (https://google.github.io/bumble/transports/)"


@asynccontextmanager
async def open_host(transport: str, keys: Path | None = None) -> AsyncIterator[BumbleHost]:
    """Open a host over a bumble transport.

    Args:
        transport: Its name, as ``usb:0`` or ``tcp-client:127.0.0.1:6402``.
        keys: Where bonds are kept.

    Yields:
        The host, switched on.

    Raises:
        RadioError: The transport cannot be opened.
    """
    try:
        opened = await open_transport(transport)
    except (core.BaseBumbleError, OSError, ValueError, USBError) as error:
        raise RadioError(f"the transport {transport} cannot be opened ({error})", remedy=TRANSPORT_REMEDY) from error
    async with opened as (source, sink):
        host = BumbleHost(source, sink, keys)
        await host.power_on()
        try:
            yield host
        finally:
            await host.power_off()
