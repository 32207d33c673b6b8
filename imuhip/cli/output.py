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
        raise unwritable(error) from error


def unwritable(error: OSError) -> OutputError:
    """What to say of a stdout that takes no more; what is still buffered for it is dropped.

    Args:
        error: Why.
    """
    # It would fail again, with a traceback, when the interpreter ends.
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return OutputError(f"standard output cannot be written: {error.strerror}")
