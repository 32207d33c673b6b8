"""Playing a recording at its own pace through the live path."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Protocol

from imuhip.marks import Mark
from imuhip.packets.notification import NotificationBlock

if TYPE_CHECKING:
    from imuhip.cli.following import Following
    from imuhip.cli.screens import View
    from imuhip.cli.watching import LiveState
    from imuhip.recording import Event

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
    events: Iterable[Event],
    following: Following,
    view: View[LiveState],
    *,
    speed: float | None,
    clock: Clock,
    stopped: Callable[[], bool],
) -> bool:
    """Feed a recording to a pipeline as if it were live.

    Args:
        events: Notifications, marks and losses in the order of the recording, in blocks short enough for the eye.
        following: The pipeline, and who follows it.
        view: Shows it.
        speed: Times real time; None for as fast as it goes.
        clock: Paces the replay and the pictures.
        stopped: Whether the user wants to stop.

    Returns:
        Whether the recording was played to its end.
    """
    began_s = shown_s = clock.now()
    first_ns: int | None = None
    for event in events:
        if stopped():
            return False
        if isinstance(event, Mark):
            following.mark(event)
        if not isinstance(event, NotificationBlock):
            continue
        first_ns = int(event.arrival_ns[0]) if first_ns is None else first_ns
        if speed is not None:
            due_s = began_s + (int(event.arrival_ns[-1]) - first_ns) * 1e-9 / speed
            while (wait_s := due_s - clock.now()) > 0 and not stopped():
                clock.sleep(min(wait_s, LONGEST_SLEEP_S))
        following.feed(event)
        if clock.now() - shown_s >= view.interval_s:
            shown_s = clock.now()
            view.show(following.state())
    following.finish()
    view.show(following.state())
    return True
