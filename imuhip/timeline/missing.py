"""Which samples of a stream never came, as ranges of sequence numbers."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Iterator

REMEMBERED = 1024
"""Ranges kept; at 1 % loss in bursts that is many minutes, and a live session must not grow without bound."""


class MissingRanges:
    """The gaps of one stream, in order; what arrives late fills them.

    Attributes:
        total: Samples that never came, forgotten ranges included.
    """

    def __init__(self) -> None:
        self.total = 0
        self._first: list[int] = []
        self._stop: list[int] = []

    def add(self, ranges: Iterable[tuple[int, int]]) -> None:
        """Add ranges ``(first, stop)`` above all that are known."""
        for first, stop in ranges:
            self._first.append(first)
            self._stop.append(stop)
            self.total += stop - first
        self._forget()

    def fill(self, first: int, stop: int) -> int:
        """Take samples ``first`` to ``stop`` out of the gaps and return how many of them were missing."""
        at = bisect_right(self._stop, first)
        end = at
        kept: list[tuple[int, int]] = []
        filled = 0
        while end < len(self._first) and self._first[end] < stop:
            low, high = self._first[end], self._stop[end]
            filled += min(high, stop) - max(low, first)
            kept += [(low, first)] * (low < first) + [(stop, high)] * (high > stop)
            end += 1
        self._first[at:end] = [low for low, _ in kept]
        self._stop[at:end] = [high for _, high in kept]
        self.total -= filled
        self._forget()
        return filled

    def ranges(self) -> Iterator[tuple[int, int]]:
        """Yield the gaps ``(first, stop)`` that are remembered, in order."""
        yield from zip(self._first, self._stop, strict=True)

    def clear(self) -> None:
        """Forget all ranges (the stream restarted); the total stays."""
        self._first.clear()
        self._stop.clear()

    def _forget(self) -> None:
        excess = len(self._first) - REMEMBERED
        if excess > 0:
            del self._first[:excess], self._stop[:excess]
