"""What a running session adds up to, each result once, as soon as it is known: tests, repetitions, mobilising, flags.

The numbers are those of ``imuhip analyze --causal``. A repetition is judged against those before it in its set, so that
the ones after it may still change whether it counts as short.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any, Literal

from imuhip.exercises.as_json import set_json
from imuhip.exercises.catalogue import Catalogue
from imuhip.flags.judge import controls_of, judge
from imuhip.flags.results import judged
from imuhip.flags.session import SessionRow
from imuhip.hip.stage import HipBlock
from imuhip.live_tests import LiveTests
from imuhip.marks import Mark
from imuhip.pipeline import Pipeline
from imuhip.records import record
from imuhip.told_reps import ToldReps

LOOK_S = 1.0
"""Between two looks at the repetitions, in the data's time."""

FlagKey = tuple[Any, ...]


@record
class News:
    """One result.

    Attributes:
        kind: What it is.
        fields: As the results' JSON shows it.
        of_set: The set so far that a repetition belongs to.
        number: Of the repetition in it, from 1.
    """

    kind: Literal["range", "rep", "mobilise", "flag"]
    fields: Mapping[str, Any]
    of_set: Mapping[str, Any] | None = None
    number: int = 0


@record
class Earlier:
    """The wearer's sessions before this one.

    Attributes:
        sessions: In the order of their dates.
        started_s: When this one began, seconds since 1970 UTC.
    """

    sessions: Sequence[SessionRow]
    started_s: float


class LiveResults:
    """Follows a pipeline and tells its results.

    Args:
        pipeline: Fed by the caller.
        catalogue: What tests and exercises are, the one that the pipeline has.
        roles: Where the sensors were worn at the beginning.
        earlier: What the session is compared with; None to judge it by itself.
    """

    def __init__(
        self, pipeline: Pipeline, catalogue: Catalogue, roles: Sequence[str], *, earlier: Earlier | None = None
    ) -> None:
        self._earlier = earlier
        self._pipeline = pipeline
        self._catalogue = catalogue
        self._controls = controls_of(catalogue)
        self._sensors = [{"role": role} for role in roles]
        self._live_tests = LiveTests(pipeline, catalogue)
        self._tests: list[dict[str, Any]] = []
        self._marks: dict[int, Mark] = {}
        self._now_s = self._due_s = 0.0
        self._latest: tuple[str | None, str | None, float] | None = None
        self._all_sets_due = False
        self._told_reps = ToldReps()
        self._told_flags: dict[FlagKey, Mapping[str, Any]] = {}
        self._told_work: set[tuple[int, str]] = set()
        self._unjudged = False

    def mark(self, mark: Mark) -> None:
        """Take a mark that the pipeline was given."""
        self._live_tests.mark(mark)
        self._marks[mark.id] = mark
        self._unjudged |= mark.kind in ("pain", "mobilise")
        self._all_sets_due |= mark.kind == "repetition"

    def take(self, blocks: Iterable[HipBlock], *, last: bool = False) -> list[News]:
        """Take the pipeline's next frames.

        Args:
            blocks: In its order.
            last: Whether no more will come.

        Returns:
            What is new.
        """
        blocks = list(blocks)
        for block in blocks:
            self._now_s = (block.start_index + len(block)) / block.rate_hz
        news = [News("range", test) for test in self._live_tests.take(blocks, last=last)]
        self._tests += [dict(each.fields) for each in news]
        self._unjudged |= bool(news)
        if self._now_s >= self._due_s or last:
            self._due_s = self._now_s + LOOK_S
            news += self._reps(last=last)
            news += self._work()
        if self._unjudged or last:
            self._unjudged = False
            news += self._flags(last=last)
        return news

    def new_reps(self, sets: Iterable[Mapping[str, Any]]) -> Iterator[News]:
        """Tell the repetitions that have not been told yet.

        Args:
            sets: Some of those so far, as the results' JSON shows them.
        """
        for one in sets:
            for number, rep in self._told_reps.new(one):
                yield News("rep", rep, one, number)

    def new_flags(self, flags: Iterable[Mapping[str, Any]], *, last: bool = False) -> Iterator[News]:
        """Tell the flags that have not been told yet.

        Args:
            flags: Those so far, as the results' JSON shows them.
            last: Whether the session has ended: then a flag is told again where its words have changed; before that,
                only where its level has.
        """
        for flag in flags:
            key = (flag["rule"], flag["motion"], flag.get("position"), flag["side"], flag["evidence"].get("site"))
            told = self._told_flags.get(key)
            if told is None or told["level"] != flag["level"] or (last and told["message"] != flag["message"]):
                self._told_flags[key] = flag
                yield News("flag", flag)

    def _reps(self, *, last: bool) -> Iterator[News]:
        """Look at the latest set; at all where it is another one, or where repetitions were marked.

        The set before may have ended with a repetition that was not told yet.
        """
        going_on = self._pipeline.latest_set()
        key = None if going_on is None else (going_on.exercise, going_on.side, going_on.start_s)
        if key != self._latest:
            self._unjudged |= self._latest is not None
            self._latest, self._all_sets_due = key, True
        if last or (self._all_sets_due and not self._in_marked_repetition()):
            self._all_sets_due = False
            yield from self.new_reps([set_json(one) for one in self._pipeline.sets()])
        elif going_on is not None:
            yield from self.new_reps([set_json(going_on)])

    def _in_marked_repetition(self) -> bool:
        """Whether the newest frame is in a repetition that is marked, which cannot be measured before its end."""
        now_ns = (self._pipeline.start_ns or 0) + round(self._now_s * 1e9)
        return any(m.kind == "repetition" and (m.end_ns is None or m.end_ns >= now_ns) for m in self._marks.values())

    def _work(self) -> Iterator[News]:
        """Mobilising work that has lasted long enough, and what to test after it."""
        if not any(mark.kind == "mobilise" for mark in self._marks.values()):
            return
        for number, entry in enumerate(self._judged([], last=False)["mobilise"]):
            what = "done" if entry["end_s"] is not None else "too_long" if entry["over_cap"] else ""
            if what and (number, what) not in self._told_work:
                self._told_work.add((number, what))
                yield News("mobilise", entry)

    def _flags(self, *, last: bool) -> Iterator[News]:
        sets = [set_json(one) for one in self._pipeline.sets()]
        results = self._judged(sets, last=last)
        flags = results["flags"]
        if self._earlier is not None:
            before, started_s = self._earlier.sessions, self._earlier.started_s
            flags = judge(results, self._controls, earlier=before, started_s=started_s)
        # What matters most comes last: screens and dashboards show the newest.
        return self.new_flags(flags[::-1], last=last)

    def _judged(self, sets: Sequence[Mapping[str, Any]], *, last: bool) -> dict[str, Any]:
        about = {"sensors": self._sensors, "duration_s": self._now_s}
        whole = {"recording": about, "tests": self._tests, "sets": sets}
        start_ns = self._pipeline.start_ns or 0
        # Pain within a test that goes on is told as belonging to it, as it is when the test has ended.
        upto_ns = max((m.end_ns or m.start_ns for m in self._marks.values()), default=0)
        marks = [
            replace(m, end_ns=upto_ns) if m.kind == "test" and m.end_ns is None and not last else m
            for m in self._marks.values()
        ]
        return judged(whole, marks, start_ns, self._controls, self._catalogue.mobilise)
