"""The sink: takes live results from any thread, never waits, never raises for a broker."""

from __future__ import annotations

import asyncio
import contextlib
import secrets
import threading
from collections.abc import Callable, Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from imuhip.hip.stage import HipBlock
from imuhip.records import record
from imuhip.sinks.mqtt.address import Broker
from imuhip.sinks.mqtt.commands import MarkCommand, StopCommand
from imuhip.sinks.mqtt.connection import tls_context
from imuhip.sinks.mqtt.courier import GRACE_S, LAST_S, Courier
from imuhip.sinks.mqtt.frames import FrameQueue
from imuhip.sinks.mqtt.outbox import Draft, Outbox, OutboxCounts
from imuhip.sinks.mqtt.payloads import Session
from imuhip.sinks.mqtt.spool import MAX_BYTES
from imuhip.sinks.mqtt.state import Shared, State
from imuhip.sinks.mqtt.topics import EVENTS, Identity

DEFAULT_RATE_HZ = 25.0


@record
class Publishing:
    """What is published, where and as whom.

    Attributes:
        broker: Where.
        identity: Whose results.
        source: ``live``, ``replay`` or ``virtual``.
        sensors: Model by role.
        spool: The file that keeps events.
        rate_hz: Angles per second.
        discovery: Whether Home Assistant is told.
        spool_bytes: Size of the spool at most.
    """

    broker: Broker
    identity: Identity
    source: str
    sensors: Mapping[str, str]
    spool: Path
    rate_hz: float = DEFAULT_RATE_HZ
    discovery: bool = True
    spool_bytes: int = MAX_BYTES


class MqttSink:
    """Publishes one wearer's results; a context manager.

    All network and disk work is on threads of its own: a broker that hangs, and a disk that is full, change nothing
    for the caller. aiomqtt needs a loop that can watch sockets, which is not the default one on Windows, so the sink
    has its own everywhere.

    Args:
        publishing: What, where and as whom.

    Raises:
        BrokerError: A certificate cannot be read, the rate is out of range, or another process publishes for this
            wearer. A broker that cannot be reached is no error: it may come.
    """

    def __init__(self, publishing: Publishing) -> None:
        if publishing.broker.tls:
            tls_context(publishing.broker)  # what is wrong with the files is said now, and not in the background
        session = Session(secrets.token_hex(4), publishing.source, publishing.sensors, publishing.rate_hz)
        self._publishing, self._session = publishing, session
        self._shared = Shared()
        self._frames = FrameQueue(publishing.rate_hz)
        self._outbox = Outbox(
            publishing.spool, session, lambda: self._call("wake_events"), max_bytes=publishing.spool_bytes
        )
        self._courier: Courier | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._closed = False
        self._thread = threading.Thread(target=self._run, name="imuhip-mqtt", daemon=True)
        self._thread.start()

    @property
    def state(self) -> State:
        """How it is doing; read only."""
        return self._shared.state

    @property
    def events(self) -> OutboxCounts:
        """What became of repetitions, range results and flags; read only."""
        return self._outbox.counts

    @property
    def lost_frames(self) -> int:
        """Frames that had to make room or waited too long."""
        return self._frames.dropped + self._frames.stale

    @property
    def waiting_frames(self) -> int:
        """Frames that wait to be sent."""
        return len(self._frames)

    def frames(self, block: HipBlock, start_us: int) -> None:
        """Publish angles; they are dropped, and counted, where the broker does not keep up.

        Args:
            block: From the pipeline.
            start_us: Unix microseconds of frame 0.
        """
        if self._frames.put(block, start_us):
            self._call("wake_frames")

    def result(self, kind: str, fields: Mapping[str, Any], *, t_us: int, quality: str) -> None:
        """Publish a repetition, range result or flag; it is kept until a broker has it.

        Args:
            kind: ``rep``, ``range`` or ``flag``.
            fields: Those of the results' JSON contract; must not be changed any more.
            t_us: When it happened, Unix microseconds.
            quality: ``good``, ``fair``, ``poor`` or ``none``.

        Raises:
            ValueError: There is no such kind.
        """
        if kind not in EVENTS:
            raise ValueError(kind)
        if not self._closed:
            self._outbox.put(Draft(kind, t_us, quality, fields))

    def sensors(self, sensors: Mapping[str, Mapping[str, Any]]) -> None:
        """Tell what the status shows of each sensor's data.

        Args:
            sensors: By role: ``rate_hz``, ``lost``, ``gaps_s``.
        """
        self._shared.sensors = sensors

    def links(self, links: Mapping[str, Mapping[str, Any]]) -> None:
        """Tell what the status shows of each sensor's radio link.

        Args:
            links: By role: ``streaming``, ``battery_percent``, ``signal_dbm``.
        """
        self._shared.links = links

    def commands(self) -> list[MarkCommand | StopCommand]:
        """Return the commands that came since the last call."""
        out: list[MarkCommand | StopCommand] = []
        with contextlib.suppress(IndexError):
            while True:
                out.append(self._shared.commands.popleft())
        return out

    def ignore(self, name: str, reason: str) -> None:
        """Say that a command makes no sense now."""
        self._shared.bad_command(name, reason)

    def wait_connected(self, timeout_s: float) -> bool:
        """Wait for the first attempt to connect; whether there is a connection. Not for the feeding side."""
        self._shared.attempted.wait(timeout_s)
        return self._shared.state.connected

    def close(self) -> None:
        """Deliver what can be delivered within some seconds and end; the spool keeps the rest."""
        if self._closed:
            return
        self._closed = True
        self._call("stop")
        self._thread.join(GRACE_S + 2 * LAST_S)
        self._outbox.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    def _run(self) -> None:
        try:
            with (
                contextlib.suppress(asyncio.CancelledError),
                asyncio.Runner(loop_factory=asyncio.SelectorEventLoop) as runner,
            ):
                runner.run(self._serve())
        finally:
            if not self._closed:  # a fault of ours: its traceback is on stderr, and the views must not say "connected"
                self._shared.disconnected("publishing has ended because of an error in imuhip")

    async def _serve(self) -> None:
        p = self._publishing
        courier = Courier(
            p.broker, p.identity, self._session, self._frames, self._outbox, self._shared, discovery=p.discovery
        )
        self._courier, self._loop = courier, asyncio.get_running_loop()
        if self._closed:
            courier.stop()
        await courier.run()

    def _call(self, name: str) -> None:
        """Call a method of the courier on its loop."""
        courier, loop = self._courier, self._loop
        if courier is None or loop is None:
            return  # it looks at everything when it begins
        method: Callable[[], None] = getattr(courier, name)
        with contextlib.suppress(RuntimeError):  # the loop has ended
            loop.call_soon_threadsafe(method)
