"""What a wearer sees while a session is recorded: the angles, each sensor's health, what to do next."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from types import TracebackType
from typing import TYPE_CHECKING, Protocol, Self, TextIO

from imuhip.cli.guide import KEYS
from imuhip.cli.views import PROVISIONAL, angle_table, result_lines, write_new
from imuhip.cli.wording import clock, words

if TYPE_CHECKING:
    from rich.console import Console, RenderableType

    from imuhip.cli.watching import LiveState

BELL = "\a"


@dataclass(frozen=True, slots=True)
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


@dataclass(frozen=True, slots=True)
class Picture:
    """One moment of a recording as shown.

    Attributes:
        elapsed_s: Since the recording began.
        size_bytes: Of the file.
        live: The angles.
        sensors: Their health.
        said: What the wearer is told.
    """

    elapsed_s: float
    size_bytes: int
    live: LiveState
    sensors: Sequence[SensorLine]
    said: str


class LiveView(Protocol):
    """Shows a recording."""

    interval_s: float

    def __enter__(self) -> Self:
        """Begin to show."""

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Leave the terminal as it was."""

    def show(self, picture: Picture) -> None:
        """Show this moment."""

    def ring(self) -> None:
        """Make a sound."""


class LiveLines:
    """A line now and then: for pipes and logs.

    Args:
        out: Where to write.
    """

    interval_s = 5.0

    def __init__(self, out: TextIO) -> None:
        self._out = out
        self._told = 0

    def __enter__(self) -> Self:
        """Nothing to prepare."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Nothing to restore."""

    def show(self, picture: Picture) -> None:
        """Write what is new, and a line on the sensors."""
        self._told = write_new(self._out, picture.live, self._told)
        sensors = "; ".join(
            f"{words(each.role)}: "
            + ", ".join(part for part in (f"{each.rate_hz:.0f} Hz", each.loss, "" if each.fine else each.link) if part)
            for each in picture.sensors
        )
        self._out.write(f"{clock(picture.elapsed_s):>6}  {sensors}  | {picture.size_bytes / 1e6:.1f} MB\n")
        self._out.flush()

    def ring(self) -> None:
        """Logs make no sound."""


class LiveBars:
    """Everything on one screen, redrawn in place.

    Args:
        console: The terminal.
        title: What is recorded.
        keys: Whether keys do something.
    """

    interval_s = 1 / 10

    def __init__(self, console: Console, title: str, *, keys: bool) -> None:
        from rich.live import Live

        self._console = console
        self._title = title
        self._keys = keys
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

    def show(self, picture: Picture) -> None:
        """Draw one picture."""
        self._live.update(self._picture(picture), refresh=True)

    def ring(self) -> None:
        """Ring the terminal's bell."""
        self._console.bell()

    def _picture(self, picture: Picture) -> RenderableType:
        from rich.console import Group
        from rich.table import Table
        from rich.text import Text

        sensors = Table.grid(padding=(0, 2))
        for each in picture.sensors:
            sensors.add_row(
                f"  {words(each.role)}",
                Text(each.link, style="" if each.fine else "bold yellow"),
                f"{each.rate_hz:.1f} Hz",
                each.loss,
                each.signal,
                each.battery,
                each.clock,
            )
        head = f"{self._title}   {clock(picture.elapsed_s)}   {picture.size_bytes / 1e6:.1f} MB"
        return Group(
            Text(head, style="bold"),
            Text(PROVISIONAL, style="dim"),
            angle_table(picture.live, fancy=self._fancy),
            result_lines(picture.live),
            Text("sensors", style="bold"),
            sensors,
            Text(picture.said, style="bold cyan"),
            Text(KEYS if self._keys else "q stop", style="dim"),
        )
