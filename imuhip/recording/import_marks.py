"""Reading ``marks.csv`` of a folder to import."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from pathlib import Path

from imuhip.errors import ImportLayoutError
from imuhip.marks import MARK_KINDS, MODES, POSITIONS, SIDES, Mark
from imuhip.recording.csv_table import Text, read_text, to_number
from imuhip.units import ROLES

_WORDS = {"kind": MARK_KINDS, "side": ("", *SIDES), "mode": ("", *MODES), "position": ("", *POSITIONS)}


def read_marks(path: Path, roles: Sequence[str], *, units_per_s: float, offset_ns: int) -> tuple[Mark, ...]:
    """Read the marks, where there are any.

    A mark without ``end_s`` is a moment. Which sensor a ``wear`` mark means is told by the column ``sensor`` (the role
    it had before), else by its name where that is a role worn then (strapped on anew), else there must be only one
    sensor besides the pelvis.

    Args:
        path: The file; none is no error.
        roles: Roles of the sensors at the start, in the order of the recording.
        units_per_s: Unit of the times.
        offset_ns: Added to the import's clock to get the host clock.

    Returns:
        The marks in the order of their start, numbered from 0.

    Raises:
        ImportLayoutError: With line and column of what is wrong.
    """
    if not path.exists():
        return ()
    text = read_text(path, ("start_s", "end_s", "kind"))
    for column in ("start_s", "kind"):
        if column not in text.header:
            raise text.error("is missing", line=text.first_line - 1, column=column, remedy="Add it")
    lines = [(line, dict(zip(text.header, map(str.strip, cells), strict=True))) for line, cells in text.rows()]
    times = [_times(text, line, cells) for line, cells in lines]
    worn = list(roles)
    marks: list[Mark] = []
    for i in sorted(range(len(lines)), key=lambda i: times[i]):
        line, cells = lines[i]
        start_ns, end_ns = (round(time * 1e9 / units_per_s) + offset_ns for time in times[i])
        for column, allowed in _WORDS.items():
            if cells.get(column, "") not in allowed:
                choices = ", ".join(filter(None, allowed))
                raise text.error(
                    f"{cells.get(column)!r} is not known", line=line, column=column, remedy=f"Use one of {choices}"
                )
        value = to_number(text, cells.get("value", ""), line=line, column="value")
        sensor = None
        if cells["kind"] == "wear":
            sensor = _moved(text, line, cells, worn)
            worn[sensor] = cells["name"]
        marks.append(
            Mark(
                id=len(marks),
                kind=cells["kind"],
                start_ns=start_ns,
                end_ns=end_ns,
                name=cells.get("name", ""),
                side=cells.get("side") or None,
                mode=cells.get("mode") or None,
                position=cells.get("position") or None,
                value=value if math.isfinite(value) else None,
                note=cells.get("note", ""),
                sensor=sensor,
            )
        )
    return tuple(marks)


def earliest_s(path: Path, *, units_per_s: float) -> float:
    """Return the time of the earliest mark in seconds, infinite where there is none.

    Raises:
        ImportLayoutError: With line and column of what is wrong.
    """
    if not path.exists():
        return math.inf
    text = read_text(path, ("start_s", "end_s", "kind"))
    if "start_s" not in text.header:
        return math.inf
    column = text.header.index("start_s")
    times = [to_number(text, cells[column], line=line, column="start_s") for line, cells in text.rows()]
    return min((time / units_per_s for time in times if math.isfinite(time)), default=math.inf)


def _times(text: Text, line: int, cells: Mapping[str, str]) -> tuple[float, float]:
    start = to_number(text, cells["start_s"], line=line, column="start_s")
    end = to_number(text, cells.get("end_s", ""), line=line, column="end_s")
    if not math.isfinite(start):
        raise text.error("is empty or not a number", line=line, column="start_s", remedy="Say when it began")
    if math.isinf(end):
        raise text.error("is not a number", line=line, column="end_s", remedy="Say when it ended")
    if math.isnan(end):
        end = start
    if end < start:
        reason = f"the end {end:g} is before the start {start:g}"
        raise text.error(reason, line=line, column="end_s", remedy="Correct one of the two")
    return start, end


def _moved(text: Text, line: int, cells: Mapping[str, str], worn: Sequence[str]) -> int:
    """Find out which sensor a ``wear`` mark means."""

    def fail(reason: str, column: str, remedy: str) -> ImportLayoutError:
        return text.error(reason, line=line, column=column, remedy=remedy)

    role, before = cells.get("name", ""), cells.get("sensor", "")
    if role not in ROLES:
        raise fail(f"{role!r} is not a place to wear a sensor", "name", f"Use one of {', '.join(ROLES)}")
    if before:
        if before not in worn:
            raise fail(f"no sensor is worn at {before!r} then", "sensor", f"Use one of {', '.join(worn)}")
        return worn.index(before)
    if role in worn:
        return worn.index(role)
    others = [index for index, other in enumerate(worn) if other != "pelvis"]
    if len(others) != 1:
        raise fail("does not tell which sensor was moved", "name", "Add a column sensor with the role it had before")
    return others[0]
