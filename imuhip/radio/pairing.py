"""Giving sensors their roles hands on: all that are heard stream, and the one that is tapped is the one meant."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable, Collection, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from bleak import BleakClient

from imuhip.errors import LinkError, RadioError, SensorNotFound
from imuhip.packets.blocks import block_from_notifications
from imuhip.packets.drivers import RadioDriver, recognise
from imuhip.packets.gatt import Advertisement
from imuhip.packets.notification import SensorInfo
from imuhip.radio.adapter import FOREIGN, NOT_FOUND_REMEDY, Adapter, Sighting, translated
from imuhip.radio.pace import host_ns
from imuhip.radio.paired import PairedSensor
from imuhip.radio.talk import RefusalError, Talk
from imuhip.radio.taps import TapDetector
from imuhip.samples.stage import SampleStage

SCAN_S = 4.0
"""Sensors advertise at least once a second; some miss a few."""

MOST_AT_ONCE = 6
"""Adapters hold seven connections or so."""

BOND_S = 30.0
"""A bond takes a moment; typing a passkey takes people longer."""

NAME_LENGTH = 32

OTHERS_REMEDY = "Switch the one that is meant on and bring it near; imuhip sensors lists those that have one"


def readable(name: str | None) -> str:
    """Return what a device calls itself as it may be shown: without control characters, and short."""
    return "".join(each if each.isprintable() else "?" for each in name or "")[:NAME_LENGTH].strip()


def driver_of(sighting: Sighting) -> RadioDriver | None:
    """Return the driver for an advertisement, None for what is no sensor that is known."""
    said = Advertisement(sighting.name or "", frozenset(sighting.service_uuids), sighting.manufacturer_data)
    return recognise(said)


@dataclass(slots=True)
class Candidate:
    """A sensor that is connected and streams, to be recognised by a tap.

    Attributes:
        sighting: As heard.
        driver: Its driver.
        client: The connection.
        talk: The same for requests.
        descriptor: What it says about itself.
        chosen: Whether it got a role.
        bonded: Whether it was bonded.
    """

    sighting: Sighting
    driver: RadioDriver
    client: BleakClient
    talk: Talk
    descriptor: bytes = b""
    chosen: bool = False
    bonded: bool = False
    tapped: asyncio.Event = field(default_factory=asyncio.Event)
    _stage: SampleStage | None = None
    _taps: TapDetector | None = None

    def watch(self) -> None:
        """Begin to look for taps."""
        self._stage = SampleStage(SensorInfo(0, "", self.driver.model, self.driver.name, self.descriptor))
        self._taps = TapDetector(self._stage.traits.rate_hz)

    def receive(self, data: bytes, now_ns: int) -> None:
        """Take a notification."""
        if self._stage is None or self._taps is None:
            return
        samples = self._stage.feed(block_from_notifications([(now_ns, 0, data)]))
        if self._taps.feed(samples.acc_m_s2):
            self.tapped.set()


@asynccontextmanager
async def candidates(
    adapter: Adapter, taken: Collection[str], on_fault: Callable[[str, LinkError], None] | None = None
) -> AsyncIterator[list[Candidate]]:
    """Connect to every known sensor in reach that has no role yet.

    Args:
        adapter: Makes the connections.
        taken: Addresses of sensors that have one.
        on_fault: Told the name of each sensor that cannot be connected, and why.

    Yields:
        The sensors, streaming. Afterwards they are stopped and disconnected, and those without a role forget us.

    Raises:
        RadioError: There are none, and why.
    """
    busy = {address.lower() for address in taken}
    heard = await adapter.scan(SCAN_S)
    known = [(sighting, driver) for sighting in heard if (driver := driver_of(sighting)) is not None]
    free = [(sighting, driver) for sighting, driver in known if sighting.device.address.lower() not in busy]
    if not free:
        remedy = OTHERS_REMEDY if known else NOT_FOUND_REMEDY
        raise SensorNotFound(_why_none(len(heard), len(known)), remedy=remedy)
    found: list[Candidate] = []
    faults: list[str] = []
    try:
        for sighting, driver in free[:MOST_AT_ONCE]:
            try:
                found.append(await _connect(adapter, sighting, driver))
            except LinkError as error:
                faults.append(error.reason)
                if on_fault is not None:
                    on_fault(readable(sighting.name) or driver.model, error)
        if not found:
            raise RadioError(f"no sensor can be connected ({'; '.join(sorted(set(faults)))})", remedy=NOT_FOUND_REMEDY)
        yield found
    finally:
        for each in found:
            await _let_go(adapter, each)


def _why_none(heard: int, known: int) -> str:
    if known:
        return "all sensors that are heard have a role already"
    return f"no known sensor is heard, only {heard} other devices" if heard else "nothing is heard"


async def _connect(adapter: Adapter, sighting: Sighting, driver: RadioDriver) -> Candidate:
    now_ns = host_ns()
    client = await adapter.connect(sighting.device.address, lambda: None)
    talk = Talk(client, driver, lambda data: candidate.receive(data, now_ns()))
    candidate = Candidate(sighting, driver, client, talk)
    try:
        try:
            candidate.descriptor = await talk.set_up(driver.capabilities.rate_hz)
        except RefusalError:
            raise
        except LinkError as error:
            if not driver.capabilities.bonds:
                raise
            # A sensor may talk over a bond only; the systems differ in how they say that.
            await bond(candidate, error)
            candidate.descriptor = await talk.set_up(driver.capabilities.rate_hz)
        candidate.watch()
        await talk.start(driver.capabilities.rate_hz)
    except BaseException:
        await _part(adapter, candidate)
        raise
    return candidate


async def wait_for_tap(found: Sequence[Candidate], timeout_s: float) -> Candidate:
    """Wait until one of the sensors without a role is tapped twice.

    Raises:
        RadioError: None was in time.
    """
    free = [each for each in found if not each.chosen]
    for each in free:
        each.tapped.clear()
    waiting = {asyncio.create_task(each.tapped.wait(), name="tap"): each for each in free}
    try:
        done, _ = await asyncio.wait(waiting, timeout=timeout_s, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in waiting:
            task.cancel()
        await asyncio.gather(*waiting, return_exceptions=True)
    if not done:
        raise RadioError("no two taps were felt", remedy="Tap the sensor's case twice with a fingertip, and then wait")
    return waiting[done.pop()]


async def bond(candidate: Candidate, cause: LinkError | None = None) -> None:
    """Bond with a sensor.

    Args:
        candidate: The sensor.
        cause: What showed that it needs a bond.

    Raises:
        LinkError: It refused, the passkey was wrong, or it was not a bond that was missing.
    """
    candidate.bonded = True  # until it is known: what was begun must be undone in any case
    try:
        async with asyncio.timeout(BOND_S):
            await candidate.client.pair()
    except NotImplementedError:
        candidate.bonded = False  # macOS bonds by itself when a sensor asks for it
    except FOREIGN as error:
        if cause is not None:
            raise cause from error
        told = translated(error, "bonding")
        remedy = "Check the passkey; switch the sensor off and on, and pair it within a minute"
        raise LinkError(told.reason, remedy=remedy) from error


async def confirm(candidate: Candidate, role: str, remember: Callable[[PairedSensor], None]) -> PairedSensor:
    """Let the sensor's light blink, bond it, and remember it.

    Args:
        candidate: The sensor.
        role: Where it is worn.
        remember: Keeps it; where it fails or the bond does, the sensor has no role and its bond is undone.

    Returns:
        What is remembered.

    Raises:
        LinkError: It could not be bonded.
    """
    with contextlib.suppress(LinkError):
        await candidate.talk.ask_all(candidate.driver.identify())
    if candidate.driver.capabilities.bonds and not candidate.bonded:
        await bond(candidate)
    sensor = PairedSensor(
        role=role,
        address=candidate.sighting.device.address,
        name=readable(candidate.sighting.name),
        driver=candidate.driver.name,
        rate_hz=candidate.driver.capabilities.rate_hz,
        descriptor=candidate.descriptor,
        bonded=candidate.bonded,
    )
    remember(sensor)
    candidate.chosen = True
    return sensor


async def _let_go(adapter: Adapter, candidate: Candidate) -> None:
    with contextlib.suppress(RadioError):
        await candidate.talk.ask_all(candidate.driver.stop())
    await _part(adapter, candidate)


async def _part(adapter: Adapter, candidate: Candidate) -> None:
    """Disconnect; a bond that was begun or made only to feel for taps is undone."""
    if candidate.bonded and not candidate.chosen:
        with contextlib.suppress(*FOREIGN, NotImplementedError):
            await candidate.client.unpair()
    await adapter.disconnect(candidate.client)
