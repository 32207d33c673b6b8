"""Keys, read without waiting for a line."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib.util import find_spec


@contextmanager
def quit_key() -> Iterator[Callable[[], bool]]:
    """Watch for q while the block runs.

    Yields:
        A function that says whether q was pressed since the start; always False where stdin is no terminal.
    """
    with keyboard() as typed:
        yield _latched(typed)


@contextmanager
def keyboard() -> Iterator[Callable[[], str]]:
    """Read keys while the block runs.

    Yields:
        A function that returns what was typed since it was last asked; always nothing where stdin is no terminal.
    """
    if not sys.stdin.isatty():
        yield lambda: ""
    elif sys.platform == "win32":
        import msvcrt

        yield lambda: msvcrt.getwch() if msvcrt.kbhit() else ""
    elif find_spec("termios") is None:
        yield lambda: ""
    else:
        with _unbuffered() as typed:
            yield typed


def _latched(typed: Callable[[], str]) -> Callable[[], bool]:
    """Stay True from the first q on, however often it is asked."""
    pressed = False

    def ask() -> bool:
        nonlocal pressed
        pressed = pressed or "q" in typed().lower()
        return pressed

    return ask


if sys.platform != "win32":

    @contextmanager
    def _unbuffered() -> Iterator[Callable[[], str]]:
        """Read what was typed, without waiting; the terminal's settings are restored whatever happens."""
        import os
        import select
        import termios
        import tty

        stdin = sys.stdin.fileno()
        before = termios.tcgetattr(stdin)

        def typed() -> str:
            ready, _, _ = select.select([stdin], [], [], 0)
            return os.read(stdin, 64).decode("ascii", "replace") if ready else ""

        # cbreak keeps Ctrl-C a signal, so both ways to stop work.
        tty.setcbreak(stdin)
        try:
            yield typed
        finally:
            termios.tcsetattr(stdin, termios.TCSADRAIN, before)
