"""Medians and trends against an independent answer."""

from __future__ import annotations

import math
from statistics import median as stdlib_median

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import theilslopes

from imuhip.flags.numbers import median, theil_sen

numbers = st.floats(-100, 100).map(lambda v: round(v, 2))


@given(st.lists(numbers, min_size=1))
def test_median_is_the_middle(values):
    assert median(values) == pytest.approx(stdlib_median(values))


@given(st.lists(numbers, min_size=6, max_size=20, unique=True), st.data())
def test_slope_and_interval_are_those_of_the_textbook(values, data):
    times = data.draw(st.lists(numbers, min_size=len(values), max_size=len(values), unique=True))
    ours, theirs = theil_sen(times, values), theilslopes(values, times, alpha=0.95)
    assert ours is not None
    assert ours.value == pytest.approx(theirs.slope)
    # Ranks between two are rounded there and taken outwards here.
    assert ours.low <= theirs.low_slope + 1e-9
    assert ours.high >= theirs.high_slope - 1e-9


def test_the_interval_is_no_wider_than_the_next_rank():
    # 15 slopes, C = 10.4: ranks 2 (of 2.3) and 14 (of 13.7).
    times, values = [0, 1, 2, 3, 4, 5], [0, 1.1, 1.8, 3.3, 3.9, 5.2]
    slopes = sorted((v - w) / (t - u) for i, (t, v) in enumerate(zip(times, values, strict=True))
                    for u, w in list(zip(times, values, strict=True))[:i])  # fmt: skip
    found = theil_sen(times, values)
    assert found is not None
    assert (found.low, found.high) == (slopes[1], slopes[13])


def test_too_few_sessions_bound_nothing():
    found = theil_sen([0, 1, 2], [0, 1, 2])
    assert found is not None
    assert (found.low, found.high) == (-math.inf, math.inf)
    assert theil_sen([1, 1], [0, 5]) is None
