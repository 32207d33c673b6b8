"""Sessions in order, motion by motion: only what may be compared over days is in here."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from imuhip.flags.control_gap import GapRow
from imuhip.flags.motion import Motion
from imuhip.flags.session import MotionRow, SessionRow
from imuhip.records import record

TRANSIENT_S = 1800.0
"""Range gained by mobilising is gone in half an hour; a test within that after another session's mobilising is not
cold."""


@record
class Series:
    """One motion over the sessions in which it was tested or trained.

    Attributes:
        motion: The motion.
        sessions: (N,) index of each session among those that the series was made from.
        times_s: (N,) when each began.
        rows: (N,) what was measured.
    """

    motion: Motion
    sessions: Sequence[int]
    times_s: Sequence[float]
    rows: Sequence[MotionRow]

    def gap_rows(self) -> list[GapRow]:
        """What rule A reads."""
        return [
            GapRow(time_s, row.range_deg, row.repeat_deg, row.controlled_deg)
            for time_s, row in zip(self.times_s, self.rows, strict=True)
        ]


def series_by_motion(sessions: Sequence[SessionRow]) -> Mapping[Motion, Series]:
    """Sort what was measured by motion.

    Args:
        sessions: Sessions with a date, in its order.

    Returns:
        A series for every motion that was ever tested or trained.
    """
    found: dict[Motion, tuple[list[int], list[float], list[MotionRow]]] = {}
    warm_until_s = float("-inf")
    for index, session in enumerate(sessions):
        start_s = session.started_s or 0.0
        for motion, row in _with_shank(session.motions).items():
            places, times_s, rows = found.setdefault(motion, ([], [], []))
            places.append(index)
            times_s.append(start_s)
            rows.append(row if start_s >= warm_until_s else _not_cold(row))
        if session.mobilised_until_s is not None:
            warm_until_s = max(warm_until_s, start_s + session.mobilised_until_s + TRANSIENT_S)
    return {motion: Series(motion, *columns) for motion, columns in found.items()}


def _not_cold(row: MotionRow) -> MotionRow:
    return replace(row, range_deg=None, repeat_deg=None, uncertainty_deg=None, passive_deg=None)


def _with_shank(motions: Mapping[Motion, MotionRow]) -> Mapping[Motion, MotionRow]:
    """Reps of a rotation that was not tested that day count for the test by the shank, too: they are the same reps."""
    trained = {m: row for m, row in motions.items() if row.range_deg is None and row.controlled_deg is not None}
    extra = {
        replace(motion, reference="shank"): MotionRow(controlled_deg=row.controlled_deg)
        for motion, row in trained.items()
        if motion.reference == "pelvis" and "rotation" in motion.name
    }
    return motions if not extra else {**extra, **motions}
