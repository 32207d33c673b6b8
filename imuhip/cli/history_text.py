"""A wearer's history as text: a line of blocks per number, or a chart of one motion."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from itertools import pairwise
from typing import Any

from imuhip.cli.flag_text import coaching_lines
from imuhip.cli.wording import columns, count

WIDTH = 48
"""Columns of a line or a chart; more sessions share a column by their median."""
HEIGHT = 10
APART = 4
"""Columns between two sessions where there are few."""
BLOCKS, PLAIN_BLOCKS = "\u2581\u2582\u2583\u2584\u2585\u2586\u2587\u2588", "_.-~=+*#"
MARKS, PLAIN_MARKS = {"range": "\u25cf", "controlled": "\u25cb", "passive": "\u25c7"}, {
    "range": "o", "controlled": "x", "passive": "p"
}  # fmt: skip

Values = list[float | None]


def list_text(wearers: Sequence[tuple[str, int, float]]) -> str:
    """Who is in a history.

    Args:
        wearers: Pseudonym, number of sessions, date of the last in seconds since 1970.
    """
    from imuhip.history.dates import day_text

    if not wearers:
        return "The history is empty. Add a session with `imuhip history add session.mcap`.\n"
    rows = [(f"  {name}", count(sessions, "session"), f"last {day_text(last)}") for name, sessions, last in wearers]
    lines = ["In the history", *columns(rows), "Choose one with `imuhip history --wearer NAME`."]
    return "\n".join(lines) + "\n"


def overview_text(about: Mapping[str, Any], *, large: bool, encoding: str) -> str:
    """How a wearer's ranges developed.

    Args:
        about: What :func:`imuhip.history.overview.overview` gives.
        large: Draw a chart of every motion instead of lines.
        encoding: Of the terminal; one without block characters gets plain ones.

    Returns:
        Lines of text, each ended.
    """
    plain = not _can_show(encoding)
    sessions = about["sessions"]
    days = [session["started_utc"][:10] for session in sessions if not session["date_doubtful"]]
    span = f", {days[0]} to {days[-1]}" if len(days) > 1 else f", {days[0]}" if days else ""
    draw = _chart if large else _lines
    sections = [
        [f"{about['wearer']}: {count(len(sessions), 'session')}{span}"],
        *([f"{_name(one)}", *draw(one, plain=plain)] for one in about["motions"]),
        _legend(about["motions"], plain=plain, large=large),
        _pain_lines(about["pain"]),
        _flag_lines(about["flags"]),
        _doubt_lines(sessions),
    ]
    return "\n\n".join("\n".join(lines) for lines in sections if lines) + "\n"


def _can_show(encoding: str) -> bool:
    try:
        f"{BLOCKS}{''.join(MARKS.values())}".encode(encoding)
    except (LookupError, UnicodeEncodeError):
        return False
    return True


def _name(one: Mapping[str, Any]) -> str:
    from imuhip.flags.flag import capital
    from imuhip.flags.motion import Motion

    motion = Motion(one["motion"], one["position"], one["side"], one["reference"])
    against = ", sensor on the shank" if motion.reference == "shank" else ""
    return f"{capital(motion.spoken)}{against}"


def _lines(one: Mapping[str, Any], *, plain: bool) -> list[str]:
    """Range, controlled range and gap, each as a line of blocks; the first two on one scale."""
    mdc = one["mdc_deg"]
    shown = [
        ("range", _values(one, "range_deg"), _change(one["change_deg"], mdc, real=one["change_real"])),
        (
            "controlled",
            _values(one, "controlled_range_deg"),
            _change(one["controlled_change_deg"], mdc, real=one["controlled_change_real"]),
        ),
    ]
    level = _scale([value for _, values, _ in shown for value in values if value is not None])
    gap, passive = _values(one, "gap_deg"), _values(one, "passive_minus_active_deg")
    rows = [(f"  {name}", _blocks(values, level, plain=plain), _ends(values), said) for name, values, said in shown]
    rows.append(("  gap", _blocks(gap, _scale(_known(gap)), plain=plain), _ends(gap), ""))
    if _known(passive):
        blocks = _blocks(passive, _scale(_known(passive)), plain=plain)
        rows.append(("  passive beyond active", blocks, _ends(passive), ""))
    return columns([row for row in rows if row[2]])


def _change(by: float | None, mdc: float, *, real: bool | None) -> str:
    if by is None:
        return ""
    verdict = "a real change" if real else "no real change"
    return f"{round(by):+d} \u00b1 {mdc:.0f}, {verdict}".replace("+0 ", "0 ").replace("-", "\u2212")


def _values(one: Mapping[str, Any], key: str) -> Values:
    return binned([point[key] for point in one["points"]], WIDTH)


def binned(values: Sequence[float | None], width: int) -> Values:
    """At most ``width`` values: the median of neighbours where there are more."""
    if len(values) <= width:
        return list(values)
    edges = [len(values) * i // width for i in range(width + 1)]
    return [_median(_known(values[a:b])) for a, b in pairwise(edges)]


def _median(values: Sequence[float]) -> float | None:
    from imuhip.flags.numbers import median

    return median(values) if values else None


def _known(values: Sequence[float | None]) -> list[float]:
    return [value for value in values if value is not None]


def _scale(values: Sequence[float]) -> Callable[[float], float]:
    """Where a value lies between the least and the greatest, 0 to 1; never less than four degrees apart."""
    low, high = min(values, default=0.0), max(values, default=0.0)
    middle, half = (low + high) / 2, max((high - low) / 2, 2.0)
    return lambda value: (value - middle) / (2 * half) + 0.5


def _blocks(values: Values, level: Callable[[float], float], *, plain: bool) -> str:
    blocks = PLAIN_BLOCKS if plain else BLOCKS
    return "".join(" " if v is None else blocks[min(int(level(v) * len(blocks)), len(blocks) - 1)] for v in values)


def _ends(values: Values) -> str:
    known = _known(values)
    if not known:
        return ""
    return f"{known[0]:.0f} deg" if len(known) == 1 else f"{known[0]:.0f} to {known[-1]:.0f} deg".replace("-", "\u2212")


def _chart(one: Mapping[str, Any], *, plain: bool) -> list[str]:
    """Range, controlled and passive range over the sessions."""
    marks = PLAIN_MARKS if plain else MARKS
    found = {"passive": "passive_deg", "controlled": "controlled_range_deg", "range": "range_deg"}
    shown = {name: _values(one, key) for name, key in found.items()}
    known = [value for values in shown.values() for value in _known(values)]
    if not known:
        return ["  nothing measured"]
    low, high = min(known), max(known)
    step = max((high - low) / (HEIGHT - 1), 1.0)
    height = round((high - low) / step) + 1
    sessions = len(shown["range"])
    apart = max(1, min(WIDTH // sessions, APART))
    grid = [[" "] * (sessions * apart) for _ in range(height)]
    for name, values in shown.items():
        for at, value in enumerate(values):
            if value is not None:
                grid[min(round((high - value) / step), height - 1)][at * apart] = marks[name]
    labels = [f"{high - row * step:6.0f}".replace("-", "\u2212") for row in range(height)]
    rows = [f"{label} |{''.join(cells)}".rstrip() for label, cells in zip(labels, grid, strict=True)]
    days = [point["started_utc"][:10] for point in one["points"]]
    width = max(sessions * apart, 23)
    axis = f"        {days[0]}" if len(days) == 1 else f"        {days[0]}{days[-1]:>{width - 10}}"
    return [*rows, f"       +{'-' * width}", axis, *(f"  {line.strip()}" for line in _lines(one, plain=plain))]


def _legend(motions: Sequence[Mapping[str, Any]], *, plain: bool, large: bool) -> list[str]:
    if not motions:
        return ["No range has been tested so far, and no slow, good repetitions done."]
    lines = [
        "range: cold pre-test; controlled: slow, good reps; gap: range minus the mean controlled range of 3 sessions",
        "a change is real only beyond the MDC, the number after \u00b1",
    ]
    if large:
        marks = PLAIN_MARKS if plain else MARKS
        lines.insert(0, ", ".join(f"{mark} {name}" for name, mark in marks.items()) + " (degrees)")
    return [f"  {line}" for line in lines]


def _flag_lines(flags: Sequence[Mapping[str, Any]]) -> list[str]:
    heading, *told = coaching_lines(flags) or [""]
    return [f"{heading} from the last session", *told] if told else []


def _pain_lines(pains: Sequence[Mapping[str, Any]]) -> list[str]:
    """Where it hurt, how often, and how much last."""
    from imuhip.flags.pain import Pain

    rows = [("Pain", "sessions", "last", "on")]
    for one in pains:
        last = one["points"][-1]
        place = Pain(one["site"], one["side"], None).place
        value = "no number" if last["value"] is None else f"{last['value']:g}/10"
        rows.append((f"  {place}", str(len(one["points"])), value, last["started_utc"][:10]))
    return columns(rows) if pains else []


def _doubt_lines(sessions: Sequence[Mapping[str, Any]]) -> list[str]:
    days = [session["started_utc"][:10] for session in sessions if session["date_doubtful"]]
    if not days:
        return []
    listed = ", ".join(days[:5])
    return [f"Not compared, because the date cannot be right: {listed}. Add such a recording again with --date."]
