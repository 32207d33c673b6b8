from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from wearable import TICK_TRAITS, join, recorded, send, wobble

from imuhip.packets.clock import ClockTraits
from imuhip.timeline.track import Track

WRAPPING_TRAITS = ClockTraits(kind="sensor_clock", tick_bits=32, sequence_bits=16, rate_hz=100.0)


@pytest.mark.parametrize("interval_ms", [15, 30, 50])
@pytest.mark.parametrize("rate_hz", [99.3, 100.9, 104.0])
@pytest.mark.parametrize("traits", [TICK_TRAITS, WRAPPING_TRAITS])
def test_two_sensors_are_placed_within_5_ms_for_half_an_hour_after_10_s(interval_ms, rate_hz, traits):
    errors_ms = []
    for seed, drift_ppm in enumerate((-50, 50)):
        sent = send(
            seconds=1800,
            seed=seed,
            interval_ms=interval_ms,
            drift_ppm=drift_ppm,
            rate_hz=rate_hz,
            traits=traits,
            tick_start_us=2**32 - 30_000_000,
            sequence_start=63_000,
        )
        block = replace(sent.block, period_s=np.full(len(sent.block.count), 1 / rate_hz))
        timed = Track(traits, fill=False).feed(block)
        assert timed is not None
        assert (np.diff(timed.host_ns) > 0).all()
        errors_ms.append((timed.host_ns - sent.truth_ns)[1040:] * 1e-6)
    assert max(np.percentile(np.abs(error), 95) for error in errors_ms) < 5
    assert np.percentile(np.abs(errors_ms[0] - errors_ms[1]), 95) < 4, "one against the other, which angles live on"


def test_packets_in_step_with_the_radio_hide_a_part_of_its_interval():
    """80 ms are 2 2/3 intervals of 30 ms: up to 10 ms of delay that no packet escapes, and no arrival can show."""
    sent = send(seconds=600, interval_ms=30, drift_ppm=50, rate_hz=100.0)
    timed = Track(TICK_TRAITS, fill=False).feed(sent.block)
    assert timed is not None
    error_ms = (timed.host_ns - sent.truth_ns)[1000:] * 1e-6
    assert 5 < np.percentile(np.abs(error_ms), 95) < 13


def test_time_goes_on_over_a_reboot():
    before = send(seconds=20, rate_hz=100.9, interval_ms=15)
    after = send(
        seconds=30, rate_hz=100.9, interval_ms=15, seed=3, start_ns=int(before.block.arrival_ns[-1]) + 2_000_000_000
    )
    timed = Track(TICK_TRAITS, fill=False).feed(join(before.block, after.block))
    assert timed is not None
    assert (np.diff(timed.host_ns) > 0).all()
    assert (np.diff(timed.sensor_ns) > 0).all()
    gap = len(before.truth_ns) - 1
    assert np.diff(timed.sensor_ns)[gap] == np.diff(timed.host_ns)[gap]
    error_ms = (timed.host_ns[-1000:] - after.truth_ns[-1000:]) * 1e-6
    assert np.abs(error_ms).max() < 6


def test_imported_samples_that_do_not_come_after_the_one_before_are_dropped():
    time_s = np.array([0.0, 0.01, 0.02, 0.02, 0.015, 0.03, 0.04])
    acc, gyr = wobble(time_s)
    block = recorded(time_s, acc, gyr, per_packet=3)
    track = Track(ClockTraits(kind="recording_clock", tick_bits=64, sequence_bits=0, rate_hz=100.0), fill=False)
    timed = track.feed(block)
    assert timed is not None
    assert timed.host_ns.tolist() == [0, 10_000_000, 20_000_000, 30_000_000, 40_000_000]
    assert track.link.late == 2
    assert track.feed(block) is None
