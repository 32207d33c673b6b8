"""A backend of bleak over bumble, so that everything above bleak runs unchanged.

Handed to bleak by its public hook: ``BleakScanner(..., backend=BumbleScanner, host=host)`` and
``BleakClient(device, backend=BumbleClient, host=host)``.
"""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

from bleak.args import SizedBuffer
from bleak.assigned_numbers import gatt_char_props_to_strs
from bleak.backends.characteristic import BleakGATTCharacteristic
from bleak.backends.client import BaseBleakClient, NotifyCallback
from bleak.backends.descriptor import BleakGATTDescriptor
from bleak.backends.device import BLEDevice
from bleak.backends.scanner import AdvertisementData, AdvertisementDataCallback, BaseBleakScanner
from bleak.backends.service import BleakGATTService, BleakGATTServiceCollection
from bleak.exc import BleakDeviceNotFoundError, BleakError, BleakGATTProtocolError
from bumble import att, core, hci
from bumble.device import Advertisement, Connection, Device, Peer

from imuhip.radio.bumble_host import BumbleHost

T = TypeVar("T")

MTU = 517
"""Asked for as BlueZ does: the largest value of an attribute and its header."""

_SHORT_NAME, _NAME, _TX_POWER, _SERVICE_DATA_16, _SERVICE_DATA_128, _MAKER = 0x08, 0x09, 0x0A, 0x16, 0x21, 0xFF
_UUID_SIZES = {0x02: 2, 0x03: 2, 0x04: 4, 0x05: 4, 0x06: 16, 0x07: 16}
_BASE = bytes.fromhex("00001000800000805f9b34fb")
_GAP_AND_GATT = ("1800", "1801")


def _uuid_text(raw: bytes) -> str:
    """A UUID of 2, 4 or 16 bytes, little-endian, as bleak writes it."""
    return str(uuid.UUID(bytes=raw[::-1] if len(raw) == 16 else raw[::-1].rjust(4, b"\0") + _BASE))


def advertisement_data(advertisement: Advertisement) -> AdvertisementData:
    """Read an advertisement; structures that are cut short are left out.

    Args:
        advertisement: As bumble gathered it, scan response included.

    Returns:
        The same for bleak.
    """
    name: str | None = None
    power: int | None = None
    services: list[str] = []
    maker: dict[int, bytes] = {}
    service_data: dict[str, bytes] = {}
    for kind, value in advertisement.data.ad_structures:
        if kind in (_SHORT_NAME, _NAME):
            name = bytes(value).decode("utf-8", "replace")
        elif kind == _TX_POWER and len(value) == 1:
            power = int.from_bytes(value, "little", signed=True)
        elif kind in _UUID_SIZES:
            size = _UUID_SIZES[kind]
            services += [_uuid_text(value[at : at + size]) for at in range(0, len(value) - size + 1, size)]
        elif kind == _MAKER and len(value) >= 2:
            maker[int.from_bytes(value[:2], "little")] = bytes(value[2:])
        elif kind in (_SERVICE_DATA_16, _SERVICE_DATA_128):
            size = 2 if kind == _SERVICE_DATA_16 else 16
            if len(value) >= size:
                service_data[_uuid_text(value[:size])] = bytes(value[size:])
    return AdvertisementData(name, maker, service_data, sorted(set(services)), power, advertisement.rssi, ())


class BumbleScanner(BaseBleakScanner):
    """Scans with a :class:`BumbleHost`.

    Args:
        detection_callback, service_uuids: As bleak passes them.
        scanning_mode: ``active`` or ``passive``.
        host: The host.
    """

    def __init__(
        self,
        detection_callback: AdvertisementDataCallback | None,
        service_uuids: list[str] | None,
        scanning_mode: str = "active",
        *,
        host: BumbleHost,
        **_: Any,
    ) -> None:
        super().__init__(detection_callback, service_uuids)
        self._host = host
        self._active = scanning_mode == "active"

    async def start(self) -> None:
        """See bleak."""
        self.seen_devices = {}
        self._host.require_power()
        device = self._host.device
        device.on(Device.EVENT_ADVERTISEMENT, self._on_advertisement)
        try:
            await device.start_scanning(active=self._active)
        except core.BaseBumbleError as error:
            device.remove_listener(Device.EVENT_ADVERTISEMENT, self._on_advertisement)
            raise BleakError(f"scanning failed: {error}") from error

    async def stop(self) -> None:
        """See bleak."""
        device = self._host.device
        device.remove_listener(Device.EVENT_ADVERTISEMENT, self._on_advertisement)
        try:
            await device.stop_scanning()
        except core.BaseBumbleError as error:
            raise BleakError(f"the scan did not stop: {error}") from error

    def _on_advertisement(self, advertisement: Advertisement) -> None:
        data = advertisement_data(advertisement)
        if not self.is_allowed_uuid(data.service_uuids):
            return
        address = advertisement.address.to_string(with_type_qualifier=False)
        device = self.create_or_update_device(address, address, data.local_name, advertisement.address, data)
        self.call_detection_callbacks(device, data)


class BumbleClient(BaseBleakClient):
    """One connection of a :class:`BumbleHost`.

    Args:
        address_or_ble_device, disconnected_callback, timeout: As bleak passes them.
        host: The host.
    """

    def __init__(
        self,
        address_or_ble_device: BLEDevice | str,
        *,
        disconnected_callback: Callable[[], None] | None,
        timeout: float,
        host: BumbleHost,
        **kwargs: Any,
    ) -> None:
        super().__init__(
            address_or_ble_device, disconnected_callback=disconnected_callback, timeout=timeout, **kwargs
        )
        details = address_or_ble_device.details if isinstance(address_or_ble_device, BLEDevice) else None
        self._peer_address = details if isinstance(details, hci.Address) else hci.Address(self.address)
        self._name = address_or_ble_device.name if isinstance(address_or_ble_device, BLEDevice) else None
        self._host = host
        self._connection: Connection | None = None
        self._peer: Peer | None = None
        self._subscribers: dict[int, Callable[[bytes], None]] = {}

    @property
    def name(self) -> str:
        """See bleak."""
        return self._name or self.address.replace(":", "-")

    @property
    def mtu_size(self) -> int:
        """See bleak."""
        return self._connection.att_mtu if self._connection is not None else att.ATT_DEFAULT_MTU

    @property
    def is_connected(self) -> bool:
        """See bleak."""
        return self._connection is not None

    async def connect(self, pair: bool, **_: Any) -> None:  # noqa: FBT001  # bleak's signature
        """See bleak."""
        connecting = self._host.device.connect(self._peer_address, timeout=self._timeout)
        try:
            self._connection = await connecting
        except core.TimeoutError as error:
            raise BleakDeviceNotFoundError(self.address, "the device did not answer") from error
        except core.BaseBumbleError as error:
            raise BleakError(f"connecting failed: {error}") from error
        self._connection.on(Connection.EVENT_DISCONNECTION, self._on_disconnection)
        self._peer = Peer(self._connection)
        try:
            if pair:
                await self.pair()
            elif await self._bonded():
                await self._ask(self._connection.encrypt())
            await self._ask(self._peer.request_mtu(MTU))
            self.services = await self._discover(self._peer)
        except BaseException:
            await self.disconnect()
            raise

    async def _bonded(self) -> bool:
        keystore = self._host.device.keystore
        return keystore is not None and await keystore.get(str(self._peer_address)) is not None

    async def _discover(self, peer: Peer) -> BleakGATTServiceCollection:
        found = BleakGATTServiceCollection()
        for service in await self._ask(peer.discover_services()):
            own = BleakGATTService(service, service.handle, _uuid_text(service.uuid.to_bytes(force_128=True)))
            found.add_service(own)
            if service.uuid.to_hex_str() in _GAP_AND_GATT:
                continue
            for each in await self._ask(service.discover_characteristics()):
                found.add_characteristic(
                    BleakGATTCharacteristic(
                        each,
                        each.handle,
                        _uuid_text(each.uuid.to_bytes(force_128=True)),
                        list(gatt_char_props_to_strs(int(each.properties))),
                        lambda: self.mtu_size - 3,
                        own,
                    )
                )
        return found

    async def disconnect(self) -> None:
        """See bleak."""
        if self._connection is not None:
            await self._host.drop(self._connection)
            self._connection = None

    def _on_disconnection(self, _reason: int) -> None:
        self._connection = None
        self._subscribers.clear()
        if self._disconnected_callback is not None:
            self._disconnected_callback()

    async def pair(self, *_: Any, **__: Any) -> None:
        """See bleak."""
        if self._connection is None:
            raise BleakError("not connected")
        await self._ask(self._connection.pair())

    async def unpair(self) -> None:
        """See bleak."""
        keystore = self._host.device.keystore
        if keystore is not None:
            await keystore.delete(str(self._peer_address))
        await self.disconnect()

    async def read_gatt_char(
        self, characteristic: BleakGATTCharacteristic, *, use_cached: bool = False, **_: Any
    ) -> bytearray:
        """See bleak."""
        del use_cached
        return bytearray(await self._ask(self._linked().read_value(characteristic.obj)))

    async def read_gatt_descriptor(
        self, descriptor: BleakGATTDescriptor, *, use_cached: bool = False, **_: Any
    ) -> bytearray:
        """See bleak."""
        del use_cached
        return bytearray(await self._ask(self._linked().read_value(descriptor.handle)))

    async def write_gatt_char(
        self, characteristic: BleakGATTCharacteristic, data: SizedBuffer, response: bool  # noqa: FBT001  # bleak's
    ) -> None:
        """See bleak."""
        await self._ask(self._linked().write_value(characteristic.obj, bytes(data), with_response=response))

    async def write_gatt_descriptor(self, descriptor: BleakGATTDescriptor, data: SizedBuffer) -> None:
        """See bleak."""
        await self._ask(self._linked().write_value(descriptor.handle, bytes(data), with_response=True))

    async def start_notify(
        self, characteristic: BleakGATTCharacteristic, callback: NotifyCallback, **_: Any
    ) -> None:
        """See bleak."""
        if characteristic.handle in self._subscribers:
            raise BleakError("characteristic notifications are on already")

        def hand_over(value: bytes) -> None:
            callback(bytearray(value))

        await self._ask(self._linked().subscribe(characteristic.obj, hand_over))
        self._subscribers[characteristic.handle] = hand_over

    async def stop_notify(self, characteristic: BleakGATTCharacteristic) -> None:
        """See bleak."""
        subscriber = self._subscribers.pop(characteristic.handle, None)
        if subscriber is not None:
            await self._ask(self._linked().unsubscribe(characteristic.obj, subscriber))

    def _linked(self) -> Peer:
        if self._peer is None or self._connection is None:
            raise BleakError("not connected")
        return self._peer

    async def _ask(self, request: Awaitable[T]) -> T:
        """Wait for the peer, in bleak's errors.

        bumble cancels the requests of a connection that ends; that is no cancellation of the task that waits for them.
        """
        try:
            return await request
        except att.ATT_Error as error:
            raise BleakGATTProtocolError(error.error_code) from error
        except core.BaseBumbleError as error:
            raise BleakError(str(error) or type(error).__name__) from error
        except asyncio.CancelledError:
            task = asyncio.current_task()
            if self._connection is None and task is not None and not task.cancelling():
                raise BleakError("disconnected") from None
            raise
