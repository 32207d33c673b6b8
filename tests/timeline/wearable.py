"""Simulated sensors for the timeline's tests: packets with known truth, a radio that delays, loses and repeats."""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np

from imuhip.packets.clock import ClockTraits
from imuhip.samples.block import SampleBlock
from imuhip.timeline.frames import FrameBlock

TICK_TRAITS = ClockTraits(kind="sensor_clock", tick_bits=64, sequence_bits=32, rate_hz=100.0)


@dataclass(frozen=True, slots=True)
class Sent:
    """What one sensor sent, with the host time at which each sample was really taken."""

    block: SampleBlock
    truth_ns: np.ndarray
    rate_hz: float


def send(
    *,
    sensor: int = 0,
    seconds: float = 20.0,
    rate_hz: float = 100.0,
    per_packet: int = 8,
    traits: ClockTraits = TICK_TRAITS,
    start_ns: int = 5_000_000_000_000,
    tick_start_us: int = 1_000_000,
    sequence_start: int = 0,
    drift_ppm: float = 0.0,
    interval_ms: float = 30.0,
    seed: int = 0,
    motion=None,
) -> Sent:
    """Sample ``motion(t) -> acc, gyr`` and send packets at the next connection event, with jitter."""
    rng = np.random.default_rng(seed)
    packets = int(seconds * rate_hz / per_packet)
    size = packets * per_packet
    sensor_s = np.arange(size) / rate_hz
    truth_s = sensor_s / (1 + drift_ppm * 1e-6)
    ready_s = truth_s[per_packet - 1 :: per_packet] + rng.uniform(0.0005, 0.003, packets)
    interval_s = interval_ms * 1e-3
    phase_s = rng.uniform(0, interval_s)
    arrival_s = np.ceil((ready_s - phase_s) / interval_s) * interval_s + phase_s + rng.exponential(0.0005, packets)
    arrival_s = np.maximum.accumulate(arrival_s)
    acc, gyr = (motion or wobble)(truth_s)
    tick = tick_start_us + np.rint(sensor_s[::per_packet] * 1e6).astype(np.int64)
    sequence = sequence_start + np.arange(0, size, per_packet)
    block = SampleBlock(
        sensor=sensor,
        arrival_ns=start_ns + np.rint(arrival_s * 1e9).astype(np.int64),
        sequence=_wrapped(sequence, traits.sequence_bits),
        tick_us=_wrapped(tick, traits.tick_bits) if traits.kind == "sensor_clock" else np.zeros(packets, np.int64),
        count=np.full(packets, per_packet),
        drops=np.zeros(packets, np.int64),
        time_s=None,
        acc_m_s2=acc,
        gyr_rad_s=gyr,
        mag=None,
    )
    return Sent(block, start_ns + np.rint(truth_s * 1e9).astype(np.int64), rate_hz)


def wobble(t):
    """Acceleration of a made-up movement with power up to 4 Hz, and its rate as a mean over the 10 ms that end at t."""
    wave = 2 * np.pi * np.array([0.5, 1.3, 4.0])
    phase = np.outer(t, wave)
    return 9.8 * np.cos(phase) + 0.3, 200.0 * (np.cos(phase - 0.01 * wave) - np.cos(phase)) / wave + 0.2


def recorded(time_s, acc, gyr, *, sensor=0, per_packet=10) -> SampleBlock:
    """Put imported samples into packets."""
    size = len(time_s)
    first = np.arange(0, size, per_packet)
    count = np.minimum(per_packet, size - first)
    zeros = np.zeros(len(first), np.int64)
    arrival = np.rint(np.asarray(time_s)[first + count - 1] * 1e9).astype(np.int64)
    return SampleBlock(sensor, arrival, zeros, zeros, count, zeros, np.asarray(time_s), acc, gyr, None)


def pick(block: SampleBlock, packets) -> SampleBlock:
    """Return some packets of a block, in the order given."""
    packets = np.asarray(packets, dtype=np.int64)
    edges = np.concatenate(([0], np.cumsum(block.count)))
    samples = np.concatenate([np.arange(edges[p], edges[p + 1]) for p in packets]) if len(packets) else packets
    columns = {name: getattr(block, name)[packets] for name in ("arrival_ns", "sequence", "tick_us", "count", "drops")}
    return replace(
        block,
        **columns,
        time_s=None if block.time_s is None else block.time_s[samples],
        acc_m_s2=block.acc_m_s2[samples],
        gyr_rad_s=block.gyr_rad_s[samples],
        period_s=None if block.period_s is None else block.period_s[packets],
    )


def join(*blocks: SampleBlock) -> SampleBlock:
    """Put blocks of one sensor one after the other."""
    names = ("arrival_ns", "sequence", "tick_us", "count", "drops", "acc_m_s2", "gyr_rad_s")
    return replace(blocks[0], **{name: np.concatenate([getattr(block, name) for block in blocks]) for name in names})


def mix(blocks: list[SampleBlock], cuts) -> list[list[SampleBlock]]:
    """Cut the mixed stream of all sensors at these positions; each chunk holds a block for every sensor."""
    arrival = np.concatenate([block.arrival_ns for block in blocks])
    sensor = np.concatenate([np.full(len(block.arrival_ns), k) for k, block in enumerate(blocks)])
    packet = np.concatenate([np.arange(len(block.arrival_ns)) for block in blocks])
    order = np.argsort(arrival, kind="stable")
    chunks = []
    for part in np.split(order, cuts):
        chunk = [pick(block, packet[part[sensor[part] == k]]) for k, block in enumerate(blocks)]
        chunks.append([block for block in chunk if len(block.arrival_ns)])
    return chunks


def whole(blocks: list[FrameBlock]) -> FrameBlock:
    """Join frame blocks; they must follow each other."""
    for before, after in pairwise(blocks):
        assert before.start_index + len(before) == after.start_index
    parts = [np.concatenate([getattr(b, n) for b in blocks], axis=1) for n in ("acc_m_s2", "gyr_rad_s", "known")]
    return FrameBlock(blocks[0].start_index, blocks[0].rate_hz, *parts)


def _wrapped(value, bits):
    return value if bits >= 63 else value % (1 << bits) if bits else np.zeros_like(value)
