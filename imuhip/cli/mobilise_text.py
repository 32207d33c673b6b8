"""Mobilising work as text: how long, when it is enough, and what to test after it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from imuhip.cli.wording import clock, words, wrapped

Entry = Mapping[str, Any]


def mobilise_lines(entries: Sequence[Entry]) -> list[str]:
    """The mobilising work of a session.

    Args:
        entries: As in the results.

    Returns:
        A heading and its lines; nothing without any.
    """
    lines = [line for each in entries for line in wrapped(f"from {clock(each['start_s'])}: {work_words(each)}")]
    return ["Mobilising", *lines] if lines else []


def work_words(entry: Entry) -> str:
    """One stretch of mobilising work: its area, its minutes, and what is due.

    Args:
        entry: As in the results.
    """
    area = ", ".join(words(entry[key]) for key in ("name", "side") if entry[key]) or "mobilising"
    text = f"{area}: {_minutes(entry['minutes'])}"
    if entry["over_cap"]:
        text += f", more than the {entry['cap_minutes']:g} that are enough for an area: let it rest"
    if entry["retest_due"]:
        text += f"; test again: {', '.join(words(name) for name in entry['retest_due'])}"
    return text


def _minutes(minutes: float) -> str:
    return f"{minutes:.1f} min" if minutes < 10 else f"{minutes:.0f} min"
