"""Mobilising work: how long, whether that was more than enough, and which tests are due after it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from imuhip.exercises.catalogue import MobiliseEntry
from imuhip.marks import Mark


def mobilise_entries(
    marks: Iterable[Mark],
    start_ns: int,
    *,
    tests: Sequence[Mapping[str, Any]] = (),
    areas: Mapping[str, MobiliseEntry] | None = None,
    now_s: float | None = None,
) -> list[dict[str, Any]]:
    """Marks of mobilising work as entries of the results.

    Args:
        marks: The session's marks.
        start_ns: Host time of the session's first sample.
        tests: The session's range tests, as in the results.
        areas: What a catalogue says of each area: its cap and what to test after it.
        now_s: Until when work counts whose mark is still open.

    Returns:
        ``start_s``, ``end_s`` (None while open), ``name`` (the area) and ``side`` of each; ``minutes`` of the area so
        far, ``cap_minutes`` and whether they are ``over_cap``; ``retest_due``, the tests that should follow and have
        not, of the last work on an area.
    """
    known = areas or {}
    entries: list[dict[str, Any]] = []
    for mark in sorted((m for m in marks if m.kind == "mobilise"), key=lambda m: m.start_ns):
        start_s = round((mark.start_ns - start_ns) * 1e-9, 3)
        end_s = None if mark.end_ns is None else round((mark.end_ns - start_ns) * 1e-9, 3)
        until_s = end_s if end_s is not None else now_s
        before = next((e for e in reversed(entries) if (e["name"], e["side"]) == (mark.name, mark.side)), None)
        minutes = (before["minutes"] if before else 0.0) + max((until_s or start_s) - start_s, 0.0) / 60
        cap = _cap(mark.name, known)
        if before:
            before["retest_due"] = []
        entries.append(
            {
                "start_s": start_s,
                "end_s": end_s,
                "name": mark.name,
                "side": mark.side,
                "minutes": round(minutes, 2),
                "cap_minutes": cap,
                "over_cap": cap is not None and minutes > cap,
                "retest_due": [] if end_s is None else _due(mark, start_s, end_s, tests, known),
            }
        )
    return entries


def _cap(area: str, areas: Mapping[str, MobiliseEntry]) -> float | None:
    """The cap of an area; of one that nobody named or knows, the lowest."""
    if area in areas:
        return areas[area].cap_minutes
    return min((each.cap_minutes for each in areas.values()), default=None)


def _due(
    mark: Mark, start_s: float, end_s: float, tests: Sequence[Mapping[str, Any]], areas: Mapping[str, MobiliseEntry]
) -> list[str]:
    """Tests that were done before the work and not after it; where none was done at all, those of the area."""
    wanted = areas[mark.name].retest if mark.name in areas else tuple(dict.fromkeys(t["name"] for t in tests))
    made = [t for t in tests if t["name"] in wanted and t["peak_deg"] is not None]
    own = [t for t in made if mark.side in (None, "both") or t["side"] in (None, mark.side)]
    before = {(t["name"], t["position"], t["side"]) for t in own if t["start_s"] < start_s}
    after = {(t["name"], t["position"], t["side"]) for t in own if t["start_s"] >= end_s}
    if not before:
        return [] if after else list(wanted)
    missing = {name for name, _, _ in before - after}
    return [name for name in wanted if name in missing]
