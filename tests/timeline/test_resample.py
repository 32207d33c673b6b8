from __future__ import annotations

import numpy as np
import pytest

from imuhip.timeline.grid import Grid
from imuhip.timeline.resample import Resampler
from imuhip.timeline.track import TimedSamples

RATES_HZ = [20.0, 25.0, 50.0, 60.0, 100.0, 104.0, 200.0, 285.7, 400.0]


def timed(time_s, acc, gyr) -> TimedSamples:
    host = np.rint(np.asarray(time_s) * 1e9).astype(np.int64)
    return TimedSamples(host, host, host, np.asarray(acc, float), np.asarray(gyr, float))


def resample(time_s, acc, gyr, *, rate_hz=100.0, grid_hz=100.0):
    resampler = Resampler(Grid(grid_hz), rate_hz, start_ns=0, wait_ns=None)
    (frames,) = resampler.feed(timed(time_s, acc, gyr))
    return resampler, frames


def signals(t):
    wave = 2 * np.pi * np.outer(t, [0.4, 0.9, 1.7])
    return 9 + np.sin(wave), np.cos(wave)


def turned(t):
    wave = 2 * np.pi * np.array([0.4, 0.9, 1.7])
    return np.sin(np.outer(t, wave)) / wave


@pytest.mark.parametrize("rate_hz", RATES_HZ)
def test_turning_is_conserved(rate_hz):
    time_s = 0.0037 + np.arange(int(10 * rate_hz)) / rate_hz
    acc, gyr = signals(time_s)
    _, frames = resample(time_s, acc, gyr, rate_hz=rate_hz)
    known = np.flatnonzero(frames.known)
    assert known[0] == 1
    integral = np.concatenate((np.zeros((1, 3)), np.cumsum(0.5 * (gyr[1:] + gyr[:-1]) / rate_hz, axis=0)))
    angle = np.cumsum(frames.gyr_rad_s[1:], axis=0) / 100
    # From the first frame, whose cell begins before the first sample, to the frame nearest a sample at the end.
    end = np.argmin(np.abs(time_s[-20:, None] - known[None, :] / 100).min(axis=1)) - 20
    frame = round(time_s[end] * 100)
    offset_s = frame / 100 - time_s[end]
    reference = integral[end] + offset_s * gyr[end] + 0.0037 * gyr[0]
    np.testing.assert_allclose(angle[frame - 1], reference, atol=2e-4)


@pytest.mark.parametrize("rate_hz", RATES_HZ)
def test_acceleration_and_turning_are_those_at_the_frame(rate_hz):
    time_s = np.arange(int(10 * rate_hz)) / rate_hz + 0.0013
    acc, gyr = signals(time_s)
    _, frames = resample(time_s, acc, gyr, rate_hz=rate_hz)
    at = np.flatnonzero(frames.known)[2:] / 100
    true_acc, _ = signals(at)
    got_acc = frames.acc_m_s2[frames.known][2:]
    true_gyr = (turned(at) - turned(at - 0.01)) * 100
    got_gyr = frames.gyr_rad_s[frames.known][2:]
    # Delay by regression of the error on the derivative: under a millisecond, both ways.
    for got, true in ((got_acc, true_acc), (got_gyr, true_gyr)):
        slope = np.gradient(true, 0.01, axis=0)
        delay_s = -((got - true) * slope).sum(axis=0) / (slope**2).sum(axis=0)
        assert np.abs(delay_s).max() < 2e-4
    limit = 0.04 if rate_hz < 50 else 0.01
    np.testing.assert_allclose(got_acc, true_acc, atol=limit)
    np.testing.assert_allclose(got_gyr, true_gyr, atol=limit)


@pytest.mark.parametrize(("gap_s", "is_bridged"), [(0.03, True), (0.1, True), (0.11, False), (0.5, False)])
def test_gaps_up_to_100_ms_are_bridged(gap_s, is_bridged):
    time_s = np.concatenate((np.arange(51) / 100, 0.5 + gap_s + np.arange(50) / 100))
    acc, gyr = signals(time_s)
    resampler, frames = resample(time_s, acc, gyr)
    assert frames.known.all() == is_bridged
    unknown = np.flatnonzero(~frames.known)
    if is_bridged:
        assert resampler.gaps_s == 0
        return
    assert unknown.tolist() == list(range(51, 50 + round(gap_s * 100)))
    assert resampler.gaps_s == pytest.approx(gap_s)
    assert not frames.acc_m_s2[unknown].any()
    assert not frames.gyr_rad_s[unknown].any()
    first = 50 + round(gap_s * 100)
    np.testing.assert_allclose(frames.gyr_rad_s[first], gyr[51], atol=1e-12)
    np.testing.assert_array_equal(frames.acc_m_s2[first], acc[51])


def test_a_lost_sample_of_a_slow_sensor_is_bridged():
    time_s = np.delete(np.arange(100) / 20, [30, 50, 51])
    acc, gyr = signals(time_s)
    _, frames = resample(time_s, acc, gyr, rate_hz=20.0)
    assert np.flatnonzero(~frames.known).tolist() == list(range(246, 260))


def test_steady_values_stay_to_the_last_bit_but_rounding():
    for rate_hz in RATES_HZ:
        time_s = np.arange(int(5 * rate_hz)) / rate_hz
        acc, gyr = np.full((len(time_s), 3), 9.81), np.full((len(time_s), 3), 0.7)
        _, frames = resample(time_s, acc, gyr, rate_hz=rate_hz)
        np.testing.assert_allclose(frames.acc_m_s2[frames.known], 9.81, rtol=1e-12)
        np.testing.assert_allclose(frames.gyr_rad_s[frames.known], 0.7, rtol=1e-10)


def test_a_fast_sensor_is_averaged_so_that_noise_falls():
    rng = np.random.default_rng(0)
    time_s = np.arange(4000) / 400
    acc = rng.normal(size=(4000, 3))
    _, frames = resample(time_s, acc, acc, rate_hz=400.0)
    assert frames.acc_m_s2[frames.known].std() == pytest.approx(0.5, abs=0.08)


def test_large_blocks_are_worked_on_in_slices_without_a_trace():
    time_s = np.arange(20_000) / 100 + 0.003
    acc, gyr = signals(time_s)
    resampler = Resampler(Grid(100.0), 100.0, start_ns=0, wait_ns=None)
    sliced = resampler.feed(timed(time_s, acc, gyr))
    single = Resampler(Grid(100.0), 100.0, start_ns=0, wait_ns=None)
    one = [f for low in range(0, 20_000, 1000) for f in single.feed(timed(time_s, acc, gyr)[low : low + 1000])]
    assert len(sliced) == 3
    for name in ("acc_m_s2", "gyr_rad_s", "known"):
        whole, parts = (np.concatenate([getattr(f, name) for f in frames]) for frames in (sliced, one))
        assert whole.tobytes() == parts.tobytes()
