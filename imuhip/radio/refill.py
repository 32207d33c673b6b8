"""Fills gaps from the log on a sensor: which samples are missing, and asking for them again."""

from __future__ import annotations

import asyncio

from imuhip.errors import LinkError
from imuhip.packets.drivers import RadioDriver
from imuhip.packets.notification import NotificationBlock
from imuhip.radio.talk import RefusalError, Talk
from imuhip.timeline.missing import MissingRanges

NUMBER_BITS = 32
"""Width of the numbers that samples are asked for by."""

CHUNK = 2000
"""Samples asked for at once: 20 s of data, some 2 s of radio time."""

PATIENCE_S, MOST_TRIES = 3.0, 3
"""Nothing of what was asked for for this long: it is asked for again, and then the sensor will not send it."""

RESTART_BEHIND = 2000
"""Numbers this far behind that are not missing are no repeats but the count of a sensor that has restarted."""


class Refill:
    """The gaps of one sensor's stream.

    Args:
        driver: The sensor's; where it cannot send samples again, gaps are not looked for.
    """

    def __init__(self, driver: RadioDriver) -> None:
        self._driver = driver
        self._missing = MissingRanges()
        self._next: int | None = None
        self._enabled = self._fresh = False
        self._gap = asyncio.Event()
        self._progress = asyncio.Event()
        self.filled = 0
        self.given_up = 0

    def connected(self, descriptor: bytes) -> None:
        """Note a new connection and what the sensor says about itself: short numbers are too short to ask by."""
        self._fresh = True
        numbered = self._driver.traits(descriptor).sequence_bits >= NUMBER_BITS
        self._enabled = self._driver.capabilities.refills and numbered

    @property
    def missing(self) -> int:
        """Samples that may still come."""
        return sum(stop - first for first, stop in self._missing.ranges())

    def see(self, block: NotificationBlock) -> None:
        """Note which samples have come.

        Args:
            block: Notifications of this sensor.
        """
        if not self._enabled or not len(block):
            return
        packets = self._driver.decode(block)
        for sequence, count in zip(packets.sequence.tolist(), packets.count.tolist(), strict=True):
            self._see(sequence, count)

    def _see(self, sequence: int, count: int) -> None:
        # Nothing has been asked for yet on a new connection: numbers that lie behind are those of a sensor restarted.
        fresh, self._fresh = self._fresh, False
        if self._next is None:
            self._next = sequence + count
            return
        # The number nearest to what is expected that is the same in 32 bits.
        first = self._next + (sequence - self._next + 2**31) % 2**32 - 2**31
        if first >= self._next:
            if first > self._next:
                self._missing.add([(self._next, first)])
                self._gap.set()
            self._next = first + count
            return
        filled = 0 if fresh else self._missing.fill(first, first + count)
        self.filled += filled
        if filled:
            self._progress.set()
        elif fresh or first < self._next - RESTART_BEHIND:
            self._missing.clear()
            self._next = sequence + count

    async def run(self, talk: Talk) -> None:
        """Ask for what is missing, oldest first, for as long as a connection lasts; never ends by itself.

        Args:
            talk: The connection, streaming.
        """
        tries = 0
        while self._enabled:
            oldest = next(iter(self._missing.ranges()), None)
            if oldest is None:
                self._gap.clear()
                await self._gap.wait()
                continue
            first, stop = oldest[0], min(oldest[1], oldest[0] + CHUNK)
            try:
                comes = await self._fetch(talk, first, stop)
            except (TimeoutError, LinkError):
                tries += 1
                if tries < MOST_TRIES:
                    await asyncio.sleep(PATIENCE_S)  # a connection that has broken ends this here
                    continue
                comes = False
            tries = 0
            if not comes:
                self.given_up += self._missing.fill(first, stop)

    async def _fetch(self, talk: Talk, first: int, stop: int) -> bool:
        """Ask for samples and wait for them; returns whether the sensor has them.

        Raises:
            TimeoutError: They do not come.
            LinkError: The sensor does not answer.
        """
        request, cancel = self._driver.resend(first, stop - first), self._driver.resend(first, 0)
        if request is None or cancel is None:
            return False
        try:
            await talk.ask(request)
            while any(low < stop and high > first for low, high in self._missing.ranges()):
                self._progress.clear()
                async with asyncio.timeout(PATIENCE_S):
                    await self._progress.wait()
        except RefusalError:
            return False
        except TimeoutError:
            await talk.ask(cancel)
            raise
        return True
