"""The sessions before the one that is running, for rules that compare."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from imuhip.errors import HistoryError

if TYPE_CHECKING:
    from imuhip.live_results import Earlier
    from imuhip.recording.format import SessionInfo


def earlier_than(session: SessionInfo, database: Path | None) -> Earlier:
    """What the rules read of the wearer's earlier sessions.

    Args:
        session: The one that is running, or played.
        database: The history, None for the user's own.

    Raises:
        HistoryError: The history cannot be read, or the session does not tell whose it is, or when it was.
    """
    from imuhip.history.database import default_path, reading
    from imuhip.history.sessions import earlier
    from imuhip.live_results import Earlier

    if not session.wearer:
        raise HistoryError("nobody says whose session this is", remedy="Give the wearer's pseudonym with --wearer")
    if session.anchor is None:
        raise HistoryError("the session does not tell its date")
    started_s = session.anchor.utc_ns * 1e-9
    with reading(database or default_path()) as connection:
        return Earlier(tuple(earlier(connection, session.wearer, started_s)), started_s)
