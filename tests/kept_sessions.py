"""Putting hand-made sessions into a history."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from judged_sessions import CONTROLS

from imuhip.history.database import writing
from imuhip.history.dates import epoch_s
from imuhip.history.sessions import NewSession, add


def dated(results: Mapping[str, Any], day: int) -> dict[str, Any]:
    """The results on a day of 2026, counted from the first of January."""
    month, rest = divmod(day, 28)
    started_utc = f"2026-{month + 1:02d}-{rest + 1:02d}T10:00:00.000Z"
    return {**results, "recording": {**results["recording"], "started_utc": started_utc}}


def keep(
    path: Path, results: Mapping[str, Any], *, sha256: str | None = None, doubtful: bool = False, given: bool = False
) -> str:
    """Add results to a history; the hash of the recording is that of the results if none is given."""
    about = results["recording"]
    new = NewSession(
        wearer=about["wearer"],
        sha256=sha256 or hashlib.sha256(json.dumps(results).encode()).hexdigest(),
        started_s=epoch_s(about["started_utc"]),
        date_given=given,
        date_doubtful=doubtful,
        results=results,
    )
    with writing(path) as connection:
        return add(connection, new, CONTROLS)
