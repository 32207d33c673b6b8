"""What a running session adds up to, each result once, as soon as it is known: tests, repetitions, mobilising, flags.

The numbers are those of ``imuhip analyze --causal``. A repetition is judged against those before it in its set, so that
the ones after it may still change whether it counts as short.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
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

LOOK_S = 1.0
"""Between two looks at the repetitions, in the data's time."""

SetKey = tuple[str | None, str | None, float]
FlagKey = tuple[Any, ...]


@dataclass(frozen=True, slots=True)
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


@dataclass(frozen=True, slots=True)
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
        self._latest: SetKey | None = None
        self._told_reps: dict[SetKey, int] = {}
        self._told_flags: dict[FlagKey, Mapping[str, Any]] = {}
        self._told_work: set[tuple[int, str]] = set()
        self._unjudged = False

    def mark(self, mark: Mark) -> None:
        """Take a mark that the pipeline was given."""
        self._live_tests.mark(mark)
        self._marks[mark.id] = mark
        self._unjudged |= mark.kind in ("pain", "mobilise")

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
            sets: Some of those so far, as the results' JSON shows them; a set is known by its exercise, side and start,
                and its repetitions only become more.
        """
        for one in sets:
            key = _key(one)
            done = self._told_reps.get(key, 0)
            self._told_reps[key] = max(done, len(one["reps"]))
            for number, rep in enumerate(one["reps"][done:], done + 1):
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
        going_on = self._pipeline.latest_set()
        if going_on is None and not last:
            return
        key = None if going_on is None else (going_on.exercise, going_on.side, going_on.start_s)
        if last or key != self._latest:  # the one before may have ended with a repetition that was not told yet
            self._unjudged |= self._latest is not None
            self._latest = key
            yield from self.new_reps([set_json(one) for one in self._pipeline.sets()])
        elif going_on is not None:
            yield from self.new_reps([set_json(going_on)])

    def _work(self) -> Iterator[News]:
        """Mobilising work that has lasted long enough, and what to test after it."""
        if not any(mark.kind == "mobilise" for mark in self._marks.values()):
            return
        for number, entry in enumerate(self._judged([])["mobilise"]):
            what = "done" if entry["end_s"] is not None else "too_long" if entry["over_cap"] else ""
            if what and (number, what) not in self._told_work:
                self._told_work.add((number, what))
                yield News("mobilise", entry)

    def _flags(self, *, last: bool) -> Iterator[News]:
        sets = [set_json(one) for one in self._pipeline.sets()]
        results = self._judged(sets)
        flags = results["flags"]
        if self._earlier is not None:
            before, started_s = self._earlier.sessions, self._earlier.started_s
            flags = judge(results, self._controls, earlier=before, started_s=started_s)
        return self.new_flags(flags, last=last)

    def _judged(self, sets: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
        about = {"sensors": self._sensors, "duration_s": self._now_s}
        whole = {"recording": about, "tests": self._tests, "sets": sets}
        return judged(
            whole, self._marks.values(), self._pipeline.start_ns or 0, self._controls, self._catalogue.mobilise
        )


def _key(one: Mapping[str, Any]) -> SetKey:
    return one["exercise"], one["side"], round(float(one["start_s"]), 3)
