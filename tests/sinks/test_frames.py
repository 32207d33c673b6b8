"""Angles wait in a bounded queue; what does not get through is counted."""

from __future__ import annotations

import pytest
from hip_blocks import hip_block
from hypothesis import given
from hypothesis import strategies as st

from imuhip.errors import BrokerError
from imuhip.sinks.mqtt.frames import CAPACITY, STALE_S, FrameQueue


class HandClock:
    def __init__(self) -> None:
        self.time_s = 50.0

    def __call__(self) -> float:
        return self.time_s


def numbers(queue: FrameQueue) -> list[int]:
    out = []
    while frames := queue.take():
        out += [frame.block.start_index + frame.index for frame in frames]
    return out


@pytest.mark.parametrize(
    ("rate_hz", "count"), [(1.0, 2), (25.0, 50), (33.0, 66), (50.0, 100), (100.0, 200), (200.0, 200)]
)
def test_two_seconds_give_twice_the_rate(rate_hz: float, count: int) -> None:
    queue = FrameQueue(rate_hz)
    queue.put(hip_block(0, 200), 0)
    assert len(numbers(queue)) == count


@given(
    cuts=st.lists(st.integers(1, 40), min_size=1, max_size=12), rate_hz=st.sampled_from([1.0, 7.0, 25.0, 60.0, 99.0])
)
def test_which_frames_are_published_does_not_depend_on_the_cut(cuts: list[int], rate_hz: float) -> None:
    total = sum(cuts)
    whole, cut = FrameQueue(rate_hz), FrameQueue(rate_hz)
    whole.put(hip_block(0, total), 0)
    start = 0
    for size in cuts:
        cut.put(hip_block(start, size), 0)
        start += size
    assert numbers(cut) == numbers(whole)


@given(sizes=st.lists(st.integers(1, 600), max_size=8))
def test_the_queue_is_bounded_keeps_the_newest_and_counts_the_rest(sizes: list[int]) -> None:
    queue = FrameQueue(100.0)
    start = 0
    for size in sizes:
        queue.put(hip_block(start, size), 0)
        start += size
    kept = numbers(queue)
    assert len(kept) == min(start, CAPACITY)
    assert kept == list(range(start - len(kept), start))
    assert queue.dropped == start - len(kept)


def test_frames_that_waited_too_long_are_not_live_any_more() -> None:
    clock = HandClock()
    queue = FrameQueue(100.0, clock)
    queue.put(hip_block(0, 10), 0)
    clock.time_s += STALE_S + 0.01
    queue.put(hip_block(10, 10), 0)
    assert numbers(queue) == list(range(10, 20))
    assert queue.stale == 10


def test_one_frame_a_message_up_to_50_hz_and_batches_above() -> None:
    slow, fast = FrameQueue(50.0), FrameQueue(100.0)
    for queue in (slow, fast):
        queue.put(hip_block(0, 20), 0)
    assert len(slow.take()) == 1
    assert len(fast.take()) == 20


def test_times_are_unix_microseconds_of_the_measurement() -> None:
    queue = FrameQueue(100.0)
    queue.put(hip_block(300, 2), 1_700_000_000_000_000)
    assert [frame.t_us for frame in queue.take()] == [1_700_000_003_000_000, 1_700_000_003_010_000]


@pytest.mark.parametrize("rate_hz", [0.0, -5.0, float("nan"), 1e9])
def test_an_impossible_rate_is_refused(rate_hz: float) -> None:
    with pytest.raises(BrokerError, match="Give 1 to 100"):
        FrameQueue(rate_hz)
