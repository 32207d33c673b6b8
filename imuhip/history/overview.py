"""How range, controlled range and the gap between them developed."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping, Sequence
from typing import Any

from imuhip.flags.control_gap import GapJudgement, judge_gaps
from imuhip.flags.motion import Motion, in_order
from imuhip.flags.series import Series, series_by_motion
from imuhip.flags.session import MotionRow, SessionRow
from imuhip.history.dates import utc_text
from imuhip.history.sessions import all_sessions, flags_of, mounting_qualities, rows_of


def overview(connection: sqlite3.Connection, wearer: str) -> dict[str, Any]:
    """A wearer's history, ready for JSON.

    Args:
        connection: The history.
        wearer: Pseudonym.

    Returns:
        ``wearer``; ``sessions`` by date with the quality of each mounting; ``motions``, each with ``points`` by date
        (range, controlled range, gap;
        passive range and its difference) and the ``change_deg`` from the first to the last, real beyond ``mdc_deg``;
        ``pain`` by site, the worst of each session; ``flags`` of the last session.
    """
    stored = all_sessions(connection, wearer)
    ids, rows = rows_of(connection, wearer)
    mounting = mounting_qualities(connection, wearer)
    dates = [utc_text(row.started_s or 0.0) for row in rows]
    series = sorted(series_by_motion(rows).values(), key=lambda one: in_order(one.motion))
    return {
        "wearer": wearer,
        "sessions": [
            {
                "started_utc": utc_text(one.started_s),
                "date_doubtful": one.date_doubtful,
                "mounting": mounting.get(one.id, []),
            }
            for one in stored
        ],
        "motions": [_motion(one, dates) for one in series],
        "pain": _pains(rows, dates),
        "flags": flags_of(connection, ids[-1]) if ids else [],
    }


def _pains(rows: Sequence[SessionRow], dates: Sequence[str]) -> list[dict[str, Any]]:
    """Pain by site and side: the worst of each session in which there was any; one without a number counts as worst."""
    found: dict[tuple[str, str], dict[str, float | None]] = {}
    for row, day in zip(rows, dates, strict=True):
        for pain in filter(lambda pain: pain.felt, row.pains):
            points = found.setdefault((pain.site, pain.side or ""), {})
            before = points.get(day, 0.0)
            points[day] = None if pain.value is None or before is None else max(pain.value, before)
    return [
        {
            "site": site,
            "side": side or None,
            "points": [{"started_utc": day, "value": value} for day, value in points.items()],
        }
        for (site, side), points in sorted(found.items())
    ]


def _motion(series: Series, dates: Sequence[str]) -> dict[str, Any]:
    motion = series.motion
    judged = judge_gaps(series.gap_rows())
    points = [_point(dates[series.sessions[at]], series.rows[at], judgement) for at, judgement in enumerate(judged)]
    return {
        "motion": motion.name,
        "position": motion.position,
        "side": motion.side,
        "reference": motion.reference,
        "points": points,
        **_change([point["range_deg"] for point in points], motion, "change_deg"),
        **_change([point["controlled_range_deg"] for point in points], motion, "controlled_change_deg"),
        "mdc_deg": motion.mdc_deg,
    }


def _point(started_utc: str, row: MotionRow, judgement: GapJudgement) -> Mapping[str, Any]:
    difference = None
    if row.passive_deg is not None and row.range_deg is not None:
        difference = round(row.passive_deg - row.range_deg, 2)
    return {
        "started_utc": started_utc,
        "range_deg": row.range_deg,
        "uncertainty_deg": row.uncertainty_deg,
        "controlled_range_deg": row.controlled_deg,
        "gap_deg": None if judgement.gap_deg is None else round(judgement.gap_deg, 2),
        "passive_deg": row.passive_deg,
        "passive_minus_active_deg": difference,
        "level": judgement.level,
    }


def _change(values: Sequence[float | None], motion: Motion, name: str) -> dict[str, Any]:
    """The last value minus the first, and whether it is real."""
    known = [value for value in values if value is not None]
    if len(known) < 2:
        return {name: None, name.replace("_deg", "_real"): None}
    by = round(known[-1] - known[0], 2)
    return {name: by, name.replace("_deg", "_real"): abs(by) > motion.mdc_deg}
