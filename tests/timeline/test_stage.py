from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from wearable import TICK_TRAITS, Sent, join, mix, pick, recorded, send, whole, wobble

from imuhip.errors import InputError
from imuhip.packets.clock import ClockTraits
from imuhip.samples.block import SampleBlock
from imuhip.timeline.frames import FrameBlock
from imuhip.timeline.stage import MOST_FRAMES, TimelineStage

IMPORT_TRAITS = ClockTraits(kind="recording_clock", tick_bits=64, sequence_bits=0, rate_hz=100.0)
ARRIVAL_TRAITS = ClockTraits(kind="arrival", tick_bits=0, sequence_bits=0, rate_hz=100.0)
SHORT_TRAITS = ClockTraits(kind="sensor_clock", tick_bits=32, sequence_bits=16, rate_hz=100.0)


def run(stage: TimelineStage, chunks) -> FrameBlock:
    blocks = [block for chunk in chunks for block in stage.feed(chunk)]
    return whole(blocks + stage.flush())


def assert_same_bits(left: FrameBlock, right: FrameBlock) -> None:
    assert left.start_index == right.start_index
    for name in ("acc_m_s2", "gyr_rad_s", "known"):
        assert getattr(left, name).tobytes() == getattr(right, name).tobytes(), name


def battered(sent: Sent, seed: int, *, reboot: bool) -> SampleBlock:
    """Lose bursts, repeat packets, deliver some late, hold some back for seconds, restart the sensor."""
    rng = np.random.default_rng(seed)
    block = sent.block
    if reboot:
        start_ns = int(block.arrival_ns[-1]) + 400_000_000
        second = send(
            seconds=6,
            seed=seed,
            start_ns=start_ns,
            tick_start_us=7,
            rate_hz=sent.rate_hz,
            per_packet=int(block.count[0]),
        )
        block = join(block, replace(second.block, sensor=block.sensor))
    size = len(block.arrival_ns)
    packets = []
    for packet in range(size):
        luck = rng.uniform()
        if luck < 0.03:
            continue
        packets.append(packet)
        if luck < 0.06 and packet > 6:
            packets.append(int(packet - rng.integers(0, 6)))
    block = pick(block, packets)
    arrival = np.maximum.accumulate(block.arrival_ns)
    stall = int(rng.integers(2, max(len(arrival) // 2, 3)))
    arrival[stall : stall + 12] = arrival[min(stall + 12, len(arrival) - 1)]
    return replace(block, arrival_ns=arrival)


@pytest.fixture(scope="module")
def streams() -> list[SampleBlock]:
    tick = battered(send(sensor=0, seconds=9, seed=1, drift_ppm=80), 1, reboot=True)
    arrival = battered(send(sensor=1, seconds=14, seed=2, traits=ARRIVAL_TRAITS, interval_ms=45), 2, reboot=False)
    short = battered(
        send(sensor=2, seconds=12, seed=3, traits=SHORT_TRAITS, sequence_start=65000, tick_start_us=2**32 - 5_000_000),
        3,
        reboot=True,
    )
    return [tick, arrival, short]


ALL_TRAITS = [TICK_TRAITS, ARRIVAL_TRAITS, SHORT_TRAITS]


@pytest.mark.parametrize("wait_s", [0.15, 1.0, math.inf])
@pytest.mark.parametrize("rate_hz", [100.0, 60.0])
def test_frames_are_the_same_bits_by_notification_and_in_one_block(streams, wait_s, rate_hz):
    size = sum(len(block.arrival_ns) for block in streams)
    one = TimelineStage(ALL_TRAITS, rate_hz, wait_s)
    many = TimelineStage(ALL_TRAITS, rate_hz, wait_s)
    expected = run(one, mix(streams, []))
    assert_same_bits(run(many, mix(streams, range(1, size))), expected)
    assert [one.stats(k) for k in range(3)] == [many.stats(k) for k in range(3)]
    assert one.start_ns == many.start_ns
    assert 0.3 < expected.known.mean() < 1.0


@given(data=st.data())
def test_frames_are_the_same_bits_for_any_chunking_and_any_loss(streams, data):
    seed = data.draw(st.integers(0, 2**16))
    wait_s = data.draw(st.sampled_from([0.0, 0.1, 1.0, math.inf]))
    rates = data.draw(st.permutations([100.0, 285.7, 50.0]))
    sensors = []
    traits = []
    for k, rate_hz in enumerate(rates):
        kind = replace(data.draw(st.sampled_from([TICK_TRAITS, ARRIVAL_TRAITS, SHORT_TRAITS])), rate_hz=rate_hz)
        sent = send(sensor=k, seconds=4, seed=seed + k, traits=kind, rate_hz=rate_hz, per_packet=1 + seed % 9)
        sensors.append(battered(sent, seed + k, reboot=k == seed % 4))
        traits.append(kind)
    size = sum(len(block.arrival_ns) for block in sensors)
    cuts = sorted(data.draw(st.lists(st.integers(0, size), max_size=40)))
    one, cut = TimelineStage(traits, wait_s=wait_s), TimelineStage(traits, wait_s=wait_s)
    assert_same_bits(run(cut, mix(sensors, cuts)), run(one, mix(sensors, [])))
    assert [one.stats(k) for k in range(3)] == [cut.stats(k) for k in range(3)]


def test_waiting_for_ever_changes_nothing_where_nothing_is_late():
    sensors = [send(sensor=k, seconds=8, seed=k).block for k in range(2)]
    live = run(TimelineStage([TICK_TRAITS] * 2), mix(sensors, range(0, 200, 7)))
    after = run(TimelineStage([TICK_TRAITS] * 2, wait_s=math.inf), mix(sensors, []))
    assert_same_bits(live, after)


def test_hours_come_in_blocks_that_follow_each_other():
    sensors = [send(sensor=k, seconds=2.2 * MOST_FRAMES / 100, seed=k).block for k in range(2)]
    stage = TimelineStage([TICK_TRAITS] * 2, wait_s=math.inf)
    assert [block for chunk in mix(sensors, range(0, 9000, 999)) for block in stage.feed(chunk)] == []
    blocks = stage.flush()
    assert [block.start_index for block in blocks] == [0, MOST_FRAMES, 2 * MOST_FRAMES]
    assert [len(block) for block in blocks[:2]] == [MOST_FRAMES] * 2
    assert 0.19 * MOST_FRAMES < len(blocks[2]) <= 0.21 * MOST_FRAMES
    assert_same_bits(whole(blocks), run(TimelineStage([TICK_TRAITS] * 2), mix(sensors, range(0, 9000, 999))))


def test_a_silent_sensor_does_not_stall_the_others():
    block = send(sensor=0, seconds=10, seed=0).block
    silent = pick(send(sensor=1, seconds=10, seed=1).block, range(25))
    stage = TimelineStage([TICK_TRAITS] * 2)
    frames = whole([f for chunk in mix([block, silent], range(1, 150)) for f in stage.feed(chunk)])
    behind_s = stage.time_of(int(block.arrival_ns[-1])) - len(frames) / 100
    assert 0.98 < behind_s < 1.15
    assert frames.known[0, 1:].all()
    assert not frames.known[1, 250:].any()
    assert not frames.acc_m_s2[1, 250:].any()


def test_a_sensor_that_is_never_heard_does_not_stall_the_others():
    block = send(sensor=0, seconds=5).block
    frames = run(TimelineStage([TICK_TRAITS] * 2), mix([block], range(1, 60)))
    assert frames.known[0].mean() > 0.99
    assert not frames.known[1].any()


def test_frames_are_given_as_soon_as_every_sensor_has_passed_them():
    sensors = [send(sensor=k, seconds=6, seed=k).block for k in range(2)]
    stage = TimelineStage([TICK_TRAITS] * 2)
    given_out = 0
    for chunk in mix(sensors, range(1, 150)):
        given_out += sum(len(block) for block in stage.feed(chunk))
        now_s = stage.time_of(max(int(block.arrival_ns[-1]) for block in chunk))
        assert given_out / 100 > now_s - 0.25


def test_samples_held_back_longer_than_the_wait_are_late_and_their_frames_unknown():
    block = send(seconds=10, seed=0).block
    arrival = block.arrival_ns.copy()
    arrival[40:65] = arrival[65]
    stalled = replace(block, arrival_ns=arrival)
    stage = TimelineStage([TICK_TRAITS], wait_s=1.0)
    frames = run(stage, mix([stalled], range(1, 120)))
    unknown = np.flatnonzero(~frames.known[0])
    assert 90 < len(unknown) <= 112
    assert (np.diff(unknown[1:]) == 1).all()
    assert abs(stage.stats(0).late - len(unknown)) < 10
    everything = run(TimelineStage([TICK_TRAITS], wait_s=math.inf), [[stalled]])
    assert everything.known[0, 1:].all()


def test_late_filled_samples_are_used_after_the_session_only():
    block = send(seconds=20, seed=0).block
    refill = replace(pick(block, range(50, 75)), arrival_ns=np.full(25, block.arrival_ns[150]))
    stream = join(pick(block, [*range(50), *range(75, 151)]), refill, pick(block, range(150, 250)))
    live = TimelineStage([TICK_TRAITS])
    frames = run(live, [[stream]])
    assert live.stats(0).late == 200
    assert live.stats(0).lost == 0
    assert live.stats(0).duplicates == 8
    assert live.stats(0).gaps_s == pytest.approx(2.01, abs=0.02)
    assert 195 < np.count_nonzero(~frames.known) < 205
    after = TimelineStage([TICK_TRAITS], wait_s=math.inf)
    filled = run(after, [[stream]])
    complete = run(TimelineStage([TICK_TRAITS]), [[block]])
    assert filled.known[0, 1:].all()
    assert after.stats(0).gaps_s == 0
    np.testing.assert_allclose(filled.gyr_rad_s, complete.gyr_rad_s[:, : len(filled)], atol=0.02)


def test_import_on_the_grid_keeps_its_samples():
    time_s = 917.42 + np.arange(1000) / 100
    acc, gyr = wobble(time_s)
    stage = TimelineStage([IMPORT_TRAITS])
    frames = run(stage, [[recorded(time_s, acc, gyr)]])
    assert stage.start_ns == 917_420_000_000
    assert len(frames) == 1000
    assert frames.known.all()
    np.testing.assert_array_equal(frames.acc_m_s2[0], acc)
    # A sample's rate is the mean over the interval that ends at it, as a frame's is.
    np.testing.assert_allclose(frames.gyr_rad_s[0], gyr, rtol=0, atol=1e-11)


def test_import_starts_at_the_earliest_first_sample_of_any_sensor():
    acc, gyr = wobble(np.arange(100) / 100)
    early = recorded(2.003 + np.arange(100) / 100, acc, gyr, sensor=1, per_packet=50)
    later = recorded(2.05 + np.arange(100) / 100, acc, gyr, sensor=0, per_packet=1)
    for cuts in ([], range(1, 102)):
        stage = TimelineStage([IMPORT_TRAITS] * 2)
        frames = run(stage, mix([later, early], cuts))
        assert stage.start_ns == 2_003_000_000
        assert len(frames) == 104
        assert stage.host_of(stage.time_of(3_000_000_000)) == 3_000_000_000


def test_a_start_that_the_recording_knows_is_kept():
    acc, gyr = wobble(np.arange(100) / 100)
    block = recorded(2.5 + np.arange(100) / 100, acc, gyr)
    stage = TimelineStage([IMPORT_TRAITS], start_ns=2_000_000_000)
    frames = run(stage, [[block]])
    assert not frames.known[0, :50].any()
    np.testing.assert_array_equal(frames.acc_m_s2[0, 50:], acc)


def test_an_imported_packet_that_spans_a_pause_is_not_late():
    time_s = np.concatenate((np.arange(105) / 100, 30 + np.arange(105) / 100))
    acc, gyr = wobble(time_s)
    blocks = [recorded(time_s, acc, gyr, sensor=k, per_packet=10 - k) for k in range(2)]
    stage = TimelineStage([IMPORT_TRAITS] * 2)
    frames = run(stage, mix(blocks, range(1, 44)))
    assert np.count_nonzero(frames.known[0]) == 210
    assert stage.stats(0).late == 0
    assert stage.stats(0).gaps_s == pytest.approx(30 - 1.04)
    assert not stage.stats(0).loss_visible


def test_turning_is_conserved_over_clock_corrections():
    sent = send(
        seconds=60, seed=4, drift_ppm=100, interval_ms=50, motion=lambda t: (0 * wobble(t)[0], 0 * wobble(t)[1] + 2)
    )
    frames = run(TimelineStage([TICK_TRAITS]), [[sent.block]])
    # While the clock is corrected, turning may shift in time (a frame's share), but all of it is there.
    turned = frames.gyr_rad_s[0, frames.known[0]].sum(axis=0) / 100
    np.testing.assert_allclose(turned, 2 * 60, rtol=0.0015)


def test_memory_does_not_grow_with_time():
    block = send(seconds=120, seed=0).block
    stage = TimelineStage([TICK_TRAITS])
    sizes = []
    for packet in range(len(block.arrival_ns)):
        stage.feed([pick(block, [packet])])
        lane = stage._lanes[0]
        assert lane.resampler is not None
        clock = lane.track._clock
        assert clock is not None
        sizes.append((len(lane.resampler._host), len(lane.frames), len(lane.waiting), len(clock.lines)))
    assert np.max(sizes[20:], axis=0).tolist() <= [4, 1, 1, 2]


def test_empty_and_unused_stages_end_quietly():
    stage = TimelineStage([TICK_TRAITS])
    assert stage.feed([]) == []
    assert stage.flush() == []
    assert stage.time_of(123) == 0.0
    assert stage.stats(0).samples == 0


def test_an_impossible_grid_is_refused():
    with pytest.raises(InputError, match="analysis rate"):
        TimelineStage([TICK_TRAITS], rate_hz=3)


def test_stats_tell_what_happened_on_the_link():
    block = send(seconds=30, seed=0, rate_hz=99.0).block
    stream = pick(block, [*range(100), 99, 98, *range(110, len(block.arrival_ns))])
    drops = np.where(np.arange(len(stream.arrival_ns)) < 105, 2**32 - 3, 4)
    stage = TimelineStage([TICK_TRAITS])
    stage.feed([replace(stream, drops=drops)])
    stats = stage.stats(0)
    assert (stats.lost, stats.duplicates, stats.late, stats.device_drops, stats.reboots) == (80, 16, 0, 7, 0)
    assert stats.rate_hz == pytest.approx(98.9, abs=0.2)
    assert stats.loss_visible


@pytest.mark.parametrize("rate_hz", [25.0, 50.0, 100.0])
def test_real_recording_with_sensors_at_their_own_rates(shared_data, rate_hz):
    traits, blocks = [], []
    for k, role in enumerate(("pelvis", "thigh_left", "thigh_right")):
        table = np.loadtxt(shared_data / "hip" / "xio_lower_body" / f"{role}.csv", delimiter=",", skiprows=1)
        blocks.append(recorded(table[:, 0], table[:, 1:4], table[:, 4:7], sensor=k))
        traits.append(replace(IMPORT_TRAITS, rate_hz=50.0))
    stage = TimelineStage(traits, rate_hz)
    frames = run(stage, mix(blocks, range(0, 250, 3)))
    assert len(frames) == pytest.approx(18.6 * rate_hz, abs=0.2 * rate_hz)
    assert frames.known.mean() > 0.97
    for k, block in enumerate(blocks):
        assert stage.stats(k).rate_hz == pytest.approx(50, abs=0.2)
        step = np.diff(block.time_s)
        turned = (block.gyr_rad_s[1:] * step[:, None])[step < 0.1].sum(axis=0)
        np.testing.assert_allclose(frames.gyr_rad_s[k].sum(axis=0) / rate_hz, turned, atol=0.05)
