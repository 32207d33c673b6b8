"""Between the results of a session and rows of the database."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Mapping
from typing import Any

from imuhip.flags.motion import Motion
from imuhip.flags.session import MotionRow
from imuhip.history.schema import BOOLEAN_COLUMNS, COLUMNS, JSON_COLUMNS


def insert(
    connection: sqlite3.Connection,
    table: str,
    keys: Mapping[str, Any],
    entries: Iterable[Mapping[str, Any]],
    *,
    first: int = 0,
) -> None:
    """Write entries of the results as rows, numbered in their order.

    Args:
        connection: Inside a transaction.
        table: A key of :data:`imuhip.history.schema.COLUMNS`.
        keys: Columns that all of the rows share, as ``session_id``.
        entries: The entries; keys without a column go into ``more``.
        first: Number of the first.
    """
    columns = COLUMNS[table]
    names = (*keys, "number", *columns, "more")
    # Names come from the schema above, never from data.
    sql = f"INSERT INTO {table} ({', '.join(names)}) VALUES ({', '.join('?' * len(names))})"  # noqa: S608
    connection.executemany(
        sql,
        (
            (
                *keys.values(),
                number,
                *(_cell(name, entry.get(name)) for name in columns),
                json.dumps({name: value for name, value in entry.items() if name not in columns and name != "reps"}),
            )
            for number, entry in enumerate(entries, start=first)
        ),
    )


def select(connection: sqlite3.Connection, table: str, session_id: int, *, extra: str = "") -> list[dict[str, Any]]:
    """Read the rows of a session as entries of the results.

    Args:
        connection: The history.
        table: A key of :data:`imuhip.history.schema.COLUMNS`.
        session_id: The session.
        extra: A key column to put into the entries, too.
    """
    columns = (*COLUMNS[table], "more", *([extra] if extra else []))
    order = f"{extra}, number" if extra else "number"
    sql = f"SELECT {', '.join(columns)} FROM {table} WHERE session_id = ? ORDER BY {order}"  # noqa: S608
    entries = []
    for row in connection.execute(sql, (session_id,)):
        entry = {name: _value(name, cell) for name, cell in zip(columns, row, strict=True)}
        more = json.loads(entry.pop("more"))
        entries.append(entry | more)
    return entries


def motion_entry(motion: Motion, row: MotionRow) -> dict[str, Any]:
    """A motion of a session as an entry of the table ``motions``."""
    return {
        "name": motion.name,
        "position": motion.position,
        "side": motion.side,
        "reference": motion.reference,
        "range_deg": row.range_deg,
        "repeat_deg": row.repeat_deg,
        "uncertainty_deg": row.uncertainty_deg,
        "after_deg": row.after_deg,
        "passive_deg": row.passive_deg,
        "passive_after_deg": row.passive_after_deg,
        "controlled_deg": row.controlled_deg,
    }


def _cell(name: str, value: Any) -> Any:
    return json.dumps(value) if name in JSON_COLUMNS else value


def _value(name: str, cell: Any) -> Any:
    if name in JSON_COLUMNS:
        return json.loads(cell)
    return bool(cell) if name in BOOLEAN_COLUMNS and cell is not None else cell
