"""Whether this machine can talk to sensors, and if not, the one thing to do next."""

from __future__ import annotations

import asyncio
import platform
import re
import shutil
import sys
from collections.abc import AsyncIterator
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from imuhip.errors import InputError, RadioError
from imuhip.radio.adapter import ACCESS_DENIED, Adapter
from imuhip.radio.opening import open_radio
from imuhip.radio.paired import PairedSensors
from imuhip.records import record

BLEAK_NEEDED = (3, 1)
BLUEZ_NEEDED = (5, 55)
"""Older ones lack what bleak 3 needs."""

ANSWER_S = 5.0
_SERVICE, _ADAPTER = "org.bluez", "org.bluez.Adapter1"
_DAEMON = Path("/usr/libexec/bluetooth/bluetoothd")

_DENIED = (ACCESS_DENIED, "org.bluez.Error.NotAuthorized", "org.bluez.Error.NotPermitted")


@record
class Check:
    """One thing that was looked at.

    Attributes:
        name: What it is.
        fine: Whether it is as it must be; None where it is only told.
        detail: What was found.
        remedy: What to do, where it is not.
    """

    name: str
    fine: bool | None
    detail: str
    remedy: str = ""


def _fine(name: str, detail: str) -> Check:
    return Check(name, fine=True, detail=detail)


def _bad(name: str, detail: str, remedy: str) -> Check:
    return Check(name, fine=False, detail=detail, remedy=remedy)


async def checks(radio: str | None = None) -> AsyncIterator[Check]:
    """Look at this machine, from the ground up; what depends on something that failed is not looked at.

    Args:
        radio: As for :func:`imuhip.radio.opening.open_radio`.

    Yields:
        Each check as it is done.
    """
    yield Check("system", None, f"{platform.system()} {platform.release()}, Python {platform.python_version()}")
    library = _library()
    yield library
    if not library.fine:
        return
    yield _virtual()
    if sys.platform == "linux" and (radio is None or radio.startswith("hci")):
        async for check in _bluez(radio):
            yield check
            if check.fine is False:
                return
    usable = await _usable(radio)
    yield usable
    if usable.fine:
        yield _sensors()


def _library() -> Check:
    try:
        found = version("bleak")
    except PackageNotFoundError:
        return _bad("bleak", "not installed", 'Run: pip install "bleak>=3.1"')
    fine = tuple(int(part) for part in re.findall(r"\d+", found)[:2]) >= BLEAK_NEEDED
    return Check("bleak", fine, found, "" if fine else 'Run: pip install --upgrade "bleak>=3.1"')


def _virtual() -> Check:
    there = find_spec("bumble") is not None
    hint = "" if there else 'pip install "imuhip[radio-virtual]" adds it'
    return Check("virtual radio", None, "installed" if there else f"not installed; {hint}")


async def _bluez(radio: str | None) -> AsyncIterator[Check]:
    """Bus, service, version, adapter, power: each needs the one before."""
    from dbus_fast import BusType  # noqa: PLC0415  # Linux only
    from dbus_fast.aio import MessageBus  # noqa: PLC0415
    from dbus_fast.errors import DBusError  # noqa: PLC0415

    try:
        async with asyncio.timeout(ANSWER_S):
            bus = await MessageBus(bus_type=BusType.SYSTEM).connect()
    except (OSError, EOFError, DBusError, TimeoutError) as error:
        remedy = "Start D-Bus (systemctl start dbus); in a container use a dongle: --radio bumble:usb:0"
        yield _bad("D-Bus", f"the system bus cannot be reached ({_why(error)})", remedy)
        return
    try:
        yield _fine("D-Bus", "reachable")
        objects = await _managed_objects(bus)
        if isinstance(objects, Check):
            yield objects
            return
        yield _fine("BlueZ service", "running")
        yield await _bluez_version()
        for check in _adapters(objects, radio):
            yield check
    finally:
        bus.disconnect()


def _why(error: Exception) -> str:
    return (error.strerror if isinstance(error, OSError) else None) or str(error) or type(error).__name__


async def _managed_objects(bus: Any) -> dict[str, Any] | Check:
    from dbus_fast import Message, MessageType  # noqa: PLC0415

    message = Message(
        destination=_SERVICE,
        path="/",
        interface="org.freedesktop.DBus.ObjectManager",
        member="GetManagedObjects",
    )
    try:
        async with asyncio.timeout(ANSWER_S):
            reply = await bus.call(message)
    except TimeoutError:
        return _bad("BlueZ service", "does not answer", "Run: sudo systemctl restart bluetooth")
    if reply is None or reply.message_type is MessageType.ERROR:
        name = "" if reply is None else reply.error_name or ""
        if name in _DENIED:
            remedy = "Run: sudo usermod -aG bluetooth $USER, then log in again"
            return _bad("BlueZ service", "this user may not use it", remedy)
        if shutil.which("bluetoothctl") is None and not _installed():
            return _bad("BlueZ service", "BlueZ is not installed", "Run: sudo apt install bluez")
        return _bad("BlueZ service", "not running", "Run: sudo systemctl enable --now bluetooth")
    objects: dict[str, Any] = reply.body[0]
    return objects


def _installed() -> bool:
    return _DAEMON.exists()


async def _bluez_version() -> Check:
    program = shutil.which("bluetoothctl")
    if program is None:
        return Check("BlueZ version", None, "unknown (bluetoothctl is not installed)")
    process = await asyncio.create_subprocess_exec(program, "--version", stdout=asyncio.subprocess.PIPE)
    text = (await process.communicate())[0].decode("utf-8", "replace")
    numbers = tuple(int(part) for part in re.findall(r"\d+", text)[:2])
    if len(numbers) < 2:
        return Check("BlueZ version", None, "unknown")
    text = ".".join(map(str, numbers))
    return _fine("BlueZ version", text) if numbers >= BLUEZ_NEEDED else _bad("BlueZ version", text, "Update the system")


def _adapters(objects: dict[str, Any], radio: str | None) -> list[Check]:
    found = {path.rsplit("/", 1)[1]: each[_ADAPTER] for path, each in objects.items() if _ADAPTER in each}
    if not found:
        blocked = _blocked()
        if blocked:
            return [_bad("adapter", f"switched off ({blocked})", "Run: sudo rfkill unblock bluetooth")]
        return [_bad("adapter", "there is none", "Plug in a Bluetooth adapter")]
    if radio is not None and radio not in found:
        return [_bad("adapter", f"{radio} is not there", f"Choose one of {', '.join(sorted(found))}")]
    name = radio or min(found)
    powered = found[name].get("Powered")
    if powered is not None and not powered.value:
        remedy = "Run: sudo rfkill unblock bluetooth" if _blocked() else "Run: bluetoothctl power on"
        return [_bad("adapter", f"{name} is switched off", remedy)]
    return [_fine("adapter", ", ".join(sorted(found)))]


def _blocked() -> str:
    """Say how the kernel's switch blocks Bluetooth, if it does."""
    for switch in Path("/sys/class/rfkill").glob("rfkill*"):
        try:
            if (switch / "type").read_text().strip() != "bluetooth":
                continue
            if (switch / "hard").read_text().strip() == "1":
                return "by a switch on the case"
            if (switch / "soft").read_text().strip() == "1":
                return "by rfkill"
        except OSError:
            continue
    return ""


async def _usable(radio: str | None) -> Check:
    """Scan for a moment: the one test that counts."""
    try:
        async with open_radio(radio) as adapter:
            return await _heard(adapter)
    except RadioError as error:
        return _bad("scan", error.reason, _system_remedy() or error.remedy or "")


async def _heard(adapter: Adapter) -> Check:
    from imuhip.radio.pairing import driver_of  # noqa: PLC0415  # drivers are not needed before

    heard = await adapter.scan(3.0)
    known = sum(driver_of(sighting) is not None for sighting in heard)
    return _fine("scan", f"{known} sensors and {len(heard) - known} other devices are heard")


def _system_remedy() -> str:
    if sys.platform == "darwin":
        return "Allow Bluetooth for your terminal: System Settings, Privacy & Security, Bluetooth; then start it again"
    if sys.platform == "win32":
        return "Switch Bluetooth on: Settings, Bluetooth & devices; Windows 10 version 16299 or newer is needed"
    return ""


def _sensors() -> Check:
    try:
        known = PairedSensors().load()
    except InputError as error:
        return _bad("paired sensors", error.reason, error.remedy or "")
    if not known:
        return _bad("paired sensors", "none", "Run: imuhip pair pelvis thigh_right")
    return _fine("paired sensors", ", ".join(each.role.replace("_", " ") for each in known))
