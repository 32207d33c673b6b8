"""Sessions in the history: adding, judging by those before, and reading them."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from imuhip import __version__
from imuhip.errors import HistoryError
from imuhip.flags.between import between_sessions
from imuhip.flags.judge import settled, within_session
from imuhip.flags.motion import Motion
from imuhip.flags.pain import Pain
from imuhip.flags.session import Controls, MotionRow, SessionRow, observe
from imuhip.history.dates import day_text, utc_text
from imuhip.history.rows import insert, motion_entry, select
from imuhip.records import record


@record
class Stored:
    """A session in the history.

    Attributes:
        id: Its row.
        wearer: Pseudonym of its wearer.
        sha256: Of its recording.
        started_s: Its date, seconds since 1970 UTC.
        date_doubtful: Whether it is left out of every comparison.
    """

    id: int
    wearer: str
    sha256: str
    started_s: float
    date_doubtful: bool


@record
class NewSession:
    """A session to add.

    Attributes:
        wearer: Pseudonym.
        sha256: Of the recording.
        started_s: Its date, seconds since 1970 UTC.
        date_given: Whether the user said the date.
        date_doubtful: Whether the date cannot be right.
        results: Its machine-readable results.
    """

    wearer: str
    sha256: str
    started_s: float
    date_given: bool
    date_doubtful: bool
    results: Mapping[str, Any]


_FIND = """SELECT sessions.id, pseudonym, sha256, started_s, date_doubtful
           FROM sessions JOIN wearers ON wearer_id = wearers.id"""
_SESSIONS = """SELECT sessions.id, started_s, mobilised_until_s FROM sessions JOIN wearers ON wearer_id = wearers.id
               WHERE pseudonym = ? AND NOT date_doubtful ORDER BY started_s, sessions.id"""
_MOTIONS = """SELECT session_id, name, position, side, reference, range_deg, repeat_deg, uncertainty_deg, after_deg,
              passive_deg, passive_after_deg, controlled_deg
              FROM wearers JOIN sessions ON wearer_id = wearers.id JOIN motions ON session_id = sessions.id
              WHERE pseudonym = ? ORDER BY session_id, number"""
_MOUNTINGS = """SELECT session_id, quality
                FROM wearers JOIN sessions ON wearer_id = wearers.id JOIN mounting ON session_id = sessions.id
                WHERE pseudonym = ? ORDER BY session_id, number"""
_PAINS = """SELECT session_id, site, side, value, test
            FROM wearers JOIN sessions ON wearer_id = wearers.id JOIN pain ON session_id = sessions.id
            WHERE pseudonym = ? ORDER BY session_id, number"""


def find(connection: sqlite3.Connection, sha256: str) -> Stored | None:
    """The session of a recording, None where it has not been added."""
    row = connection.execute(f"{_FIND} WHERE sha256 = ?", (sha256,)).fetchone()
    return None if row is None else _stored(row)


def all_sessions(connection: sqlite3.Connection, wearer: str) -> list[Stored]:
    """The sessions of a wearer in the order of their dates."""
    rows = connection.execute(f"{_FIND} WHERE pseudonym = ? ORDER BY started_s, sessions.id", (wearer,))
    return [_stored(row) for row in rows]


def wearers(connection: sqlite3.Connection) -> list[tuple[str, int, float]]:
    """Every wearer with the number of sessions and the date of the last."""
    sql = """SELECT pseudonym, count(sessions.id), max(started_s) FROM wearers JOIN sessions ON wearer_id = wearers.id
             GROUP BY wearers.id ORDER BY pseudonym"""
    return [(str(name), int(count), float(last)) for name, count, last in connection.execute(sql)]


def known(connection: sqlite3.Connection, wearer: str) -> str:
    """The wearer, if there is one of that name.

    Raises:
        HistoryError: There is none.
    """
    names = [name for name, _, _ in wearers(connection)]
    if wearer not in names:
        have = f"It knows {', '.join(names)}" if names else "It is empty"
        raise HistoryError(f"no wearer {wearer!r} is in the history", remedy=have)
    return wearer


def add(connection: sqlite3.Connection, new: NewSession, controls: Controls) -> str:
    """Add a session, or replace what the same recording gave before, and judge it and all later ones anew.

    Args:
        connection: Inside a transaction.
        new: The session.
        controls: What each exercise controls.

    Returns:
        ``added``, ``measured anew`` (the same recording) or ``replaced`` (another recording of the same moment).

    Raises:
        HistoryError: Another session is already where the user says that this one was.
    """
    old = [s for s in all_sessions(connection, new.wearer) if s.sha256 == new.sha256 or s.started_s == new.started_s]
    if new.date_given and any(session.sha256 != new.sha256 for session in old):
        raise HistoryError(
            f"there is another session of {new.wearer} at {utc_text(new.started_s)}",
            remedy=f"Give the time of day, too: --date {day_text(new.started_s)}T18:30",
        )
    for session in old:
        connection.execute("DELETE FROM sessions WHERE id = ?", (session.id,))
    connection.execute("INSERT OR IGNORE INTO wearers (pseudonym) VALUES (?)", (new.wearer,))
    row = observe(new.results, controls, started_s=new.started_s)
    session_id = _insert_session(connection, new, row)
    within = settled(within_session(row, controls), row.pains)
    _insert_flags(connection, session_id, [], within_flags=[flag.to_json() for flag in within])
    since_s = min([new.started_s, *(session.started_s for session in old)])
    judge_since(connection, new.wearer, since_s, controls)
    if any(session.sha256 == new.sha256 for session in old):
        return "measured anew"
    return "replaced" if old else "added"


def judge_since(connection: sqlite3.Connection, wearer: str, since_s: float, controls: Controls) -> None:
    """Judge all sessions of a wearer from a date on by those before them.

    Args:
        connection: Inside a transaction.
        wearer: Pseudonym.
        since_s: Seconds since 1970 UTC.
        controls: What each exercise controls.
    """
    ids, rows = rows_of(connection, wearer)
    since = next((i for i, row in enumerate(rows) if (row.started_s or 0.0) >= since_s), len(rows))
    for session_id, row, flags in zip(
        ids[since:], rows[since:], between_sessions(rows, controls, since=since), strict=True
    ):
        within = _flags(connection, session_id, "session")
        between = [flag.to_json() for flag in settled(flags, row.pains)]
        connection.execute("DELETE FROM flags WHERE session_id = ?", (session_id,))
        _insert_flags(connection, session_id, between, within_flags=within)


def rows_of(connection: sqlite3.Connection, wearer: str) -> tuple[list[int], list[SessionRow]]:
    """What the rules read of a wearer's sessions, in the order of their dates, doubtful ones left out.

    Args:
        connection: The history.
        wearer: Pseudonym.

    Returns:
        The sessions' ids and rows.
    """
    motions: dict[int, dict[Motion, MotionRow]] = {}
    for session_id, name, position, side, reference, *numbers in connection.execute(_MOTIONS, (wearer,)):
        motions.setdefault(session_id, {})[Motion(name, position, side, reference)] = MotionRow(*numbers)
    pains: dict[int, list[Pain]] = {}
    for session_id, site, side, value, test in connection.execute(_PAINS, (wearer,)):
        pains.setdefault(session_id, []).append(Pain(site, side, value, test))
    ids, rows = [], []
    for session_id, started_s, until_s in connection.execute(_SESSIONS, (wearer,)):
        ids.append(session_id)
        rows.append(SessionRow(started_s, motions.get(session_id, {}), tuple(pains.get(session_id, ())), until_s))
    return ids, rows


def earlier(connection: sqlite3.Connection, wearer: str, started_s: float) -> list[SessionRow]:
    """What the rules read of a wearer's sessions before a date."""
    return [row for row in rows_of(connection, wearer)[1] if (row.started_s or 0.0) < started_s]


def mounting_qualities(connection: sqlite3.Connection, wearer: str) -> dict[int, list[str]]:
    """How well each strapping-on of each session was calibrated, by session."""
    found: dict[int, list[str]] = {}
    for session_id, quality in connection.execute(_MOUNTINGS, (wearer,)):
        found.setdefault(session_id, []).append(quality)
    return found


def flags_of(connection: sqlite3.Connection, session_id: int) -> list[dict[str, Any]]:
    """The flags of a session as entries of the results."""
    return select(connection, "flags", session_id)


def _flags(connection: sqlite3.Connection, session_id: int, span: str) -> list[dict[str, Any]]:
    found = select(connection, "flags", session_id, extra="span")
    return [{k: v for k, v in flag.items() if k != "span"} for flag in found if flag["span"] == span]


def _insert_session(connection: sqlite3.Connection, new: NewSession, row: SessionRow) -> int:
    results = new.results
    recording = {key: value for key, value in results["recording"].items() if key not in ("wearer", "duration_s")}
    (wearer_id,) = connection.execute("SELECT id FROM wearers WHERE pseudonym = ?", (new.wearer,)).fetchone()
    taken = ("recording", "tests", "sets", "flags", "pain", "calibration")
    more = {"recording": recording} | {key: value for key, value in results.items() if key not in taken}
    cursor = connection.execute(
        """INSERT INTO sessions (wearer_id, sha256, started_utc, started_s, date_doubtful, duration_s,
           mobilised_until_s, program, more) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)""",
        (
            wearer_id, new.sha256, utc_text(new.started_s), new.started_s, new.date_doubtful,
            results["recording"]["duration_s"], row.mobilised_until_s, f"imuhip {__version__}", json.dumps(more),
        ),
    )  # fmt: skip
    session_id = cursor.lastrowid
    if session_id is None:
        raise HistoryError("the session was not written", remedy="Try again")
    keys = {"session_id": session_id}
    insert(connection, "tests", keys, results["tests"])
    insert(connection, "sets", keys, results["sets"])
    for number, one in enumerate(results["sets"]):
        insert(connection, "reps", {**keys, "set_number": number}, one["reps"])
    insert(connection, "mounting", keys, results["calibration"])
    insert(connection, "pain", keys, results.get("pain", ()))
    insert(connection, "motions", keys, [motion_entry(motion, own) for motion, own in row.motions.items()])
    return session_id


def _insert_flags(
    connection: sqlite3.Connection,
    session_id: int,
    between_flags: Iterable[dict[str, Any]],
    *,
    within_flags: Sequence[dict[str, Any]],
) -> None:
    """Write a session's flags in the order in which they are read: pain, then by level, then its own before others."""
    flags = [("session", flag) for flag in within_flags] + [("sessions", flag) for flag in between_flags]
    order = ("red", "amber", "green")
    flags.sort(key=lambda pair: (pair[1]["rule"] != "pain", order.index(pair[1]["level"])))
    # One by one: the number runs over both kinds.
    for number, (span, flag) in enumerate(flags):
        insert(connection, "flags", {"session_id": session_id, "span": span}, [flag], first=number)


def _stored(row: Sequence[Any]) -> Stored:
    return Stored(int(row[0]), str(row[1]), str(row[2]), float(row[3]), bool(row[4]))
