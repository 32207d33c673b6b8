"""Rule A: range that has outgrown what the wearer has shown under control.

The gap of a session is R - C-bar: the range of the cold pre-test minus the mean controlled range of the last three
sessions. How large it is by nature differs from motion to motion, because an exercise does not end where a test does;
so each wearer's own usual gap is the yardstick, and the flag asks how far today's exceeds it.
"""

from __future__ import annotations

import math
from bisect import insort
from collections import deque
from collections.abc import Iterable, Iterator
from typing import Literal

from imuhip.flags.motion import MDC_WITHIN_DEG
from imuhip.flags.numbers import NORMAL_95, middle
from imuhip.records import record

Level = Literal["green", "amber", "red"]
Verdict = Literal[
    "no_range", "no_controlled_range", "not_enough_sessions", "usual", "repeat_due", "not_confirmed", "confirmed"
]

CONTROL_SESSIONS = 3
CONTROL_WINDOW_S = 28 * 86400.0
"""C-bar is the mean of the last three sessions within 28 days, today's included: the wearer showed it today."""
BASELINE_SESSIONS = 3
"""Fewer unflagged sessions do not tell what is usual."""
PRIOR_SD_DEG, PRIOR_SESSIONS = 2.5, 8
"""What gaps scatter by before the wearer's own are known, and how many sessions that belief weighs."""
AMBER_SPREADS, AMBER_FLOOR_DEG = 2.5, 6.0
RED_SPREADS, RED_FLOOR_DEG = 3.0, 10.0
"""Flagged beyond so many s, never below so many degrees: with eight motions a false amber in at most 5 % of sessions
(tools/flag_study.py)."""
RECENT_SESSIONS = 3
"""Amber in two of so many sessions with a flat controlled range is red."""


@record
class GapRow:
    """One motion in one session.

    Attributes:
        time_s: When, seconds; sessions come in this order.
        range_deg: R, None without a cold pre-test.
        repeat_deg: R of the repeat in the same session.
        controlled_deg: C, None without three good reps.
    """

    time_s: float
    range_deg: float | None
    repeat_deg: float | None
    controlled_deg: float | None


@record
class GapJudgement:
    """Rule A's answer for one motion in one session, degrees.

    Attributes:
        level: Its level; ``confirmed`` alone is not green.
        verdict: Why.
        sessions: How many earlier unflagged sessions tell the usual gap.
        controlled_mean_deg: C-bar.
        gap_deg: R - C-bar.
        usual_deg: The own baseline.
        excess_deg: d, how far the gap exceeds the usual one.
        repeat_excess_deg: The same by the repeat.
        half_width_deg: Half-width of the 95 % interval of d where nothing has changed: 1.96 s.
        amber_deg: d beyond which it is amber.
        red_deg: d beyond which it is red.
        persistent: Whether it is red because amber came twice and the controlled range stayed flat.
    """

    level: Level
    verdict: Verdict
    sessions: int
    controlled_mean_deg: float | None = None
    gap_deg: float | None = None
    usual_deg: float | None = None
    excess_deg: float | None = None
    repeat_excess_deg: float | None = None
    half_width_deg: float | None = None
    amber_deg: float | None = None
    red_deg: float | None = None
    persistent: bool = False


class _OwnGaps:
    """The gaps of unflagged sessions: their median and spread, kept up as they come."""

    def __init__(self) -> None:
        self._ordered: list[float] = []
        self._mean = 0.0
        self._squares = 0.0

    def __len__(self) -> int:
        return len(self._ordered)

    def add(self, gap: float) -> None:
        insort(self._ordered, gap)
        off = gap - self._mean
        self._mean += off / len(self._ordered)
        self._squares += off * (gap - self._mean)

    def usual(self) -> float:
        return middle(self._ordered)

    def spread(self) -> float:
        """s: what a gap scatters by around the usual one, the prior and the uncertainty of m sessions included."""
        m = len(self._ordered)
        variance = (PRIOR_SESSIONS * PRIOR_SD_DEG**2 + self._squares) / (PRIOR_SESSIONS - 1 + m)
        return math.sqrt(variance * (1 + 1 / m))


def judge_gaps(rows: Iterable[GapRow]) -> Iterator[GapJudgement]:
    """Judge a motion's sessions one after the other, each by those before it.

    Args:
        rows: The sessions in the order of their time.

    Yields:
        One judgement for each.
    """
    own = _OwnGaps()
    controls: deque[tuple[float, float]] = deque(maxlen=CONTROL_SESSIONS)
    recent: deque[float | None] = deque(maxlen=RECENT_SESSIONS - 1)  # C-bar of sessions with an amber, else None
    for row in rows:
        if row.controlled_deg is not None:
            controls.append((row.time_s, row.controlled_deg))
        if row.range_deg is None:
            yield GapJudgement("green", "no_range", len(own))
            continue
        held = [c for time_s, c in controls if row.time_s - time_s <= CONTROL_WINDOW_S]
        if not held:
            yield GapJudgement("green", "no_controlled_range", len(own))
            continue
        c_bar = sum(held) / len(held)
        judgement = _judge(row.range_deg - c_bar, row, c_bar, own, recent)
        yield judgement
        recent.append(None if judgement.level == "green" else c_bar)
        if judgement.level == "green":
            own.add(row.range_deg - c_bar)


def _judge(gap: float, row: GapRow, c_bar: float, own: _OwnGaps, recent: Iterable[float | None]) -> GapJudgement:
    if len(own) < BASELINE_SESSIONS:
        return GapJudgement("green", "not_enough_sessions", len(own), c_bar, gap)
    usual, s = own.usual(), own.spread()
    amber, red = max(AMBER_SPREADS * s, AMBER_FLOOR_DEG), max(RED_SPREADS * s, RED_FLOOR_DEG)
    excess = gap - usual
    repeat = None if row.repeat_deg is None else row.repeat_deg - c_bar - usual
    confirmed = excess if repeat is None else min(excess, repeat)  # both measurements must exceed a line
    verdict: Verdict = "confirmed"
    level: Level = "amber"
    persistent = False
    if excess <= amber:
        level, verdict = "green", "usual"
    elif repeat is None:
        level, verdict = "green", "repeat_due"
    elif confirmed <= amber:
        level, verdict = "green", "not_confirmed"
    else:
        persistent = any(c is not None and c_bar - c <= MDC_WITHIN_DEG for c in recent)
        if confirmed > red or persistent:
            level = "red"
        persistent = persistent and confirmed <= red
    half_width = NORMAL_95 * s
    return GapJudgement(level, verdict, len(own), c_bar, gap, usual, excess, repeat, half_width, amber, red, persistent)
