"""The file under a recording: owner only, never overwritten by accident, never left with half a chunk."""

from __future__ import annotations

import contextlib
import errno
import os
import stat
from pathlib import Path

from imuhip.errors import OutputError

REASONS = {
    errno.EEXIST: ("exists already", "Choose another name or give --force"),
    errno.ENOENT: ("its folder does not exist", "Make the folder first"),
    errno.ENOTDIR: ("its folder is not a folder", "Choose another folder"),
    errno.EISDIR: ("is a folder", "Give the name of a file"),
    errno.ENOSPC: ("the disk is full", "Free some space; what was written until then can be read"),
    errno.EDQUOT: ("the disk quota is used up", "Free some space; what was written until then can be read"),
    errno.EFBIG: ("the file may not grow further", "Raise the limit; what was written until then can be read"),
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
        if force and hasattr(os, "fchmod") and stat.S_ISREG(os.fstat(self._descriptor).st_mode):
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
        """Bring everything flushed to the disk.

        Raises:
            OSError: The system refuses.
        """
        os.fsync(self._descriptor)

    def abandon(self) -> None:
        """Cut off what was half written and close, so that the file ends with a whole chunk."""
        with contextlib.suppress(OSError):
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
