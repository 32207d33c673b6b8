"""Keeps one sensor streaming for as long as a session lasts.

::

    SEARCHING --heard, connected--> PREPARING --subscribed, started--> STREAMING
        ^  ^                            |                                  |
        |  | not heard                  | refused, broken                  | dropped, silent
        |  |                            v                                  v
        |  +---------------------- RESTING <---------------------------- CLOSING
        +------------- waited, longer each time; at once after a stream that worked

Every connection has a number. What an old connection still delivers (a late notification, a late "disconnected")
carries an old number and is dropped, and a new connection begins only when the old one is closed.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from dataclasses import dataclass
from enum import Enum

from imuhip.errors import LinkError, PacketError, RadioError
from imuhip.packets.drivers import RadioDriver
from imuhip.radio.adapter import Adapter
from imuhip.radio.arrivals import Arrivals
from imuhip.radio.refill import Refill
from imuhip.radio.talk import Talk
from imuhip.radio.tasks import end
from imuhip.records import record

logger = logging.getLogger(__name__)

SILENCE_S = 3.0
"""A connected sensor that sends nothing for this long is at fault: longer than the radio's own repeats bridge."""

AT_ONCE_S, FIRST_REST_S, LONGEST_REST_S = 0.05, 0.25, 8.0
"""After a stream that broke, and between attempts that fail, doubled each time: a sensor that comes back late is not
worth searching for without a rest."""

POLL_S = 30.0
"""Between two looks at battery and signal."""

STOP_S = 1.0
"""For telling a sensor to stop; what does not answer by then notices that the connection ends."""

REBOND_AFTER = 2
"""A bonded sensor that is heard but refuses this often has lost its bond: both sides forget it and bond again."""


class State(Enum):
    """Where a sensor's connection stands."""

    SEARCHING = "searching"
    PREPARING = "preparing"
    STREAMING = "streaming"
    CLOSING = "closing"
    RESTING = "resting"
    STOPPED = "stopped"


@dataclass(slots=True)
class LinkStatus:
    """What is known about a connection, for people.

    Attributes:
        state: Where it stands.
        generation: Number of the connection, 0 before the first.
        battery_percent: As last polled.
        rssi_dbm: How strong the sensor was last heard.
        fault: What ended the last connection or attempt, in words.
        outages: How often a stream that worked broke.
        streaming_since_s: Loop time since which it streams; None while it does not.
    """

    state: State = State.SEARCHING
    generation: int = 0
    battery_percent: int | None = None
    rssi_dbm: int | None = None
    fault: str = ""
    outages: int = 0
    streaming_since_s: float | None = None


@record
class Target:
    """A sensor to connect to.

    Attributes:
        index: Its place in the recording.
        role: Where it is worn.
        address: As a scan reports it; stays in this program.
        driver: How to talk to it and read it.
        rate_hz: The rate to ask for.
        descriptor: As known from pairing; what the sensor says when it comes counts more.
        bonded: Whether the connection is encrypted with keys kept from pairing.
    """

    index: int
    role: str
    address: str
    driver: RadioDriver
    rate_hz: float
    descriptor: bytes | None = None
    bonded: bool = False


class Supervisor:
    """Connects to one sensor, again and again.

    Args:
        target: The sensor.
        adapter: Makes the connections.
        arrivals: Takes the notifications.
    """

    def __init__(self, target: Target, adapter: Adapter, arrivals: Arrivals) -> None:
        self.target = target
        self.status = LinkStatus()
        self.descriptor = target.descriptor
        self.described = asyncio.Event()
        self.refill = Refill(target.driver)
        self._adapter = adapter
        self._arrivals = arrivals
        self._fixed = self._readable = False
        self._heard = 0
        self._streamed = False
        self._refused = 0

    def fix_descriptor(self) -> None:
        """From now on a recording says what this sensor sends: it must not change any more."""
        self._fixed = True

    async def run(self) -> None:
        """Keep the sensor streaming until cancelled."""
        rest_s = FIRST_REST_S
        try:
            while True:
                self._streamed = False
                try:
                    await self._connection()
                except RadioError as error:
                    self._note(error)
                self.status.state = State.RESTING
                await asyncio.sleep(AT_ONCE_S if self._streamed else rest_s)
                rest_s = FIRST_REST_S if self._streamed else min(2 * rest_s, LONGEST_REST_S)
        finally:
            self.status.state = State.STOPPED

    async def _connection(self) -> None:
        """One connection from search to end; always raises, at least that it ended."""
        status = self.status
        status.state = State.SEARCHING
        status.generation += 1
        self._readable = False
        generation = status.generation
        ended = asyncio.Event()
        await self._restore_bond()
        client = await self._adapter.connect(self.target.address, ended.set)
        status.state = State.PREPARING
        talk = Talk(
            client, self.target.driver, lambda data: self._receive(generation, data), self._adapter.notify_options
        )
        try:
            await self._prepare(talk)
            status.state = State.STREAMING
            status.streaming_since_s = asyncio.get_running_loop().time()
            status.fault = ""
            self._refused = 0
            await self._stream(talk, ended)
        except asyncio.CancelledError:
            # Only the end of the session stops the sensor: after a fault it goes on measuring into its log.
            if not ended.is_set():
                await self._say_goodbye(talk)
            raise
        finally:
            status.state = State.CLOSING
            status.streaming_since_s = None
            await self._adapter.disconnect(client)

    async def _prepare(self, talk: Talk) -> None:
        descriptor = await talk.set_up(self.target.rate_hz)
        if not self._fixed:
            self.descriptor = descriptor
        elif descriptor != self.descriptor:
            # What it sends now could not be read by what the recording says about it.
            raise LinkError(
                "the sensor has other settings than at the start of the recording",
                remedy=f"Pair it again: imuhip pair {self.target.role}",
            )
        self.refill.connected(descriptor)
        self._readable = True
        await talk.start(self.target.rate_hz)
        self.described.set()

    async def _stream(self, talk: Talk, ended: asyncio.Event) -> None:
        """Watch a stream until it fails."""
        side_jobs = [
            asyncio.create_task(self._poll(talk), name=f"poll {self.target.role}"),
            asyncio.create_task(self.refill.run(talk), name=f"refill {self.target.role}"),
        ]
        try:
            while True:
                heard = self._heard
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(SILENCE_S):
                        await ended.wait()
                if ended.is_set():
                    raise LinkError("the connection broke")
                if self._heard == heard:
                    raise LinkError("the sensor is connected but sends nothing")
        finally:
            await end(side_jobs)

    async def _poll(self, talk: Talk) -> None:
        """Look at battery and signal now and then; neither matters enough to end a stream."""
        while True:
            sighting = self._adapter.seen.get(self.target.address)
            self.status.rssi_dbm = None if sighting is None else sighting.rssi_dbm
            if (battery := self.target.driver.battery) is not None:
                with contextlib.suppress(LinkError, PacketError):
                    self.status.battery_percent = self.target.driver.battery_percent(await talk.ask(battery))
            await asyncio.sleep(POLL_S)

    async def _say_goodbye(self, talk: Talk) -> None:
        with contextlib.suppress(RadioError, TimeoutError):
            async with asyncio.timeout(STOP_S):
                await talk.ask_all(self.target.driver.stop())

    async def _restore_bond(self) -> None:
        """Bond again with a sensor that is heard but refuses: it has lost its keys."""
        if self.target.bonded and self._refused >= REBOND_AFTER:
            self._refused = 0
            await self._adapter.bond_again(self.target.address)

    def _receive(self, generation: int, data: bytes) -> None:
        if self._readable and generation == self.status.generation and self.status.state is not State.CLOSING:
            self._heard += 1
            self._streamed = True
            self._arrivals.put(self.target.index, data)

    def _note(self, error: RadioError) -> None:
        self.status.outages += self._streamed
        if isinstance(error, LinkError) and not self._streamed:
            self._refused += 1
        log = logger.warning if error.reason != self.status.fault else logger.debug
        log("%s: %s", self.target.role.replace("_", " "), error.reason)
        self.status.fault = error.reason
