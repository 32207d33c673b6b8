"""Playing a recording at its own pace through the live path."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING, Protocol

import numpy as np

from imuhip.marks import Mark
from imuhip.packets.notification import NotificationBlock

if TYPE_CHECKING:
    from imuhip.cli.views import View
    from imuhip.cli.watching import Watch
    from imuhip.pipeline import Pipeline

SLICE_NS = 50_000_000
"""Notifications are fed as they would arrive, 50 ms at a time: smooth to the eye, cheap to run."""

LONGEST_SLEEP_S = 0.05
"""Between two looks at the keyboard."""


class Clock(Protocol):
    """The player's time; replay itself knows none."""

    def now(self) -> float:
        """Seconds, never decreasing."""

    def sleep(self, seconds: float) -> None:
        """Wait."""


class WallClock:
    """The real clock."""

    def now(self) -> float:
        """Seconds, never decreasing."""
        return time.monotonic()

    def sleep(self, seconds: float) -> None:
        """Wait."""
        time.sleep(seconds)


def play(
    events: Iterable[NotificationBlock | Mark],
    pipeline: Pipeline,
    watch: Watch,
    view: View,
    *,
    speed: float | None,
    clock: Clock,
    stopped: Callable[[], bool],
) -> bool:
    """Feed a recording to a pipeline as if it were live.

    Args:
        events: Notifications and marks in the order of the recording.
        pipeline: A fresh pipeline.
        watch: Collects what the view shows.
        view: Shows it.
        speed: Times real time; None for as fast as it goes.
        clock: Paces the replay and the pictures.
        stopped: Whether the user wants to stop.

    Returns:
        Whether the recording was played to its end.
    """
    began_s = clock.now()
    shown_s = -np.inf
    first_ns: int | None = None
    for event in sliced(events):
        event_ns = event.start_ns if isinstance(event, Mark) else int(event.arrival_ns[0])
        first_ns = event_ns if first_ns is None else first_ns
        if speed is not None:
            due_s = began_s + (event_ns - first_ns) * 1e-9 / speed
            while (wait_s := due_s - clock.now()) > 0 and not stopped():
                clock.sleep(min(wait_s, LONGEST_SLEEP_S))
        if stopped():
            return False
        watch.take(pipeline.mark(event) if isinstance(event, Mark) else pipeline.feed(event))
        if clock.now() - shown_s >= view.interval_s:
            shown_s = clock.now()
            view.show(watch.state(pipeline.health()))
    watch.take(pipeline.flush())
    view.show(watch.state(pipeline.health()))
    return True


def sliced(events: Iterable[NotificationBlock | Mark], slice_ns: int = SLICE_NS) -> Iterator[NotificationBlock | Mark]:
    """Cut blocks of notifications into pieces that span at most ``slice_ns``.

    Args:
        events: Notifications and marks.
        slice_ns: Longest span of a piece.

    Yields:
        The same notifications and marks in the same order.
    """
    for event in events:
        if isinstance(event, Mark):
            yield event
            continue
        start = 0
        while start < len(event):
            end = int(np.searchsorted(event.arrival_ns, event.arrival_ns[start] + slice_ns, side="left"))
            end = max(end, start + 1)
            first, last = int(event.offset[start]), int(event.offset[end])
            yield NotificationBlock(
                arrival_ns=event.arrival_ns[start:end],
                sensor=event.sensor[start:end],
                data=event.data[first:last],
                offset=event.offset[start : end + 1] - first,
            )
            start = end
