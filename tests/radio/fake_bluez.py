"""A fake org.bluez on a private bus: enough of it for unmodified bleak, over the same virtual firmwares.

It models what was seen of the real one: notifications stay subscribed for every D-Bus connection that asked, also when
the sensor was away and is back, so a client that does not close its old connection gets everything twice; pairing needs
an agent.
"""

from __future__ import annotations

import asyncio
import os
import shutil
import signal
import socket
import subprocess
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any

from dbus_fast import Message, MessageType, RequestNameReply, Variant
from dbus_fast.aio import MessageBus
from fake_bluez_device import ADAPTER, DEVICE1, MANAGER, FakeDevice

from imuhip.radio.virtual.firmware import AttributeRefusedError, Firmware

_ADAPTER1, _PROPERTIES = "org.bluez.Adapter1", "org.freedesktop.DBus.Properties"

_CONFIG = """<busconfig><type>system</type><listen>unix:path={path}</listen><auth>EXTERNAL</auth>
<policy context="default"><allow send_destination="*" eavesdrop="true"/><allow eavesdrop="true"/><allow own="*"/>
{rule}</policy></busconfig>"""


@contextmanager
def private_bus(folder: Path, rule: str = "") -> Iterator[str]:
    """Run a dbus-daemon of its own, with one more rule about who may do what; yields its address."""
    program = shutil.which("dbus-daemon")
    assert program is not None
    path = folder / "bus"
    (folder / "bus.conf").write_text(_CONFIG.format(path=path, rule=rule))
    daemon = subprocess.Popen([program, f"--config-file={folder / 'bus.conf'}", "--nofork", "--print-address"],
                              stdout=subprocess.PIPE, text=True)  # fmt: skip
    try:
        assert daemon.stdout is not None
        yield daemon.stdout.readline().strip()
    finally:
        daemon.send_signal(signal.SIGTERM)
        daemon.wait(timeout=5)
        daemon.stdout.close()


class FakeBluez:
    """The service; ``devices`` by object path."""

    def __init__(self, bus: MessageBus) -> None:
        self.bus = bus
        self.devices: dict[str, FakeDevice] = {}
        self.powered = True
        self.has_adapter = True
        self.agents: list[str] = []
        bus.add_message_handler(self._handle)

    def add(self, firmware: Firmware, *, needs_bond: bool = False) -> FakeDevice:
        """Put a sensor in range."""
        device = FakeDevice(self, len(self.devices) + 1, firmware, needs_bond=needs_bond)
        self.devices[device.path] = device
        return device

    def power(self, on: bool) -> None:
        """Switch the adapter."""
        self.powered = on
        for device in self.devices.values():
            device.drop()
        self.changed(ADAPTER, _ADAPTER1, {"Powered": Variant("b", on)})

    def signal(self, path: str, interface: str, member: str, signature: str, body: list[Any]) -> None:
        """Emit a signal."""
        self.bus.send(Message.new_signal(path, interface, member, signature, body))

    def changed(self, path: str, interface: str, values: dict[str, Variant]) -> None:
        """Tell that properties have changed."""
        self.signal(path, _PROPERTIES, "PropertiesChanged", "sa{sv}as", [interface, values, []])

    def _handle(self, message: Message) -> Message | bool | None:
        if message.message_type is MessageType.SIGNAL and message.member == "NameOwnerChanged":
            name, _, new = message.body
            if not new:
                self._forget(name)
            return None
        if message.message_type is not MessageType.METHOD_CALL or not (message.path or "").startswith("/"):
            return None
        answer = getattr(self, f"_on_{(message.member or '').lower()}", None)
        return None if answer is None else answer(message)

    def _forget(self, name: str) -> None:
        """A D-Bus connection has closed: its subscriptions end."""
        for device in self.devices.values():
            for path, names in device.subscribers.items():
                device.subscribers[path] = [each for each in names if each != name]

    def _on_getmanagedobjects(self, message: Message) -> Message:
        powered = {"Address": Variant("s", "00:00:00:00:00:01"), "Powered": Variant("b", self.powered)}
        powered |= {"Discovering": Variant("b", False), "Roles": Variant("as", ["central", "peripheral"])}
        objects: dict[str, Any] = {ADAPTER: {_ADAPTER1: powered}} if self.has_adapter else {}
        for device in self.devices.values():
            objects |= device.objects() if device.in_range or device.connected else {}
        return Message.new_method_return(message, "a{oa{sa{sv}}}", [objects])

    def _on_setdiscoveryfilter(self, message: Message) -> Message:
        return Message.new_method_return(message)

    def _on_startdiscovery(self, message: Message) -> Message:
        if not self.powered:
            return Message.new_error(message, "org.bluez.Error.NotReady", "Resource Not Ready")
        for device in self.devices.values():
            if device.in_range:
                asyncio.get_running_loop().call_later(0.05, self._advertise, device)
        return Message.new_method_return(message)

    def _advertise(self, device: FakeDevice) -> None:
        self.signal("/", MANAGER, "InterfacesAdded", "oa{sa{sv}}", [device.path, device.objects()[device.path]])
        self.changed(device.path, DEVICE1, {"RSSI": Variant("n", -58)})

    def _on_stopdiscovery(self, message: Message) -> Message:
        return Message.new_method_return(message)

    def _on_removedevice(self, message: Message) -> Message:
        device = self.devices[message.body[0]]
        device.drop()
        device.paired = device.bond_lost = False
        self.signal("/", MANAGER, "InterfacesRemoved", "oas", [device.path, [DEVICE1]])
        return Message.new_method_return(message)

    def _on_connect(self, message: Message) -> Message:
        device = self.devices[message.path or ""]
        if not (device.in_range and self.powered) or (device.paired and device.bond_lost):
            return Message.new_error(message, "org.bluez.Error.Failed", "br-connection-canceled")
        if not device.connected:
            device.connect()
        return Message.new_method_return(message)

    def _on_disconnect(self, message: Message) -> Message:
        self.devices[message.path or ""].drop()
        return Message.new_method_return(message)

    def _on_set(self, message: Message) -> Message:
        return Message.new_method_return(message)  # bleak trusts a device before it pairs

    def _on_pair(self, message: Message) -> Message | bool:
        device = self.devices[message.path or ""]
        if not self.agents:
            return Message.new_error(message, "org.bluez.Error.AuthenticationFailed", "Authentication Failed")
        if device.passkey is not None:
            self._asking = asyncio.create_task(self._ask_passkey(device, message))
            return True
        return self._bonded(device, message)

    async def _ask_passkey(self, device: FakeDevice, message: Message) -> None:
        """Ask the agent for the number that stands on the sensor."""
        question = Message(
            destination=self.agents[-1],
            path="/org/imuhip/agent",
            interface="org.bluez.Agent1",
            member="RequestPasskey",
            signature="o",
            body=[device.path],
        )
        answer = await self.bus.call(question)
        if answer is not None and answer.message_type is MessageType.METHOD_RETURN and answer.body == [device.passkey]:
            await self.bus.send(self._bonded(device, message))
        else:
            refusal = ("org.bluez.Error.AuthenticationFailed", "Authentication Failed")
            await self.bus.send(Message.new_error(message, *refusal))

    def _bonded(self, device: FakeDevice, message: Message) -> Message:
        device.paired = True
        if not device.connected:
            device.connect()
        self.changed(device.path, DEVICE1, {"Paired": Variant("b", True)})
        return Message.new_method_return(message)

    def _on_registeragent(self, message: Message) -> Message:
        self.agents.append(message.sender or "")
        return Message.new_method_return(message)

    def _on_requestdefaultagent(self, message: Message) -> Message:
        return Message.new_method_return(message)

    def _on_unregisteragent(self, message: Message) -> Message:
        self.agents.remove(message.sender or "")
        return Message.new_method_return(message)

    def _attribute(self, message: Message) -> tuple[FakeDevice, str]:
        path = message.path or ""
        device = next(each for each in self.devices.values() if path.startswith(each.path))
        return device, device.paths[path]

    def _served(self, message: Message, serve: Callable[[FakeDevice, str], Message]) -> Message:
        device, uuid = self._attribute(message)
        if not device.connected:
            return Message.new_error(message, "org.bluez.Error.Failed", "Not connected")
        if device.needs_bond and not device.paired:
            return Message.new_error(message, "org.bluez.Error.NotPermitted", "Operation failed with ATT error: 0x0f")
        try:
            return serve(device, uuid)
        except AttributeRefusedError as refused:
            text = f"Operation failed with ATT error: 0x{refused.code:02x}"
            return Message.new_error(message, "org.bluez.Error.Failed", text)

    def _on_readvalue(self, message: Message) -> Message:
        now_s = asyncio.get_running_loop().time()
        return self._served(
            message, lambda device, uuid: Message.new_method_return(message, "ay", [device.firmware.read(uuid, now_s)])
        )

    def _on_writevalue(self, message: Message) -> Message:
        def write(device: FakeDevice, uuid: str) -> Message:
            device.firmware.write(uuid, bytes(message.body[0]), asyncio.get_running_loop().time())
            return Message.new_method_return(message)

        return self._served(message, write)

    def _on_startnotify(self, message: Message) -> Message:
        def start(device: FakeDevice, _: str) -> Message:
            device.subscribers.setdefault(message.path or "", []).append(message.sender or "")
            return Message.new_method_return(message)

        return self._served(message, start)

    def _on_stopnotify(self, message: Message) -> Message:
        self._forget(message.sender or "")
        return Message.new_method_return(message)

    def _on_acquirenotify(self, message: Message) -> Message:
        def acquire(device: FakeDevice, _: str) -> Message:
            ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
            device.sockets[message.path or ""] = ours
            return Message.new_method_return(message, "hq", [0, 247], unix_fds=[os.dup(theirs.detach())])

        return self._served(message, acquire)


@asynccontextmanager
async def fake_bluez(address: str) -> AsyncIterator[FakeBluez]:
    """Serve org.bluez on a bus."""
    bus = await MessageBus(bus_address=address, negotiate_unix_fd=True).connect()
    bluez = FakeBluez(bus)
    await bus.call(
        Message(
            destination="org.freedesktop.DBus",
            path="/org/freedesktop/DBus",
            interface="org.freedesktop.DBus",
            member="AddMatch",
            signature="s",
            body=["type='signal',interface='org.freedesktop.DBus',member='NameOwnerChanged'"],
        )
    )
    assert await bus.request_name("org.bluez") is RequestNameReply.PRIMARY_OWNER
    try:
        yield bluez
    finally:
        for device in bluez.devices.values():
            device.drop()
        bus.disconnect()
