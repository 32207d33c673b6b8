from __future__ import annotations

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

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


WAVE = 2 * np.pi * np.array([0.4, 0.9, 1.7])
FASTEST_RAD_S2, FASTEST_RAD_S3 = WAVE[2], WAVE[2] ** 2


def accelerated(t):
    return 9 + np.sin(np.outer(t, WAVE))


def turned(t):
    return np.sin(np.outer(t, WAVE)) / WAVE


def signals(t, rate_hz):
    """Acceleration at the sample; rate as a mean over the sampling interval that ends at it, as sensors give it."""
    return accelerated(t), (turned(t) - turned(t - 1 / rate_hz)) * rate_hz


@pytest.mark.parametrize("axis", [0, 1, 2])
@pytest.mark.parametrize("rate_hz", RATES_HZ)
def test_turning_about_one_axis_is_conserved(rate_hz, axis):
    time_s = 0.0023 + np.arange(int(10 * rate_hz)) / rate_hz
    acc, gyr = signals(time_s, rate_hz)
    gyr[:, np.arange(3) != axis] = 0
    _, frames = resample(time_s, acc, gyr, rate_hz=rate_hz)
    known = np.flatnonzero(frames.known)
    assert known[0] == 1
    assert len(known) > 9.8 * 100
    angle = np.cumsum(frames.gyr_rad_s[known, axis]) / 100
    # At samples the angle is exact, in between off by a chord's height, and never more with time.
    chord_rad = FASTEST_RAD_S2 / rate_hz**2 / 8
    truth = turned(known / 100)[:, axis] - turned([0])[0, axis]
    np.testing.assert_allclose(angle, truth, rtol=0, atol=2 * chord_rad)


@pytest.mark.parametrize("rate_hz", [rate_hz for rate_hz in RATES_HZ if rate_hz != 285.7])
def test_turning_is_exact_where_frames_meet_samples(rate_hz):
    time_s = np.arange(int(10 * rate_hz)) / rate_hz
    acc, gyr = signals(time_s, rate_hz)
    gyr[:, :2] = 0
    _, frames = resample(time_s, acc, gyr, rate_hz=rate_hz)
    angle = np.cumsum(frames.gyr_rad_s[:, 2]) / 100
    index = np.arange(len(angle)) * rate_hz / 100
    meets = np.flatnonzero(frames.known & (np.abs(index - np.rint(index)) < 1e-9))
    assert len(meets) > 5
    # Sample times are whole nanoseconds.
    np.testing.assert_allclose(angle[meets] - angle[0], turned(meets / 100)[:, 2], rtol=0, atol=3e-9)


@pytest.mark.parametrize("rate_hz", RATES_HZ)
def test_acceleration_and_turning_are_those_at_the_frame(rate_hz):
    time_s = np.arange(int(10 * rate_hz)) / rate_hz + 0.0013
    acc, gyr = signals(time_s, rate_hz)
    _, frames = resample(time_s, acc, gyr, rate_hz=rate_hz)
    at = np.flatnonzero(frames.known)[2:] / 100
    true_acc = accelerated(at)
    got_acc = frames.acc_m_s2[frames.known][2:]
    true_gyr = (turned(at) - turned(at - 0.01)) * 100
    got_gyr = frames.gyr_rad_s[frames.known][2:]
    # Delay by regression of the error on the derivative: a fraction of a millisecond, both ways.
    for got, true in ((got_acc, true_acc), (got_gyr, true_gyr)):
        slope = np.gradient(true, 0.01, axis=0)
        delay_s = -((got - true) * slope).sum(axis=0) / (slope**2).sum(axis=0)
        assert np.abs(delay_s).max() < 2e-4
    np.testing.assert_allclose(got_acc, true_acc, atol=0.04 if rate_hz < 50 else 0.01)
    # A cell within one interval has the rate of that interval's middle, else what chords at both ends leave of it.
    period_s = 1 / rate_hz
    off_s = (period_s - 0.01) / 2 if period_s >= 0.02 else period_s**2 / 0.08
    limit = FASTEST_RAD_S2 * off_s + FASTEST_RAD_S3 * period_s**2 / 8
    np.testing.assert_allclose(got_gyr, true_gyr, rtol=0, atol=limit)


@pytest.mark.parametrize("lost", [1, 2, 3, 8])
def test_over_lost_samples_a_rate_that_changes_steadily_turns_exactly(lost):
    time_s = np.delete(np.arange(100) / 100, np.arange(40, 40 + lost))
    angle = np.outer(3 * time_s**2, [1, 0.5, -2])
    gyr = np.outer(6 * (time_s - 0.005), [1, 0.5, -2])
    _, frames = resample(time_s, np.ones_like(gyr), gyr)
    got = np.cumsum(frames.gyr_rad_s[1:], axis=0) / 100
    np.testing.assert_allclose(got[38 + lost + 1 :], angle[40:], rtol=0, atol=1e-9)


@pytest.mark.parametrize("about_rad_s", [0.0, -10.0])
@pytest.mark.parametrize("rate_hz", [150.0, 200.0, 285.7, 400.0, 1000.0])
def test_rotations_inside_a_cell_are_composed_not_added(rate_hz, about_rad_s):
    time_s = np.arange(int(8 * rate_hz)) / rate_hz
    # An axis that goes round quickly, while the body turns on about the vertical.
    gyr = np.column_stack((6 * np.cos(40 * time_s), 6 * np.sin(40 * time_s), np.full(len(time_s), about_rad_s)))
    _, frames = resample(time_s, np.ones_like(gyr), gyr, rate_hz=rate_hz)
    inside_s = time_s[(time_s > 0.02) & (time_s < 7.9)]
    edges_s = np.concatenate(([0.02], inside_s, [7.9]))
    ends_at = np.searchsorted(time_s, (edges_s[1:] + edges_s[:-1]) / 2)
    samples = composed(gyr[ends_at] * np.diff(edges_s)[:, None])
    cells = composed(frames.gyr_rad_s[3:791] / 100)
    # Rotations merely added are off by 4 to 7 degrees after these 8 s.
    assert np.rad2deg((samples.inv() * cells).magnitude()) < 0.02


def test_composing_stays_exact_after_hours_of_turning_one_way():
    time_s = np.arange(4000) / 400
    gyr = 1 + 0.5 * np.column_stack((np.sin(5 * time_s), np.cos(5 * time_s), np.zeros(4000)))
    samples = timed(time_s, gyr, gyr)
    used, fresh = (Resampler(Grid(100.0), 400.0, start_ns=0, wait_ns=None) for _ in range(2))
    used._rows[6:9] = 50_000.0
    (after_hours,), (at_first,) = used.feed(samples), fresh.feed(samples)
    np.testing.assert_allclose(after_hours.gyr_rad_s, at_first.gyr_rad_s, rtol=0, atol=1e-8)


def composed(rotvec) -> Rotation:
    """Compose rotations in order, each about the axes that those before have turned."""
    rotations = Rotation.from_rotvec(rotvec)
    while len(rotations) > 1:
        if len(rotations) % 2:
            rotations = Rotation.concatenate([rotations, Rotation.identity(1)])
        rotations = rotations[::2] * rotations[1::2]
    return rotations[0]


@pytest.mark.parametrize(("gap_s", "is_bridged"), [(0.03, True), (0.1, True), (0.11, False), (0.5, False)])
def test_gaps_up_to_100_ms_are_bridged(gap_s, is_bridged):
    time_s = np.concatenate((np.arange(51) / 100, 0.5 + gap_s + np.arange(50) / 100))
    acc, gyr = signals(time_s, 100.0)
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
    acc, gyr = signals(time_s, 20.0)
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


@pytest.mark.parametrize("rate_hz", [100.0, 285.7])
def test_large_blocks_are_worked_on_in_slices_without_a_trace(rate_hz):
    time_s = np.arange(20_000) / rate_hz + 0.003
    acc, gyr = signals(time_s, rate_hz)
    resampler = Resampler(Grid(100.0), rate_hz, start_ns=0, wait_ns=None)
    sliced = resampler.feed(timed(time_s, acc, gyr))
    single = Resampler(Grid(100.0), rate_hz, start_ns=0, wait_ns=None)
    one = [f for low in range(0, 20_000, 7) for f in single.feed(timed(time_s, acc, gyr)[low : low + 7])]
    assert len(sliced) == 3
    for name in ("acc_m_s2", "gyr_rad_s", "known"):
        whole, parts = (np.concatenate([getattr(f, name) for f in frames]) for frames in (sliced, one))
        assert whole.tobytes() == parts.tobytes()
