"""What every live view is made of: lines on a stream, or one picture of a terminal that is drawn again in place."""

from __future__ import annotations

from collections.abc import Sequence
from types import TracebackType
from typing import TYPE_CHECKING, Protocol, Self, TextIO, TypeVar

if TYPE_CHECKING:
    from rich.console import Console, RenderableType

Moment_contra = TypeVar("Moment_contra", contravariant=True)

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
        self._told: Sequence[str] = ()

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

    def write(self, line: str, exercise: Sequence[str]) -> None:
        """Write a line, and what the last repetition was like when that is news.

        Args:
            line: Of this moment.
            exercise: The set that is going on, in lines.
        """
        self._out.write(f"{line}\n")
        if exercise and exercise != self._told:
            self._told = exercise
            self._out.write(f"        {'; '.join(exercise)}\n")
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

    def draw(self, *parts: RenderableType) -> None:
        """Draw one picture.

        Args:
            parts: From top to bottom.
        """
        from rich.console import Group

        self._live.update(Group(*parts), refresh=True)


def exercise_lines(exercise: Sequence[str]) -> list[RenderableType]:
    """The set that is going on, its name bold.

    Args:
        exercise: In lines.
    """
    from rich.text import Text

    return [Text(line, style="bold" if k == 0 else "") for k, line in enumerate(exercise)]
