"""All that the history holds of a wearer: out as one piece, or gone without a trace."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

from imuhip.errors import HistoryError
from imuhip.history.database import BUSY_S, reading, translating, writer
from imuhip.history.rows import select
from imuhip.history.sessions import known

EXPORT_FORMAT = 1


def export(path: Path, wearer: str) -> dict[str, Any]:
    """Everything that a history holds of a wearer.

    Args:
        path: The history.
        wearer: Pseudonym.

    Returns:
        ``format``, ``wearer`` and ``sessions`` by date, each with what the results of its recording said, its flags and
        what the rules compared.

    Raises:
        HistoryError: There is no such wearer, or the history cannot be read.
    """
    with reading(path) as connection:
        known(connection, wearer)
        rows = connection.execute(
            """SELECT sessions.id, sha256, started_utc, date_doubtful, duration_s, mobilised_until_s, program, more
               FROM sessions JOIN wearers ON wearer_id = wearers.id WHERE pseudonym = ? ORDER BY started_s""",
            (wearer,),
        ).fetchall()
        return {"format": EXPORT_FORMAT, "wearer": wearer, "sessions": [_session(connection, row) for row in rows]}


def _session(connection: sqlite3.Connection, row: Sequence[Any]) -> dict[str, Any]:
    session_id, sha256, started_utc, date_doubtful, duration_s, mobilised_until_s, program, more = row
    sets = select(connection, "sets", session_id)
    for one in sets:
        one["reps"] = []
    for rep in select(connection, "reps", session_id, extra="set_number"):
        sets[rep.pop("set_number")]["reps"].append(rep)
    return {
        "started_utc": started_utc,
        "date_doubtful": bool(date_doubtful),
        "recording_sha256": sha256,
        "program": program,
        "duration_s": duration_s,
        "mobilised_until_s": mobilised_until_s,
        **json.loads(more),
        "calibration": select(connection, "mounting", session_id),
        "tests": select(connection, "tests", session_id),
        "sets": sets,
        "pain": select(connection, "pain", session_id),
        "flags": select(connection, "flags", session_id),
        "motions": select(connection, "motions", session_id),
    }


def delete(path: Path, wearer: str) -> int:
    """Remove a wearer from a history, from the pages that were freed, from its log and from its backups.

    Args:
        path: The history.
        wearer: Pseudonym.

    Returns:
        How many sessions were removed.

    Raises:
        HistoryError: There is no such wearer, or the history is in use, so that its log cannot be emptied.
    """
    if not path.is_file():
        raise HistoryError("there is no history yet", path=path)
    with translating(path), closing(writer(path)) as connection:
        known(connection, wearer)
        connection.execute("BEGIN IMMEDIATE")
        (sessions,) = connection.execute(
            "SELECT count(*) FROM sessions JOIN wearers ON wearer_id = wearers.id WHERE pseudonym = ?", (wearer,)
        ).fetchone()
        connection.execute("DELETE FROM wearers WHERE pseudonym = ?", (wearer,))
        connection.execute("COMMIT")
        connection.execute("VACUUM")
        for backup in backups(path):
            _delete_from_backup(backup, wearer)
        (busy, *_) = connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
        if busy:
            remedy = "Close other programs that read it; the next command that writes to the history finishes this"
            raise HistoryError(f"{wearer} is deleted, but still in the log of the file", path=path, remedy=remedy)
    return int(sessions)


def backups(path: Path) -> list[Path]:
    """Copies that were kept when the history was migrated."""
    return sorted(path.parent.glob(f"{path.name}.version*.backup"))


def put_aside(path: Path) -> list[Path]:
    """Older histories that could not be read and were put aside: nobody can delete a wearer from inside them."""
    return sorted(path.parent.glob(f"{path.name}.damaged-*"))


def move_aside(path: Path) -> Path:
    """Put a history that cannot be read aside under a new name, with its log.

    Args:
        path: The history.

    Returns:
        Its new name.

    Raises:
        HistoryError: It cannot be moved.
    """
    number = 1
    while (aside := path.with_name(f"{path.name}.damaged-{number}")).exists():
        number += 1
    with translating(path):
        for ending in ("-wal", "-shm", ""):  # the file itself last: a crash between leaves a history without a log
            part = path.with_name(path.name + ending)
            if part.exists():
                part.rename(aside.with_name(aside.name + ending))
    return aside


def _delete_from_backup(backup: Path, wearer: str) -> None:
    with translating(backup), closing(sqlite3.connect(backup, timeout=BUSY_S, isolation_level=None)) as connection:
        connection.execute("PRAGMA foreign_keys = ON")
        connection.execute("PRAGMA secure_delete = ON")
        connection.execute("DELETE FROM wearers WHERE pseudonym = ?", (wearer,))
        connection.execute("VACUUM")
