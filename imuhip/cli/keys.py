"""The key q, read without waiting for a line."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib.util import find_spec


@contextmanager
def quit_key() -> Iterator[Callable[[], bool]]:
    """Watch for q while the block runs.

    Yields:
        A function that says whether q was pressed since; always False where stdin is no terminal.
    """
    if not sys.stdin.isatty():
        yield lambda: False
    elif sys.platform == "win32":
        import msvcrt

        yield lambda: msvcrt.kbhit() and msvcrt.getwch().lower() == "q"
    elif find_spec("termios") is None:
        yield lambda: False
    else:
        with _unbuffered() as pressed:
            yield pressed


if sys.platform != "win32":

    @contextmanager
    def _unbuffered() -> Iterator[Callable[[], bool]]:
        """Read single keys; the terminal's settings are restored whatever happens."""
        import os
        import select
        import termios
        import tty

        stdin = sys.stdin.fileno()
        before = termios.tcgetattr(stdin)

        def pressed() -> bool:
            ready, _, _ = select.select([stdin], [], [], 0)
            return bool(ready) and b"q" in os.read(stdin, 64).lower()

        # cbreak keeps Ctrl-C a signal, so both ways to stop work.
        tty.setcbreak(stdin)
        try:
            yield pressed
        finally:
            termios.tcsetattr(stdin, termios.TCSADRAIN, before)
