"""bleak's client over bumble, so that everything above bleak runs unchanged.

Handed to bleak by its public hook: ``BleakClient(device, backend=BumbleClient, host=host)``.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

from bleak.args import SizedBuffer
from bleak.assigned_numbers import gatt_char_props_to_strs
from bleak.backends.characteristic import BleakGATTCharacteristic
from bleak.backends.client import BaseBleakClient, NotifyCallback
from bleak.backends.descriptor import BleakGATTDescriptor
from bleak.backends.device import BLEDevice
from bleak.backends.service import BleakGATTService, BleakGATTServiceCollection
from bleak.exc import BleakDeviceNotFoundError, BleakError, BleakGATTProtocolError
from bumble import att, core, hci
from bumble.device import Connection, Peer

from imuhip.radio.bumble_host import BumbleHost
from imuhip.radio.bumble_scanner import uuid_text
from imuhip.radio.tasks import UNBROKEN_S, unbroken

T = TypeVar("T")

MTU = 517
"""Asked for as BlueZ does: the largest value of an attribute and its header."""

_GAP_AND_GATT = ("1800", "1801")


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
        super().__init__(address_or_ble_device, disconnected_callback=disconnected_callback, timeout=timeout, **kwargs)
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
        connecting = asyncio.ensure_future(self._host.device.connect(self._peer_address, timeout=self._timeout))
        try:
            self._connection = await asyncio.shield(connecting)
        except asyncio.CancelledError:
            await unbroken(self._host.device.cancel_connection())  # type: ignore[no-untyped-call]
            await self._drop_late(connecting)
            raise
        except core.TimeoutError as error:
            raise BleakDeviceNotFoundError(self.address, "the device did not answer") from error
        except core.BaseBumbleError as error:
            raise BleakError(str(error) or "the controller does not answer") from error
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

    async def _drop_late(self, connecting: asyncio.Task[Connection]) -> None:
        """Wait for the end of an attempt that was cancelled; a connection that came all the same is dropped."""
        await asyncio.wait([connecting], timeout=UNBROKEN_S)
        if connecting.done() and not connecting.cancelled() and connecting.exception() is None:
            await self._host.drop(connecting.result())

    async def _bonded(self) -> bool:
        keystore = self._host.device.keystore
        return keystore is not None and await keystore.get(str(self._peer_address)) is not None

    async def _discover(self, peer: Peer) -> BleakGATTServiceCollection:
        found = BleakGATTServiceCollection()
        for service in await self._ask(peer.discover_services()):
            own = BleakGATTService(service, service.handle, uuid_text(service.uuid.to_bytes(force_128=True)))
            found.add_service(own)
            if service.uuid.to_hex_str() in _GAP_AND_GATT:
                continue
            for each in await self._ask(service.discover_characteristics()):
                found.add_characteristic(
                    BleakGATTCharacteristic(
                        each,
                        each.handle,
                        uuid_text(each.uuid.to_bytes(force_128=True)),
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
        self,
        characteristic: BleakGATTCharacteristic,
        data: SizedBuffer,
        response: bool,  # noqa: FBT001  # bleak's
    ) -> None:
        """See bleak."""
        await self._ask(self._linked().write_value(characteristic.obj, bytes(data), with_response=response))

    async def write_gatt_descriptor(self, descriptor: BleakGATTDescriptor, data: SizedBuffer) -> None:
        """See bleak."""
        await self._ask(self._linked().write_value(descriptor.handle, bytes(data), with_response=True))

    async def start_notify(self, characteristic: BleakGATTCharacteristic, callback: NotifyCallback, **_: Any) -> None:
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
            return await unbroken(request)
        except att.ATT_Error as error:
            raise BleakGATTProtocolError(error.error_code) from error
        except core.BaseBumbleError as error:
            raise BleakError(str(error) or type(error).__name__) from error
        except asyncio.CancelledError:
            task = asyncio.current_task()
            if self._connection is None and task is not None and not task.cancelling():
                raise BleakError("disconnected") from None
            raise
