"""Prints how often rule A raises a false alarm, and how often it sees a real gain, on simulated histories.

Wearers are tested and trained in 12 sessions, 8 motions each. Range and controlled range scatter from session to
session, and the shipped rule (imuhip.flags.control_gap) judges every one. Exit code 1 if a figure misses its target.

    python tools/flag_study.py             2,000 wearers
    python tools/flag_study.py --quick     a few hundred, for continuous integration; there a figure passes if its
                                           interval reaches the target
"""

from __future__ import annotations

import argparse
import json
import math
import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass

import numpy as np
from accuracy_table import Figure, Section, markdown, missed

from imuhip.flags.control_gap import BASELINE_SESSIONS, GapRow, judge_gaps
from imuhip.units import FloatArray

WEARERS, QUICK_WEARERS = 2000, 300
SESSIONS, MOTIONS = 12, 8
DAYS_APART = 3.5
GAP_SD_DEG, REPEAT_SD_DEG = 2.5, 1.2
CONTROL_SD_DEG = 1.5
"""How much controlled range scatters from session to session; the rest of the gap's scatter is that of the range."""
GAIN_DEG = 10.0
MOUNTING_DEG = 5.0
FALSE_TARGET, SEEN_TARGET = 0.05, 0.75
NORMAL_95 = 1.96


@dataclass(frozen=True, slots=True)
class Condition:
    """What is simulated.

    Attributes:
        name: In the table.
        repeat_on_top: Whether the repeat's scatter comes on top of the gap's, instead of being part of it.
        mounting_deg: Error of the mounting on one day, which shifts all that is measured that day.
        only_tested: Whether nothing was trained on the day of that error, so that only the range shifts.
        judged: Whether the targets hold for it; the others tell how much room is left.
    """

    name: str
    repeat_on_top: bool = False
    mounting_deg: float = 0.0
    only_tested: bool = False
    judged: bool = True


CONDITIONS = (
    Condition("mounting right every day"),
    Condition("mounting off by 5 deg on one day", mounting_deg=MOUNTING_DEG),
    Condition("repeat SD on top of gap SD", repeat_on_top=True),
    Condition("both of these", repeat_on_top=True, mounting_deg=MOUNTING_DEG, judged=False),
    Condition("mounting off on a day without training", mounting_deg=MOUNTING_DEG, only_tested=True, judged=False),
)


@dataclass(frozen=True, slots=True)
class Rate:
    """A share with its 95 % interval; wearers, not sessions, are what is independent."""

    share: float
    low: float
    high: float

    def __str__(self) -> str:
        return f"{100 * self.share:.1f} % ({100 * self.low:.1f} to {100 * self.high:.1f})"


def rate(shares: FloatArray) -> Rate:
    """Mean over wearers and its interval.

    Args:
        shares: (N,) of each wearer.
    """
    mean = float(shares.mean())
    half = NORMAL_95 * float(shares.std(ddof=1)) / math.sqrt(len(shares))
    return Rate(mean, max(mean - half, 0.0), min(mean + half, 1.0))


def histories(condition: Condition, wearers: int, seed: int) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Range, its repeat and controlled range, (wearers, motions, sessions) each, deg; nothing ever changes in them.

    NaN where there was no training.

    Args:
        condition: What is simulated.
        wearers: How many.
        seed: Of the random numbers.
    """
    noise = np.random.default_rng(seed)
    shape = (wearers, MOTIONS, SESSIONS)
    inside = 0.0 if condition.repeat_on_top else REPEAT_SD_DEG**2
    own_sd = math.sqrt(GAP_SD_DEG**2 - inside - CONTROL_SD_DEG**2 / 3)
    level = noise.uniform(10.0, 60.0, (wearers, MOTIONS, 1))
    usual_gap = noise.uniform(-2.0, 15.0, (wearers, MOTIONS, 1))
    day = level + noise.normal(0.0, own_sd, shape)
    first, repeat = (day + noise.normal(0.0, REPEAT_SD_DEG, shape) for _ in range(2))
    controlled = level - usual_gap + noise.normal(0.0, CONTROL_SD_DEG, shape)
    # A mounting that is off adds to one direction what it takes from the opposite one.
    sign = np.where(np.arange(MOTIONS) % 2, -1.0, 1.0)[:, None]
    off_day = np.arange(SESSIONS) == noise.integers(0, SESSIONS, (wearers, 1, 1))
    shift = condition.mounting_deg * sign * off_day
    if condition.only_tested:
        controlled = np.where(off_day, np.nan, controlled)
    return first + shift, repeat + shift, controlled + shift


def flagged(first: FloatArray, repeat: FloatArray, controlled: FloatArray) -> tuple[list[bool], list[bool]]:
    """What the shipped rule says of one motion: in which sessions it was able to judge, and in which it flags.

    Args:
        first: (sessions,) range.
        repeat: (sessions,) range in the repeat.
        controlled: (sessions,) controlled range.
    """
    times_s = [86400.0 * DAYS_APART * i for i in range(len(first))]
    trained = [None if math.isnan(c) else c for c in controlled.tolist()]
    rows = [GapRow(*row) for row in zip(times_s, first.tolist(), repeat.tolist(), trained, strict=True)]
    judged = list(judge_gaps(rows))
    return [j.sessions >= BASELINE_SESSIONS for j in judged], [j.level != "green" for j in judged]


def false_alarms(condition: Condition, wearers: int, seed: int) -> tuple[Rate, Rate]:
    """Share of sessions in which any motion is flagged though nothing has changed: of all, and of those judged.

    Args:
        condition: What is simulated.
        wearers: How many.
        seed: Of the random numbers.
    """
    first, repeat, controlled = histories(condition, wearers, seed)
    of_all, of_judged = np.zeros(wearers), np.zeros(wearers)
    for w in range(wearers):
        answers = [flagged(first[w, m], repeat[w, m], controlled[w, m]) for m in range(MOTIONS)]
        could = np.any([judged for judged, _ in answers], axis=0)
        alarms = np.any([flags for _, flags in answers], axis=0)
        of_all[w] = alarms.mean()
        of_judged[w] = alarms[could].mean()
    return rate(of_all), rate(of_judged)


def gains_seen(condition: Condition, wearers: int, seed: int) -> tuple[Rate, Rate]:
    """Share of wearers whose gain of 10 degrees is flagged in the session in which it appears, and by the next one.

    One motion of each wearer gains, in a session that can be judged, and the control does not follow.

    Args:
        condition: What is simulated.
        wearers: How many.
        seed: Of the random numbers.
    """
    first, repeat, controlled = histories(condition, wearers, seed)
    since = np.random.default_rng(seed + 1).integers(BASELINE_SESSIONS, SESSIONS - 1, wearers)
    at_once, by_next = np.zeros(wearers), np.zeros(wearers)
    for w in range(wearers):
        gain = GAIN_DEG * (np.arange(SESSIONS) >= since[w])
        m = w % MOTIONS
        _, flags = flagged(first[w, m] + gain, repeat[w, m] + gain, controlled[w, m])
        at_once[w] = flags[since[w]]
        by_next[w] = any(flags[since[w] : since[w] + 2])
    return rate(at_once), rate(by_next)


def study(wearers: int, *, quick: bool) -> Section:
    """Rule A on simulated histories.

    Args:
        wearers: How many, in each condition.
        quick: Whether a figure passes if its interval reaches the target.
    """
    figures: list[Figure] = []
    details: list[dict[str, object]] = []
    for number, condition in enumerate(CONDITIONS):
        of_all, of_judged = false_alarms(condition, wearers, 100 + number)
        at_once, by_next = gains_seen(condition, wearers, 200 + number)
        few = (of_all.low if quick else of_all.share) <= FALSE_TARGET
        seen = (at_once.high if quick else at_once.share) >= SEEN_TARGET
        figures += [
            _figure("sessions with any false amber", condition, of_all, f"<= {FALSE_TARGET:.0%}", passed=few),
            _figure("the same, of the sessions that could be judged", condition, of_judged),
            _figure("gain of 10 deg seen at once", condition, at_once, f">= {SEEN_TARGET:.0%}", passed=seen),
            _figure("gain of 10 deg seen by the next session", condition, by_next),
        ]
        details += [{"condition": condition.name, "of_all": asdict(of_all), "at_once": asdict(at_once)}]
    notes = (
        f"{wearers} simulated wearers with {SESSIONS} sessions of {MOTIONS} motions, {DAYS_APART} days apart.",
        f"Gaps scatter by {GAP_SD_DEG} deg, repeats by {REPEAT_SD_DEG} deg. In brackets: 95 % interval.",
        f"The first {BASELINE_SESSIONS} sessions cannot be judged.",
        "Mounting: all ranges and controlled ranges of that day shift.",
    )
    return Section("Flags: rule A on simulated histories", notes, tuple(figures), tuple(details))


def _figure(name: str, condition: Condition, found: Rate, target: str = "", *, passed: bool | None = None) -> Figure:
    if not condition.judged:
        target, passed = "", None
    return Figure(name, condition.name, target.replace("%", " %"), str(found), passed)


def main(arguments: Sequence[str] | None = None) -> int:
    """Print the table.

    Args:
        arguments: Of the command line.

    Returns:
        1 if a figure misses its target.
    """
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="few wearers")
    parser.add_argument("--wearers", type=int, help="how many wearers in each condition")
    parser.add_argument("--json", action="store_true", help="print JSON instead of a table")
    options = parser.parse_args(arguments)
    section = study(options.wearers or (QUICK_WEARERS if options.quick else WEARERS), quick=options.quick)
    print(json.dumps(asdict(section), indent=1) if options.json else markdown(section))
    return 1 if missed([section]) else 0


if __name__ == "__main__":
    sys.exit(main())
