"""A live session: all sensors, one queue, one consumer.

::

    supervisor per sensor --stamped notifications--> arrivals --blocks--> sink (recorder, pipeline)
                          <---- missing samples ---- refill <-----------+

Nothing a sensor does reaches another one: each has a task of its own that never ends by itself.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Callable, Sequence
from typing import Protocol

from imuhip.errors import RadioError
from imuhip.marks import Mark
from imuhip.packets.blocks import split_by_sensor
from imuhip.packets.notification import NotificationBlock, SensorInfo
from imuhip.radio.adapter import NOT_FOUND_REMEDY, Adapter
from imuhip.radio.arrivals import Arrivals
from imuhip.radio.pace import blocks_are_free, host_ns
from imuhip.radio.supervisor import Supervisor, Target
from imuhip.radio.tasks import end

logger = logging.getLogger(__name__)

FIRST_WAIT_S = 20.0
"""How long a session waits for all of its sensors before it begins without some."""

BATCH_S = 0.05
"""Notifications are handed on twenty times a second: smooth to the eye, and cheap."""

TICK_S = 1.0
"""How often the sink is told the time, so that a recording is synced even when nothing arrives."""


class Sink(Protocol):
    """What a session feeds. Its methods may block; they are never called at the same time."""

    def take(self, block: NotificationBlock) -> None:
        """Take notifications, in order of arrival."""

    def mark(self, mark: Mark) -> None:
        """Take a mark."""

    def tick(self, now_ns: int, lost: Sequence[int]) -> None:
        """Take note of the time and of how many notifications of each sensor the host lost so far."""


class LiveSession:
    """Runs the sensors of a session.

    Args:
        adapter: Makes the connections.
        targets: The sensors; ``targets[i].index == i``.
        queue_limit: How many notifications may wait for the sink.
    """

    def __init__(self, adapter: Adapter, targets: Sequence[Target], *, queue_limit: int | None = None) -> None:
        self.now_ns = host_ns()
        limit = {} if queue_limit is None else {"limit": queue_limit}
        self.arrivals = Arrivals(self.now_ns, len(targets), **limit)
        self.supervisors = [Supervisor(target, adapter, self.arrivals) for target in targets]
        self._marks: list[Mark] = []
        self._tasks: list[asyncio.Task[None]] = []

    async def connect(self, *, wait_s: float = FIRST_WAIT_S, stop: asyncio.Event | None = None) -> list[SensorInfo]:
        """Start connecting and wait for the sensors.

        Args:
            wait_s: How long; after that it goes on without those that are missing, which are still looked for.
            stop: Ends the wait.

        Returns:
            What a recording says about its sensors; a sensor that has not come yet is listed with what is known of it.
            Nothing where it was stopped.

        Raises:
            RadioError: None has come, or one of which nothing is known.
        """
        self._tasks = [
            asyncio.create_task(each.run(), name=f"supervisor {each.target.role}") for each in self.supervisors
        ]
        came = asyncio.gather(*(each.described.wait() for each in self.supervisors))
        stopped = asyncio.ensure_future((stop or asyncio.Event()).wait())
        try:
            waits: list[asyncio.Future[object]] = [came, stopped]  # type: ignore[list-item]  # of whatever type
            await asyncio.wait(waits, timeout=wait_s, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for waiting in (came, stopped):
                waiting.cancel()
                with contextlib.suppress(asyncio.CancelledError):
                    await waiting
        if stop is not None and stop.is_set():
            return []
        if not any(each.described.is_set() for each in self.supervisors):
            faults = {each.status.fault for each in self.supervisors if each.status.fault}
            why = "; ".join(sorted(faults)) or f"none answered within {wait_s:g} s"
            raise RadioError(f"no sensor can be reached ({why})", remedy=NOT_FOUND_REMEDY)
        for each in self.supervisors:
            each.fix_descriptor()
        return [self._info(each) for each in self.supervisors]

    def mark(self, mark: Mark) -> None:
        """Hand a mark to the sink, after what has arrived before."""
        self._marks.append(mark)

    async def feed(self, sink: Sink, stop: asyncio.Event) -> None:
        """Feed a sink until told to stop; what has arrived by then is still handed on.

        Args:
            sink: Where to.
            stop: When to end.

        Raises:
            OutputError: Of the sink; the session should be closed then.
        """
        next_tick_ns = self.now_ns()
        while True:
            stopping = stop.is_set()
            self._revive()
            block, marks = self.arrivals.take(), self._marks
            self._marks = []
            for each, part in zip(self.supervisors, split_by_sensor(block, len(self.supervisors)), strict=True):
                each.refill.see(part)
            tick_ns = self.now_ns() if self.now_ns() >= next_tick_ns or stopping else None
            if tick_ns is not None:
                next_tick_ns = tick_ns + round(TICK_S * 1e9)
            await _off_the_loop(lambda: self._hand_on(sink, block, marks, tick_ns))  # noqa: B023  # awaited right here
            if stopping:
                return
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(BATCH_S):
                    await stop.wait()

    def _revive(self) -> None:
        """Begin anew with a sensor whose supervisor has ended by a mistake of ours: loudly, but the session goes on."""
        for at, task in enumerate(self._tasks):
            if task.done() and not task.cancelled():
                logger.error("%s: begins anew", self.supervisors[at].target.role, exc_info=task.exception())
                self._tasks[at] = asyncio.create_task(self.supervisors[at].run(), name=task.get_name())

    def _hand_on(self, sink: Sink, block: NotificationBlock, marks: Sequence[Mark], tick_ns: int | None) -> None:
        if len(block):
            sink.take(block)
        for mark in marks:
            sink.mark(mark)
        if tick_ns is not None:
            sink.tick(tick_ns, self.arrivals.lost)

    def missing(self) -> list[str]:
        """Say of each sensor that does not stream at the moment who it is and why."""
        return [
            f"{each.target.role.replace('_', ' ')} ({each.status.fault or 'it is not connected'})"
            for each in self.supervisors
            if each.status.streaming_since_s is None
        ]

    async def close(self) -> None:
        """Stop the sensors and disconnect from them; calling it again does nothing."""
        tasks, self._tasks = self._tasks, []
        await end(tasks)

    def _info(self, supervisor: Supervisor) -> SensorInfo:
        target = supervisor.target
        if supervisor.descriptor is None:
            raise RadioError(
                f"the {target.role.replace('_', ' ')} sensor cannot be reached ({supervisor.status.fault})",
                remedy=NOT_FOUND_REMEDY,
            )
        model = target.driver.model
        return SensorInfo(target.index, target.role, model, target.driver.name, supervisor.descriptor)


async def _off_the_loop(work: Callable[[], None]) -> None:
    """Do work that may block, in a thread so that arrivals are stamped meanwhile; and wait for it even if cancelled."""
    if blocks_are_free():
        work()
        return
    job = asyncio.ensure_future(asyncio.to_thread(work))
    try:
        await asyncio.shield(job)
    except asyncio.CancelledError:
        await job
        raise
