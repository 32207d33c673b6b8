"""Angles as a viewer sees them: moving bars on a terminal, short words in a line."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.table import Table

    from imuhip.cli.watching import Gauge, LiveState

BAR_CELLS, FEWEST_CELLS, GAP = 44, 12, 2

BAR_RANGE_DEG = {
    "flexion": (-40.0, 130.0),
    "adduction": (-60.0, 60.0),
    "internal rotation": (-60.0, 60.0),
    "tilt": (-120.0, 120.0),
    "list": (-120.0, 120.0),
    "rotation": (-180.0, 180.0),
}
INCLINATION_RANGE_DEG = (0.0, 180.0)
"""Of a segment against gravity, by the segment's name."""


def angle_table(state: LiveState, *, fancy: bool, width: int) -> Table:
    """All angles of a moment with their bars and last peaks.

    Args:
        state: The moment.
        fancy: Use block characters, else ASCII.
        width: Columns of the terminal; where there are few, bars are shorter.
    """
    from rich.table import Table
    from rich.text import Text

    shown = {name: [(gauge, *_texts(gauge)) for gauge in gauges] for name, gauges in state.groups.items()}
    rows = [row for each in shown.values() for row in each]
    beside = [max((len(text) for text in texts), default=0) + GAP for texts in list(zip(*rows, strict=True))[1:]]
    cells = min(max(width - sum(beside), FEWEST_CELLS), BAR_CELLS)
    angles = Table.grid(padding=(0, GAP))
    for group, gauges in shown.items():
        angles.add_row(Text(group, style="bold"))
        for gauge, name, value, peak in gauges:
            angles.add_row(name, Text(value, justify="right"), bar(gauge, fancy=fancy, width=cells), peak)
    if not state.groups:
        angles.add_row("no hip angles yet")
    return angles


def _texts(gauge: Gauge) -> tuple[str, str, str]:
    """What stands beside a bar: name, value and last peak."""
    value = gauge.reason if gauge.value_deg is None else f"{round(gauge.value_deg, 1) + 0.0:6.1f}\u00b0"
    peak = "" if gauge.peak_deg is None else f"last peak {round(gauge.peak_deg)}\u00b0"
    return f"  {gauge.name}", value, "only its changes count" if gauge.relative else peak


def bar(gauge: Gauge, *, fancy: bool = True, width: int = BAR_CELLS) -> str:
    """An angle as a bar from zero to its value, with its last peak marked.

    Args:
        gauge: The angle.
        fancy: Use block characters, else ASCII.
        width: Its length in characters.

    Returns:
        So many characters.
    """
    fill, zero, peak, empty = "\u2588\u2502\u25c6\u00b7" if fancy else "#|^."
    low, high = BAR_RANGE_DEG.get(gauge.name, INCLINATION_RANGE_DEG)

    def cell(angle_deg: float) -> int:
        share = (min(max(angle_deg, low), high) - low) / (high - low)
        return round(share * (width - 1))

    cells = [empty] * width
    origin = cell(0.0)
    if gauge.value_deg is not None:
        end = cell(gauge.value_deg)
        first, last = sorted((origin, end))
        cells[first : last + 1] = [fill] * (last - first + 1)
    cells[origin] = zero
    if gauge.peak_deg is not None:
        cells[cell(gauge.peak_deg)] = peak
    return "".join(cells)


def angle_words(state: LiveState) -> str:
    """The hips' angles in a line, each with its last peak in brackets.

    Args:
        state: The moment.
    """
    return "  ".join(
        f"{name}: " + ", ".join(f"{_short(gauge.name)} {_value(gauge)}" for gauge in gauges)
        for name, gauges in state.groups.items()
        if name != "pelvis"
    )


def _short(name: str) -> str:
    return {"flexion": "flex", "adduction": "add", "internal rotation": "int.rot"}.get(name, name)


def _value(gauge: Gauge) -> str:
    value = "?" if gauge.value_deg is None else f"{round(gauge.value_deg)}"
    return value if gauge.peak_deg is None else f"{value} ({round(gauge.peak_deg)})"
