from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from wearable import send

from imuhip.timeline.clock import SECOND_NS, SLEW, SLEW_EARLY, SensorClock


def stream(**kwargs):
    sent = send(**kwargs)
    first = (sent.block.tick_us - sent.block.tick_us[0]) * 1000
    return sent.block.arrival_ns, first, first + 70_000_000


def test_the_map_does_not_depend_on_blocks():
    arrival, first, last = stream(seconds=60, drift_ppm=70)
    whole_clock = SensorClock(int(arrival[0] - last[0]), 0)
    host, slope = whole_clock.feed(arrival, first, last)
    clock = SensorClock(int(arrival[0] - last[0]), 0)
    for low in range(0, len(first), 7):
        part = slice(low, low + 7)
        host_part, slope_part = clock.feed(arrival[part], first[part], last[part])
        np.testing.assert_array_equal(host_part, host[part])
        np.testing.assert_array_equal(slope_part, slope[part])
    assert clock.lines == whole_clock.lines
    clock.forget()
    assert len(clock.lines) == 1


def test_a_moment_in_the_past_is_where_it_was():
    arrival, first, last = stream(seconds=30)
    clock = SensorClock(int(arrival[0] - last[0]), 0)
    host, slope = clock.feed(arrival, first, last)
    for packet in (0, 1, 100, 250, -1):
        assert clock.locate(int(first[packet])) == (host[packet], slope[packet])


@given(seed=st.integers(0, 1000), drift_ppm=st.floats(-100, 100), lost_s=st.integers(0, 200))
def test_time_never_runs_backwards_and_corrections_slew(seed, drift_ppm, lost_s):
    arrival, first, last = stream(seconds=60, drift_ppm=drift_ppm, seed=seed, interval_ms=50)
    first[300:] += lost_s * SECOND_NS
    last[300:] += lost_s * SECOND_NS
    arrival[300:] += lost_s * SECOND_NS
    clock = SensorClock(int(arrival[0] - last[0]), 0)
    host, _ = clock.feed(arrival, first, last)
    rate = np.diff(host) / np.diff(first)
    assert np.abs(rate - 1).max() <= SLEW_EARLY + 1e-6
    assert np.abs(rate[200:] - 1).max() <= SLEW + 1e-6


def test_a_queue_at_the_start_is_corrected_within_ten_seconds():
    arrival, first, last = stream(seconds=20, rate_hz=101.3)
    arrival[:3] = arrival[3]
    clock = SensorClock(int(arrival[0] - last[0]), 0)
    host, _ = clock.feed(arrival, first, last)
    delay = (arrival - host - (last - first)) * 1e-6
    assert delay[:3].min() < 1
    assert 0 <= np.percentile(delay[125:], 5) < 10


@pytest.mark.parametrize("seed", range(3))
def test_a_silence_does_not_carry_a_correction_on(seed):
    arrival, first, last = stream(seconds=60, seed=seed)
    keep = (first < 2 * SECOND_NS) | (first > 55 * SECOND_NS)
    clock = SensorClock(int(arrival[0] - last[0]), 0)
    host, _ = clock.feed(arrival[keep], first[keep], last[keep])
    offset = (host - first[keep]) * 1e-6
    assert abs(offset[25] - offset[24]) < SLEW_EARLY * 1000 + 1
