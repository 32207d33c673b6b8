"""Notifications between the radio and what records them: a bounded queue that counts what it cannot take."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable

from imuhip.packets.blocks import block_from_notifications
from imuhip.packets.notification import NotificationBlock

LIMIT = 20_000
"""Notifications waiting: two and a half minutes of five fast sensors, 5 MB, more than any disk stalls for."""


class Arrivals:
    """Takes notifications as they arrive and gives them out in blocks.

    Args:
        now_ns: The clock that stamps them.
        sensors: How many sensors there are.
        limit: How many may wait.
    """

    def __init__(self, now_ns: Callable[[], int], sensors: int, *, limit: int = LIMIT) -> None:
        self._now_ns = now_ns
        self._limit = limit
        self._waiting: deque[tuple[int, int, bytes]] = deque()
        self._filled = asyncio.Event()
        self.lost = [0] * sensors
        self.most_waiting = 0

    def put(self, sensor: int, data: bytes) -> None:
        """Stamp and keep a notification; where too many wait, it is lost and counted."""
        if len(self._waiting) >= self._limit:
            self.lost[sensor] += 1
            return
        self._waiting.append((self._now_ns(), sensor, data))
        self.most_waiting = max(self.most_waiting, len(self._waiting))
        self._filled.set()

    async def wait(self) -> None:
        """Wait until something has arrived."""
        await self._filled.wait()

    def take(self) -> NotificationBlock:
        """Return everything that has arrived since the last time, in order."""
        self._filled.clear()
        taken = list(self._waiting)
        self._waiting.clear()
        return block_from_notifications(taken)
