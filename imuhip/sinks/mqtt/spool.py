"""Events on the disk until a broker has them, and for a day after; a file that survives a crash at any moment."""

from __future__ import annotations

import contextlib
import os
import sqlite3
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from imuhip.errors import BrokerError
from imuhip.records import record

KEPT_US = 24 * 3600 * 1_000_000
"""How long an event is kept after a broker acknowledged it; brokers lose what they had in memory."""
MAX_BYTES = 64 * 2**20
"""About 100,000 events, months of training: more is a fault, and must not fill the disk."""
PAGE_BYTES = 4096

_SCHEMA = """
CREATE TABLE IF NOT EXISTS events(
    id INTEGER PRIMARY KEY, kind TEXT NOT NULL, seq INTEGER NOT NULL, payload BLOB NOT NULL, acked_us INTEGER);
CREATE INDEX IF NOT EXISTS waiting ON events(id) WHERE acked_us IS NULL;
CREATE TABLE IF NOT EXISTS announced(component TEXT PRIMARY KEY, platform TEXT NOT NULL);
"""


@record
class Event:
    """One event as it is sent.

    Attributes:
        id: Rises with every event of the wearer, and is never given twice.
        kind: Name of its topic.
        seq: Running number of the topic.
        payload: Its message.
    """

    id: int
    kind: str
    seq: int
    payload: bytes


class SpoolError(Exception):
    """The spool's file cannot be used now: its disk is full or gone."""


class Spool:
    """The events of one wearer, in one SQLite file that this process alone uses.

    Use it from one thread.

    Args:
        path: The file, readable by its owner only; made with its folder where it is missing. One that is damaged is put
            aside and begun anew.
        max_bytes: Size at most.

    Raises:
        BrokerError: Another process uses it.
        SpoolError: It cannot be made.
    """

    def __init__(self, path: Path, *, max_bytes: int = MAX_BYTES) -> None:
        self.path = path
        self.damaged: Path | None = None
        """Where a damaged file was put."""
        self._max_pages = max(max_bytes // PAGE_BYTES, 8)
        try:
            path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            self._db = self._open()
        except (OSError, sqlite3.Error) as error:
            raise SpoolError(str(error)) from error

    def close(self) -> None:
        """Close the file; calling it again does nothing."""
        self._db.close()

    def add(self, event: Event) -> None:
        """Bring an event to the disk.

        Raises:
            SpoolError: The disk is full or gone; nothing was written.
        """
        with self._writing():
            self._db.execute(
                "INSERT INTO events VALUES(?, ?, ?, ?, NULL)", (event.id, event.kind, event.seq, event.payload)
            )

    def waiting(self, limit: int) -> list[Event]:
        """Return the oldest events that no broker has acknowledged, in order.

        Raises:
            SpoolError: The disk is gone.
        """
        with self._translated():
            rows = self._db.execute(
                "SELECT id, kind, seq, payload FROM events WHERE acked_us IS NULL ORDER BY id LIMIT ?", (limit,)
            )
            return [Event(*row) for row in rows]

    def delivered(self, ids: Iterable[int], now_us: int) -> bool:
        """Note that a broker has events now, and forget those that it has had for a day.

        Returns:
            True.

        Raises:
            SpoolError: The disk is full or gone; the events will be sent again.
        """
        with self._writing():
            self._db.executemany("UPDATE events SET acked_us = ? WHERE id = ?", ((now_us, id_) for id_ in ids))
            # The last of each kind stays: ids and running numbers go on from it.
            self._db.execute(
                "DELETE FROM events WHERE acked_us < ? AND id NOT IN (SELECT max(id) FROM events GROUP BY kind)",
                (now_us - KEPT_US,),
            )
        return True

    def again(self, from_id: int) -> int:
        """Let all events from an id on wait again.

        Returns:
            How many had been acknowledged.

        Raises:
            SpoolError: The disk is full or gone.
        """
        with self._writing():
            return self._db.execute(
                "UPDATE events SET acked_us = NULL WHERE id >= ? AND acked_us IS NOT NULL", (from_id,)
            ).rowcount

    def doubt(self, since_us: int) -> int:
        """Let what was acknowledged since a moment wait again: the broker may have died before it kept it.

        Returns:
            How many events that is.

        Raises:
            SpoolError: The disk is full or gone.
        """
        with self._writing():
            return self._db.execute("UPDATE events SET acked_us = NULL WHERE acked_us >= ?", (since_us,)).rowcount

    def last(self) -> tuple[int, dict[str, int]]:
        """Return the highest id so far and the last running number of each kind."""
        with self._translated():
            rows = self._db.execute("SELECT kind, max(id), max(seq) FROM events GROUP BY kind").fetchall()
        return max((row[1] for row in rows), default=0), {kind: seq for kind, _, seq in rows}

    def count_waiting(self) -> int:
        """How many events no broker has acknowledged."""
        with self._translated():
            return int(self._db.execute("SELECT count(*) FROM events WHERE acked_us IS NULL").fetchone()[0])

    def announced(self) -> dict[str, str]:
        """Platforms of the components that Home Assistant was told of, by their names."""
        with self._translated():
            return dict(self._db.execute("SELECT component, platform FROM announced"))

    def announce(self, components: Mapping[str, str]) -> None:
        """Remember what Home Assistant was told of.

        Raises:
            SpoolError: The disk is full or gone.
        """
        with self._writing():
            self._db.execute("DELETE FROM announced")
            self._db.executemany("INSERT INTO announced VALUES(?, ?)", components.items())

    def _open(self) -> sqlite3.Connection:
        try:
            return self._connect()
        except sqlite3.OperationalError as error:
            if "locked" in str(error):
                raise BrokerError(
                    "another imuhip publishes for this wearer",
                    path=self.path,
                    remedy="Stop it, or give another --wearer",
                ) from error
            raise
        except sqlite3.DatabaseError:  # not a database, or a malformed one
            self.damaged = self.path.with_suffix(".damaged")
            self.path.replace(self.damaged)
            for left in ("-wal", "-shm"):
                self.path.with_name(self.path.name + left).unlink(missing_ok=True)
            return self._connect()

    def _connect(self) -> sqlite3.Connection:
        os.close(os.open(self.path, os.O_RDWR | os.O_CREAT, 0o600))  # SQLite's own files take its mode over
        db = sqlite3.connect(self.path, timeout=0.2, isolation_level=None, check_same_thread=False)
        try:
            db.execute("PRAGMA locking_mode = EXCLUSIVE")
            db.execute("PRAGMA journal_mode = WAL")
            db.execute("PRAGMA synchronous = FULL")
            db.execute("PRAGMA journal_size_limit = 1048576")
            db.execute(f"PRAGMA max_page_count = {self._max_pages}")
            db.executescript(_SCHEMA)
            db.execute("BEGIN IMMEDIATE")  # takes the lock, and finds damage
            db.execute("SELECT count(*), max(length(payload)) FROM events").fetchone()
            db.execute("COMMIT")
        except sqlite3.Error:
            db.close()
            raise
        return db

    @contextlib.contextmanager
    def _translated(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.Error as error:
            raise SpoolError(str(error)) from error

    @contextlib.contextmanager
    def _writing(self) -> Iterator[None]:
        with self._translated():
            self._db.execute("BEGIN IMMEDIATE")
            try:
                yield
                self._db.execute("COMMIT")
            except sqlite3.Error:
                with contextlib.suppress(sqlite3.Error):  # SQLite may have rolled back already
                    self._db.execute("ROLLBACK")
                raise
