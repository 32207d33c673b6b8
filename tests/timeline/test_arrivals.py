"""Times of sensors without a clock: loss that only arrivals show, stalls that lose nothing, rates off the nominal."""

from __future__ import annotations

import json
from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from wearable import pick, send

from imuhip.packets.clock import ClockTraits
from imuhip.samples.block import SampleBlock
from imuhip.timeline.arrivals import LOOK_AHEAD_NS, MOST_TOGETHER
from imuhip.timeline.track import TimedSamples, Track

TRAITS = ClockTraits(kind="arrival", tick_bits=0, sequence_bits=0, rate_hz=100.0)
PACKET_NS = 40_000_000


def timed(block: SampleBlock, cuts: list[int] | None = None) -> TimedSamples:
    """All samples of a block, fed in pieces."""
    track = Track(TRAITS, fill=False)
    edges = [0, *sorted(cuts or []), len(block.arrival_ns)]
    parts = [track.feed(pick(block, range(low, high))) for low, high in pairwise(edges)]
    parts = [part for part in [*parts, track.flush()] if part is not None]
    assert track.samples == block.count.sum()
    return TimedSamples(*(np.concatenate([getattr(part, name) for part in parts]) for name in TimedSamples.__slots__))


def kept_truth(truth_ns: np.ndarray, kept: list[int]) -> np.ndarray:
    return truth_ns.reshape(-1, 4)[kept].ravel()


@pytest.mark.parametrize("interval_ms", [7.5, 15, 30, 50])
@pytest.mark.parametrize("rate_hz", [98.2, 99.9, 101.7])
def test_a_rate_that_is_not_the_nominal_one_does_not_matter(interval_ms, rate_hz):
    sent = send(seconds=60, rate_hz=rate_hz, per_packet=4, traits=TRAITS, interval_ms=interval_ms)
    found = timed(sent.block)
    error_ms = (found.host_ns - sent.truth_ns)[2000:] * 1e-6
    assert np.percentile(np.abs(error_ms), 95) < 20
    assert 1e9 / np.diff(found.host_ns[2000:]).mean() == pytest.approx(rate_hz, abs=0.1)
    assert np.diff(found.host_ns).max() < 15e6, "nothing was lost"


@pytest.mark.parametrize("interval_ms", [7.5, 15, 30, 50])
@pytest.mark.parametrize("seed", [1, 2])
def test_time_jumps_where_samples_were_lost(interval_ms, seed):
    sent = send(seconds=60, rate_hz=100.2, per_packet=4, traits=TRAITS, interval_ms=interval_ms, seed=seed)
    gone = {at + k for at in range(100, 1450, 97) for k in range(1 + at % 3)}
    kept = [at for at in range(len(sent.block.arrival_ns)) if at not in gone]
    found = timed(pick(sent.block, kept))
    error_ms = (found.host_ns - kept_truth(sent.truth_ns, kept)) * 1e-6
    settled = error_ms[400:]
    assert np.percentile(np.abs(settled - np.median(settled)), 95) < 10
    assert np.abs(np.median(settled)) < 15
    assert np.abs(settled).max() < 60, "at most one packet is taken for the other side of a loss"


@pytest.mark.parametrize("stalled", [3, 6, 20])
def test_a_stall_that_loses_nothing_is_no_gap(stalled):
    sent = send(seconds=30, per_packet=4, traits=TRAITS, interval_ms=15)
    arrival = sent.block.arrival_ns.copy()
    arrival[300 : 300 + stalled] = arrival[300 + stalled]
    found = timed(replace(sent.block, arrival_ns=arrival))
    assert np.abs(found.host_ns - sent.truth_ns)[800:].max() < 20e6
    assert np.diff(found.host_ns).max() < 15e6


def test_a_stall_that_loses_most_is_one_gap_of_what_is_missing():
    sent = send(seconds=30, per_packet=4, traits=TRAITS, interval_ms=15)
    kept = [at for at in range(len(sent.block.arrival_ns)) if not 303 <= at < 310]
    block = pick(sent.block, kept)
    arrival = block.arrival_ns.copy()
    arrival[300:303] = arrival[303]  # three are held back, seven are lost
    found = timed(replace(block, arrival_ns=arrival))
    steps_ms = np.diff(found.host_ns) * 1e-6
    (gap,) = np.flatnonzero(steps_ms > 15)
    assert 299 <= gap // 4 < 303, "nothing tells which of them were lost"
    assert steps_ms[gap] == pytest.approx(290, abs=12)


def test_a_burst_without_end_is_timed_in_bounded_pieces():
    block = send(seconds=400, per_packet=4, traits=TRAITS).block
    burst = replace(block, arrival_ns=np.full(len(block.arrival_ns), block.arrival_ns[0]))
    track = Track(TRAITS, fill=False)
    found = track.feed(burst)
    rest = track.flush()
    assert found is not None
    assert rest is not None
    assert len(rest) == MOST_TOGETHER * 4
    assert len(found) + len(rest) == burst.count.sum()
    assert (np.diff(np.concatenate([found.host_ns, rest.host_ns])) > 0).all()


def test_a_silence_is_a_gap_in_time():
    sent = send(seconds=20, per_packet=4, traits=TRAITS)
    kept = [*range(100), *range(200, 500)]
    found = timed(pick(sent.block, kept))
    assert np.diff(found.host_ns)[399] == pytest.approx(4.01e9, abs=0.06e9)


def test_a_sample_is_known_when_its_wait_is_over():
    sent = send(seconds=10, per_packet=4, traits=TRAITS)
    track = Track(TRAITS, fill=False)
    found = track.feed(sent.block)
    assert found is not None
    held = track.flush()
    assert held is not None
    assert len(held) * 10e6 == pytest.approx(LOOK_AHEAD_NS, abs=60e6)
    assert track.flush() is None
    waited_ms = (found.arrival_ns[::4] - sent.block.arrival_ns[: len(found) // 4]) * 1e-6
    assert waited_ms.min() > LOOK_AHEAD_NS * 1e-6
    assert waited_ms.max() < LOOK_AHEAD_NS * 1e-6 + 80


@given(
    gone=st.sets(st.integers(1, 299)),
    late=st.lists(st.tuples(st.integers(0, 250), st.integers(1, 40)), max_size=4),
    cuts=st.lists(st.integers(0, 150), max_size=5),
    interval_ms=st.sampled_from([7.5, 30, 50]),
)
def test_any_loss_and_stall_keep_the_order_and_any_cut_gives_the_same(gone, late, cuts, interval_ms):
    block = send(seconds=12, per_packet=4, traits=TRAITS, interval_ms=interval_ms).block
    arrival = block.arrival_ns.copy()
    for first, size in late:
        arrival[first : first + size] = arrival[min(first + size, len(arrival) - 1)]
    block = replace(block, arrival_ns=np.maximum.accumulate(arrival))
    block = pick(block, [at for at in range(len(block.arrival_ns)) if at not in gone])
    whole = timed(block)
    assert (np.diff(whole.host_ns) > 0).all()
    pieces = timed(block, [min(cut, len(block.arrival_ns)) for cut in cuts])
    for name in ("host_ns", "sensor_ns", "acc_m_s2", "gyr_rad_s", "arrival_ns"):
        np.testing.assert_array_equal(getattr(pieces, name), getattr(whole, name))


def test_real_notifications_are_spread_evenly_but_for_what_was_lost(shared_data):
    lines = (shared_data / "ble" / "wt901-100hz.jsonl").read_text(encoding="utf-8").splitlines()[1:]
    notes = [json.loads(line) for line in lines]
    count = np.array([len(note["hex"]) // 40 for note in notes])
    arrival = np.rint(np.array([note["t"] for note in notes]) * 1e9).astype(np.int64)
    zeros = np.zeros(len(count), np.int64)
    motion = np.zeros((count.sum(), 3))
    found = timed(SampleBlock(0, arrival, zeros, zeros, count, zeros, None, motion, motion, None))
    steps_ms = np.diff(found.host_ns) * 1e-6
    assert steps_ms.min() > 9
    # The radio stalled for 0.24 s, let three notifications through at once and lost three.
    (gap,) = np.flatnonzero(steps_ms > 15)
    assert gap == np.flatnonzero(np.diff(arrival) > 2e8)[0] * 4 + 3
    assert steps_ms[gap] == pytest.approx(130, abs=15)
    delay_ms = (arrival - found.host_ns[np.cumsum(count) - 1]) * 1e-6
    assert delay_ms.min() > -5
    assert np.sort(delay_ms)[-3] < 45
