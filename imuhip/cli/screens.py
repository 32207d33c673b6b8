"""What every live view is made of: lines on a stream, or one picture of a terminal that is drawn again in place."""

from __future__ import annotations

from collections.abc import Sequence
from textwrap import wrap
from types import TracebackType
from typing import TYPE_CHECKING, Protocol, Self, TextIO, TypeVar

from imuhip.cli.wording import clock

if TYPE_CHECKING:
    from rich.console import Console, RenderableType

    from imuhip.cli.watching import LiveState

Moment_contra = TypeVar("Moment_contra", contravariant=True)

CLOCK_CELLS = 6
"""Times stand right-aligned in so much."""
TOLD_ROWS = 8
"""Of results, that stay on the screen at most."""
PROVISIONAL = "provisional: `imuhip analyze` refines these numbers with the whole session"
ANGLES_IN_LINES = f"Degrees, last peak in brackets, ? where not known; {PROVISIONAL}."


class View(Protocol[Moment_contra]):
    """Shows a session; ``interval_s`` is the time it wants between two pictures."""

    interval_s: float

    def __enter__(self) -> Self:
        """Begin to show."""

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Leave the terminal as it was."""

    def show(self, moment: Moment_contra) -> None:
        """Show this moment."""

    def ring(self) -> None:
        """Make a sound, where that is possible."""


class Lines:
    """A line of text per picture, for pipes, logs and terminals that cannot move their cursor.

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
        self._out.write(f"{ANGLES_IN_LINES}\n")
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Nothing to restore."""

    def ring(self) -> None:
        """Logs make no sound."""

    def write(self, state: LiveState, elapsed_s: float, *parts: str) -> None:
        """Write the results that have not been written yet, a line each, and a line on this moment.

        Args:
            state: The moment.
            elapsed_s: Its time.
            parts: What to say of it; empty ones are left out.
        """
        # The session may add more meanwhile: what is written and what is counted must be the same.
        new = list(state.told[self._told :])
        self._told += len(new)
        self._out.writelines(f"{' ' * max(CLOCK_CELLS - line.index(' '), 0)}{line}\n" for line in new)
        self._out.write(f"{clock(elapsed_s):>{CLOCK_CELLS}}  {'  | '.join(filter(None, parts))}\n")
        self._out.flush()


class Screen:
    """One picture, drawn again in place.

    Args:
        console: The terminal.
        title: What is shown.
        interval_s: Seconds between two pictures.
    """

    def __init__(self, console: Console, title: str, interval_s: float) -> None:
        from rich.live import Live

        self.interval_s = interval_s
        self.title = title
        self.fancy = console.encoding.lower().startswith("utf")
        self._console = console
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

    @property
    def width(self) -> int:
        """Columns of the terminal."""
        return self._console.width

    def ring(self) -> None:
        """Ring the terminal's bell."""
        self._console.bell()

    def draw(self, above: Sequence[RenderableType], told: Sequence[str], below: Sequence[RenderableType]) -> None:
        """Draw one picture.

        Args:
            above: From the top down.
            told: The results so far, a line each; as many of the last ones are shown as there is room for.
            below: To the bottom.
        """
        from rich.console import Group
        from rich.text import Text

        taken = len(self._console.render_lines(Group(*above, *below)))
        rows = _last(told, self.width, min(self._console.height - taken - 2, TOLD_ROWS))
        so_far = [Text("so far", style="bold"), *map(Text, rows)] if rows else []
        self._live.update(Group(*above, *so_far, *below), refresh=True)


def exercise_lines(state: LiveState) -> list[RenderableType]:
    """The set that is going on, its name first.

    Args:
        state: The moment.
    """
    from rich.text import Text

    return [Text(line, style="bold" if k == 0 else "") for k, line in enumerate(state.exercise)]


def _last(told: Sequence[str], width: int, room: int) -> list[str]:
    """The last results, whole ones, in at most so many rows of a width."""
    rows: list[str] = []
    for line in reversed(told):
        wrapped = wrap(line, width, initial_indent="  ", subsequent_indent=" " * 9)
        if len(rows) + len(wrapped) > room:
            break
        rows = wrapped + rows
    return rows
