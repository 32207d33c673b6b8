"""Whether stated 95 % intervals of test peaks hold the truth."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict

import numpy as np
from accuracy_sessions import WEARERS, Case, Peak, measure
from accuracy_simulated import Run
from accuracy_table import Figure, Section, slashed

FIRST_SEED = 2000
"""Other sessions than those that the accuracy of the angles is measured on."""
TARGET = (0.90, 0.99)
QUICK_TARGET = (0.80, 1.0)
"""What a dozen sessions, whose tests share their errors, can show."""
QUANTILES = (0.5, 0.8, 0.9, 0.95, 0.99)


def coverage(run: Run, sessions: int, *, quick: bool) -> Section:
    """Measure range-test sessions of real wearers with soft tissue.

    Args:
        run: Maps over the cases, in parallel.
        sessions: How many, half of them on each side.
        quick: Whether the wider band applies.
    """
    cases = [
        Case("range tests", WEARERS[2], "right" if k % 2 == 0 else "left", FIRST_SEED + k, live=False)
        for k in range(sessions)
    ]
    outcomes = run(measure, cases)
    peaks = [peak for outcome in outcomes for peak in outcome.refined.peaks]
    low, high = QUICK_TARGET if quick else TARGET
    share, text = _covered(peaks)
    figures = [
        Figure("all tests", WEARERS[2], f"{100 * low:.0f}-{100 * high:.0f} %", text, low <= share <= high),
        *(
            Figure(f"{name}, {position}", WEARERS[2], "", _covered(own)[1])
            for (name, position), own in _by_test(peaks).items()
        ),
    ]
    notes = (
        f"{sessions} refined range-test sessions (seeds from {FIRST_SEED}): share of test peaks whose stated 95 %",
        "interval holds the truth: the skin's turn from the start pose for rotation tests, else the bone's angle.",
        f"Ratio: |error| / half-width at the quantiles {slashed(QUANTILES)}; 1.0 at 0.95 is exact.",
    )
    return Section("Coverage of the 95 % interval", notes, tuple(figures), tuple(asdict(each) for each in outcomes))


def _by_test(peaks: Sequence[Peak]) -> dict[tuple[str, str], list[Peak]]:
    groups: dict[tuple[str, str], list[Peak]] = {}
    for peak in peaks:
        groups.setdefault((peak.name, peak.position), []).append(peak)
    return groups


def _covered(peaks: Sequence[Peak]) -> tuple[float, str]:
    """Share covered, and a line about it; a test without a peak or an interval counts as not covered."""
    half = np.array([peak.half_width_deg for peak in peaks])
    error = np.array([peak.error_deg for peak in peaks])
    stated = np.isfinite(half) & np.isfinite(error)
    share = float(np.mean(stated & (error <= np.where(stated, half, 0.0))))
    if not stated.any():
        return share, f"none of {len(peaks)} stated"
    ratio = np.quantile(error[stated] / half[stated], QUANTILES)
    ratios = " / ".join(f"{each:.2f}" for each in ratio)
    missing = "" if stated.all() else f", {np.count_nonzero(~stated)} of {len(peaks)} not stated"
    bias = np.mean([peak.peak_deg - peak.true_deg for peak, yes in zip(peaks, stated, strict=True) if yes])
    return share, (
        f"{100 * share:.1f} % of {len(peaks)}, half-width {half[stated].mean():.2f} deg, RMSE "
        f"{np.sqrt(np.mean(error[stated] ** 2)):.2f}, bias {bias:+.2f}, ratio {ratios}{missing}"
    )
