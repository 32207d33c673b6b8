"""What the sink says of itself: status, meta, the summary once a second, and the device for Home Assistant."""

from __future__ import annotations

import asyncio
from typing import Any

import aiomqtt

from imuhip.sinks.mqtt import discovery, payloads
from imuhip.sinks.mqtt.connection import V311, Connection, RefusedError, will_properties
from imuhip.sinks.mqtt.frames import FrameQueue
from imuhip.sinks.mqtt.outbox import Outbox
from imuhip.sinks.mqtt.payloads import Frame, Session
from imuhip.sinks.mqtt.reception import Reception
from imuhip.sinks.mqtt.state import NO_ECHO, Shared, now_us
from imuhip.sinks.mqtt.topics import Identity

STATUS_S = 10.0
"""Between two reports; also how a broker that hangs is noticed: one that is not acknowledged ends the connection."""
ECHO_S = 5.0
"""A broker that has not given our own status back by then keeps it from us."""
SUMMARY_EXPIRY_S = 10


class Reports:
    """Status, meta and summary of one session, with their running numbers.

    Args:
        identity: Whose.
        session: Of the messages.
        frames: Whose losses are told.
        outbox: Whose losses are told.
        shared: What is known of the connection and the sensors.
    """

    def __init__(
        self, identity: Identity, session: Session, frames: FrameQueue, outbox: Outbox, shared: Shared
    ) -> None:
        self._identity = identity
        self._session = session
        self._frames = frames
        self._outbox = outbox
        self._shared = shared
        self._seq = {"status": -1, "meta": -1, "summary": -1}
        self._quality = "none"

    def will(self, version: aiomqtt.ProtocolVersion) -> aiomqtt.Will:
        """What the broker says for us when we are gone; nobody knows its number and time yet."""
        payload = self._session.head(None, now_us(), "none") | {"state": "lost"}
        topic, properties = self._identity.topic("status"), will_properties(version)
        return aiomqtt.Will(topic, payloads.encode(payload), qos=1, retain=True, properties=properties)

    async def greet(self, connection: Connection) -> None:
        """Say who we are."""
        meta = payloads.meta(self._session, self._next("meta"), now_us())
        await self._deliver(connection, "meta", meta, retain=True)
        await self.say(connection, "online")

    async def say(self, connection: Connection, state: str) -> None:
        """Publish the status.

        Args:
            connection: Where to.
            state: ``online`` or ``offline``.
        """
        await self._deliver(connection, "status", self.status(state), retain=True)

    async def repeat(self, connection: Connection, reception: Reception) -> None:
        """Publish the status again and again, and look whether the broker gives it back."""
        while True:
            await asyncio.sleep(min(ECHO_S, STATUS_S))
            if connection.version is V311 and not reception.echoed.is_set():
                self._shared.warn(NO_ECHO)
            await asyncio.sleep(max(STATUS_S - ECHO_S, 0.0))
            await self.say(connection, "online")

    async def summary(self, connection: Connection, frame: Frame) -> None:
        """Publish the newest angles for those who want them once a second."""
        values = payloads.frame_values(frame)
        self._quality = payloads.quality_of_values(values)
        payload = self._session.head(self._next("summary"), frame.t_us, self._quality) | {"provisional": True} | values
        topic, properties = self._identity.topic("summary"), connection.properties(SUMMARY_EXPIRY_S)
        await connection.send(topic, payloads.encode(payload), properties)

    def status(self, state: str) -> dict[str, Any]:
        """The status message."""
        events, shared = self._outbox.counts, self._shared.state
        return self._session.head(self._next("status"), now_us(), self._quality) | {
            "state": state,
            "source": self._session.source,
            "sensors": {
                role: {"battery_percent": None}
                | dict(self._shared.sensors.get(role, {}))
                | dict(self._shared.links.get(role, {}))
                for role in self._session.sensors
            },
            "angles": {"sent": shared.sent, "dropped": self._frames.dropped, "stale": self._frames.stale},
            "events": {
                "taken": events.taken,
                "waiting": events.waiting,
                "acknowledged": events.acknowledged,
                "lost": events.lost,
                "unsaved": events.unsaved,
                "set_aside": events.set_aside,
            },
            "commands": {"taken": shared.commands, "ignored": shared.bad_commands, "last_ignored": shared.bad_command},
            "connections": shared.connections,
            "problem": events.problem or shared.problem,
        }

    async def _deliver(self, connection: Connection, name: str, payload: dict[str, Any], *, retain: bool) -> None:
        try:
            await connection.deliver(
                self._identity.topic(name), payloads.encode(payload), retain=retain, properties=connection.properties()
            )
        except RefusedError as error:
            self._shared.refused(name, str(error))
        else:
            self._shared.accepted(name)

    def _next(self, name: str) -> int:
        self._seq[name] += 1
        return self._seq[name]


class Announcer:
    """Tells Home Assistant of the wearer's device.

    Args:
        identity: Whose.
        session: Names the sensors.
        outbox: Remembers what was announced in earlier sessions, so that what is no more can be removed.
    """

    def __init__(self, identity: Identity, session: Session, outbox: Outbox) -> None:
        self._identity = identity
        self._roles = list(session.sensors)
        self._outbox = outbox

    async def announce(self, connection: Connection, shared: Shared) -> None:
        """Publish the device message, retained; where entities are gone, once naming them and once without."""
        now = {name: c["platform"] for name, c in discovery.components(self._identity, self._roles).items()}
        before = await self._outbox.announced()
        gone = {name: platform for name, platform in before.items() if name not in now}
        topic = discovery.config_topic(self._identity)
        try:
            for removed in (gone, {}) if gone else ({},):
                message = discovery.device_message(self._identity, self._roles, removed)
                await connection.deliver(
                    topic, payloads.encode(message), retain=True, properties=connection.properties()
                )
        except RefusedError as error:
            remedy = f"If you use Home Assistant, give the right to publish to {topic}"
            shared.refused("the device message for Home Assistant", str(error), remedy)
            return
        if before != now:
            await self._outbox.announce(now)
