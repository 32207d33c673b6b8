"""Writing files: never over an existing one unasked, never half."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from imuhip.errors import OutputError


@contextmanager
def replacing(path: Path, *, force: bool) -> Iterator[Path]:
    """Give a temporary file beside ``path`` that takes its place once the block has succeeded.

    The file is readable by its owner only: it holds a wearer's movements.

    Args:
        path: The file to make.
        force: Replace an existing file.

    Yields:
        The path to write to, an empty file with the same suffix.

    Raises:
        OutputError: ``path`` exists and ``force`` is not given, its folder is missing, or writing failed.
    """
    refuse_existing(path, force=force)
    temporary = path.with_name(f".{path.stem}.{os.getpid()}.part{path.suffix}")
    try:
        temporary.touch(mode=0o600)
        yield temporary
        temporary.replace(path)
    except OSError as error:
        raise OutputError(f"cannot be written: {error.strerror or error}", path=path) from error
    finally:
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
        raise OutputError("the folder does not exist", path=path.parent, remedy="Make it first")
