"""Writing results: files never over an existing one unasked and never half, and text to stdout."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from imuhip.errors import OutputError


@contextmanager
def replacing(path: Path, *, force: bool) -> Iterator[Path]:
    """Give a temporary file beside ``path`` that takes its place once the block has succeeded.

    The file is readable by its owner only: it holds a wearer's movements.

    Args:
        path: The file to make; what exists and is no file (a device, a pipe) is written to and never replaced.
        force: Replace an existing file.

    Yields:
        The path to write to, an empty file with the same suffix.

    Raises:
        OutputError: ``path`` exists and ``force`` is not given, its folder is missing, or writing failed.
    """
    from imuhip.recording.output import output_error

    refuse_existing(path, force=force)
    is_file = path.is_file() or not path.exists()
    temporary = path.with_name(f".{path.stem}.{os.getpid()}.part{path.suffix}") if is_file else path
    try:
        temporary.touch(mode=0o600)
        yield temporary
        if is_file:
            temporary.replace(path)
    except OSError as error:
        raise output_error(error, path) from error
    finally:
        if is_file:
            temporary.unlink(missing_ok=True)


def refuse_existing(path: Path, *, force: bool) -> None:
    """Refuse an output that cannot be made, before any work is done for it.

    Args:
        path: The file to make.
        force: Replace an existing file.

    Raises:
        OutputError: ``path`` is a folder, exists and ``force`` is not given, or its folder is missing.
    """
    if path.is_dir():
        raise OutputError("is a folder", path=path, remedy="Give the name of a file")
    if path.exists() and not force:
        raise OutputError("exists already", path=path, remedy="Choose another name or give --force")
    if not path.parent.is_dir():
        raise OutputError("its folder does not exist", path=path, remedy="Make the folder first")


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
    except BrokenPipeError:  # the reader has seen enough: typer ends the program quietly
        raise
    except OSError as error:
        # What is still buffered would fail again, with a traceback, when the interpreter ends.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        raise OutputError(f"standard output cannot be written: {error.strerror}") from error
