"""Writing results to stdout."""

from __future__ import annotations

import os
import sys

from imuhip.errors import OutputError


def say(text: str) -> None:
    """Write a result to stdout.

    Args:
        text: Whole lines.

    Raises:
        OutputError: stdout cannot take it, as when it goes to a full disk.
    """
    try:
        sys.stdout.write(text)
        sys.stdout.flush()
    except BrokenPipeError:  # the reader has seen enough: click ends the program quietly
        raise
    except OSError as error:
        # What is still buffered would fail again, with a traceback, when the interpreter ends.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        raise OutputError(f"standard output cannot be written: {error.strerror}") from error
