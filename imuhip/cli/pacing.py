"""Playing a recording at its own pace through the live path."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, Protocol

from imuhip.marks import Mark
from imuhip.packets.notification import NotificationBlock

if TYPE_CHECKING:
    from imuhip.cli.screens import View
    from imuhip.cli.watching import LiveState, Watch
    from imuhip.hip.stage import HipBlock
    from imuhip.live_results import LiveResults, News
    from imuhip.pipeline import Pipeline
    from imuhip.recording import Event

LONGEST_SLEEP_S = 0.05
"""Between two looks at the keyboard."""


class Clock(Protocol):
    """The player's time; replay itself knows none."""

    def now(self) -> float:
        """Seconds, never decreasing."""

    def sleep(self, seconds: float) -> None:
        """Wait."""


class Outlet(Protocol):
    """Where a running session goes besides the view."""

    def take(self, blocks: Iterable[HipBlock], news: Iterable[News]) -> None:
        """What the pipeline gave, and what is new with it; never waits."""

    def note(self) -> str:
        """How it is doing, in a few words."""


class WallClock:
    """The real clock."""

    def now(self) -> float:
        """Seconds, never decreasing."""
        return time.monotonic()

    def sleep(self, seconds: float) -> None:
        """Wait."""
        time.sleep(seconds)


def play(
    events: Iterable[Event],
    pipeline: Pipeline,
    watch: Watch,
    view: View[LiveState],
    *,
    speed: float | None,
    clock: Clock,
    stopped: Callable[[], bool],
    results: LiveResults | None = None,
    outlet: Outlet | None = None,
) -> bool:
    """Feed a recording to a pipeline as if it were live.

    Args:
        events: Notifications, marks and losses in the order of the recording, in blocks short enough for the eye.
        pipeline: A fresh pipeline.
        watch: Collects what the view shows.
        view: Shows it.
        speed: Times real time; None for as fast as it goes.
        clock: Paces the replay and the pictures.
        stopped: Whether the user wants to stop.
        results: Tells what is new; None where nobody wants to know.
        outlet: Where angles and results go besides.

    Returns:
        Whether the recording was played to its end.
    """

    def take(blocks: Sequence[HipBlock], *, last: bool = False) -> None:
        news = [] if results is None else results.take(blocks, last=last)
        watch.take(blocks, news)
        if outlet is not None:
            outlet.take(blocks, news)

    def show() -> None:
        view.show(watch.state(pipeline.health(), pipeline.latest_set(), note="" if outlet is None else outlet.note()))

    began_s = shown_s = clock.now()
    first_ns: int | None = None
    for event in events:
        if stopped():
            return False
        if isinstance(event, Mark):
            take(pipeline.mark(event))
            if results is not None:
                results.mark(event)
        if not isinstance(event, NotificationBlock):
            continue
        first_ns = int(event.arrival_ns[0]) if first_ns is None else first_ns
        if speed is not None:
            due_s = began_s + (int(event.arrival_ns[-1]) - first_ns) * 1e-9 / speed
            while (wait_s := due_s - clock.now()) > 0 and not stopped():
                clock.sleep(min(wait_s, LONGEST_SLEEP_S))
        take(pipeline.feed(event))
        if clock.now() - shown_s >= view.interval_s:
            shown_s = clock.now()
            show()
    take(pipeline.flush(), last=True)
    watch.end()
    show()
    return True
