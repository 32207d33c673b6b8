"""Which repetitions are new: a set is looked at again and again while it grows, and is seen better as it does."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from imuhip.records import record


@record
class _Known:
    """A repetition that was told of."""

    exercise: str | None
    start_s: float
    end_s: float
    number: int


class ToldReps:
    """Tells every repetition once.

    Without marks the same movement may be seen on another sensor a moment later, or its set may turn out to begin
    elsewhere. So a repetition is known by its time: who lifts one leg does so once at a time.
    """

    def __init__(self) -> None:
        self._known: dict[str | None, list[_Known]] = {}

    def new(self, one: Mapping[str, Any]) -> Iterator[tuple[int, Mapping[str, Any]]]:
        """Take a set as it looks now.

        Args:
            one: As the results' JSON shows it.

        Yields:
            Number in the set, from 1 on, and repetition, of those that were not told yet.
        """
        known = self._known.setdefault(one["side"], [])
        for rep in one["reps"]:
            start_s, end_s = _span_s(rep)
            if any(_same(start_s, end_s, other) for other in known):
                continue
            last = known[-1] if known else None
            goes_on = last is not None and last.exercise == one["exercise"] and one["start_s"] < last.end_s
            number = last.number + 1 if last is not None and goes_on else 1
            known.append(_Known(one["exercise"], start_s, end_s, number))
            yield number, rep


def _same(start_s: float, end_s: float, other: _Known) -> bool:
    """Whether two overlap by more than half of the shorter one."""
    common_s = min(end_s, other.end_s) - max(start_s, other.start_s)
    return common_s > 0.5 * min(end_s - start_s, other.end_s - other.start_s)


def _span_s(rep: Mapping[str, Any]) -> tuple[float, float]:
    return rep["start_s"], max(rep["end_s"], rep["start_s"] + 0.001)
