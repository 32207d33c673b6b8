"""Commands about sensors: which are in reach, which is worn where."""

from __future__ import annotations

import contextlib
import json
import sys
from typing import TYPE_CHECKING, Any

import click

from imuhip.cli import options
from imuhip.cli.output import say
from imuhip.errors import InputError, LinkError, RadioError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from imuhip.radio.adapter import Adapter, Sighting
    from imuhip.radio.supervisor import Target


@click.command(epilog="Example: imuhip scan")
@options.radio
@click.option("--seconds", metavar="SECONDS", type=options.above_zero, default=5.0, help="How long to listen.")
@click.option("--battery/--no-battery", default=True, help="Connect to each to ask for it.")
@click.option("--all", "everything", is_flag=True, help="Other devices too.")
@click.option("--addresses", is_flag=True, help="Show addresses; keep them to yourself.")
@options.as_json
def scan(radio: str | None, *, seconds: float, battery: bool, everything: bool, addresses: bool, as_json: bool) -> None:
    """List the sensors in reach: model, signal, battery, and the role where they have one."""
    import asyncio

    found = asyncio.run(_scan(radio, seconds, battery=battery, everything=everything))
    if not addresses:
        for each in found:
            del each["address"]
    if as_json:
        say(json.dumps({"sensors": found}, indent=2) + "\n")
        return
    if not found:
        from imuhip.radio.adapter import NOT_FOUND_REMEDY

        raise RadioError("no sensor is heard", remedy=NOT_FOUND_REMEDY)
    say(_table(found))


@click.command(epilog="Example: imuhip pair pelvis thigh_right")
@click.argument("roles", metavar="ROLE...", nargs=-1, required=True, help="pelvis, thigh_right, thigh_left, ...")
@options.radio
@click.option(
    "--timeout",
    metavar="SECONDS",
    type=options.above_zero,
    default=60.0,
    help="How long to wait for the taps of each sensor.",
)
@click.option("--force", is_flag=True, help="Give a role away that a sensor has already.")
def pair(roles: Sequence[str], radio: str | None, *, timeout: float, force: bool) -> None:
    """Give each sensor its role by tapping it twice.

    Every sensor in reach that has no role yet is connected; the one that you tap is the one meant, its light blinks
    where the model can, it is bonded where the model can, and it is remembered.
    """
    from imuhip.radio.paired import PairedSensors

    wanted = [_role(role) for role in roles]
    known = PairedSensors().load()
    for role in wanted:
        if wanted.count(role) > 1:
            raise InputError(f"{role} is named twice", remedy="Give each sensor a role of its own")
        if not force and any(each.role == role for each in known):
            raise InputError(
                f"the {_words(role)} has a sensor already", remedy=f"Run: imuhip forget {role}, or give --force"
            )
    import asyncio

    asyncio.run(_pair(radio, wanted, timeout))


@click.command(epilog="Example: imuhip sensors")
@options.as_json
def sensors(*, as_json: bool) -> None:
    """List the paired sensors."""
    from imuhip.packets.drivers import RADIO_DRIVERS
    from imuhip.radio.paired import PairedSensors

    drivers = {driver.name: driver for driver in RADIO_DRIVERS}
    known: list[dict[str, Any]] = [
        {
            "role": each.role,
            "name": each.name,
            "model": drivers[each.driver].model if each.driver in drivers else each.driver,
            "rate_hz": each.rate_hz,
            "bonded": each.bonded,
            "limits": list(drivers[each.driver].capabilities.limits) if each.driver in drivers else [],
        }
        for each in PairedSensors().load()
    ]
    if as_json:
        say(json.dumps({"sensors": known}, indent=2) + "\n")
        return
    if not known:
        say("No sensor is paired. Pair them with: imuhip pair pelvis thigh_right\n")
        return
    from imuhip.cli.wording import columns

    rows = []
    for each in known:
        bonded = "bonded" if each["bonded"] else ""
        rows.append((_words(each["role"]), each["model"], each["name"], f"{each['rate_hz']:g} Hz", bonded))
    limits = dict.fromkeys(f"{each['model']}: {limit}" for each in known for limit in each["limits"])
    say("\n".join([*columns(rows), *limits]) + "\n")


@click.command(epilog="Example: imuhip forget pelvis")
@click.argument("role", metavar="ROLE", help="pelvis, thigh_right, thigh_left, shank_right, ...")
@options.radio
def forget(role: str, radio: str | None) -> None:
    """Forget the sensor with a role; its bond is undone where it is in reach or the system can do without."""
    from imuhip.radio.paired import PairedSensors

    gone = PairedSensors().forget(_role(role))
    if gone is None:
        raise InputError(f"no sensor is paired as {role}", remedy="imuhip sensors lists them")
    _tell(f"Forgot the {_words(role)} sensor.")
    if gone.bonded:
        import asyncio

        try:
            asyncio.run(_unbond(radio, gone.address))
        except RadioError as error:
            _tell(f"Its bond could not be undone ({error.reason}); the system's Bluetooth settings can.")


def paired_targets() -> list[Target]:
    """Return all paired sensors as a session wants them.

    Raises:
        InputError: None is paired, or one is of a model that this version does not know.
    """
    from imuhip.packets.drivers import RADIO_DRIVERS
    from imuhip.radio.paired import PairedSensors
    from imuhip.radio.supervisor import Target

    drivers = {driver.name: driver for driver in RADIO_DRIVERS}
    known = PairedSensors().load()
    if not known:
        raise InputError("no sensor is paired", remedy="Run: imuhip pair pelvis thigh_right, or give --virtual")
    targets = []
    for index, each in enumerate(known):
        if each.driver not in drivers:
            raise InputError(f"the model {each.driver!r} of the {_words(each.role)} is unknown", remedy="Update imuhip")
        targets.append(
            Target(
                index=index,
                role=each.role,
                address=each.address,
                driver=drivers[each.driver],
                rate_hz=each.rate_hz,
                descriptor=each.descriptor,
                bonded=each.bonded,
            )
        )
    return targets


async def _scan(radio: str | None, seconds: float, *, battery: bool, everything: bool) -> list[dict[str, Any]]:
    from imuhip.radio.opening import open_radio
    from imuhip.radio.paired import PairedSensors
    from imuhip.radio.pairing import driver_of, readable

    roles = {each.address.lower(): each.role for each in PairedSensors().load()}
    found = []
    async with open_radio(radio) as adapter:
        for sighting in await adapter.scan(seconds):
            driver = driver_of(sighting)
            if driver is None and not everything:
                continue
            percent = await _battery(adapter, sighting) if battery and driver is not None else None
            found.append(
                {
                    "model": None if driver is None else driver.model,
                    "name": readable(sighting.name),
                    "signal_dbm": sighting.rssi_dbm,
                    "battery_percent": percent,
                    "role": roles.get(sighting.device.address.lower()),
                    "address": sighting.device.address,
                }
            )
    return found


async def _battery(adapter: Adapter, sighting: Sighting) -> int | None:
    """Ask one sensor; one that does not answer is listed without."""
    from imuhip.errors import PacketError
    from imuhip.radio.pairing import driver_of
    from imuhip.radio.talk import Talk

    driver = driver_of(sighting)
    if driver is None or driver.battery is None:
        return None
    try:
        client = await adapter.connect(sighting.device.address, lambda: None)
    except RadioError:
        return None
    try:
        talk = Talk(client, driver, lambda _: None)
        await talk.subscribe()
        return driver.battery_percent(await talk.ask(driver.battery))
    except (LinkError, PacketError):
        return None
    finally:
        await adapter.disconnect(client)


async def _pair(radio: str | None, roles: Sequence[str], timeout_s: float) -> None:
    from imuhip.radio.agent import pairing_agent
    from imuhip.radio.opening import open_radio
    from imuhip.radio.paired import PairedSensors
    from imuhip.radio.pairing import candidates, confirm, readable, wait_for_tap

    store = PairedSensors()
    async with open_radio(radio) as adapter, pairing_agent(radio):
        _tell("Looking for sensors ...")
        taken = [each.address for each in store.load() if each.role not in roles]
        async with candidates(adapter, taken, lambda name, why: _tell(f"Left out {name}: {why.reason}.")) as found:
            names = ", ".join(f"{each.driver.model} {readable(each.sighting.name)}".strip() for each in found)
            _tell(f"Connected: {names}.")
            for role in roles:
                if all(each.chosen for each in found):
                    raise RadioError(f"there is no sensor left for the {_words(role)}", remedy="Switch it on")
                _tell(f"Tap the {_words(role)} sensor twice.\a")
                tapped = await wait_for_tap(found, timeout_s)
                sensor = await confirm(tapped, role, store.add)
                light = ", its light blinks" if tapped.driver.identify() else ""
                bonded = ", bonded" if sensor.bonded else ""
                _tell(f"  {sensor.name or tapped.driver.model} is the {_words(role)} sensor{light}{bonded}.")
                for limit in tapped.driver.capabilities.limits:
                    _tell(f"  Note: {limit}")
    _tell("Record with: imuhip record -o session.mcap")


async def _unbond(radio: str | None, address: str) -> None:
    from imuhip.radio.opening import open_radio

    async with open_radio(radio) as adapter:
        with contextlib.suppress(RadioError):
            await adapter.scan(2.0)
        await adapter.bond_again(address)


def _table(found: Sequence[dict[str, Any]]) -> str:
    from imuhip.cli.wording import columns

    rows = [("model", "name", "signal", "battery", "role", "address" if "address" in found[0] else "")]
    rows += [
        (
            each["model"] or "not a known sensor",
            each["name"] or "-",
            f"{each['signal_dbm']} dBm",
            "-" if each["battery_percent"] is None else f"{each['battery_percent']} %",
            _words(each["role"]) if each["role"] else "-",
            each.get("address", ""),
        )
        for each in found
    ]
    return "\n".join(columns(rows)) + "\n"


def _role(name: str) -> str:
    from imuhip.units import ROLES

    role = name.strip().lower().replace(" ", "_").replace("-", "_")
    if role not in ROLES:
        raise InputError(f"{name!r} is no role", remedy=f"Choose one of {', '.join(ROLES)}")
    return role


def _words(role: str) -> str:
    return role.replace("_", " ")


def _tell(message: str) -> None:
    sys.stderr.write(f"{message}\n")
    sys.stderr.flush()
