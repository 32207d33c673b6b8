"""Everyone who follows a running pipeline: what is new, the view's picture, the broker."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from imuhip.cli.watching import LiveState, Watch
    from imuhip.hip.stage import HipBlock
    from imuhip.live_results import LiveResults, News
    from imuhip.marks import Mark
    from imuhip.packets.notification import NotificationBlock
    from imuhip.pipeline import Pipeline


class Outlet(Protocol):
    """Where a running session goes besides the view."""

    def take(self, blocks: Iterable[HipBlock], news: Iterable[News]) -> None:
        """What the pipeline gave, and what is new with it; never waits."""

    def note(self) -> str:
        """How it is doing, in a few words."""


class Following:
    """Feeds a pipeline and hands on what it gives.

    Args:
        pipeline: A fresh one.
        watch: Collects what a view shows.
        results: Tells what is new; None where nobody wants to know.
        outlet: Where angles and results go besides.
    """

    def __init__(
        self,
        pipeline: Pipeline,
        watch: Watch,
        *,
        results: LiveResults | None = None,
        outlet: Outlet | None = None,
    ) -> None:
        self.pipeline = pipeline
        self.watch = watch
        self._results = results
        self._outlet = outlet

    def feed(self, block: NotificationBlock) -> None:
        """Take notifications in."""
        self._take(self.pipeline.feed(block))

    def mark(self, mark: Mark) -> None:
        """Take a mark in, opening or closing."""
        self._take(self.pipeline.mark(mark))
        if self._results is not None:
            self._results.mark(mark)

    def finish(self) -> None:
        """End the session: the last frames are measured."""
        self._take(self.pipeline.flush(), last=True)
        self.watch.end()

    def state(self) -> LiveState:
        """What to show now."""
        note = "" if self._outlet is None else self._outlet.note()
        return self.watch.state(self.pipeline.health(), self.pipeline.latest_set(), note=note)

    def _take(self, blocks: Sequence[HipBlock], *, last: bool = False) -> None:
        news = [] if self._results is None else self._results.take(blocks, last=last)
        self.watch.take(blocks, news)
        if self._outlet is not None:
            self._outlet.take(blocks, news)
