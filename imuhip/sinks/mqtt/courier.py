"""The sink's own life: connect, serve, and connect anew, on an event loop that nothing else uses."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import secrets
import time
from collections.abc import Coroutine
from typing import Any

import aiomqtt

from imuhip.sinks.mqtt import connection as mqtt
from imuhip.sinks.mqtt import payloads, reasons
from imuhip.sinks.mqtt.address import Broker
from imuhip.sinks.mqtt.connection import Connection, RefusedError
from imuhip.sinks.mqtt.frames import FrameQueue
from imuhip.sinks.mqtt.outbox import Outbox
from imuhip.sinks.mqtt.payloads import Frame, Session
from imuhip.sinks.mqtt.reception import Reception
from imuhip.sinks.mqtt.reports import Announcer, Reports
from imuhip.sinks.mqtt.spool import Event
from imuhip.sinks.mqtt.state import Shared
from imuhip.sinks.mqtt.topics import Identity

log = logging.getLogger("imuhip.mqtt")

FIRST_WAIT_S, LONGEST_WAIT_S = 0.25, 30.0
"""Between two attempts: doubled each time, with jitter so that many wearers do not come back all at once."""
ANGLES_EXPIRY_S = 2
"""A broker that speaks MQTT 5 throws angles away that nobody fetched in time."""
SUMMARY_S = 1.0
EVENTS_AT_ONCE = 50
REFUSED_S = 30.0
"""After a refusal: rights are given by people."""
GRACE_S = 5.0
"""How long a session that ends waits for what it still has to deliver; the spool keeps the rest."""
LAST_S = 1.0
"""For the goodbye after that; then it ends whatever the broker does."""
STRIKES, STRIKE_S = 4, 2.0
"""An event at which the broker closes the connection at once, this often in a row, is what it cannot take."""


class Courier:
    """Brings frames and events to the broker.

    Args:
        broker: Where to.
        identity: Whose.
        session: Of the messages.
        frames: What is live.
        outbox: What must arrive.
        shared: What the feeding side sees and says.
        discovery: Whether Home Assistant is told.
    """

    def __init__(
        self,
        broker: Broker,
        identity: Identity,
        session: Session,
        frames: FrameQueue,
        outbox: Outbox,
        shared: Shared,
        *,
        discovery: bool,
    ) -> None:
        self._broker = broker
        self._identity = identity
        self._session = session
        self._frames = frames
        self._outbox = outbox
        self._shared = shared
        self._reports = Reports(identity, session, frames, outbox, shared)
        self._announcer = Announcer(identity, session, outbox) if discovery else None
        self._version = mqtt.V5
        self._frames_ready, self._events_ready = asyncio.Event(), asyncio.Event()
        self._stopping = asyncio.Event()
        self._healthy = False
        self._running: asyncio.Task[Any] | None = None
        self._grace_ends_s = 0.0
        self._angles_seq = -1
        self._newest: Frame | None = None
        self._sending: Event | None = None
        self._sent_s = 0.0
        self._strikes: tuple[int, int] = (0, 0)

    def wake_frames(self) -> None:
        """Frames wait; on the loop only, like all that follows."""
        self._frames_ready.set()

    def wake_events(self) -> None:
        """Events wait."""
        self._events_ready.set()

    def stop(self) -> None:
        """End, after a grace for what must be delivered."""
        self._grace_ends_s = time.monotonic() + GRACE_S
        self._stopping.set()
        if self._running is not None:
            asyncio.get_running_loop().call_later(GRACE_S + LAST_S, self._running.cancel)

    async def run(self) -> None:
        """Serve until stopped.

        Raises:
            CancelledError: The broker hung when it was to end.
        """
        self._running = asyncio.current_task()
        failures = 0
        while not self._finished():
            self._healthy = False
            try:
                await self._connect_and_serve()
                failures = 0
            except (aiomqtt.MqttError, OSError, ValueError) as error:
                served = self._shared.state.connected
                if not served and self._version is mqtt.V5 and reasons.maybe_unsupported(error):
                    # A broker that only knows MQTT 3.1.1 may say so, hang up, or say nothing at all.
                    self._version = mqtt.V311
                    continue
                if not served:
                    self._version = mqtt.V5
                # One that has taken something is worth trying at once; one that hangs up at everybody is not.
                failures = 0 if self._healthy else failures + 1
                self._shared.disconnected(reasons.explain(error, self._broker, served=served))
                await self._suspect(error)
                if served:
                    await self._outbox.doubt()
                if self._stopping.is_set() and failures > 1:
                    return
                await self._pause(failures)

    def _finished(self) -> bool:
        if not self._stopping.is_set():
            return False
        # A short session may end before the first connection stands.
        wanted = not self._shared.attempted.is_set() or not self._outbox.idle
        return not wanted or time.monotonic() >= self._grace_ends_s

    async def _pause(self, failures: int) -> None:
        most_s = min(FIRST_WAIT_S * 2.0 ** min(failures, 20), LONGEST_WAIT_S)
        wait_s = secrets.SystemRandom().uniform(most_s / 2, most_s)
        if self._stopping.is_set():
            await asyncio.sleep(min(wait_s, max(self._grace_ends_s - time.monotonic(), 0.0)))
            return
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._stopping.wait(), wait_s)

    async def _connect_and_serve(self) -> None:
        connection = Connection(self._broker, self._version, self._reports.will(self._version))
        async with connection:
            reception = Reception(connection, self._identity, self._session, self._outbox, self._shared)
            self._shared.connected(self._version.name)
            try:
                await _first_to_end(self._greet(connection, reception), connection.lost())
                await _first_to_end(
                    self._send_frames(connection),
                    self._send_events(connection, reception),
                    reception.listen(self._announcer),
                    self._reports.repeat(connection, reception),
                    self._summarize(connection),
                    self._until_stopped(connection),
                )
            except BaseException:
                connection.abandon()  # no polite goodbye to one that may hang: its last will tells the others
                raise

    async def _greet(self, connection: Connection, reception: Reception) -> None:
        await reception.subscribe()
        await self._reports.greet(connection)
        self._healthy = True
        if self._announcer is not None:
            await self._announcer.announce(connection, self._shared)
        self._shared.attempted.set()

    async def _send_frames(self, connection: Connection) -> None:
        topic, properties = self._identity.topic("angles"), connection.properties(ANGLES_EXPIRY_S)
        while True:
            self._frames_ready.clear()
            while frames := self._frames.take():
                self._newest = frames[-1]
                self._angles_seq += 1  # counted before: what fails to be sent shows as a gap
                payload = payloads.encode(payloads.angles(self._session, self._angles_seq, frames))
                await connection.send(topic, payload, properties)
                self._shared.state.sent += 1
                await asyncio.sleep(0)
            await self._frames_ready.wait()

    async def _send_events(self, connection: Connection, reception: Reception) -> None:
        if connection.version is mqtt.V311:
            # It acknowledges what it throws away for want of rights: first it must show that it hands on.
            await reception.echoed.wait()
        while True:
            self._events_ready.clear()
            events = await self._outbox.next(EVENTS_AT_ONCE)
            if not events:
                await self._events_ready.wait()
                continue
            done: list[int] = []
            try:
                refused = False
                for event in events:
                    refused = not await self._deliver(connection, event)
                    if refused:
                        break
                    if not self._outbox.is_aside(event):
                        done.append(event.id)
            finally:
                if done:
                    await self._outbox.delivered(done)
            if refused:
                await asyncio.sleep(REFUSED_S)

    async def _deliver(self, connection: Connection, event: Event) -> bool:
        """Deliver one event; False where the broker refuses it and may take it later."""
        self._sending, self._sent_s = event, time.monotonic()
        try:
            await connection.deliver(
                self._identity.topic(event.kind), event.payload, properties=connection.properties()
            )
        except RefusedError as error:
            self._sending = None
            self._shared.refused(event.kind, str(error))
            if error.code not in reasons.PERMANENT:
                return False
            await self._outbox.set_aside(event)
            return True
        self._sending = None
        self._shared.accepted(event.kind)
        return True

    async def _suspect(self, error: BaseException) -> None:
        """Find the event that makes the broker hang up, so that it does not hold up all others for ever."""
        event, self._sending = self._sending, None
        if event is None or time.monotonic() - self._sent_s > STRIKE_S:
            return
        id_, strikes = self._strikes
        self._strikes = (event.id, strikes + 1 if id_ == event.id else 1)
        if reasons.too_large(error) or self._strikes[1] >= STRIKES:
            await self._outbox.set_aside(event)
            log.warning(
                "MQTT: the broker hangs up at a %s of %d bytes; it is set aside.", event.kind, len(event.payload)
            )

    async def _summarize(self, connection: Connection) -> None:
        shown: Frame | None = None
        while True:
            if self._newest is not None and self._newest is not shown:
                shown = self._newest
                await self._reports.summary(connection, shown)
            await asyncio.sleep(SUMMARY_S)

    def _all_sent(self) -> bool:
        return self._outbox.idle and not len(self._frames)

    async def _until_stopped(self, connection: Connection) -> None:
        await self._stopping.wait()
        while not self._all_sent() and time.monotonic() < self._grace_ends_s:  # noqa: ASYNC110  # other threads' doing
            await asyncio.sleep(0.02)
        await self._reports.say(connection, "offline")


async def _first_to_end(*work: Coroutine[Any, Any, None]) -> None:
    """Run coroutines until one ends or fails, then end the others."""
    tasks = [asyncio.create_task(each, name=f"imuhip mqtt {number}") for number, each in enumerate(work)]
    try:
        done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        for task in done:
            task.result()
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
