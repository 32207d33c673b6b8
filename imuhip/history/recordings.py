"""Which session a recording is: whose, and when."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from imuhip.errors import HistoryError, RecordingError
from imuhip.history.dates import epoch_s, given_date, impossible
from imuhip.history.sessions import NewSession, Stored


def sha256_of(recording: Path) -> str:
    """What tells a recording from all others, whatever its name.

    Raises:
        RecordingError: It cannot be read.
    """
    try:
        with recording.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        reason = f"cannot be read: {error.strerror}"
        raise RecordingError(reason, path=recording, remedy="Check its name and place") from error


def place(
    recording: Path,
    results: Mapping[str, Any],
    sha256: str,
    stored: Stored | None,
    *,
    wearer: str | None,
    date: str | None,
    now_s: float,
    only_unnamed: bool = False,
) -> tuple[NewSession, list[str]]:
    """Find out whose a recording is and when it was.

    What the user says comes first, then what was said when it was added before, then the recording itself.

    Args:
        recording: The recording.
        results: Its results.
        sha256: Its hash.
        stored: What it gave when it was added before.
        wearer: Whose the user says that it is.
        date: When the user says that it was.
        now_s: The date of this computer.
        only_unnamed: ``wearer`` counts only for recordings that name nobody.

    Returns:
        The session, and notes for the user.

    Raises:
        HistoryError: Wearer or date are not known.
    """
    about, notes = results["recording"], []
    known_before = None if stored is None else stored.wearer
    own = known_before or about["wearer"]
    name = (own or wearer) if only_unnamed else (wearer or own)
    if not name:
        remedy = "Give a pseudonym with --wearer"
        raise HistoryError("does not tell its wearer", path=recording, remedy=remedy)
    if known_before not in (None, name):
        notes.append(f"the same recording is also in the history of {known_before}")
    if date is not None:
        started_s = given_date(date, about["started_utc"])
    elif stored is not None:
        started_s = stored.started_s
    elif about["started_utc"] is not None:
        started_s = epoch_s(about["started_utc"])
    else:
        remedy = "Give it with --date 2026-01-12T18:30"
        raise HistoryError("does not tell its date", path=recording, remedy=remedy)
    doubt = impossible(started_s, now_s)
    if doubt is not None:
        notes.append(f"{doubt}, so it is kept but not compared with others; add it again with --date")
    new = NewSession(
        wearer=name,
        sha256=sha256,
        started_s=started_s,
        date_given=date is not None,
        date_doubtful=doubt is not None,
        results=results,
    )
    return new, notes
