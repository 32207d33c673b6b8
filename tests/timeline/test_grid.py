from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from imuhip.errors import InputError
from imuhip.timeline.grid import Grid


@given(rate_hz=st.floats(20, 1000), moment_ns=st.integers(-(10**10), 10**15))
def test_counting_agrees_with_the_moments(rate_hz, moment_ns):
    grid = Grid(rate_hz)
    count = grid.count_until(moment_ns)
    last, following = grid.moments(count - 1, count + 1).tolist()
    assert following > moment_ns
    assert last <= moment_ns or count == 0


def test_moments_at_100_hz_are_exact():
    assert Grid(100.0).moments(359_999, 360_001).tolist() == [3_599_990_000_000, 3_600_000_000_000]


@pytest.mark.parametrize("rate_hz", [0.0, 19.0, 1001.0, float("nan")])
def test_rates_out_of_range_are_refused(rate_hz):
    with pytest.raises(InputError):
        Grid(rate_hz)
