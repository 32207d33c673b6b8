"""Ending tasks for certain."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable

AGAIN_S = 0.5
"""A task that lives on after it was cancelled is cancelled again: :func:`asyncio.wait_for` of Python 3.11, which the
libraries below us use, loses a cancellation that comes together with the result."""


async def end(tasks: Iterable[asyncio.Task[None]]) -> None:
    """Cancel tasks and wait until they have ended, whatever they ended with.

    Args:
        tasks: Any number; those that have ended already are no matter.
    """
    waiting = set(tasks)
    while waiting:
        for task in waiting:
            task.cancel()
        done, waiting = await asyncio.wait(waiting, timeout=AGAIN_S)
        for task in done:
            if not task.cancelled():
                task.exception()  # seen: nobody else asks
