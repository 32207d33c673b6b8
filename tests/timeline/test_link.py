from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from wearable import TICK_TRAITS, join, pick, send

from imuhip.packets.clock import ClockTraits
from imuhip.timeline.link import Link

DOT_TRAITS = ClockTraits(kind="sensor_clock", tick_bits=32, sequence_bits=0, rate_hz=100.0)
SMALL_TRAITS = ClockTraits(kind="sensor_clock", tick_bits=32, sequence_bits=8, rate_hz=100.0)
ARRIVAL_TRAITS = ClockTraits(kind="arrival", tick_bits=0, sequence_bits=0, rate_hz=100.0)


def test_a_clean_stream_is_taken_whole():
    block = send(seconds=20).block
    order = Link(TICK_TRAITS).feed(block)
    assert order.taken.all()
    assert order.restart.tolist() == [True] + [False] * (len(order.taken) - 1)
    np.testing.assert_array_equal(order.sensor_ns, (block.tick_us - block.tick_us[0]) * 1000)
    np.testing.assert_array_equal(order.number, block.sequence - block.sequence[0])


@pytest.mark.parametrize("traits", [TICK_TRAITS, SMALL_TRAITS, DOT_TRAITS])
def test_every_repeat_is_dropped_and_counted(traits):
    block = send(seconds=20, traits=traits).block
    doubled = pick(block, np.repeat(np.arange(len(block.arrival_ns)), 2))
    link = Link(traits)
    order = link.feed(doubled)
    assert order.taken.tolist() == [True, False] * len(block.arrival_ns)
    assert (link.duplicates, link.late, link.lost, link.reboots) == (block.count.sum(), 0, 0, 0)


def test_lost_samples_are_counted_over_wraps_of_sequence_and_clock():
    block = send(seconds=30, traits=SMALL_TRAITS, tick_start_us=2**32 - 15_000_000, sequence_start=200).block
    kept = [p for p in range(len(block.arrival_ns)) if p % 9 not in {4, 5}]
    link = Link(SMALL_TRAITS)
    order = link.feed(pick(block, kept))
    assert order.taken.all()
    assert link.reboots == 0
    assert link.lost == (kept[-1] + 1 - len(kept)) * 8
    np.testing.assert_array_equal(np.diff(order.number), np.diff(kept) * 8)
    np.testing.assert_array_equal(np.diff(order.sensor_ns), np.diff(kept) * 80_000_000)


def test_a_silence_of_many_wraps_of_the_sequence_is_counted_by_the_clock():
    block = send(seconds=120, traits=SMALL_TRAITS).block
    link = Link(SMALL_TRAITS)
    order = link.feed(pick(block, [*range(100), *range(1100, 1400)]))
    assert link.lost == 8000
    assert order.taken.all()


def test_late_packets_take_their_place_and_are_counted_once():
    block = send(seconds=20).block
    link = Link(TICK_TRAITS)
    order = link.feed(pick(block, [*range(20), *range(24, 40), 21, 21, 22, 40, 41]))
    assert np.flatnonzero(order.filled).tolist() == [36, 38]
    assert order.number[36] == 21 * 8
    assert order.sensor_ns[38] == 22 * 80_000_000
    assert (link.filled, link.duplicates, link.lost) == (16, 8, 16)


@pytest.mark.parametrize("traits", [TICK_TRAITS, SMALL_TRAITS, DOT_TRAITS])
@pytest.mark.parametrize(("tick_start_us", "seconds"), [(1_000_000, 20), (1_003_217, 20), (7_000_000_000, 90)])
def test_a_reboot_begins_a_new_epoch(traits, tick_start_us, seconds):
    before = send(seconds=seconds, traits=traits, tick_start_us=tick_start_us).block
    after = send(seconds=10, traits=traits, start_ns=int(before.arrival_ns[-1]) + 1_500_000_000).block
    link = Link(traits)
    order = link.feed(join(before, after))
    assert link.reboots == 1
    assert link.duplicates == 0
    assert np.flatnonzero(order.restart).tolist() == [0, len(before.arrival_ns)]
    assert order.taken.all()


def test_a_burst_after_a_stall_is_no_reboot():
    block = send(seconds=60).block
    arrival = block.arrival_ns.copy()
    arrival[100:600] = arrival[600]
    link = Link(TICK_TRAITS)
    stalled = pick(replace(block, arrival_ns=arrival), [*range(130), *range(500, 700)])
    assert link.feed(stalled).taken.all()
    assert link.reboots == 0


def test_the_drop_counter_may_wrap_and_reset():
    block = send(seconds=5).block
    drops = np.zeros(len(block.arrival_ns), np.int64)
    drops[10:20], drops[20:] = 2**32 - 1, 5
    drops[0:10] = 2**32 - 4
    link = Link(TICK_TRAITS)
    link.feed(replace(block, drops=drops))
    assert link.device_drops == 9
    link.feed(replace(send(seconds=5, sequence_start=int(block.sequence[-1]) + 8).block, drops=drops * 0))
    assert link.device_drops == 9


def test_without_clock_and_sequence_only_a_silence_begins_anew():
    block = send(seconds=10, traits=ARRIVAL_TRAITS).block
    link = Link(ARRIVAL_TRAITS)
    order = link.feed(pick(block, [0, 1, 1, 2, 3, *range(20, 40)]))
    assert order.taken.all()
    assert np.flatnonzero(order.restart).tolist() == [0, 5]
    assert (link.lost, link.duplicates, link.reboots) == (0, 0, 0)
