"""Medians of a few numbers, of which numpy's would cost many times as much."""

from __future__ import annotations

from collections.abc import Sequence


def median(values: Sequence[float]) -> float:
    """The middle of values in any order; there must be one."""
    return middle(sorted(values))


def middle(ordered: Sequence[float]) -> float:
    """The median of values in rising order."""
    half = len(ordered) // 2
    return ordered[half] if len(ordered) % 2 else (ordered[half - 1] + ordered[half]) / 2
