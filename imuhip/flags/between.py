"""Rules over sessions: A (range and control) and C (passive and active), and the trends beside them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from imuhip.flags.control_gap import BASELINE_SESSIONS, GapJudgement, judge_gaps
from imuhip.flags.flag import Flag, capital, change, degrees, slow_reps
from imuhip.flags.motion import Motion
from imuhip.flags.numbers import median
from imuhip.flags.series import Series, series_by_motion
from imuhip.flags.session import Controls, SessionRow
from imuhip.flags.trend import carried_over, slope_flags


def between_sessions(sessions: Sequence[SessionRow], controls: Controls, *, since: int = 0) -> list[list[Flag]]:
    """Judge sessions, each by those before it.

    Args:
        sessions: All sessions of a wearer that have a date, in its order.
        controls: What each exercise controls.
        since: Judge from this session on.

    Returns:
        The flags of each session from ``since`` on.
    """
    flags: list[list[Flag]] = [[] for _ in sessions]
    series = list(series_by_motion(sessions).values())
    for one in series:
        for index, judgement in zip(one.sessions, judge_gaps(one.gap_rows()), strict=True):
            if index >= since and judgement.verdict != "no_range":
                flags[index].append(_control_flag(one.motion, judgement, controls))
        for index, flag in _mobility_flags(one):
            flags[index].append(flag)
        for at, index in enumerate(one.sessions):
            if index >= since and one.rows[at].range_deg is not None:
                flags[index] += slope_flags(one, at, controls)
    for index in range(since, len(sessions)):
        flags[index] += carried_over(series, index)
    return flags[since:]


def _control_flag(motion: Motion, found: GapJudgement, controls: Controls) -> Flag:
    evidence: dict[str, Any] = {
        "verdict": found.verdict,
        "sessions": found.sessions,
        "controlled_mean_deg": found.controlled_mean_deg,
        "gap_deg": found.gap_deg,
        "usual_gap_deg": found.usual_deg,
        "excess_deg": found.excess_deg,
        "repeat_excess_deg": found.repeat_excess_deg,
        "uncertainty_deg": found.half_width_deg,
        "amber_above_deg": found.amber_deg,
        "red_above_deg": found.red_deg,
    }
    if found.usual_deg is not None and found.controlled_mean_deg is not None:
        evidence["stay_within_deg"] = found.controlled_mean_deg + found.usual_deg
    return Flag("A", found.level, motion, _control_message(motion, found, controls), evidence)


def _control_message(motion: Motion, found: GapJudgement, controls: Controls) -> str:
    name, reps = motion.spoken, slow_reps(motion, controls)
    if found.excess_deg is None or found.usual_deg is None or found.controlled_mean_deg is None:
        if found.verdict == "no_controlled_range":
            return f"{capital(name)}: no controlled range from the last 28 days to compare with. Add three good {reps}."
        so_far = f"{found.sessions} of {BASELINE_SESSIONS}"
        return f"{capital(name)}: not enough sessions yet to know what is usual for you ({so_far})."
    excess = degrees(found.excess_deg, found.half_width_deg or 0.0)
    limit = found.controlled_mean_deg + found.usual_deg
    within = f"Stay within {limit:.0f} degrees and add {reps}." if limit >= 1 else f"Stay short of it and add {reps}."
    grew = f"Your {name} grew {excess} more than the range you have shown under control"
    match found.verdict:
        case "usual":
            by = change(found.excess_deg, found.half_width_deg or 0.0)
            return f"{capital(name)}: range and control go together ({by} against your usual gap)."
        case "repeat_due":
            return f"{grew}, but was measured only once. Repeat the test: three more trials tell whether it is so."
        case "not_confirmed":
            return f"{capital(name)}: the first test was {excess} beyond your usual gap, the repeat was not."
    if found.level == "amber":
        return f"{grew}. {within}"
    if found.persistent:
        return f"{grew}, again, and your control has not followed yet. Pause mobilising here. {within}"
    return f"{grew}, which is a lot. Pause mobilising here. {within}"


def _mobility_flags(series: Series) -> Iterator[tuple[int, Flag]]:
    """Rule C at every session in which the passive and the active range were tested, from the second on."""
    gaps: list[float] = []
    passives: list[float] = []
    before = False
    for index, row in zip(series.sessions, series.rows, strict=True):
        if row.passive_deg is None or row.range_deg is None:
            continue
        gap, flagged = row.passive_deg - row.range_deg, False
        if gaps:
            growth, passive_growth = gap - median(gaps), row.passive_deg - median(passives)
            mdc = series.motion.mdc_deg
            flagged = growth > mdc and passive_growth > mdc
            yield index, _mobility_flag(series.motion, gap, growth, passive_growth, flagged=flagged, again=before)
        if not flagged:
            gaps.append(gap)
            passives.append(row.passive_deg)
        before = flagged


def _mobility_flag(
    motion: Motion, gap: float, growth: float, passive_growth: float, *, flagged: bool, again: bool
) -> Flag:
    evidence = {
        "mobility_gap_deg": gap,
        "growth_deg": growth,
        "passive_growth_deg": passive_growth,
        "uncertainty_deg": motion.mdc_deg,
        "mdc_deg": motion.mdc_deg,
        "real": abs(growth) > motion.mdc_deg,
    }
    by = change(growth, motion.mdc_deg)
    if not flagged:
        message = f"{capital(motion.spoken)}: passive and active range go together ({by} against what is usual)."
        return Flag("C", "green", motion, message, evidence)
    message = (
        f"Your passive {motion.spoken} grew {degrees(growth, motion.mdc_deg)} more than the range you move by yourself"
        f"{', for the second time running' if again else ''}. "
    )
    message += (
        "Leave stretching it out for now and move through it by yourself, slowly."
        if again
        else "Practise moving through it by yourself, slowly."
    )
    return Flag("C", "red" if again else "amber", motion, message, evidence)
