"""One Bluetooth adapter: scans and connections, one at a time, in our errors.

Adapters and their drivers stumble when two connections are made at once or one is made during a scan, so a lock keeps
them apart. A connection always starts from a fresh advertisement: an address alone would hide a scan inside the
connect, and after a disconnect operating systems forget devices that were not seen again.
"""

from __future__ import annotations

import asyncio
import contextlib
import re
import sys
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from types import MappingProxyType
from typing import Any

from bleak import BleakClient, BleakScanner
from bleak.backends.device import BLEDevice
from bleak.backends.scanner import AdvertisementData
from bleak.exc import (
    BleakBluetoothNotAvailableError,
    BleakBluetoothNotAvailableReason,
    BleakDBusError,
    BleakDeviceNotFoundError,
    BleakError,
)

from imuhip.errors import LinkError, RadioError, SensorNotFound
from imuhip.records import record

SEARCH_S = 4.0
"""A search ends after this, so that a sensor that is switched off does not keep others from reconnecting."""

CONNECT_S = 15.0
"""Connecting and finding the services takes under a second; BlueZ can hang for minutes when an old attempt is stuck."""

DISCONNECT_S = 5.0
"""BlueZ takes 2 s; Windows up to 60, for which nothing waits."""

NOT_FOUND_REMEDY = "Switch it on, bring it near, and disconnect it from phones and other programs"
ADAPTER_REMEDY = "Run `imuhip doctor`"

FOREIGN: tuple[type[Exception], ...] = (
    BleakError, OSError, EOFError, TimeoutError, AssertionError, KeyError, ImportError,
)  # fmt: skip
"""What bleak and the libraries below it raise: also assertions and missing keys, where a device or the service vanishes
in the middle of a call."""

if sys.platform == "linux":
    from dbus_fast.errors import DBusError

    FOREIGN = (*FOREIGN, DBusError)

ACCESS_DENIED = "org.freedesktop.DBus.Error.AccessDenied"
"""The user may not talk to BlueZ. (What BlueZ calls NotPermitted is a sensor that wants a bond first.)"""

_ADDRESS = re.compile(r"(?:[0-9A-Fa-f]{2}[:_-]){5}[0-9A-Fa-f]{2}")

_NO_RADIO = {
    BleakBluetoothNotAvailableReason.NO_BLUETOOTH: ("there is no Bluetooth adapter", "Plug one in"),
    BleakBluetoothNotAvailableReason.NO_BLE_CENTRAL_ROLE: (
        "the Bluetooth adapter cannot connect to sensors", "Use an adapter with Bluetooth 4.2 or newer",
    ),
    BleakBluetoothNotAvailableReason.POWERED_OFF: ("Bluetooth is switched off", "Switch it on"),
    BleakBluetoothNotAvailableReason.DENIED_BY_USER: (
        "this program may not use Bluetooth", "Allow it in the system's privacy settings",
    ),
    BleakBluetoothNotAvailableReason.DENIED_BY_SYSTEM: (
        "this program may not use Bluetooth", "Ask the administrator of this computer",
    ),
}  # fmt: skip


@record
class Sighting:
    """One advertisement.

    Attributes:
        device: bleak's handle, good for connecting now.
        name: What the sensor calls itself, if it does.
        rssi_dbm: How strong it was heard.
        service_uuids: Services it advertises.
        manufacturer_data: By company number.
    """

    device: BLEDevice
    name: str | None
    rssi_dbm: int
    service_uuids: tuple[str, ...]
    manufacturer_data: Mapping[int, bytes]

    @classmethod
    def of(cls, device: BLEDevice, data: AdvertisementData) -> Sighting:
        """Take what is used from what bleak reports."""
        maker = MappingProxyType(dict(data.manufacturer_data))
        return cls(device, data.local_name or device.name, data.rssi, tuple(data.service_uuids), maker)


class Adapter:
    """Makes scans and connections.

    Args:
        scanner: Keyword arguments for every ``BleakScanner``.
        client: Keyword arguments for every ``BleakClient``.
        notify: Keyword arguments for every ``start_notify``.
    """

    def __init__(
        self,
        scanner: Mapping[str, Any] | None = None,
        client: Mapping[str, Any] | None = None,
        notify: Mapping[str, Any] | None = None,
    ) -> None:
        self.notify_options = dict(notify or {})
        self._scanner_options = dict(scanner or {})
        self._client_options = dict(client or {})
        self._lock = asyncio.Lock()
        self._wanted: dict[str, Sighting | None] = {}
        self._bond_next: set[str] = set()
        self.seen: dict[str, Sighting] = {}

    async def scan(self, seconds: float, on_sighting: Callable[[Sighting], None] | None = None) -> list[Sighting]:
        """Listen to everything that advertises.

        Args:
            seconds: How long.
            on_sighting: Called for each advertisement.

        Returns:
            The last sighting of each device, strongest first.

        Raises:
            RadioError: The adapter cannot be used.
        """
        found: dict[str, Sighting] = {}

        def see(device: BLEDevice, data: AdvertisementData) -> None:
            sighting = Sighting.of(device, data)
            found[device.address] = self.seen[device.address] = sighting
            if on_sighting is not None:
                on_sighting(sighting)

        async with self._lock, self._scanning(see):
            await asyncio.sleep(seconds)
        return sorted(found.values(), key=lambda sighting: -sighting.rssi_dbm)

    async def connect(
        self, address: str, on_disconnect: Callable[[], None], *, search_s: float = SEARCH_S
    ) -> BleakClient:
        """Find a sensor and connect to it.

        Args:
            address: As a scan reported it.
            on_disconnect: Called once if the connection ends without :meth:`disconnect`.
            search_s: How long to look for it.

        Returns:
            A connected client.

        Raises:
            SensorNotFound: It is not heard.
            LinkError: The connection failed.
            RadioError: The adapter cannot be used.
        """
        key = address.lower()
        self._wanted[key] = None
        try:
            while True:
                async with self._lock:
                    sighting = self._wanted[key] or await self._search(key, search_s)
                    if sighting is not None:
                        return await self._connect(sighting, on_disconnect)
                    if all(found is None for found in self._wanted.values()):
                        raise SensorNotFound("it is not heard", remedy=NOT_FOUND_REMEDY)
                # Another one that somebody waits for was heard first: it goes before the rest of this search.
                await asyncio.sleep(0)
        finally:
            self._wanted.pop(key, None)

    async def bond_again(self, address: str) -> None:
        """Forget a sensor's keys, so that the next connection makes new ones.

        Where the operating system keeps bonds to itself (macOS), only the next connection can tell.
        """
        sighting = self.seen.get(address)
        if sighting is None:
            return
        self._bond_next.add(address.lower())
        client = BleakClient(sighting.device, timeout=CONNECT_S, **self._client_options)
        async with self._lock:
            with contextlib.suppress(*FOREIGN, NotImplementedError):
                async with asyncio.timeout(DISCONNECT_S):
                    await client.unpair()

    async def disconnect(self, client: BleakClient) -> None:
        """End a connection and wait until it has ended; never fails, and calling it again does nothing.

        Also called after the sensor has dropped the connection: until then BlueZ keeps the old subscription, and every
        later notification would come twice.
        """
        with contextlib.suppress(*FOREIGN):
            async with asyncio.timeout(DISCONNECT_S):
                await client.disconnect()

    async def _search(self, key: str, seconds: float) -> Sighting | None:
        """Scan until one of the wanted sensors is heard; returns the sighting if it is ``key``'s."""
        heard = asyncio.Event()

        def see(device: BLEDevice, data: AdvertisementData) -> None:
            self.seen[device.address] = sighting = Sighting.of(device, data)
            address = device.address.lower()
            if address in self._wanted:
                self._wanted[address] = sighting
                heard.set()

        async with self._scanning(see):
            try:
                async with asyncio.timeout(seconds):
                    await heard.wait()
            except TimeoutError:
                return None
        return self._wanted[key]

    async def _connect(self, sighting: Sighting, on_disconnect: Callable[[], None]) -> BleakClient:
        bond = sighting.device.address.lower() in self._bond_next
        client = BleakClient(
            sighting.device, lambda _: on_disconnect(), timeout=CONNECT_S, pair=bond, **self._client_options
        )
        try:
            async with asyncio.timeout(CONNECT_S):
                await client.connect()
        except FOREIGN as error:
            await self.disconnect(client)
            raise translated(error, "connecting") from error
        except asyncio.CancelledError:
            await self.disconnect(client)
            raise
        self._bond_next.discard(sighting.device.address.lower())
        return client

    @asynccontextmanager
    async def _scanning(self, see: Callable[[BLEDevice, AdvertisementData], None]) -> AsyncIterator[None]:
        try:
            scanner = BleakScanner(see, **self._scanner_options)
            await scanner.start()
        except FOREIGN as error:
            raise translated(error, "scanning") from error
        try:
            yield
        finally:
            # The scan is over in any case: where the adapter is off or the service is gone, the next call reports it.
            with contextlib.suppress(*FOREIGN):
                async with asyncio.timeout(DISCONNECT_S):
                    await scanner.stop()


def translated(error: Exception, doing: str) -> RadioError:
    """Say in our words what bleak, D-Bus or the system reported.

    Args:
        error: What was raised.
        doing: What was being done, as in "connecting".

    Returns:
        The error to raise from it.
    """
    if isinstance(error, BleakBluetoothNotAvailableError):
        reason, remedy = _NO_RADIO.get(error.reason, ("Bluetooth is not available", ADAPTER_REMEDY))
        return RadioError(reason, remedy=f"{remedy}, or run `imuhip doctor`")
    if isinstance(error, BleakDeviceNotFoundError):
        return SensorNotFound("it is not heard any more", remedy=NOT_FOUND_REMEDY)
    if isinstance(error, TimeoutError):
        return LinkError(f"{doing} took too long", remedy="Bring the sensor near and try again")
    if isinstance(error, BleakDBusError) and error.dbus_error == ACCESS_DENIED:
        return RadioError("this user may not use Bluetooth", remedy=ADAPTER_REMEDY)
    if isinstance(error, BleakDBusError) and error.dbus_error.startswith("org.freedesktop.DBus.Error"):
        return RadioError(f"the Bluetooth service does not answer ({error.dbus_error})", remedy=ADAPTER_REMEDY)
    if isinstance(error, OSError | EOFError | ImportError):
        why = (error.strerror if isinstance(error, OSError) else None) or str(error) or type(error).__name__
        return RadioError(f"the Bluetooth service cannot be reached ({why})", remedy=ADAPTER_REMEDY)
    # messages reach logs and screens, addresses must not
    said = _ADDRESS.sub("the sensor", str(error)) if isinstance(error, BleakError) else "the connection vanished"
    return LinkError(f"{doing} failed ({said})", remedy="Try again; if it stays so, switch the sensor off and on")
