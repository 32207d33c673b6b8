"""A sensor as a fake bluetoothd sees it."""

from __future__ import annotations

import asyncio
import socket
from typing import Any, Protocol

from dbus_fast import Variant

from imuhip.radio.virtual.firmware import Firmware

ADAPTER = "/org/bluez/hci0"
DEVICE1, CHARACTERISTIC1, _SERVICE1 = "org.bluez.Device1", "org.bluez.GattCharacteristic1", "org.bluez.GattService1"
MANAGER = "org.freedesktop.DBus.ObjectManager"


class Bus(Protocol):
    """What a device says things on."""

    def signal(self, path: str, interface: str, member: str, signature: str, body: list[Any]) -> None:
        """Emit a signal."""

    def changed(self, path: str, interface: str, values: dict[str, Variant]) -> None:
        """Tell that properties have changed."""


class FakeDevice:
    """One sensor as bluetoothd sees it."""

    def __init__(self, bluez: Bus, number: int, firmware: Firmware, *, needs_bond: bool = False) -> None:
        self.bluez, self.firmware, self.needs_bond = bluez, firmware, needs_bond
        self.address = f"C0:00:00:00:00:{number:02X}"
        self.path = f"{ADAPTER}/dev_{self.address.replace(':', '_')}"
        self.connected = self.paired = False
        self.bond_lost = False
        self.passkey: int | None = None
        self.in_range = True
        self.subscribers: dict[str, list[str]] = {}
        self.sockets: dict[str, socket.socket] = {}
        self.paths: dict[str, str] = {}
        self._sender: asyncio.Task[None] | None = None
        for s, service in enumerate(firmware.services):
            for c, attribute in enumerate(service.attributes):
                self.paths[f"{self.path}/service{s:04x}/char{16 * s + c:04x}"] = attribute.uuid

    def objects(self) -> dict[str, dict[str, dict[str, Variant]]]:
        """Everything of this device, as GetManagedObjects tells it."""
        said = self.firmware.announcement
        found = {
            self.path: {
                DEVICE1: {
                    "Address": Variant("s", self.address),
                    "AddressType": Variant("s", "random"),
                    "Name": Variant("s", said.name),
                    "Alias": Variant("s", said.name),
                    "Adapter": Variant("o", ADAPTER),
                    "Connected": Variant("b", self.connected),
                    "Paired": Variant("b", self.paired),
                    "ServicesResolved": Variant("b", self.connected),
                    "RSSI": Variant("n", -57),
                    "UUIDs": Variant("as", list(said.services)),
                    "ManufacturerData": Variant("a{qv}", {key: Variant("ay", data) for key, data in said.maker}),
                }
            }
        }
        if self.connected:
            found |= self.services()
        return found

    def services(self) -> dict[str, dict[str, dict[str, Variant]]]:
        """Services and characteristics."""
        found: dict[str, dict[str, dict[str, Variant]]] = {}
        for s, service in enumerate(self.firmware.services):
            path = f"{self.path}/service{s:04x}"
            uuid, primary = Variant("s", service.uuid), Variant("b", True)
            found[path] = {_SERVICE1: {"UUID": uuid, "Primary": primary, "Device": Variant("o", self.path)}}
            for c, attribute in enumerate(service.attributes):
                found[f"{path}/char{16 * s + c:04x}"] = {
                    CHARACTERISTIC1: {
                        "UUID": Variant("s", attribute.uuid),
                        "Service": Variant("o", path),
                        "Flags": Variant("as", sorted(attribute.properties)),
                        "Notifying": Variant("b", False),
                        "NotifyAcquired": Variant("b", False),
                        "MTU": Variant("q", 247),
                    }
                }
        return found

    def connect(self) -> None:
        """Connect, and resolve the services."""
        self.connected = True
        self.firmware.connected(247)
        self.bluez.changed(self.path, DEVICE1, {"Connected": Variant("b", True)})
        for path, interfaces in self.services().items():
            self.bluez.signal("/", MANAGER, "InterfacesAdded", "oa{sa{sv}}", [path, interfaces])
        self.bluez.changed(self.path, DEVICE1, {"ServicesResolved": Variant("b", True)})
        self._sender = asyncio.create_task(self._send())

    def drop(self) -> None:
        """Lose the connection; who had subscribed stays subscribed."""
        if not self.connected:
            return
        self.connected = False
        self.firmware.disconnected()
        if self._sender is not None:
            self._sender.cancel()
        for each in self.sockets.values():
            each.close()
        self.sockets.clear()
        gone = {"ServicesResolved": Variant("b", False), "Connected": Variant("b", False)}
        self.bluez.changed(self.path, DEVICE1, gone)

    async def _send(self) -> None:
        """Notify what the firmware has ready; the event loop's own time is the sensor's."""
        loop = asyncio.get_running_loop()
        while True:
            due_s = self.firmware.next_due_s()
            await asyncio.sleep(0.01 if due_s is None else min(max(due_s - loop.time(), 0.002), 0.01))
            for uuid, value in self.firmware.due(loop.time()):
                path = next(path for path, each in self.paths.items() if each == uuid)
                if path in self.sockets:
                    self.sockets[path].send(value)
                for _ in self.subscribers.get(path, []):
                    self.bluez.changed(path, CHARACTERISTIC1, {"Value": Variant("ay", value)})
