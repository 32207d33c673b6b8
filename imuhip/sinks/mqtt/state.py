"""What both sides of the sink see: its state for the views, and commands for the feeding side."""

from __future__ import annotations

import logging
import threading
import time
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from imuhip.sinks.mqtt.commands import MarkCommand, StopCommand

log = logging.getLogger("imuhip.mqtt")

CALM_S = 60.0
"""A connection that broke after this long is news again; one that breaks every second is not."""
NO_ECHO = (
    "the broker does not give our own status back, so results wait: there is no right to publish, or none to read "
    "(`imuhip mqtt check` tells)"
)
COMMANDS = 32
"""Commands that wait for the feeding side; a sender of more is no wearer's friend."""


@dataclass(slots=True)
class State:
    """How the sink is doing; numbers are since the session began.

    Attributes:
        connected: Whether a broker takes messages now.
        protocol: ``V5`` or ``V311``, empty before the first connection.
        problem: Why not, or what the broker refuses; empty while all is well.
        connections: How often a connection was made.
        sent: Messages with angles.
        refused: Messages that the broker acknowledged with a refusal.
        commands: Taken.
        bad_commands: Ignored.
        bad_command: Why the last one was.
    """

    connected: bool = False
    protocol: str = ""
    problem: str = ""
    connections: int = 0
    sent: int = 0
    refused: int = 0
    commands: int = 0
    bad_commands: int = 0
    bad_command: str = ""


class Shared:
    """State and commands, where threads meet. Counters have one writer each."""

    def __init__(self) -> None:
        self.state = State()
        self.attempted = threading.Event()
        """Set once a first connection is complete, commands included, or has failed."""
        self.sensors: Mapping[str, Mapping[str, Any]] = {}
        """What is known of each sensor's data, by role; replaced as a whole."""
        self.links: Mapping[str, Mapping[str, Any]] = {}
        """What is known of each sensor's radio link, likewise."""
        self.commands: deque[MarkCommand | StopCommand] = deque()
        self._warned: set[str] = set()
        self._connected_s = 0.0

    def connected(self, protocol: str) -> None:
        """A connection stands."""
        if self.state.connections:
            log.info("MQTT: connected again.")
        self._connected_s = time.monotonic()
        self.state.connected, self.state.protocol, self.state.problem = True, protocol, ""
        self.state.connections += 1

    def disconnected(self, problem: str) -> None:
        """There is no connection, for this reason."""
        if self.state.connected and time.monotonic() - self._connected_s > CALM_S:
            self._warned.clear()
        self.state.connected, self.state.problem = False, problem
        self._warn(problem, f"MQTT: {problem}. Trying again.")
        self.attempted.set()

    def refused(self, what: str, reason: str, remedy: str = "Check the user's rights (`imuhip mqtt check`)") -> None:
        """The broker refused a message."""
        self.state.refused += 1
        self.state.problem = f"the broker refuses {what}: {reason.lower()}"
        self._warn(self.state.problem, f"MQTT: {self.state.problem}. {remedy}.")

    def accepted(self, what: str) -> None:
        """The broker took a message."""
        if self.state.problem.startswith(f"the broker refuses {what}:"):
            self.state.problem = ""

    def warn(self, problem: str) -> None:
        """Something is wrong that does not end the connection."""
        self.state.problem = problem
        self._warn(problem, f"MQTT: {problem}.")

    def echoed(self) -> None:
        """The broker gave our own status back after all."""
        if self.state.problem == NO_ECHO:
            self.state.problem = ""

    def command(self, command: MarkCommand | StopCommand) -> bool:
        """Hand a command to the feeding side; False where too many wait."""
        if len(self.commands) >= COMMANDS:
            return False
        self.commands.append(command)
        self.state.commands += 1
        return True

    def bad_command(self, name: str, reason: str) -> None:
        """A command was ignored."""
        self.state.bad_commands += 1
        self.state.bad_command = f"{name}: {reason}"
        self._warn(f"command {name} {reason}", f"MQTT: a command to {name} is ignored: {reason}.")

    def _warn(self, problem: str, text: str) -> None:
        # The first of its kind is loud; a broker that is away all day must not fill the log.
        level = logging.DEBUG if problem in self._warned else logging.WARNING
        if len(self._warned) < 100:
            self._warned.add(problem)
        log.log(level, text)


def now_us() -> int:
    """Unix microseconds."""
    return time.time_ns() // 1000
