"""What comes in: commands, Home Assistant's birth message, and our own status as a sign of our rights."""

from __future__ import annotations

import asyncio
import json
import logging
import time
from typing import TYPE_CHECKING

from imuhip.sinks.mqtt.commands import CommandError, ResendCommand, parse_command
from imuhip.sinks.mqtt.connection import Connection
from imuhip.sinks.mqtt.discovery import BIRTH, BIRTH_TOPIC
from imuhip.sinks.mqtt.outbox import Outbox
from imuhip.sinks.mqtt.payloads import Session
from imuhip.sinks.mqtt.state import Shared
from imuhip.sinks.mqtt.topics import COMMANDS, Identity

if TYPE_CHECKING:
    from imuhip.sinks.mqtt.reports import Announcer

log = logging.getLogger("imuhip.mqtt")

RESEND_S = 10.0
"""Between two commands to send again: each may cause a day's events."""
LONGEST_NAME = 32


class Reception:
    """Takes what one connection brings.

    Args:
        connection: The connection.
        identity: Whose commands.
        session: Ours.
        outbox: Which may have to send again.
        shared: Where commands for the feeding side go.
    """

    def __init__(
        self, connection: Connection, identity: Identity, session: Session, outbox: Outbox, shared: Shared
    ) -> None:
        self.echoed = asyncio.Event()
        """Set when the broker has given our own status back."""
        self._connection = connection
        self._identity = identity
        self._session = session
        self._outbox = outbox
        self._shared = shared
        self._resent_s = -RESEND_S

    async def subscribe(self) -> None:
        """Ask for everything that is for us; what the broker refuses is said."""
        topics = {
            self._identity.topic("cmd/+"): "commands",
            self._identity.topic("status"): "its own status",
            BIRTH_TOPIC: "Home Assistant's birth",
        }
        for topic, what in topics.items():
            codes = await self._connection.subscribe(topic, qos=1)
            if any((code if isinstance(code, int) else code.value) >= 0x80 for code in codes):
                log.warning("MQTT: the broker does not let us read %s (%s).", topic, what)

    async def listen(self, announcer: Announcer | None) -> None:
        """Handle messages until the connection ends.

        Args:
            announcer: Told of Home Assistant's birth.

        Raises:
            MqttError: The connection broke.
        """
        commands = self._identity.topic("cmd/")
        async for message in self._connection.messages:
            topic, payload = str(message.topic), message.payload
            if topic.startswith(commands):
                await self._command(topic.removeprefix(commands), payload, retained=message.retain)
            elif topic == BIRTH_TOPIC and payload == BIRTH and not message.retain and announcer is not None:
                await announcer.announce(self._connection, self._shared)
            elif topic == self._identity.topic("status"):
                self._own_status(payload, retained=message.retain)

    async def _command(self, name: str, payload: bytes, *, retained: bool) -> None:
        if not payload:
            return  # somebody cleared a retained command
        shown = name if name in COMMANDS else "an unknown topic"  # the name, too, is what a stranger wrote
        try:
            command = parse_command(name, payload, retained=retained)
        except CommandError as error:
            self._shared.bad_command(shown, str(error))
            return
        if isinstance(command, ResendCommand):
            await self._resend(command.from_id)
        elif not self._shared.command(command):
            self._shared.bad_command(shown, "too many commands wait")

    async def _resend(self, from_id: int) -> None:
        if time.monotonic() - self._resent_s < RESEND_S:
            self._shared.bad_command("resend", f"another one came less than {RESEND_S:.0f} s ago")
            return
        self._resent_s = time.monotonic()
        count = await self._outbox.again(from_id)
        self._shared.state.commands += 1
        log.info("MQTT: %d events are sent again.", count)

    def _own_status(self, payload: bytes, *, retained: bool) -> None:
        try:
            status = json.loads(payload)
            session, state = status["session"], status["state"]
        except (ValueError, TypeError, KeyError, RecursionError):
            return
        if session == self._session.id:
            self.echoed.set()
            self._shared.echoed()
        elif state == "online" and not retained:
            self._shared.warn(f"another program publishes as {self._identity.base} too: its messages mix with ours")
