"""Angles as a viewer sees them: moving bars on a terminal, short words in a line."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.table import Table

    from imuhip.cli.watching import Gauge, LiveState

BAR_CELLS = 44
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


def angle_table(state: LiveState, *, fancy: bool) -> Table:
    """All angles of a moment with their bars and last peaks.

    Args:
        state: The moment.
        fancy: Use block characters, else ASCII.
    """
    from rich.table import Table
    from rich.text import Text

    angles = Table.grid(padding=(0, 2))
    for group, gauges in state.groups.items():
        angles.add_row(Text(group, style="bold"))
        for gauge in gauges:
            value = gauge.reason if gauge.value_deg is None else f"{round(gauge.value_deg, 1) + 0.0:6.1f}\u00b0"
            peak = "" if gauge.peak_deg is None else f"last peak {round(gauge.peak_deg)}\u00b0"
            peak = "only its changes count" if gauge.relative else peak
            angles.add_row(f"  {gauge.name}", Text(value, justify="right"), bar(gauge, fancy=fancy), peak)
    if not state.groups:
        angles.add_row("no hip angles yet")
    return angles


def bar(gauge: Gauge, *, fancy: bool = True) -> str:
    """An angle as a bar from zero to its value, with its last peak marked.

    Args:
        gauge: The angle.
        fancy: Use block characters, else ASCII.

    Returns:
        :data:`BAR_CELLS` characters.
    """
    fill, zero, peak, empty = "\u2588\u2502\u25c6\u00b7" if fancy else "#|^."
    low, high = BAR_RANGE_DEG.get(gauge.name, INCLINATION_RANGE_DEG)

    def cell(angle_deg: float) -> int:
        share = (min(max(angle_deg, low), high) - low) / (high - low)
        return round(share * (BAR_CELLS - 1))

    cells = [empty] * BAR_CELLS
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
