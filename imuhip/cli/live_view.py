"""What a wearer sees while a session runs: the angles, each sensor's health, what to do next."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from imuhip.cli.gauges import angle_table, angle_words
from imuhip.cli.guide import KEYS
from imuhip.cli.screens import PROVISIONAL, Lines, Screen, exercise_lines
from imuhip.cli.wording import clock, words
from imuhip.records import record

if TYPE_CHECKING:
    from rich.console import Console, RenderableType

    from imuhip.cli.watching import LiveState

ROOMY = 100
"""Columns from which on a sensor's line need not be tight."""


@record
class SensorLine:
    """One sensor as shown; texts are empty where there is nothing to say.

    Attributes:
        role: Where it is worn.
        link: Whether it streams, or what is wrong.
        fine: Whether it does.
        rate_hz: Measured.
        loss: What was lost and what is being filled.
        signal: As last heard.
        battery: As last polled.
        clock: How far its clock is known.
    """

    role: str
    link: str
    fine: bool
    rate_hz: float
    loss: str
    signal: str
    battery: str
    clock: str


@record
class Picture:
    """One moment of a recording as shown.

    Attributes:
        elapsed_s: Since the recording began.
        size_bytes: Of the file; None where nothing is kept.
        live: The angles.
        sensors: Their health.
        said: What the wearer is told.
    """

    elapsed_s: float
    size_bytes: int | None
    live: LiveState
    sensors: Sequence[SensorLine]
    said: str

    @property
    def size(self) -> str:
        """Of the file, in words."""
        return "" if self.size_bytes is None else f"{self.size_bytes / 1e6:.1f} MB"


class LiveLines(Lines):
    """A line now and then: for pipes and logs."""

    def show(self, moment: Picture) -> None:
        """Write a line."""
        sensors = "; ".join(
            f"{words(each.role)}: "
            + ", ".join(part for part in (f"{each.rate_hz:.0f} Hz", each.loss, "" if each.fine else each.link) if part)
            for each in moment.sensors
        )
        self.write(moment.live, moment.elapsed_s, angle_words(moment.live), sensors, moment.size, moment.live.note)


class LiveBars(Screen):
    """Everything on one screen.

    Args:
        console: The terminal.
        title: What is recorded.
        keys: Whether keys do something.
    """

    def __init__(self, console: Console, title: str, *, keys: bool) -> None:
        super().__init__(console, title, 1 / 10)
        self._keys = keys

    def show(self, moment: Picture) -> None:
        """Draw one picture."""
        from rich.table import Table
        from rich.text import Text

        sensors = Table.grid(padding=(0, 2 if self.width >= ROOMY else 1))
        sensors.add_column(no_wrap=True)
        for each in moment.sensors:
            sensors.add_row(
                f"  {words(each.role)}",
                Text(each.link, style="" if each.fine else "bold yellow"),
                f"{each.rate_hz:.1f} Hz",
                each.loss,
                each.signal,
                each.battery,
                each.clock,
            )
        head = "   ".join(filter(None, (self.title, clock(moment.elapsed_s), moment.size)))
        above: list[RenderableType] = [
            Text(head, style="bold"),
            Text(PROVISIONAL, style="dim"),
            angle_table(moment.live, fancy=self.fancy, width=self.width),
            *exercise_lines(moment.live),
        ]
        below: list[RenderableType] = [
            Text("sensors", style="bold"),
            sensors,
            *([Text(moment.live.note)] if moment.live.note else []),
            Text(moment.said, style="bold cyan"),
            Text(KEYS if self._keys else "q stop", style="dim"),
        ]
        self.draw(above, moment.live.told, below)
