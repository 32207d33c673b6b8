"""Dates of sessions, and which of them cannot be right."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime

from imuhip.errors import HistoryError

DAY_S = 86400.0
YEAR_S = 365.25 * DAY_S
EARLIEST_S = datetime(2015, 1, 1, tzinfo=UTC).timestamp()
"""Clocks that were never set start in 1970, 1980, 2000 or 2010; nobody records with imuhip before this."""
FUTURE_S = DAY_S
"""A time zone mistaken makes half a day; more ahead than a day is a wrong clock."""


def epoch_s(started_utc: str) -> float:
    """Seconds since 1970 of an ISO 8601 moment; one without a zone is taken as UTC."""
    moment = datetime.fromisoformat(started_utc)
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()


def utc_text(seconds: float) -> str:
    """A moment as ISO 8601 to the millisecond, ``2025-03-01T09:30:00.000Z``."""
    moment = datetime.fromtimestamp(round(seconds, 3), UTC)
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{moment.microsecond // 1000:03d}Z"


def day_text(seconds: float) -> str:
    """The day of a moment, UTC: ``2025-03-01``."""
    return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%d}"


def given_date(text: str, recorded_utc: str | None) -> float:
    """A date that the user gives for a recording whose own is wrong or missing.

    Args:
        text: ``2026-01-12`` or ``2026-01-12T18:30``; without a time the recording's own time of day is kept.
        recorded_utc: The recording's own date.

    Returns:
        Seconds since 1970 UTC.

    Raises:
        HistoryError: It is not a date.
    """
    try:
        if len(text) > len("2026-01-12"):
            return epoch_s(text)
        day = date.fromisoformat(text)
    except ValueError as error:
        remedy = "Give it as 2026-01-12 or 2026-01-12T18:30"
        raise HistoryError(f"{text!r} is not a date", remedy=remedy) from error
    own = datetime.fromtimestamp(0 if recorded_utc is None else epoch_s(recorded_utc), UTC)
    hour = 12 if recorded_utc is None else own.hour
    return own.replace(year=day.year, month=day.month, day=day.day, hour=hour).timestamp()


def impossible(started_s: float, now_s: float) -> str | None:
    """Why a date cannot be right, None where it can.

    Args:
        started_s: The session's date.
        now_s: The date of this computer.
    """
    if started_s > now_s + FUTURE_S:
        return f"its date {day_text(started_s)} is in the future"
    if started_s < EARLIEST_S:
        return f"its date {day_text(started_s)} is that of a clock that was never set"
    return None


def far_away(started_s: float, others_s: Sequence[float]) -> str | None:
    """Say that a date is years from all other sessions, None where it is not.

    Args:
        started_s: The session's date.
        others_s: Those of the other sessions.
    """
    nearest_s = min((abs(started_s - other_s) for other_s in others_s), default=0.0)
    if nearest_s <= YEAR_S:
        return None
    return f"its date {day_text(started_s)} is {nearest_s / YEAR_S:.1f} years from any other session"
