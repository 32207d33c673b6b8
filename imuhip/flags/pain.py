"""Pain and symptoms that a wearer marked, and when they overrule every number."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from imuhip.marks import Mark
from imuhip.records import record

STOP_AT = 4.0
"""Pain on the scale from 0 to 10 at which a session ends, whatever the numbers say."""
SITES = ("knee", "ankle", "low_back", "groin")
"""Where symptoms beside the hip are asked for; other names are taken as they are."""
STOP_SIGNS = ("pinching", "catching", "locking", "giving_way", "numbness")
"""Names of symptoms that end a session at any strength."""


@record
class Pain:
    """One mark of pain or of a symptom.

    Attributes:
        site: Where it is or what it is; empty where that was not said.
        side: Side of the body.
        value: 0 to 10, None where no number was given.
        test: Name of the test that it was felt in, None for the session as a whole.
    """

    site: str
    side: str | None
    value: float | None
    test: str | None = None

    @property
    def stops(self) -> bool:
        """Whether it overrules every green: from 4 on, a sign to stop, or pain to which nobody gave a number."""
        if self.value is None:
            return True
        return self.value >= STOP_AT or not 0 <= self.value <= 10 or (self.site in STOP_SIGNS and self.value > 0)

    @property
    def felt(self) -> bool:
        """Whether there was any; a zero is the answer that there was none."""
        return self.value is None or self.value != 0

    @property
    def place(self) -> str:
        """Where or what it is: ``right knee``, ``locking (left)``."""
        name = self.site.replace("_", " ")
        if self.site in STOP_SIGNS:
            return name if self.side is None else f"{name} ({self.side})"
        return " ".join(filter(None, (self.side or "", name))) or "pain"

    @property
    def spoken(self) -> str:
        """How a coach says it: ``right knee 5/10``."""
        place = self.place
        if self.value is None:
            return f"{place}, no number given"
        if not 0 <= self.value <= 10:
            return f"{place}, {self.value:g} is not between 0 and 10"
        return f"{place} {self.value:g}/10"


def pain_entries(marks: Iterable[Mark], start_ns: int) -> list[dict[str, Any]]:
    """Marks of pain as entries of the results.

    A mark that overlaps a marked test belongs to it, else it says something about the session.

    Args:
        marks: The session's marks.
        start_ns: Host time of the session's first sample.

    Returns:
        ``start_s``, ``site``, ``side``, ``value`` (0-10 or None), ``test`` and ``note`` of each.
    """
    marks = list(marks)
    tests = [mark for mark in marks if mark.kind == "test" and mark.end_ns is not None]
    return [
        {
            "start_s": round((mark.start_ns - start_ns) * 1e-9, 3),
            "site": mark.name,
            "side": mark.side,
            "value": mark.value,
            "test": next((test.name for test in tests if _overlap(test, mark)), None),
            "note": mark.note,
        }
        for mark in marks
        if mark.kind == "pain"
    ]


def pains_of(results: Mapping[str, Any]) -> tuple[Pain, ...]:
    """The pain of a session's results."""
    return tuple(Pain(p["site"], p["side"], p["value"], p.get("test")) for p in results.get("pain", ()))


def _overlap(test: Mark, mark: Mark) -> bool:
    end_ns = mark.start_ns if mark.end_ns is None else mark.end_ns
    return test.end_ns is not None and test.start_ns <= end_ns and mark.start_ns <= test.end_ns
