"""Views of a replayed session: moving bars on a terminal, a line now and then elsewhere."""

from __future__ import annotations

from typing import TYPE_CHECKING

from imuhip.cli.gauges import angle_table, angle_words
from imuhip.cli.screens import PROVISIONAL, Lines, Screen, exercise_lines
from imuhip.cli.wording import clock, loss_text, words

if TYPE_CHECKING:
    from rich.console import Console, RenderableType

    from imuhip.cli.watching import LiveState


class LineView(Lines):
    """One line of text per picture."""

    def show(self, moment: LiveState) -> None:
        """Write one line."""
        rates = "/".join(f"{sensor.rate_hz:.0f}" for sensor in moment.health)
        seen = [sensor.stats.lost for sensor in moment.health if sensor.loss_visible]
        lost = f"lost {sum(seen)}" if seen else "loss not visible"
        sensors = f"{rates} Hz, {lost}, {clock(moment.left_s)} left"
        self.write(moment, moment.elapsed_s, angle_words(moment) or "no hip angles", sensors, moment.note)


class BarView(Screen):
    """Angles as bars that move.

    Args:
        console: The terminal.
        title: What is played, and how fast.
    """

    def __init__(self, console: Console, title: str) -> None:
        super().__init__(console, title, 1 / 15)

    def show(self, moment: LiveState) -> None:
        """Draw one picture."""
        from rich.table import Table
        from rich.text import Text

        sensors = Table.grid(padding=(0, 2))
        for sensor in moment.health:
            gaps = f"{sensor.gaps_s:.1f} s of gaps" if sensor.gaps_s else ""
            sensors.add_row(f"  {words(sensor.role)}", f"{sensor.rate_hz:.1f} Hz", loss_text(sensor), gaps)
        head = f"{self.title}   {clock(moment.elapsed_s)} of {clock(moment.duration_s)}, {clock(moment.left_s)} left"
        above: list[RenderableType] = [
            Text(head, style="bold"),
            Text(f"{PROVISIONAL}; q stops", style="dim"),
            angle_table(moment, fancy=self.fancy, width=self.width),
            *exercise_lines(moment),
        ]
        self.draw(above, moment.told, [Text("sensors", style="bold"), sensors, Text(moment.note)])
