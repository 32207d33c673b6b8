"""The file under a history: readable by its owner only, one writer and many readers, never overwritten when unreadable.

Readers open the file read-only; an older version is migrated in a copy in memory. Only a writer creates or migrates it,
and keeps a backup of what was there before. Everything a writer does is one transaction, so a crash leaves the file as
it was before or after it.
"""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path

from imuhip.errors import HistoryDamagedError, HistoryError
from imuhip.history.schema import APPLICATION_ID, STEPS, Step

BUSY_S = 20.0
"""How long to wait for another process; adding a session holds the file for well under a second."""

_IN_USE = (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED)
_REASONS = {
    sqlite3.SQLITE_FULL: ("the disk is full", "Free some space; the history is as it was before"),
    sqlite3.SQLITE_READONLY: ("must not be written", "Choose a folder that is yours"),
    sqlite3.SQLITE_CANTOPEN: ("cannot be opened", "Look at who may read it"),
    sqlite3.SQLITE_IOERR: ("the disk fails", "Copy the file to another disk"),
    sqlite3.SQLITE_PERM: ("must not be written", "Choose a folder that is yours"),
}
_SET_ASIDE = "It is left as it is; `imuhip history rebuild FOLDER` puts it aside and makes a new one from recordings"


def default_path() -> Path:
    """Where the history is, if nothing else is said: in the user's data folder."""
    from platformdirs import user_data_path  # noqa: PLC0415 - only the command line needs it, and seldom

    return user_data_path("imuhip", appauthor=False) / "history.sqlite3"


@contextmanager
def reading(path: Path, steps: Sequence[Step] = STEPS) -> Iterator[sqlite3.Connection]:
    """Open a history to read it; others may read and write meanwhile.

    Args:
        path: The database.
        steps: The versions of the schema.

    Yields:
        A connection of the newest schema that sees one state of the history all the time.

    Raises:
        HistoryError: There is none, or it is damaged or newer.
    """
    with translating(path):
        if not path.is_file() or path.stat().st_size == 0:
            raise HistoryError("there is no history yet", path=path, remedy="Begin it with `imuhip history add`")
        with closing(_connect(path, read_only=True)) as connection:
            version = _version(connection, path, steps)
            if version == len(steps):
                connection.execute("BEGIN")
                yield connection
                return
            with closing(sqlite3.connect(":memory:", isolation_level=None)) as copy:
                connection.backup(copy)
                _migrate(copy, steps)
                yield copy


@contextmanager
def writing(path: Path, steps: Sequence[Step] = STEPS) -> Iterator[sqlite3.Connection]:
    """Open a history for one transaction, which is undone if the block fails.

    Args:
        path: The database; made if there is none.
        steps: The versions of the schema.

    Yields:
        A connection inside a transaction.

    Raises:
        HistoryError: It is damaged, newer, in use, or must not be written.
    """
    with translating(path), closing(writer(path, steps)) as connection:
        connection.execute("BEGIN IMMEDIATE")
        try:
            yield connection
        except BaseException:
            connection.execute("ROLLBACK")
            raise
        connection.execute("COMMIT")


def writer(path: Path, steps: Sequence[Step] = STEPS) -> sqlite3.Connection:
    """Open a history to write to it: check it, make it or migrate it.

    Args:
        path: The database; made if there is none.
        steps: The versions of the schema.

    Returns:
        A connection outside of any transaction.

    Raises:
        HistoryError: It is damaged, newer, in use, or must not be written.
    """
    with translating(path):
        _own_file(path)
        if path.stat().st_size:
            # By a reader of its own: a writer that closes a damaged file would still carry its log over into it.
            with closing(_connect(path, read_only=True)) as connection:
                version = _version(connection, path, steps)
                _check_whole(connection, path)
                if 0 < version < len(steps):
                    _keep_backup(connection, path, version)
        connection = _connect(path, read_only=False)
        try:
            connection.execute("PRAGMA journal_mode = WAL")
            _migrate(connection, steps)
        except sqlite3.Error:
            connection.close()
            raise
        return connection


@contextmanager
def translating(path: Path) -> Iterator[None]:
    """Turn what SQLite and the file system say into errors of ours.

    Raises:
        HistoryError: With what to do about it.
    """
    try:
        yield
    except sqlite3.Error as error:
        code = getattr(error, "sqlite_errorcode", 0) & 0xFF
        if code in _IN_USE:
            remedy = "Wait until it is done and try again"
            raise HistoryError("is in use by another program", path=path, remedy=remedy) from error
        if code in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_ERROR):
            raise HistoryDamagedError(f"is damaged: {error}", path=path, remedy=_SET_ASIDE) from error
        reason, remedy = _REASONS.get(code, (f"cannot be used: {error}", _SET_ASIDE))
        raise HistoryError(reason, path=path, remedy=remedy) from error
    except OSError as error:
        reason = f"cannot be used: {error.strerror}"
        raise HistoryError(reason, path=path, remedy="Choose another place with --database") from error


def check(path: Path, steps: Sequence[Step] = STEPS) -> None:
    """Make sure that a history can be read from end to end; there may be none.

    Args:
        path: The database.
        steps: The versions of the schema.

    Raises:
        HistoryDamagedError: It is damaged.
        HistoryError: It is newer, or another program's.
    """
    with translating(path):
        if path.is_file() and path.stat().st_size:
            with closing(_connect(path, read_only=True)) as connection:
                _version(connection, path, steps)
                _check_whole(connection, path)


def _own_file(path: Path) -> None:
    if not path.parent.is_dir():
        path.parent.mkdir(parents=True, mode=0o700)
        path.parent.chmod(0o700)
    os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))
    if path.stat().st_mode & 0o077:
        path.chmod(0o600)


def _connect(path: Path, *, read_only: bool) -> sqlite3.Connection:
    uri = f"{path.absolute().as_uri()}?mode={'ro' if read_only else 'rw'}"
    connection = sqlite3.connect(uri, uri=True, timeout=BUSY_S, isolation_level=None)
    try:
        connection.execute("PRAGMA foreign_keys = ON")
        if not read_only:
            connection.execute("PRAGMA secure_delete = ON")
            connection.execute("PRAGMA synchronous = FULL")
    except sqlite3.Error:
        connection.close()
        raise
    return connection


def _version(connection: sqlite3.Connection, path: Path, steps: Sequence[Step]) -> int:
    """Version of the schema; 0 of a database that nothing has been written to.

    Raises:
        HistoryError: It is newer, or another program's.
    """
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    (application,) = connection.execute("PRAGMA application_id").fetchone()
    (tables,) = connection.execute("SELECT count(*) FROM sqlite_schema").fetchone()
    if application != APPLICATION_ID and (application or tables or version):
        raise HistoryError("is another program's database", path=path, remedy="Choose another place with --database")
    if version > len(steps):
        raise HistoryError("was written by a newer imuhip", path=path, remedy="Update imuhip; nothing was changed")
    return int(version)


def _check_whole(connection: sqlite3.Connection, path: Path) -> None:
    (found,) = connection.execute("PRAGMA quick_check(1)").fetchone()
    if found != "ok":
        raise HistoryDamagedError(f"is damaged: {found}", path=path, remedy=_SET_ASIDE)


def _keep_backup(connection: sqlite3.Connection, path: Path, version: int) -> None:
    """Copy an older version aside before it is migrated."""
    number = 1
    while (backup := path.with_name(f"{path.name}.version{version}-{number}.backup")).exists():
        number += 1
    os.close(os.open(backup, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600))
    with closing(sqlite3.connect(backup)) as copy:
        connection.backup(copy)
        copy.execute("PRAGMA journal_mode = DELETE")


def _migrate(connection: sqlite3.Connection, steps: Sequence[Step]) -> None:
    """Take a database to the newest version, all or nothing."""
    connection.execute("BEGIN IMMEDIATE")
    try:
        # Only now is it certain that no other process migrates it, too.
        (version,) = connection.execute("PRAGMA user_version").fetchone()
        for step in steps[version:]:
            for statement in step:
                connection.execute(statement)
        if version < len(steps):
            connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
            connection.execute(f"PRAGMA user_version = {len(steps)}")
    except BaseException:
        connection.execute("ROLLBACK")
        raise
    connection.execute("COMMIT")
