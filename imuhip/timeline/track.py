"""One sensor's packets to its samples on the host's clock."""

from __future__ import annotations

from itertools import pairwise

import numpy as np

from imuhip.packets.clock import ClockTraits
from imuhip.records import record
from imuhip.samples.block import SampleBlock
from imuhip.timeline.arrivals import ArrivalClock, Counted
from imuhip.timeline.clock import SensorClock
from imuhip.timeline.link import Link, Order
from imuhip.units import BoolArray, FloatArray, IntArray

MAX_IDLE_NS = 300_000_000_000
"""After a longer silence (300 s at 100 ppm are 30 ms) the clock begins anew rather than slew for long."""


@record
class TimedSamples:
    """Samples of one sensor with their times, S samples of P packets.

    Attributes:
        host_ns: (S,) host time, increasing except where late packets fill gaps.
        sensor_ns: (S,) the same moments on the sensor's clock, the better measure of the time between two samples.
        arrival_ns: (S,) host time at which the sample was known: of arrival, or of what its time had to wait for.
        acc_m_s2: (S, 3) specific force.
        gyr_rad_s: (S, 3) angular rate.
    """

    host_ns: IntArray
    sensor_ns: IntArray
    arrival_ns: IntArray
    acc_m_s2: FloatArray
    gyr_rad_s: FloatArray

    def __len__(self) -> int:
        return len(self.host_ns)

    def __getitem__(self, part: slice | IntArray | BoolArray) -> TimedSamples:
        return TimedSamples(
            self.host_ns[part],
            self.sensor_ns[part],
            self.arrival_ns[part],
            self.acc_m_s2[part],
            self.gyr_rad_s[part],
        )


class Track:
    """Puts one sensor's samples on the host's clock, in order, each once.

    Args:
        traits: What the model tells about time and loss.
        fill: Keep packets that come late but bring missing samples, out of order.
    """

    def __init__(self, traits: ClockTraits, *, fill: bool) -> None:
        self.link = Link(traits)
        self._fill = fill
        self._period_ns = 1e9 / traits.rate_hz
        self._clock: SensorClock | None = None
        self._arrivals: ArrivalClock | None = None
        if traits.kind == "arrival":
            self._arrivals = ArrivalClock(self._period_ns, sees_loss=traits.loss_visible)
        self._last_host_ns: int | None = None
        self._last_sensor_ns = 0
        self._last_first_ns = 0
        self._epoch_ns = 0
        self.samples = 0

    def feed(self, block: SampleBlock) -> TimedSamples | None:
        """Time the samples of one block.

        Args:
            block: Consecutive packets of the sensor.

        Returns:
            The samples that are new, or None.
        """
        if len(block.arrival_ns) == 0:
            return None
        order = self.link.feed(block)
        kept = order.taken | order.filled if self._fill else order.taken
        if not kept.any():
            return None
        if block.time_s is not None:
            timed = self._as_recorded(block, block.time_s, kept)
        elif self._arrivals is not None:
            timed = self._by_arrival(self._arrivals.feed(_counted(block, order)))
        else:
            timed = self._by_clock(block, order, kept)
        self.samples += len(timed)
        return timed if len(timed) else None

    def flush(self) -> TimedSamples | None:
        """End the recording.

        Returns:
            The samples that still waited for what comes after them, or None.
        """
        rest = None if self._arrivals is None else self._arrivals.flush()
        if rest is None:
            return None
        timed = self._by_arrival(rest)
        self.samples += len(timed)
        return timed

    def _by_arrival(self, known: tuple[Counted, IntArray, FloatArray, IntArray]) -> TimedSamples:
        """Spread the samples of packets that are timed as a whole."""
        packets, last, step, arrival = known
        first = last - np.rint((packets.count - 1) * step).astype(np.int64)
        host = _spread(first, step, packets.count)
        return TimedSamples(host, host, np.repeat(arrival, packets.count), packets.acc_m_s2, packets.gyr_rad_s)

    def _as_recorded(self, block: SampleBlock, time_s: FloatArray, kept: BoolArray) -> TimedSamples:
        """Take the samples' own times; one that does not come after the one before has no place and is late."""
        host = np.rint(time_s * 1e9).astype(np.int64)
        arrival = np.repeat(block.arrival_ns, block.count)
        timed = TimedSamples(host, host, arrival, block.acc_m_s2, block.gyr_rad_s)
        if not kept.all():
            timed = timed[np.repeat(kept, block.count)]
        host = timed.host_ns
        last = host[0] - 1 if self._last_host_ns is None else self._last_host_ns
        before = np.maximum.accumulate(np.concatenate(([last], host[:-1])))
        ahead = host > before
        if not ahead.all():
            self.link.late += int(len(host) - np.count_nonzero(ahead))
            timed = timed[ahead]
        if len(timed):
            self._last_host_ns = int(timed.host_ns[-1])
        return timed

    def _by_clock(self, block: SampleBlock, order: Order, kept: BoolArray) -> TimedSamples:
        """Place packets by the sensor's clock on the host's."""
        count, arrival = block.count, block.arrival_ns
        period = np.full(len(count), self._period_ns) if block.period_s is None else self._periods(block.period_s)
        first = order.sensor_ns
        acc, gyr = block.acc_m_s2, block.gyr_rad_s
        filled, restart = order.filled, order.restart
        if not kept.all():
            samples = np.repeat(kept, count)
            acc, gyr = acc[samples], gyr[samples]
            count, arrival, period, first = count[kept], arrival[kept], period[kept], first[kept]
            filled, restart = filled[kept], restart[kept]
        host = np.empty(len(count), dtype=np.int64)
        sensor = np.empty(len(count), dtype=np.int64)
        slope = np.empty(len(count))
        last = first + np.rint((count - 1) * period).astype(np.int64)
        for run in self._runs(first, restart, filled):
            if filled[run.start]:
                host[run], slope[run] = self._locate(int(first[run.start]))
            else:
                offset = int(arrival[run.start] - last[run.start])
                clock = self._clock_of(int(first[run.start]), offset, restart=bool(restart[run.start]))
                host[run], slope[run] = clock.feed(arrival[run], first[run], last[run])
                if not self._fill:
                    clock.forget()
                self._remember(host[run], slope[run], first[run], last[run])
            sensor[run] = first[run] + self._epoch_ns
        host_ns = _spread(host, period * (1.0 + slope), count)
        sensor_ns = _spread(sensor, period, count)
        # Afterwards nobody asks when a sample was known.
        arrival_ns = np.broadcast_to(arrival[:1], host_ns.shape) if self._fill else np.repeat(arrival, count)
        return TimedSamples(host_ns, sensor_ns, arrival_ns, acc, gyr)

    def _periods(self, period_s: FloatArray) -> FloatArray:
        """Return (P,) ns between samples; where the sensor does not tell (0), the nominal period."""
        return np.where(period_s > 0, period_s * 1e9, self._period_ns)

    def _runs(self, first: IntArray, restart: BoolArray, filled: BoolArray) -> list[slice]:
        """Cut packets where a clock begins and around each late one."""
        if len(first) == 1:
            return [slice(0, 1)]
        cut = restart | filled
        cut[1:] |= filled[:-1]
        cut[1:] |= np.diff(first) > MAX_IDLE_NS
        cut[0] = True
        edges = [*np.flatnonzero(cut).tolist(), len(first)]
        return [slice(low, high) for low, high in pairwise(edges)]

    def _clock_of(self, first: int, offset: int, *, restart: bool) -> SensorClock:
        """Return the clock for a packet, a new one where the sensor restarted or was silent for long."""
        clock = self._clock
        if clock is not None and not restart and first - self._last_first_ns <= MAX_IDLE_NS:
            return clock
        if self._last_host_ns is not None:
            # Time goes on even if the first packet of the new epoch came faster than any before.
            offset = max(offset, self._last_host_ns + round(self._period_ns) - first)
            if restart:
                self._epoch_ns = self._last_sensor_ns + (first + offset - self._last_host_ns) - first
        renewed = SensorClock(offset, first)
        if self._fill and clock is not None and not restart:
            renewed.lines[:0] = clock.lines  # what is missing from before the silence is still to be placed
        self._clock = renewed
        return renewed

    def _remember(self, host: IntArray, slope: FloatArray, first: IntArray, last: IntArray) -> None:
        span = int(last[-1] - first[-1])
        self._last_host_ns = int(host[-1]) + round(span * (1.0 + float(slope[-1])))
        self._last_sensor_ns = int(last[-1]) + self._epoch_ns
        self._last_first_ns = int(first[-1])

    def _locate(self, first: int) -> tuple[int, float]:
        clock = self._clock
        return (first, 0.0) if clock is None else clock.locate(first)


def _counted(block: SampleBlock, order: Order) -> Counted:
    """Return the packets that are taken, with their numbers."""
    taken = order.taken
    columns = (block.arrival_ns[taken], order.number[taken], block.count[taken], order.restart[taken])
    samples = np.repeat(taken, block.count)
    return Counted(*columns, block.acc_m_s2[samples], block.gyr_rad_s[samples])


def _spread(first: IntArray, step: FloatArray, count: IntArray) -> IntArray:
    """Return (S,) ``first + j * step`` for the samples ``j`` of each packet, whole nanoseconds."""
    size = int(count[0]) if len(count) else 1
    if (count == size).all():
        ahead = np.rint(np.arange(size) * step[:, None]).astype(np.int64)
        return (first[:, None] + ahead).ravel()
    starts = np.cumsum(count) - count
    within = np.arange(int(count.sum())) - np.repeat(starts, count)
    return np.repeat(first, count) + np.rint(within * np.repeat(step, count)).astype(np.int64)
