"""The little statistics that rules need, light enough for a quick start of the command line."""

from __future__ import annotations

import math
from collections.abc import Sequence

from imuhip.medians import median, middle
from imuhip.records import record

__all__ = ["NORMAL_95", "Slope", "median", "middle", "theil_sen"]

NORMAL_95 = 1.959964
"""Two-sided 95 % point of the normal distribution."""


@record
class Slope:
    """A trend and its 95 % interval, per unit of time."""

    value: float
    low: float
    high: float


def theil_sen(times: Sequence[float], values: Sequence[float]) -> Slope | None:
    """Median of the slopes of all pairs, with the interval from the distribution of Kendall's tau.

    Args:
        times: When, in any order; pairs of the same time are left out.
        values: What was measured then.

    Returns:
        None where there are not two different times.

    References:
        Sen (1968), doi:10.1080/01621459.1968.10480934: from rank (N - C) / 2 to rank (N + C) / 2 + 1 of the N slopes;
        ranks between two are taken outwards.
    """
    pairs = list(zip(times, values, strict=True))
    slopes = sorted((v - w) / (t - u) for i, (t, v) in enumerate(pairs) for u, w in pairs[:i] if t != u)
    if not slopes:
        return None
    n, count = len(pairs), len(slopes)
    spread = NORMAL_95 * math.sqrt(n * (n - 1) * (2 * n + 5) / 18)
    low = math.floor((count - spread) / 2) - 1
    high = math.ceil((count + spread) / 2)
    return Slope(
        middle(slopes),
        slopes[low] if low >= 0 else -math.inf,
        slopes[high] if high < count else math.inf,
    )
