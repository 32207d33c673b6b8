"""Files that are made: owner only, never overwritten by accident, never left half written."""

from __future__ import annotations

import contextlib
import errno
import os
import stat
from collections.abc import Iterator
from pathlib import Path

from imuhip.errors import OutputError

REASONS = {
    errno.EEXIST: ("exists already", "Choose another name or give --force"),
    errno.ENOENT: ("its folder does not exist", "Make the folder first"),
    errno.ENOTDIR: ("its folder is not a folder", "Choose another folder"),
    errno.EISDIR: ("is a folder", "Give the name of a file"),
    errno.ENOSPC: ("the disk is full", "Free some space"),
    errno.EDQUOT: ("the disk quota is used up", "Free some space"),
    errno.EFBIG: ("the file may not grow further", "Raise the limit"),
    errno.EACCES: ("must not be written", "Choose a folder that is yours"),
    errno.EROFS: ("the disk is read-only", "Choose another disk"),
}


class Output:
    """Collects what is written and hands it to the system in one piece per flush.

    Args:
        path: The file to make, readable by its owner only.
        force: Replace an existing file.

    Raises:
        OutputError: The file exists, its folder is missing, or it must not be written.
    """

    def __init__(self, path: Path, *, force: bool) -> None:
        self.path = path
        self.closed = False
        self._pending = bytearray()
        flags = os.O_WRONLY | os.O_CREAT | (os.O_TRUNC if force else os.O_EXCL) | getattr(os, "O_BINARY", 0)
        try:
            self._descriptor = os.open(path, flags, 0o600)
        except OSError as error:
            raise output_error(error, path) from error
        self._is_file = stat.S_ISREG(os.fstat(self._descriptor).st_mode)
        if force and hasattr(os, "fchmod") and self._is_file:
            os.fchmod(self._descriptor, 0o600)
        self._flushed = 0
        _sync_folder(path.parent)

    def write(self, data: bytes) -> int:
        """Take bytes; they reach the system with the next flush."""
        self._pending += data
        return len(data)

    def tell(self) -> int:
        """Return how many bytes were written, flushed or not."""
        return self._flushed + len(self._pending)

    @property
    def empty(self) -> bool:
        """Whether nothing has reached the system yet."""
        return not self._flushed

    def flush(self) -> None:
        """Hand everything to the system.

        Raises:
            OSError: The system refuses.
        """
        view = memoryview(bytes(self._pending))
        written = 0
        while written < len(view):
            written += os.write(self._descriptor, view[written:])
        self._flushed += written
        self._pending.clear()

    def sync(self) -> None:
        """Bring everything flushed to the disk, where it goes to one.

        Raises:
            OSError: The system refuses.
        """
        if self._is_file:
            os.fsync(self._descriptor)

    def abandon(self) -> None:
        """Cut off what was half written and close, so that the file ends with a whole chunk; devices and pipes stay."""
        with contextlib.suppress(OSError):
            if self._is_file:
                os.ftruncate(self._descriptor, self._flushed)
                if not self._flushed:
                    self.path.unlink()
        self.close()

    def close(self) -> None:
        """Close the file; what was not flushed is dropped."""
        if not self.closed:
            self.closed = True
            os.close(self._descriptor)

    def require_open(self) -> None:
        """Refuse to go on with a closed file.

        Raises:
            OutputError: It is closed.
        """
        if self.closed:
            raise OutputError("the recording is closed already", path=self.path)


@contextlib.contextmanager
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
    except OutputError as error:  # of a writer that was given the temporary file: name the one that was asked for
        cause = error.__cause__
        raise (output_error(cause, path) if isinstance(cause, OSError) else error) from cause
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


def output_error(error: OSError, path: Path) -> OutputError:
    """Say in words why a file cannot be written.

    Args:
        error: What the system said.
        path: The file.

    Returns:
        The error to raise from it.
    """
    reason, remedy = REASONS.get(error.errno or 0, (f"cannot be written: {error.strerror or error}", None))
    return OutputError(reason, path=path, remedy=remedy)


def _sync_folder(folder: Path) -> None:
    """Make the new file's name as durable as its contents, where the system can (not on Windows)."""
    with contextlib.suppress(OSError):
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
