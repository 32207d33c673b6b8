"""A virtual sensor on the air: a firmware behind bumble's GATT server."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Callable
from typing import Any

import numpy as np
from bumble import att, core, gatt, hci
from bumble.core import UUID, AdvertisingData
from bumble.device import Connection, Device, DeviceConfiguration
from bumble.host import Host
from bumble.pairing import PairingConfig

from imuhip.radio.virtual.firmware import AttributeRefusedError, Firmware

logger = logging.getLogger(__name__)

ADVERTISING_MS = 100
REPEAT_SHARE = 0.03
"""Share of connection events that fail and are repeated one interval later."""
HOST_LATENCY_S = 0.001
"""From the radio event to the host."""

_SHORTENED_NAME = 0x08

_PROPERTIES = {
    "read": gatt.Characteristic.Properties.READ,
    "write": gatt.Characteristic.Properties.WRITE,
    "write-without-response": gatt.Characteristic.Properties.WRITE_WITHOUT_RESPONSE,
    "notify": gatt.Characteristic.Properties.NOTIFY,
    "indicate": gatt.Characteristic.Properties.INDICATE,
}


class Peripheral:
    """Puts a firmware on the air.

    Args:
        firmware: The sensor's.
        source, sink: HCI transport of its controller.
        address: Its static random address.
        now_s: The loop's clock.
        interval_s: Its connection interval.
        seed: Of the connection events.
        max_mtu: Largest packet it agrees to.
        on_air: Whether packets get through at present; while not, they wait in the sensor.
        encrypted: Whether it talks only over a bond.
    """

    def __init__(
        self,
        firmware: Firmware,
        source: Any,
        sink: Any,
        address: str,
        *,
        now_s: Callable[[], float],
        interval_s: float = 0.03,
        seed: int = 0,
        max_mtu: int = 247,
        encrypted: bool = False,
        on_air: Callable[[], bool] = lambda: True,
    ) -> None:
        self.firmware = firmware
        self.address = address
        self.connection: Connection | None = None
        self.refuse_next: list[int] = []
        self.tamper: Callable[[bytes], list[bytes]] = lambda data: [data]
        self._powered = False
        self._now_s = now_s
        self._interval_s = interval_s
        self._rng = np.random.default_rng([seed, 77])
        self._phase_s = float(self._rng.uniform(0, interval_s))
        self._encrypted = encrypted
        self._on_air = on_air
        self._wake = asyncio.Event()
        self._sender: asyncio.Task[None] | None = None
        self._again: asyncio.Task[None] | None = None
        self._characteristics: dict[str, gatt.Characteristic[bytes]] = {}
        config = DeviceConfiguration(
            name=firmware.announcement.name[:20],
            address=hci.Address(address),
            advertising_interval_min=ADVERTISING_MS,
            advertising_interval_max=ADVERTISING_MS,
            identity_address_type=hci.Address.RANDOM_DEVICE_ADDRESS,
        )
        self.device = Device(config=config, host=Host(controller_source=source, controller_sink=sink))
        self.device.gatt_server.max_mtu = max_mtu
        self.device.pairing_config_factory = lambda _: PairingConfig(
            sc=True, mitm=False, bonding=True, identity_address_type=PairingConfig.AddressType.RANDOM
        )
        self.device.add_services([self._service(service) for service in firmware.services])
        self.device.on(Device.EVENT_CONNECTION, self._on_connection)

    async def power_on(self) -> None:
        """Boot and advertise."""
        self.firmware.boot(self._now_s())
        await self.device.power_on()
        self._powered = True
        await self._advertise()

    async def power_off(self) -> None:
        """Fall silent, as when the battery is taken out."""
        self._powered = False
        if self._again is not None:  # a command that is on its way must not be cut off
            await asyncio.wait([self._again])
        if self.device.is_advertising:
            await self.device.stop_advertising()
        await self.drop()

    async def reboot(self, *, after_s: float = 1.0) -> None:
        """Take the battery out for a moment: clock and numbers begin anew."""
        await self.power_off()
        await asyncio.sleep(after_s)
        self.firmware.boot(self._now_s())
        self._powered = True
        await self._advertise()

    async def drop(self) -> None:
        """End the connection from the sensor's side."""
        if self.connection is not None:
            with contextlib.suppress(core.BaseBumbleError):
                await self.connection.disconnect()

    async def forget_bonds(self) -> None:
        """Lose all keys."""
        if self.device.keystore is not None:
            await self.device.keystore.delete_all()

    async def _advertise(self) -> None:
        said = self.firmware.announcement
        structures: list[tuple[int, bytes]] = [(AdvertisingData.FLAGS, b"\x06")]
        for uuid in said.services:
            raw = UUID(uuid).to_bytes()
            kind = (
                AdvertisingData.COMPLETE_LIST_OF_16_BIT_SERVICE_CLASS_UUIDS
                if len(raw) == 2
                else (AdvertisingData.COMPLETE_LIST_OF_128_BIT_SERVICE_CLASS_UUIDS)
            )
            structures.append((kind, raw))
        structures += [
            (AdvertisingData.MANUFACTURER_SPECIFIC_DATA, company.to_bytes(2, "little") + data)
            for company, data in said.maker
        ]
        room = 31 - sum(2 + len(value) for _, value in structures) - 2
        name = said.name.encode()
        structures.append((AdvertisingData.COMPLETE_LOCAL_NAME if len(name) <= room else _SHORTENED_NAME, name[:room]))
        await self.device.start_advertising(advertising_data=bytes(AdvertisingData(structures)), auto_restart=False)

    def _service(self, service: Any) -> gatt.Service:
        permissions = gatt.Characteristic.READABLE | gatt.Characteristic.WRITEABLE
        if self._encrypted:
            permissions |= gatt.Characteristic.READ_REQUIRES_ENCRYPTION | gatt.Characteristic.WRITE_REQUIRES_ENCRYPTION
        characteristics = []
        for attribute in service.attributes:
            properties = gatt.Characteristic.Properties(0)
            for name in attribute.properties:
                properties |= _PROPERTIES[name]
            uuid = attribute.uuid
            made: gatt.Characteristic[bytes] = gatt.Characteristic(
                UUID(uuid),
                properties,
                permissions,
                gatt.CharacteristicValue(
                    read=lambda _, uuid=uuid: self._read(uuid),
                    write=lambda _, value, uuid=uuid: self._write(uuid, value),
                ),
            )
            self._characteristics[uuid] = made
            characteristics.append(made)
        return gatt.Service(UUID(service.uuid), characteristics)

    def _read(self, uuid: str) -> bytes:
        with self._refusing():
            return self.firmware.read(uuid, self._now_s())

    def _write(self, uuid: str, value: bytes) -> None:
        with self._refusing():
            self.firmware.write(uuid, bytes(value), self._now_s())
        self._wake.set()

    @contextlib.contextmanager
    def _refusing(self) -> Any:
        if self.refuse_next:
            raise att.ATT_Error(self.refuse_next.pop(0))
        try:
            yield
        except AttributeRefusedError as error:
            raise att.ATT_Error(error.code) from error

    def _on_connection(self, connection: Connection) -> None:
        self.connection = connection
        self.firmware.connected(connection.att_mtu)
        connection.on(Connection.EVENT_DISCONNECTION, self._on_disconnection)
        connection.on(Connection.EVENT_CONNECTION_ATT_MTU_UPDATE, lambda: self.firmware.connected(connection.att_mtu))
        self._sender = asyncio.create_task(self._send(connection), name=f"sender {self.address}")

    def _on_disconnection(self, _reason: int) -> None:
        self.connection = None
        self.firmware.disconnected()
        if self._sender is not None:
            self._sender.cancel()
            self._sender = None
        if self._powered:
            self._again = asyncio.create_task(self._advertise(), name=f"advertise {self.address}")
            self._again.add_done_callback(_report)

    async def _send(self, connection: Connection) -> None:
        """At each connection event, send what is ready."""
        while self.connection is connection:  # a cancellation can get lost inside bumble
            due_s = self.firmware.next_due_s()
            self._wake.clear()
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(None if due_s is None else max(self._event_after(due_s) - self._now_s(), 0)):
                    await self._wake.wait()
                    continue
            if not self._on_air():
                await asyncio.sleep(self._interval_s)
                continue
            for uuid, value in self.firmware.due(self._now_s()):
                for each in self.tamper(value):
                    await self._notify(connection, uuid, each)

    async def _notify(self, connection: Connection, uuid: str, value: bytes) -> None:
        characteristic = self._characteristics[uuid]
        if characteristic.properties & gatt.Characteristic.Properties.INDICATE:
            await self.device.indicate_subscriber(connection, characteristic, value)
        else:
            await self.device.notify_subscriber(connection, characteristic, value)

    def _event_after(self, ready_s: float) -> float:
        """When the connection event comes that carries what is ready then."""
        ready_s = max(ready_s, self._now_s())
        events = np.ceil((ready_s - self._phase_s) / self._interval_s) + (self._rng.random() < REPEAT_SHARE)
        late_s = HOST_LATENCY_S + float(self._rng.exponential(HOST_LATENCY_S))
        return self._phase_s + float(events) * self._interval_s + late_s


def _report(task: asyncio.Task[None]) -> None:
    if not task.cancelled() and (error := task.exception()) is not None:
        logger.warning("a virtual sensor fell silent: %s", error)
