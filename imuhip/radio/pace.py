"""The event loop's time: real, faster than life, or as fast as it goes.

Everything in this folder that waits does so on the event loop, and every stamp comes from :func:`host_ns`. So a loop
that moves its own clock plays hours of radio in seconds, without a test or a demo sleeping for real, and two runs from
one seed see the same times.
"""

from __future__ import annotations

import asyncio
import selectors
import time
from collections.abc import Callable, Coroutine, Mapping
from typing import Any, TypeVar

from imuhip.errors import InputError

T = TypeVar("T")

START_NS = 7_200_000_000_000
"""Where a paced clock begins: a host two hours up."""


class _PacedSelector(selectors.BaseSelector):
    """Waits for less time than it is told, and says how far time has moved by that."""

    def __init__(self, speed: float | None) -> None:
        self._inner = selectors.DefaultSelector()
        self._speed = speed
        self._began_ns = time.monotonic_ns()
        self._jumped_ns = 0

    def now_ns(self) -> int:
        if self._speed is None:
            return START_NS + self._jumped_ns
        return START_NS + round((time.monotonic_ns() - self._began_ns) * self._speed)

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        if timeout is None or timeout <= 0:
            return self._inner.select(timeout)
        if self._speed is not None:
            return self._inner.select(timeout / self._speed)
        ready = self._inner.select(0)
        if not ready:
            self._jumped_ns += max(round(timeout * 1e9), 1)
        return ready

    def register(self, fileobj: Any, events: int, data: Any = None) -> selectors.SelectorKey:
        return self._inner.register(fileobj, events, data)

    def unregister(self, fileobj: Any) -> selectors.SelectorKey:
        return self._inner.unregister(fileobj)

    def modify(self, fileobj: Any, events: int, data: Any = None) -> selectors.SelectorKey:
        return self._inner.modify(fileobj, events, data)

    def get_map(self) -> Mapping[Any, selectors.SelectorKey]:
        return self._inner.get_map()

    def close(self) -> None:
        self._inner.close()


class PacedLoop(asyncio.SelectorEventLoop):
    """An event loop whose time runs ``speed`` times as fast as real time.

    Args:
        speed: None for as fast as it goes: whenever nothing is left to do, time jumps to the next timer.
    """

    def __init__(self, speed: float | None) -> None:
        self._paced = _PacedSelector(speed)
        self.jumps = speed is None
        super().__init__(self._paced)

    def time(self) -> float:
        """Seconds of this loop's own time."""
        return self._paced.now_ns() * 1e-9

    def now_ns(self) -> int:
        """The same in whole nanoseconds."""
        return self._paced.now_ns()


def run(main: Coroutine[Any, Any, T], *, speed: float | None = 1.0) -> T:
    """Run a coroutine as :func:`asyncio.run` does.

    Args:
        main: What to run.
        speed: Times real time; 1.0 for the system's own loop, None for as fast as it goes. A speed other than 1.0
            suits only what lives in this process: other processes and hardware keep real time.

    Returns:
        What it returned.

    Raises:
        InputError: The speed is not positive.
    """
    if speed is not None and speed <= 0:
        main.close()
        raise InputError(f"a speed of {speed:g} is not possible", remedy="Give a number above 0, or max")
    if speed == 1.0:
        return asyncio.run(main)
    with asyncio.Runner(loop_factory=lambda: PacedLoop(speed)) as runner:
        return runner.run(main)


def host_ns() -> Callable[[], int]:
    """Return the clock that stamps arrivals: monotonic nanoseconds of the running loop's time."""
    loop = asyncio.get_running_loop()
    return loop.now_ns if isinstance(loop, PacedLoop) else time.monotonic_ns


def blocks_are_free() -> bool:
    """Whether the running loop's time stands still while code runs, so that work needs no thread of its own."""
    loop = asyncio.get_running_loop()
    return isinstance(loop, PacedLoop) and loop.jumps
