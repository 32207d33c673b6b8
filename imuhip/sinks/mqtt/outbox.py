"""Events that must arrive: numbered, brought to the disk on a thread of their own, handed out in order.

The feeding side only leaves a draft. Where the disk refuses, events wait in memory instead and are sent all the same;
that they would not survive a crash is counted and said.
"""

from __future__ import annotations

import asyncio
import logging
import threading
import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from imuhip.records import record
from imuhip.sinks.mqtt import payloads
from imuhip.sinks.mqtt.spool import MAX_BYTES, Event, Spool, SpoolError

T = TypeVar("T")
log = logging.getLogger("imuhip.mqtt")

DOUBT_US = 2_000_000
"""A broker that saves every change has saved what it acknowledged two seconds before it died."""
MEMORY_EVENTS = 10_000
"""Events held in memory at most: hours of repetitions, about 5 MB."""


@record
class Draft:
    """An event before it has a number.

    Attributes:
        kind: ``rep``, ``range`` or ``flag``.
        t_us: When it happened, Unix microseconds.
        quality: How sure its numbers are.
        fields: Those of the results' JSON contract.
    """

    kind: str
    t_us: int
    quality: str
    fields: Mapping[str, Any]


@dataclass(slots=True)
class OutboxCounts:
    """What became of the events.

    Attributes:
        taken: Handed over in this session.
        waiting: Not yet acknowledged by a broker, those of earlier sessions included.
        acknowledged: By a broker, in this session.
        lost: Never numbered, because too many waited in memory or they were no JSON.
        unsaved: In memory only, because the disk refuses.
        set_aside: Refused by the broker for what they are; they stay in the spool.
        problem: What the disk said, empty while all is well.
    """

    taken: int = 0
    waiting: int = 0
    acknowledged: int = 0
    lost: int = 0
    unsaved: int = 0
    set_aside: int = 0
    problem: str = ""


class Outbox:
    """The events of one wearer.

    Args:
        path: The spool's file.
        session: Whose events.
        on_change: Called, from any thread, when events may wait.
        now_us: Unix microseconds.
        max_bytes: Size of the spool at most.

    Raises:
        BrokerError: Another process uses the spool.
    """

    def __init__(
        self,
        path: Path,
        session: payloads.Session,
        on_change: Callable[[], None],
        *,
        now_us: Callable[[], int] = lambda: time.time_ns() // 1000,
        max_bytes: int = MAX_BYTES,
    ) -> None:
        self.counts = OutboxCounts()
        self._session = session
        self._on_change = on_change
        self._now_us = now_us
        self._unsaved: deque[Event] = deque()
        self._aside: set[int] = set()
        self._done: set[int] = set()  # delivered, but the disk could not note it
        self._drafts = 0
        self._lock = threading.Lock()
        self._spool: Spool | None = None
        self._complained: set[str] = set()
        self._last_id, self._seq = 0, dict[str, int]()
        try:
            self._spool = Spool(path, max_bytes=max_bytes)
            self._last_id, self._seq = self._spool.last()
            self.counts.waiting = self._spool.count_waiting()
        except SpoolError as error:
            self._complain(f"events are kept in memory only: {error}")
        else:
            if self._spool.damaged is not None:
                log.warning("The spool was damaged and begun anew; what was left of it is %s.", self._spool.damaged)
        self._thread = ThreadPoolExecutor(1, "imuhip-mqtt-spool")

    def put(self, draft: Draft) -> None:
        """Take an event; never waits, from any thread."""
        with self._lock:
            full = self._drafts + len(self._unsaved) >= MEMORY_EVENTS
            self._drafts += not full
            self.counts.taken += 1
        if full:
            self._lose("more events than memory was set apart for wait for the disk")
            return
        self._thread.submit(self._store, draft)

    @property
    def idle(self) -> bool:
        """Whether nothing is left to deliver."""
        return self._drafts == 0 and self.counts.waiting <= self.counts.set_aside

    async def next(self, limit: int) -> Sequence[Event]:
        """Return the oldest events that wait, in order; ``limit`` of them at most."""
        return await self._on_thread(lambda: self._waiting(limit))

    async def delivered(self, ids: Sequence[int]) -> None:
        """Note that the broker has events now."""
        await self._on_thread(lambda: self._delivered(ids))

    async def set_aside(self, event: Event) -> None:
        """Leave out, for this session, an event that the broker refuses for what it is."""
        self._aside.add(event.id)
        self.counts.set_aside += 1
        await self._on_thread(self._count)

    def is_aside(self, event: Event) -> bool:
        """Whether an event is left out for this session."""
        return event.id in self._aside

    async def again(self, from_id: int) -> int:
        """Let all events from an id on be sent again; returns how many that is."""
        count = await self._on_thread(lambda: self._again(from_id))
        self._on_change()
        return count

    async def doubt(self) -> None:
        """Let what was acknowledged just now be sent again: the connection broke, and the broker may have died.

        Brokers acknowledge before they save, Mosquitto with ``autosave_on_changes`` too.
        """
        await self._on_thread(lambda: self._try(lambda spool: spool.doubt(self._now_us() - DOUBT_US)))
        await self._on_thread(self._count)
        self._on_change()

    async def announced(self) -> dict[str, str]:
        """What Home Assistant was told of in earlier sessions."""
        return await self._on_thread(lambda: self._try(lambda spool: spool.announced()) or {})

    async def announce(self, components: Mapping[str, str]) -> None:
        """Remember what Home Assistant was told of."""
        await self._on_thread(lambda: self._try(lambda spool: spool.announce(components)))

    def close(self) -> None:
        """Bring what was handed over to the disk and close; calling it again does nothing."""
        self._thread.shutdown(wait=True)
        if self._spool is not None:
            self._spool.close()
            self._spool = None

    # What follows runs on the spool's thread.

    def _store(self, draft: Draft) -> None:
        id_ = max(self._last_id + 1, self._now_us())
        seq = self._seq.get(draft.kind, -1) + 1
        try:
            payload = payloads.event(
                self._session, id_=id_, seq=seq, t_us=draft.t_us, quality=draft.quality, fields=draft.fields
            )
        except (TypeError, ValueError) as error:
            payload = b""
            self._lose(f"a {draft.kind} is no JSON: {error}")
        if payload:
            self._unsaved.append(Event(id_, draft.kind, seq, payload))
            self._last_id, self._seq[draft.kind] = id_, seq
            self._save()
            self._count()
        with self._lock:
            self._drafts -= 1
        self._on_change()

    def _save(self) -> None:
        """Bring to the disk what waits in memory, in order, as far as it goes."""
        while self._unsaved and self._spool is not None:
            try:
                self._spool.add(self._unsaved[0])
            except SpoolError as error:
                self._complain(f"events are kept in memory only: {error}")
                break
            self._unsaved.popleft()
            self._see_whether_all_is_well()

    def _waiting(self, limit: int) -> list[Event]:
        self._save()
        skip = self._aside | self._done
        saved = self._try(lambda spool: spool.waiting(limit + len(skip))) or []
        return [event for event in (*saved, *self._unsaved) if event.id not in skip][:limit]

    def _delivered(self, ids: Sequence[int]) -> None:
        # What the disk never took is kept no longer than until it is delivered.
        gone = set(ids)
        in_memory = {event.id for event in self._unsaved} & gone
        if in_memory:
            self._unsaved = deque(event for event in self._unsaved if event.id not in in_memory)
        self._done |= gone - in_memory
        if self._try(lambda spool: spool.delivered(sorted(self._done), self._now_us())):
            self._done.clear()
            self._see_whether_all_is_well()
        self.counts.acknowledged += len(gone)
        self._count()

    def _again(self, from_id: int) -> int:
        count = self._try(lambda spool: spool.again(from_id)) or 0
        self._aside.clear()
        self.counts.set_aside = 0
        self._count()
        return count

    def _count(self) -> None:
        saved = self._try(lambda spool: spool.count_waiting()) or 0
        self.counts.unsaved = len(self._unsaved)
        self.counts.waiting = saved - len(self._done) + len(self._unsaved)

    def _try(self, use: Callable[[Spool], T]) -> T | None:
        if self._spool is None:
            return None
        try:
            return use(self._spool)
        except SpoolError as error:
            self._complain(f"the spool cannot be used: {error}")
            return None

    def _lose(self, reason: str) -> None:
        self.counts.lost += 1
        self._complain(reason)

    def _complain(self, problem: str) -> None:
        # Loud once: a disk with room for one event now and then must not fill the log.
        level = logging.DEBUG if problem in self._complained else logging.WARNING
        self._complained.add(problem)
        self.counts.problem = problem
        log.log(level, "MQTT: %s.", problem)

    def _see_whether_all_is_well(self) -> None:
        if not self._unsaved and not self._done:
            self.counts.problem = ""

    async def _on_thread(self, call: Callable[[], T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._thread, call)
