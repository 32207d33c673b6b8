"""Figures on simulated sessions: angles, change from the start pose, peaks."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict

import numpy as np
from accuracy_sessions import SCRIPTS, WEARERS, Case, Outcome, Peak, Way, measure
from accuracy_table import Figure, Section, at_most, p90, slashed

from imuhip.simulation.script import Side

Run = Callable[[Callable[[Case], Outcome], Sequence[Case]], list[Outcome]]

REFINED_DEG = {
    ("range tests", WEARERS[0]): (0.5, 1.0, 0.5),
    ("strengthening", WEARERS[0]): (2.0, 1.5, 1.0),
    ("range tests", WEARERS[2]): (2.5, 4.0, 5.5),
    ("strengthening", WEARERS[2]): (3.5, 2.5, 4.5),
}
LIVE_FACTOR = 1.5
CHANGE_DEG = 1.0
PEAK_DEG = 2.0
PEAK_TESTS = ("flexion", "extension", "abduction")
FIRST_SEED: Mapping[Side, int] = {"right": 0, "left": 500}
"""Left legs have seeds of their own: the same seed would draw the same sensors."""


def simulated(run: Run, seeds: int) -> Section:
    """Measure sessions on both sides and all conditions.

    Args:
        run: Maps over the cases, in parallel.
        seeds: Sessions on each side, for each script and wearer.
    """
    cases = [
        Case(script, wearer, side, first + k)
        for k in range(seeds)
        for script in SCRIPTS
        for wearer in WEARERS
        for side, first in FIRST_SEED.items()
    ]
    outcomes = run(measure, cases)
    figures = [*_angle_figures(outcomes), *_change_figures(outcomes), *_peak_figures(outcomes)]
    notes = (
        f"{seeds} sessions on each side for each script and wearer (seeds from 0 right, {FIRST_SEED['left']} left),",
        "4-8 minutes, all sensor errors, random mounting, 1 % loss, clocks +-50 ppm, through packed notifications.",
        "RMSE over all tests and exercises, flexion / adduction / rotation in degrees, 90th percentile over sessions;",
        "flexion and adduction against the bone, rotation against the skin. Known: share of frames with all three.",
        "Peaks: |measured - true| over all tests of all sessions, 90th percentile; the truth's found in the same way.",
    )
    return Section("Simulated sessions", notes, tuple(figures), tuple(asdict(each) for each in outcomes))


def _angle_figures(outcomes: Sequence[Outcome]) -> Iterable[Figure]:
    for wearer in WEARERS:
        for script in SCRIPTS:
            target = REFINED_DEG.get((script, wearer))
            for way in ("refined", "live"):
                ways = _ways(outcomes, script, wearer, way)
                values = _p90_each([each.rmse_deg for each in ways])
                name = f"{script}, {way}, RMSE (known {100 * np.mean([each.known for each in ways]):.1f} %)"
                if target is None:
                    yield Figure(name, wearer, "", slashed(values))
                else:
                    factor = 1.0 if way == "refined" else LIVE_FACTOR
                    yield at_most(name, wearer, [factor * each for each in target], values)


def _change_figures(outcomes: Sequence[Outcome]) -> Iterable[Figure]:
    for wearer in WEARERS:
        for way in ("refined", "live"):
            ways = _ways(outcomes, "range tests", wearer, way)
            every = _p90_each([each.change_deg for each in ways])
            own = [p90([each.own_change_deg for each in ways])]
            for angles, values in (("each test's own angle", own), ("all angles", every)):
                name = f"change from the start pose, {angles}, {way}, RMSE"
                if wearer == WEARERS[2] or way == "live":
                    yield Figure(name, wearer, "", slashed(values))
                else:
                    yield at_most(name, wearer, [CHANGE_DEG] * len(values), values)


def _peak_figures(outcomes: Sequence[Outcome]) -> Iterable[Figure]:
    for wearer in WEARERS:
        for way in ("refined", "live"):
            peaks = [peak for each in _ways(outcomes, "range tests", wearer, way) for peak in each.peaks]
            error = p90([peak.error_deg for peak in peaks if peak.name in PEAK_TESTS])
            name = f"peaks of {', '.join(PEAK_TESTS)}, {way}, p90"
            measured = f"{error:.2f} ({', '.join(_each_peak(peaks))})"
            if wearer == WEARERS[2] or way == "live":
                yield Figure(name, wearer, "", measured)
            else:
                yield Figure(name, wearer, f"<= {PEAK_DEG}", measured, error <= PEAK_DEG)


def _each_peak(peaks: Sequence[Peak]) -> Iterable[str]:
    for test in PEAK_TESTS:
        yield f"{test} {p90([peak.error_deg for peak in peaks if peak.name == test]):.2f}"


def _ways(outcomes: Sequence[Outcome], script: str, wearer: str, way: str) -> list[Way]:
    own = [each for each in outcomes if (each.case.script, each.case.wearer) == (script, wearer)]
    return [each.refined if way == "refined" else each.live for each in own if each.live is not None]


def _p90_each(values: Sequence[Sequence[float]]) -> list[float]:
    return [p90(each) for each in zip(*values, strict=True)]
