"""Views of a running session: moving bars on a terminal, a line now and then elsewhere."""

from __future__ import annotations

from types import TracebackType
from typing import TYPE_CHECKING, Protocol, Self, TextIO

from imuhip.cli.wording import clock

if TYPE_CHECKING:
    from rich.console import Console, RenderableType
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
CLOCK_CELLS = 6
"""Times stand right-aligned in so much."""
TOLD_LINES = 6
"""Results that stay on the screen."""
PROVISIONAL = "provisional: `imuhip analyze` refines these numbers with the whole session"


class View(Protocol):
    """Shows a session; ``interval_s`` is the time it wants between two pictures."""

    interval_s: float

    def __enter__(self) -> Self:
        """Begin to show."""

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Leave the terminal as it was."""

    def show(self, state: LiveState) -> None:
        """Show this moment."""


class LineView:
    """One line of text per picture, for pipes, logs and terminals that cannot move their cursor.

    Args:
        out: Where to write.
        interval_s: Seconds between two lines.
    """

    def __init__(self, out: TextIO, interval_s: float) -> None:
        self.interval_s = interval_s
        self._out = out
        self._told = 0

    def __enter__(self) -> Self:
        """Say what kind of numbers follow."""
        self._out.write(f"Degrees, last peak in brackets, ? where not known; {PROVISIONAL}.\n")
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Nothing to restore."""

    def show(self, state: LiveState) -> None:
        """Write what is new, and one line of angles."""
        self._told = write_new(self._out, state, self._told)
        groups = "  ".join(
            f"{name}: " + ", ".join(f"{_short(gauge.name)} {_value(gauge)}" for gauge in gauges)
            for name, gauges in state.groups.items()
            if name != "pelvis"
        )
        rates = "/".join(f"{sensor.rate_hz:.0f}" for sensor in state.health)
        seen = [sensor.lost for sensor in state.health if sensor.loss_visible]
        lost = f"lost {sum(seen)}" if seen else "loss not visible"
        self._out.write(
            f"{clock(state.elapsed_s):>{CLOCK_CELLS}}  {groups or 'no hip angles'}  | {rates} Hz, {lost},"
            f" {clock(state.left_s)} left{' | ' if state.note else ''}{state.note}\n"
        )
        self._out.flush()


class BarView:
    """Angles as bars that move, redrawn in place.

    Args:
        console: The terminal.
        title: What is played, and how fast.
    """

    interval_s = 1 / 15

    def __init__(self, console: Console, title: str) -> None:
        from rich.live import Live

        self._title = title
        self._fancy = console.encoding.lower().startswith("utf")
        self._live = Live(console=console, auto_refresh=False, transient=False)

    def __enter__(self) -> Self:
        """Begin to draw."""
        self._live.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Give the cursor back."""
        self._live.stop()

    def show(self, state: LiveState) -> None:
        """Draw one picture."""
        self._live.update(self._picture(state), refresh=True)

    def _picture(self, state: LiveState) -> RenderableType:
        from rich.console import Group
        from rich.table import Table
        from rich.text import Text

        sensors = Table.grid(padding=(0, 2))
        for sensor in state.health:
            lost = f"lost {sensor.lost}" if sensor.loss_visible else "loss not visible"
            gaps = f"{sensor.gaps_s:.1f} s of gaps" if sensor.gaps_s else ""
            sensors.add_row(f"  {sensor.role.replace('_', ' ')}", f"{sensor.rate_hz:.1f} Hz", lost, gaps)
        head = f"{self._title}   {clock(state.elapsed_s)} of {clock(state.duration_s)}, {clock(state.left_s)} left"
        return Group(
            Text(head, style="bold"),
            Text(f"{PROVISIONAL}; q stops", style="dim"),
            angle_table(state, fancy=self._fancy),
            result_lines(state),
            Text("sensors", style="bold"),
            sensors,
            Text(state.note),
        )


def write_new(out: TextIO, state: LiveState, told: int) -> int:
    """Write the results that have not been written yet, a line each.

    Args:
        out: Where to.
        state: The moment.
        told: How many have been written.

    Returns:
        How many have been now.
    """
    # The session may add more meanwhile: what is written and what is counted must be the same.
    new = list(state.told[told:])
    out.writelines(f"{' ' * max(CLOCK_CELLS - line.index(' '), 0)}{line}\n" for line in new)
    return told + len(new)


def result_lines(state: LiveState) -> RenderableType:
    """The set that is going on, and the last results.

    Args:
        state: The moment.
    """
    from rich.console import Group
    from rich.text import Text

    now = [Text(line, style="bold" if k == 0 else "") for k, line in enumerate(state.exercise)]
    last = [Text(f"  {line}") for line in state.told[-TOLD_LINES:]]
    return Group(*now, *([Text("so far", style="bold"), *last] if last else []))


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


def _short(name: str) -> str:
    return {"flexion": "flex", "adduction": "add", "internal rotation": "int.rot"}.get(name, name)


def _value(gauge: Gauge) -> str:
    value = "?" if gauge.value_deg is None else f"{round(gauge.value_deg)}"
    return value if gauge.peak_deg is None else f"{value} ({round(gauge.peak_deg)})"
