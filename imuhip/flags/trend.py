"""Trends over weeks: the slope advice, and whether side motions carried over to those of running."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from imuhip.flags.flag import Flag, capital, change, slow_reps
from imuhip.flags.motion import CARDINAL, SIDE_MOTIONS, Motion
from imuhip.flags.numbers import Slope, median, theil_sen
from imuhip.flags.series import Series
from imuhip.flags.session import Controls

WEEK_S = 7 * 86400.0
WINDOW_S = 12 * WEEK_S
"""Trends look at the last twelve weeks: older sessions would hide what happens now."""
SLOPE_SESSIONS = 6
SLOPE_DEG_PER_WEEK = 3.0
"""Six weeks of training give 2-3 degrees a week (Reid 2014, Johnson 2014)."""


def slope_flags(series: Series, at: int, controls: Controls) -> Iterator[Flag]:
    """The slope advice at one session: hold back where range grows faster than training makes it.

    Args:
        series: The motion.
        at: Place of the session in the series.
        controls: What each exercise controls.

    Yields:
        A flag where there are enough sessions.
    """
    now_s = series.times_s[at]
    pairs = [
        (time_s / WEEK_S, row.range_deg)
        for time_s, row in zip(series.times_s[: at + 1], series.rows[: at + 1], strict=True)
        if row.range_deg is not None and now_s - time_s <= WINDOW_S
    ]
    slope = theil_sen([t for t, _ in pairs], [r for _, r in pairs]) if len(pairs) >= SLOPE_SESSIONS else None
    if slope is not None:
        yield _slope_flag(series.motion, slope, len(pairs), controls)


def _slope_flag(motion: Motion, slope: Slope, sessions: int, controls: Controls) -> Flag:
    fast = slope.low > SLOPE_DEG_PER_WEEK
    evidence = {
        "slope_deg_per_week": slope.value,
        "low_deg_per_week": _finite(slope.low),
        "high_deg_per_week": _finite(slope.high),
        "sessions": sessions,
    }
    rate = f"{slope.value:.1f} degrees a week (95 % interval {slope.low:.1f} to {slope.high:.1f}, {sessions} sessions)"
    if not fast:
        rate = rate.replace("-", "\u2212")
        return Flag("slope", "green", motion, f"{capital(motion.spoken)}: {rate}.", evidence)
    message = (
        f"Your {motion.spoken} grew {rate}. Training usually gives 2\u20133. "
        f"Mobilise it less for now and let {slow_reps(motion, controls)} catch up."
    )
    return Flag("slope", "amber", motion, message, evidence)


def _finite(value: float) -> float | None:
    return value if abs(value) != float("inf") else None


def carried_over(series: Sequence[Series], index: int) -> Iterator[Flag]:
    """Whether gains in the side motions showed up in flexion and extension, by cold pre-tests of the last weeks.

    Args:
        series: All motions.
        index: The session.

    Yields:
        A flag for each flexion and extension of a side whose side motions gained beyond the MDC.
    """
    grown = {one.motion: trend for one in series if (trend := _trend(one, index)) is not None}
    for side in ("left", "right", None):
        gained = [m for m, t in grown.items() if m.side == side and m.name in SIDE_MOTIONS and t > m.mdc_deg]
        if not gained:
            continue
        began = ", ".join(f"{m.spoken} {change(grown[m], m.mdc_deg)}" for m in gained)
        for motion in [m for m in grown if m.side == side and m.name in CARDINAL]:
            carried = grown[motion] > motion.mdc_deg
            real = "a real change" if abs(grown[motion]) > motion.mdc_deg else "no real change"
            message = (
                f"{capital(began)} over the last weeks. It {'has shown' if carried else 'has not shown'} up in "
                f"{motion.spoken}{'' if carried else ' so far'}: {change(grown[motion], motion.mdc_deg)}, {real}."
            )
            evidence = {
                "span": "sessions",
                "carried_over": carried,
                "change_deg": grown[motion],
                "uncertainty_deg": motion.mdc_deg,
                "side_motions": [m.name for m in gained],
                "side_changes_deg": [grown[m] for m in gained],
            }
            yield Flag("carry_over", "green", motion, message, evidence)


def _trend(series: Series, index: int) -> float | None:
    """R now minus R at first, each the median of up to three sessions, if the motion was tested in this session."""
    if index not in series.sessions:
        return None
    at = list(series.sessions).index(index)
    now_s = series.times_s[at]
    ranges = [
        row.range_deg
        for time_s, row in zip(series.times_s[: at + 1], series.rows[: at + 1], strict=True)
        if row.range_deg is not None and now_s - time_s <= WINDOW_S
    ]
    if len(ranges) < 2 or series.rows[at].range_deg is None:
        return None
    few = min(3, len(ranges) // 2)
    return median(ranges[-few:]) - median(ranges[:few])
