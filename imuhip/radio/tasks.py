"""Ending tasks for certain, and not ending in the middle what must not end there."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Iterable
from typing import TypeVar

T = TypeVar("T")

AGAIN_S = 0.5
"""A task that lives on after it was cancelled is cancelled again: :func:`asyncio.wait_for` of Python 3.11, which the
libraries below us use, loses a cancellation that comes together with the result."""


UNBROKEN_S = 2.0
"""A controller or a sensor answers in milliseconds; what takes longer will not come."""


async def unbroken(request: Awaitable[T]) -> T:
    """Wait for a request to bumble; if cancelled, still let the answer come.

    bumble keeps a future for the answer, and an answer to a cancelled future ends in an error of the event loop.

    Args:
        request: What to wait for.

    Returns:
        What it returned.
    """
    asked = asyncio.ensure_future(request)
    try:
        return await asyncio.shield(asked)
    except asyncio.CancelledError:
        if not asked.done():
            await asyncio.wait([asked], timeout=UNBROKEN_S)
        if asked.done() and not asked.cancelled():
            asked.exception()  # seen: who asked has left
        raise


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
