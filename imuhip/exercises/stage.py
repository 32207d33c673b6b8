"""Angles and marks to sets of repetitions, as they come; any cut of the input gives the same sets.

Frames inside a marked exercise go to that set, frames inside a repetition that was marked by itself to the set of such
repetitions, and frames without a mark to the watch for repetitions that nobody marked. Frames of other marks (tests,
calibration, walking, rest) belong to none.
"""

from __future__ import annotations

from bisect import bisect_right, insort
from dataclasses import dataclass

from imuhip.exercises.catalogue import Catalogue
from imuhip.exercises.marked import MarkedSet, Marking
from imuhip.exercises.results import ExerciseSet
from imuhip.exercises.told import ToldSet
from imuhip.exercises.unmarked import Unmarked
from imuhip.hip.stage import HipBlock, join
from imuhip.marks import Mark

SET_KINDS = ("exercise", "breathe")
FOLLOWED_KINDS = (*SET_KINDS, "repetition")
BREATHING = "hooklying_breathing"
SILENT_KINDS = ("pain",)
"""Marks that say nothing about movement."""
FOREVER = 2**62
HELD_FRAMES = 32
"""Live, frames are looked at a third of a second at a time: a repetition takes longer, and every look costs."""


@dataclass(slots=True)
class _Span:
    """A marked stretch in frames."""

    mark: Mark
    start: int
    stop: int
    marking: Marking


class ExerciseStage:
    """Hip angles and marks to sets.

    Args:
        catalogue: What exercises are.
        rate_hz: Rate of the frames.
    """

    def __init__(self, catalogue: Catalogue, rate_hz: float) -> None:
        self._catalogue = catalogue
        self._rate_hz = rate_hz
        self._spans: dict[int, _Span] = {}
        self._edges: list[int] = []  # frames at which a mark begins or ends, or was once thought to
        self._marked: dict[int, MarkedSet] = {}
        self._told: dict[tuple[str, str | None, int], ToldSet] = {}
        self._unmarked = Unmarked(catalogue.limits)
        self._frame = 0
        self._held: list[HipBlock] = []
        self._holder: _Span | None = None
        self._group = 0
        self._told_last: tuple[str, str | None, int] = ("", None, 0)

    def mark(self, mark: Mark, start_s: float, end_s: float | None) -> None:
        """Learn of a mark, or of its end (again with the same id).

        Args:
            mark: The mark.
            start_s: On the frames' clock, from the recording's start.
            end_s: None while it is open.
        """
        if mark.kind in SILENT_KINDS or (end_s is not None and end_s <= start_s):
            return
        self._deliver()
        name = BREATHING if mark.kind == "breathe" else mark.name
        marking = Marking(name, mark.side, mark.position, mark.mode, start_s, end_s)
        stop = FOREVER if end_s is None else round(end_s * self._rate_hz)
        self._spans[mark.id] = span = _Span(mark, round(start_s * self._rate_hz), stop, marking)
        for edge in (span.start, span.stop):
            insort(self._edges, edge)
        if mark.id in self._marked:
            self._marked[mark.id].closed(marking)
            if stop <= self._frame:
                self._marked[mark.id].flush()

    def feed(self, block: HipBlock) -> None:
        """Take the next frames."""
        stop = block.start_index + len(block)
        while self._frame < stop:
            self._frame = max(self._frame, block.start_index)
            owner = self._owner(self._frame)
            until = min(stop, self._changes_after(self._frame))
            if owner is None or owner.mark.kind in FOLLOWED_KINDS:
                whole = self._frame == block.start_index and until == stop
                part = block if whole else block.part(self._frame - block.start_index, until - block.start_index)
                self._hold(owner, part)
            else:
                self._deliver()
                self._unmarked.flush()
            self._frame = until
            if owner is not None and until >= owner.stop:
                self._deliver()
                del self._spans[owner.mark.id]
                if owner.mark.id in self._marked:
                    self._marked[owner.mark.id].flush()

    def flush(self) -> None:
        """The session has ended."""
        self._deliver()
        for each in self._marked.values():
            each.flush()
        self._unmarked.flush()

    def sets(self) -> list[ExerciseSet]:
        """All sets so far, in order of time."""
        now_s = self._frame / self._rate_hz
        found = [one for each in self._marked.values() for one in each.sets(now_s)]
        found += [one for each in self._told.values() for one in each.sets()]
        return sorted([*found, *self._unmarked.sets()], key=lambda one: one.start_s)

    def latest(self) -> ExerciseSet | None:
        """The set that is going on, or was last; for a view that cannot wait for the end."""
        now_s = self._frame / self._rate_hz
        owner = None if self._frame == 0 else self._owner(self._frame - 1)
        if owner is None and (going := self._unmarked.latest()) is not None:
            return going
        held = [each for each in self._marked.values() if each.marking.start_s <= now_s]
        found = held[-1].sets(now_s) if held else []
        return found[-1] if found else None

    def _hold(self, owner: _Span | None, part: HipBlock) -> None:
        """Keep frames until there are enough of one owner to look at."""
        if self._held and (owner is not self._holder or self._held[-1].roles != part.roles):
            self._deliver()
        self._holder = owner
        self._held.append(part)
        if sum(len(each) for each in self._held) >= HELD_FRAMES:
            self._deliver()

    def _deliver(self) -> None:
        """Look at what is kept."""
        held, self._held = self._held, []
        if held:
            self._give(self._holder, held[0] if len(held) == 1 else join(held))

    def _give(self, owner: _Span | None, part: HipBlock) -> None:
        if owner is None:
            self._unmarked.feed(part)
            return
        self._unmarked.flush()
        if owner.mark.kind in SET_KINDS:
            if owner.mark.id not in self._marked:
                self._marked[owner.mark.id] = MarkedSet(owner.marking, self._catalogue)
            self._marked[owner.mark.id].feed(part)
        else:
            self._told_set(owner).feed(owner.marking, part)

    def _told_set(self, owner: _Span) -> ToldSet:
        """The set of the marked repetitions of this name; another name in between begins another set."""
        name, side, _ = self._told_last
        if (owner.marking.name, owner.marking.side) != (name, side):
            self._group += 1
            self._told_last = (owner.marking.name, owner.marking.side, self._group)
        return self._told.setdefault(self._told_last, ToldSet(self._catalogue))

    def _owner(self, frame: int) -> _Span | None:
        """The mark that a frame belongs to: an exercise before anything else, then a repetition, then the latest."""
        inside = [span for span in self._spans.values() if span.start <= frame < span.stop]
        return max(inside, key=_precedence, default=None)

    def _changes_after(self, frame: int) -> int:
        """The next frame at which a mark begins or ends."""
        after = bisect_right(self._edges, frame)
        return self._edges[after] if after < len(self._edges) else FOREVER


def _precedence(span: _Span) -> tuple[int, int]:
    kind = span.mark.kind
    return (2 if kind in SET_KINDS else 1 if kind == "repetition" else 0), span.start
