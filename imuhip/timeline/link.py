"""What a stream lost, repeated and restarted: packets as received to packets in order.

Each packet is judged against the packet before it that was taken in order, the *reference*, by sequence number, sensor
clock and arrival together: it follows, or it is stale (a repeat, or late), or the sensor has restarted. Runs of packets
that follow each other are taken in one step; only a packet that does not is looked at by itself, with the same
arithmetic, so that the outcome does not depend on how the stream is cut into blocks.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from imuhip.packets.clock import ClockTraits
from imuhip.records import record
from imuhip.samples.block import SampleBlock
from imuhip.timeline.missing import MissingRanges
from imuhip.units import BoolArray, FloatArray, IntArray

MAX_LEAD_US = 10_000_000
"""A sensor clock this far ahead of the earliest arrivals (10 s) is another count: the sensor restarted."""

RESTART_AGE_US = 5_000_000
"""Only in its first 5 s can a repeat of a stream's beginning be young; older ones are a restart from the same count."""

TOLERANCE_US = 250_000.0
TOLERANCE_PART = 0.1
"""How far sequence and sensor clock may disagree: 0.25 s for queues, 10 % for a rate that is not the nominal one."""

SILENCE_US = 250_000
"""Without clock and sequence a silence longer than this cannot be bridged by counting samples."""


@record
class Order:
    """How the packets of one block take their place in the stream, P packets.

    Attributes:
        taken: (P,) packet follows in order, or starts a new epoch.
        filled: (P,) packet is late but brings samples that were missing.
        restart: (P,) taken packet that begins a new epoch, where neither clock nor sequence continue.
        sensor_ns: (P,) sensor time of the first sample since its epoch began; 0 where the model has no clock.
        number: (P,) running number of the first sample in its epoch (counted where the model has no sequence).
    """

    taken: BoolArray
    filled: BoolArray
    restart: BoolArray
    sensor_ns: IntArray
    number: IntArray


@dataclass(slots=True)
class _Reference:
    """The last packet taken in order."""

    arrival_ns: int
    raw_sequence: int
    raw_tick: int
    count: int
    drops: int
    sensor_us: int
    number: int
    lead_us: int
    epoch_arrival_ns: int


class Link:
    """Order, loss and restarts of one sensor's packets.

    Args:
        traits: What the model tells about time and loss.
    """

    def __init__(self, traits: ClockTraits) -> None:
        self._has_tick = traits.kind == "sensor_clock"
        self._has_sequence = traits.sequence_bits > 0
        self._sees_loss = traits.loss_visible
        self._silence_restarts = traits.kind == "arrival" and not self._has_sequence
        self._tick_half = 1 << (traits.tick_bits - 1) if self._has_tick else 0
        self._sequence_half = 1 << (traits.sequence_bits - 1) if self._has_sequence else 0
        # A drop counter that goes on by half its range or more has gone back: it was reset, nothing was dropped.
        self._drop_half = 1 << (traits.drop_bits - 1)
        self._period_us = 1e6 / traits.rate_hz
        self._missing = MissingRanges()
        self._reference: _Reference | None = None
        self.duplicates = 0
        self.late = 0
        self.filled = 0
        self.device_drops = 0
        self.reboots = 0

    @property
    def lost(self) -> int:
        """Samples that never came."""
        return self._missing.total

    def feed(self, block: SampleBlock) -> Order:
        """Judge the packets of one block.

        Args:
            block: P consecutive packets.

        Returns:
            Their place in the stream.
        """
        size = len(block.arrival_ns)
        taken, filled, restart = np.zeros((3, size), dtype=np.bool_)
        sensor_ns, number = np.zeros((2, size), dtype=np.int64)
        order = Order(taken, filled, restart, sensor_ns, number)
        breaks: list[int] = []
        steps = None
        if size > 1:
            steps = self._steps(block)
            breaks = (np.flatnonzero(~self._follows(*steps, block.count[:-1])) + 1).tolist()
        breaks.append(size)
        at, next_break = 0, 0
        while at < size:
            reference = self._single(block, at, order)
            at += 1
            while breaks[next_break] < at:
                next_break += 1
            if reference is not None and steps is not None and breaks[next_break] > at:
                self._run(reference, block, (at, breaks[next_break]), steps, order)
                at = breaks[next_break]
        return order

    def _steps(self, block: SampleBlock) -> tuple[IntArray, IntArray, IntArray]:
        """Return arrival (us), clock (us) and sequence from each packet to the next, wraps undone."""
        arrival = (block.arrival_ns[1:] - block.arrival_ns[:-1]) // 1000
        tick = arrival
        if self._has_tick:
            tick = arrival + _wrapped(block.tick_us[1:] - block.tick_us[:-1] - arrival, self._tick_half)
        if not self._has_sequence:
            return arrival, tick, self._counted(tick, block.count[:-1]) if self._has_tick else block.count[:-1]
        raw = block.sequence[1:] - block.sequence[:-1]
        if not self._has_tick:
            return arrival, tick, _wrapped(raw, self._sequence_half)
        expected = np.rint(tick / self._period_us).astype(np.int64)
        return arrival, tick, expected + _wrapped(raw - expected, self._sequence_half)

    def _counted(self, tick: IntArray, count: IntArray) -> IntArray:
        """Return the samples that were due in steps of the clock, where packets have no numbers.

        Packets are lost as a whole, so steps are counted in packets: a rate that is off by percents
        then shows no loss where there is none.
        """
        return np.maximum(np.rint(tick / (count * self._period_us)).astype(np.int64), 1) * count

    def _follows(self, arrival: IntArray, tick: IntArray, sequence: IntArray, count: IntArray) -> BoolArray:
        """Tell for each step whether the packet plainly follows the one before."""
        if self._silence_restarts:
            silent: BoolArray = arrival > SILENCE_US + count * self._period_us
            return ~silent
        follows: BoolArray = sequence >= count
        if self._has_tick:
            follows &= (tick > 0) & (tick - arrival <= MAX_LEAD_US)
            follows &= np.abs(tick - sequence * self._period_us) <= self._tolerance(tick)
        return follows

    def _tolerance(self, tick: IntArray) -> FloatArray | float:
        # Without a sequence the clock alone tells how many samples were due: there is nothing to disagree with.
        if not self._has_sequence:
            return np.inf
        tolerance: FloatArray = TOLERANCE_US + TOLERANCE_PART * tick.astype(np.float64)
        return tolerance

    def _run(
        self,
        reference: _Reference,
        block: SampleBlock,
        span: tuple[int, int],
        steps: tuple[IntArray, IntArray, IntArray],
        order: Order,
    ) -> None:
        """Take the packets of ``span``, each of which follows the one before."""
        first, stop = span
        part, before = slice(first, stop), slice(first - 1, stop - 1)
        sensor_us = reference.sensor_us + np.cumsum(steps[1][before])
        number = reference.number + np.cumsum(steps[2][before])
        order.taken[part] = True
        order.number[part] = number
        if self._has_tick:
            order.sensor_ns[part] = sensor_us * 1000
            since = (block.arrival_ns[part] - reference.epoch_arrival_ns) // 1000
            reference.lead_us = max(reference.lead_us, int((sensor_us - since).max()))
        if self._sees_loss:
            ends = number - steps[2][before] + block.count[before]
            lost = np.flatnonzero(number > ends)
            self._missing.add(zip(ends[lost].tolist(), number[lost].tolist(), strict=True))
        dropped = (block.drops[part] - block.drops[before]) & (2 * self._drop_half - 1)
        self.device_drops += int(dropped[dropped < self._drop_half].sum())
        reference.sensor_us = int(sensor_us[-1])
        reference.number = int(number[-1])
        self._refer(reference, block, stop - 1)

    def _refer(self, reference: _Reference, block: SampleBlock, at: int) -> None:
        reference.arrival_ns = int(block.arrival_ns[at])
        reference.raw_sequence = int(block.sequence[at])
        reference.raw_tick = int(block.tick_us[at])
        reference.count = int(block.count[at])
        reference.drops = int(block.drops[at])

    def _single(self, block: SampleBlock, at: int, order: Order) -> _Reference | None:
        """Judge one packet; return the reference if the packet is the new one."""
        reference = self._reference
        if reference is None:
            return self._begin(block, at, order)
        arrival = (int(block.arrival_ns[at]) - reference.arrival_ns) // 1000
        if self._silence_restarts and arrival > SILENCE_US + reference.count * self._period_us:
            return self._begin(block, at, order)
        tick, sequence = self._step(block, at, arrival, reference)
        if self._is_elsewhere(block, at, tick, sequence, reference):
            self.reboots += 1
            return self._begin(block, at, order)
        if sequence >= reference.count and (tick > 0 or not self._has_tick):
            self._take(reference, block, at, order, tick=tick, sequence=sequence)
            return reference
        first, count = reference.number + sequence, int(block.count[at])
        filled = self._missing.fill(first, first + count) if self._has_sequence else 0
        # Nothing of it was missing: a repeat, unless the stream began again from the same count.
        age_us = arrival - sequence * self._period_us
        is_beginning = not self._has_sequence or int(block.sequence[at]) * self._period_us < RESTART_AGE_US
        if filled == 0 and is_beginning and age_us > RESTART_AGE_US:
            self.reboots += 1
            return self._begin(block, at, order)
        self.filled += filled
        self.duplicates += count - filled
        order.filled[at] = filled > 0
        order.sensor_ns[at] = (reference.sensor_us + tick) * 1000 if self._has_tick else 0
        order.number[at] = first
        return None

    def _step(self, block: SampleBlock, at: int, arrival: int, reference: _Reference) -> tuple[int, int]:
        """Return clock (us) and sequence from the reference to one packet: :meth:`_steps` for one."""
        tick = arrival
        if self._has_tick:
            tick = arrival + _wrap(int(block.tick_us[at]) - reference.raw_tick - arrival, self._tick_half)
        if not self._has_sequence:
            # Then the clock orders the packets, and one that did not move shows a repeat.
            if tick <= 0 and self._has_tick:
                return tick, round(tick / self._period_us)
            packets = round(tick / (reference.count * self._period_us)) if self._has_tick else 1
            return tick, max(packets, 1) * reference.count
        raw = int(block.sequence[at]) - reference.raw_sequence
        expected = round(tick / self._period_us) if self._has_tick else 0
        return tick, expected + _wrap(raw - expected, self._sequence_half)

    def _is_elsewhere(self, block: SampleBlock, at: int, tick: int, sequence: int, reference: _Reference) -> bool:
        """Tell whether clock and sequence cannot both continue the epoch."""
        if not self._has_tick:
            return False
        since = (int(block.arrival_ns[at]) - reference.epoch_arrival_ns) // 1000
        if reference.sensor_us + tick - since > reference.lead_us + MAX_LEAD_US:
            return True
        if not self._has_sequence:
            return False
        return abs(tick - sequence * self._period_us) > TOLERANCE_US + TOLERANCE_PART * abs(tick)

    def _take(
        self, reference: _Reference, block: SampleBlock, at: int, order: Order, *, tick: int, sequence: int
    ) -> None:
        end = reference.number + reference.count
        reference.sensor_us += tick
        reference.number += sequence
        if reference.number > end:
            self._missing.add([(end, reference.number)])
        order.taken[at] = True
        order.number[at] = reference.number
        if self._has_tick:
            order.sensor_ns[at] = reference.sensor_us * 1000
            since = (int(block.arrival_ns[at]) - reference.epoch_arrival_ns) // 1000
            reference.lead_us = max(reference.lead_us, reference.sensor_us - since)
        dropped = (int(block.drops[at]) - reference.drops) & (2 * self._drop_half - 1)
        self.device_drops += dropped if dropped < self._drop_half else 0
        self._refer(reference, block, at)

    def _begin(self, block: SampleBlock, at: int, order: Order) -> _Reference:
        """Begin a new epoch with one packet."""
        arrival_ns = int(block.arrival_ns[at])
        self._missing.clear()
        reference = _Reference(arrival_ns, 0, 0, 0, 0, 0, 0, lead_us=0, epoch_arrival_ns=arrival_ns)
        self._refer(reference, block, at)
        self._reference = reference
        order.taken[at] = True
        order.restart[at] = True
        return reference


def _wrapped(value: IntArray, half: int) -> IntArray:
    """Return the numbers nearest to zero that are the same count, for a counter of ``2 * half``."""
    if half >= 1 << 62:  # such a counter never wraps
        return value
    return ((value + half) & (2 * half - 1)) - half


def _wrap(value: int, half: int) -> int:
    """Return :func:`_wrapped` of one value."""
    return value if half >= 1 << 62 else ((value + half) & (2 * half - 1)) - half
