"""One sensor's samples to frames on the common grid.

Turning is conserved: a sample's angular rate is the mean over the sampling interval that ends at it, as sensors
integrate it and filters apply it; over samples missing before that interval, rate is taken as linear. A frame's rate
turns over the cell that ends at the frame as the samples do, so orientation after applying it is the orientation *at*
the frame. Where the input is faster than the grid, a cell holds several rotations, which do not commute: half their
cross products are added to their sum (coning, Bortz 1971, doi:10.1109/TAES.1971.310252).
Acceleration is that *at* the frame too, interpolated linearly where the input is about as fast as the grid, and
otherwise the mean over one grid period centred on the frame, so that nothing folds down from above the grid's rate.
The two therefore speak of the same instant; no half sample lies between them.

Between two samples the rate is integrated over the sensor's own time, so that corrections of its clock against the
host's shift turning in time but never change it.
"""

from __future__ import annotations

from typing import TypeVar

import numpy as np

from imuhip.records import record
from imuhip.timeline.grid import Grid
from imuhip.timeline.track import TimedSamples
from imuhip.units import BoolArray, FloatArray, IntArray

AnyArray = TypeVar("AnyArray", BoolArray, IntArray, FloatArray)

BRIDGED_NS = 100_000_000
"""Samples up to 100 ms apart are joined: no movement worth measuring starts and ends in between."""

BRIDGED_PERIODS = 1.5
"""A slow sensor's neighbouring samples are no gap."""

CLOCK_NOISE_NS = 100_000
"""Sensor times are rounded and jitter by microseconds; that does not make 100 ms a gap."""

FASTER = 1.5
"""An input this many times faster than the grid is averaged rather than interpolated."""

SLICE = 1 << 13
"""Samples worked on at once: about what fits the processor's cache."""

_BEGINNING_NS = -(1 << 61)


@record
class SensorFrames:
    """Consecutive frames of one sensor.

    Attributes:
        start_index: Grid index of the first frame.
        acc_m_s2: (N, 3) specific force at the frame.
        gyr_rad_s: (N, 3) the constant angular rate that turns over the cell that ends at the frame as the samples do.
        known: (N,) False where no samples close enough surround the frame; the values there are zero.
    """

    start_index: int
    acc_m_s2: FloatArray
    gyr_rad_s: FloatArray
    known: BoolArray

    @property
    def stop_index(self) -> int:
        """Grid index after the last frame."""
        return self.start_index + len(self.known)


class Resampler:
    """Puts one sensor's samples on the grid.

    Args:
        grid: The common grid.
        rate_hz: The sensor's nominal rate.
        start_ns: Host time of grid index 0.
        wait_ns: A frame whose following sample arrives later than this after it stays unknown; None waits for ever.

    Attributes:
        next_index: Grid index of the next frame that this sensor will give.
    """

    def __init__(self, grid: Grid, rate_hz: float, *, start_ns: int, wait_ns: int | None) -> None:
        period_ns = round(1e9 / rate_hz)
        self._grid = grid
        self._start_ns = start_ns
        self._wait_ns = wait_ns
        self._averages = rate_hz >= FASTER * grid.rate_hz
        self._ahead_ns = grid.half_ns if self._averages else 0
        self.bridged_ns = max(BRIDGED_NS, round(BRIDGED_PERIODS * period_ns)) + CLOCK_NOISE_NS
        self._period_ns = period_ns
        self._regular_ns = round(1.5 * period_ns)
        self.next_index = 0
        # Rows of samples still needed: rate, acceleration, integral of rate; where averaged also the integral of
        # acceleration and half the integral of (integral of rate) x rate.
        self._rows = np.zeros((15 if self._averages else 9, 1))
        self._host = np.array([_BEGINNING_NS])
        self._sensor = np.array([_BEGINNING_NS])
        self._regular_steps = 0
        self._regular_total_ns = 0
        self._gaps_ns = 0

    @property
    def gaps_s(self) -> float:
        """Total seconds in gaps too long to bridge."""
        return self._gaps_ns * 1e-9

    @property
    def measured_rate_hz(self) -> float | None:
        """Samples per second where none is missing."""
        return self._regular_steps * 1e9 / self._regular_total_ns if self._regular_total_ns else None

    def feed(self, samples: TimedSamples) -> list[SensorFrames]:
        """Take samples and give the frames that they complete.

        Args:
            samples: S samples, in order.

        Returns:
            Frames that follow each other.
        """
        return [
            frames
            for low in range(0, len(samples), SLICE)
            if (frames := self._feed(samples if len(samples) <= SLICE else samples[low : low + SLICE])) is not None
        ]

    def skip_to(self, index: int) -> None:
        """Go on with frame ``index``: those before were given out as unknown because the sensor was silent."""
        self.next_index = max(self.next_index, index)

    def _feed(self, samples: TimedSamples) -> SensorFrames | None:
        held = len(self._host)
        # Packets of a sensor that is far faster than its nominal rate overlap; time must not go back all the same.
        host = np.maximum.accumulate(np.concatenate((self._host, samples.host_ns - self._start_ns)))
        sensor = np.maximum.accumulate(np.concatenate((self._sensor, samples.sensor_ns)))
        step = sensor[1:] - sensor[:-1]
        bridged = step <= self.bridged_ns
        self._count(step[held - 1 :], bridged[held - 1 :])
        rows = self._integrate(samples, host, np.where(bridged, step, 0), bridged)
        first, stop = self.next_index, self._grid.count_until(int(host[-1]) - self._ahead_ns)
        frames = None
        if stop > first:
            frames = self._frames(first, stop, host, step, bridged, rows, samples.arrival_ns)
            self.next_index = stop
        moment = self._grid.moments(self.next_index - 1, self.next_index)
        keep = max(int(np.searchsorted(host, moment[0])) - 1, 0)
        self._host, self._sensor, self._rows = host[keep:].copy(), sensor[keep:].copy(), rows[:, keep:].copy()
        return frames

    def _count(self, step: IntArray, bridged: BoolArray) -> None:
        regular = step <= self._regular_ns
        self._regular_steps += int(np.count_nonzero(regular))
        self._regular_total_ns += int(step[regular].sum())
        if not bridged.all():
            gaps = step[~bridged]
            self._gaps_ns += int(gaps[gaps < -_BEGINNING_NS // 2].sum())

    def _late(self, step: IntArray) -> tuple[IntArray, FloatArray]:
        """Return the steps in which samples are missing, and the part of the change of rate by which each is behind.

        The last period is the sample's own; over those before, rate goes from the previous sample's to this one's.
        """
        late = np.flatnonzero(step > self._regular_ns)
        return late, 0.5 - 0.5 * self._period_ns / step[late]

    def _integrate(self, samples: TimedSamples, host: IntArray, step: IntArray, bridged: BoolArray) -> FloatArray:
        """Return the rows of held and new samples with their integrals continued."""
        held = self._rows.shape[1]
        rows = np.empty((len(self._rows), len(host)))
        rows[:, :held] = self._rows
        rows[0:3, held:] = samples.gyr_rad_s.T
        rows[3:6, held:] = samples.acc_m_s2.T
        last = held - 1
        seconds = step[last:] * 1e-9
        np.multiply(rows[0:3, held:], seconds, out=rows[6:9, held:])
        late, lag = self._late(step[last:])
        if len(late):
            rate, before = rows[0:3, held + late], rows[0:3, last + late]
            rows[6:9, held + late] = (rate - lag * (rate - before)) * seconds[late]
        if self._averages:
            # A mean is over host time, as the grid is: the sensor's would scale gravity while its clock is corrected.
            step = np.where(bridged[last:], host[held:] - host[last:-1], 0)
            rows[9:12, held:] = (rows[3:6, last:-1] + rows[3:6, held:]) * (step * 0.5e-9)
            turned = np.cumsum(rows[6:9, last:], axis=1)
            # Steps as the sums hold them: times the sum, what rounding took would show after hours of turning one way.
            rows[12:15, held:] = 0.5 * _cross(turned[:, :-1], turned[:, 1:] - turned[:, :-1])
        # Summing goes on from the last sum, so that blocks do not show in the bits.
        np.cumsum(rows[6:, last:], axis=1, out=rows[6:, last:])
        return rows

    def _frames(
        self,
        first: int,
        stop: int,
        host: IntArray,
        step: IntArray,
        bridged: BoolArray,
        rows: FloatArray,
        arrival_ns: IntArray,
    ) -> SensorFrames:
        moments = self._grid.moments(first - 1, stop)
        after = _following(host, moments)
        behind, inside, next_ns = _behind(host, moments, after, bridged)
        before = _before(after)
        right, between = _pick(rows[:9], after), _pick(step, before)
        # Behind the following sample by this much of the sensor's time; outside, rate goes on as the sample shows it.
        lead = between * 1e-9 * behind
        if not inside.all():
            lead = np.where(inside, lead, (next_ns - moments) * 1e-9)
        turned = right[6:9] - lead * right[0:3]
        late, lag = self._late(between)
        if len(late):
            rate, earlier = right[0:3, late], _pick(rows[:3], before)[:, late]
            turned[:, late] = right[6:9, late] - lead[late] * (rate - lag * behind[late] * (rate - earlier))
        rotation = turned[:, 1:] - turned[:, :-1]
        if self._averages:
            # What the integral sweeps about its value at the cell's beginning; each step is a straight line.
            swept = _pick(rows[12:15], after) - 0.5 * _cross(turned, right[6:9] - turned)
            rotation += swept[:, 1:] - swept[:, :-1] - 0.5 * _cross(turned[:, :-1], rotation)
        rotation *= self._grid.rate_hz
        known = (inside | (next_ns == moments))[1:]
        if self._averages:
            acc, surrounded, after = self._mean_acc(moments + self._ahead_ns, host, bridged, rows)
            known &= surrounded
        else:
            acc = right[3:6, 1:] - behind[1:] * (right[3:6, 1:] - _pick(rows[3:6], before)[:, 1:])
        if self._wait_ns is not None:
            arrived = np.concatenate((np.zeros(len(host) - len(arrival_ns), np.int64), arrival_ns - self._start_ns))
            known &= _pick(arrived, after)[1:] <= moments[1:] + self._wait_ns
        if not known.all():
            unknown = np.flatnonzero(~known)
            acc[:, unknown] = 0.0
            rotation[:, unknown] = 0.0
        return SensorFrames(first, acc.T, rotation.T, known)

    def _mean_acc(
        self, moments: IntArray, host: IntArray, bridged: BoolArray, rows: FloatArray
    ) -> tuple[FloatArray, BoolArray, slice | IntArray]:
        """Return (3, N) means of acceleration between N + 1 moments, and where and by what the later is surrounded."""
        after = _following(host, moments)
        behind, inside, next_ns = _behind(host, moments, after, bridged)
        right, left = _pick(rows[3:12], after), _pick(rows[3:6], _before(after))
        lead = (next_ns - moments) * 1e-9
        summed = right[6:9] - lead * (right[0:3] - 0.5 * behind * (right[0:3] - left))
        return (summed[:, 1:] - summed[:, :-1]) * self._grid.rate_hz, (inside | (next_ns == moments))[1:], after


def _following(host: IntArray, moments: IntArray) -> slice | IntArray:
    """Return which sample is the first at or after each moment.

    Mostly each moment has one of its own: then it is a slice, and picking costs nothing.
    """
    first = int(np.searchsorted(host, moments[0]))
    stop = first + len(moments)
    if stop <= len(host) and (host[first:stop] >= moments).all() and (host[first - 1 : stop - 1] < moments).all():
        return slice(first, stop)
    return np.searchsorted(host, moments)


def _before(after: slice | IntArray) -> slice | IntArray:
    """Return the samples before these."""
    return slice(after.start - 1, after.stop - 1) if isinstance(after, slice) else after - 1


def _pick(values: AnyArray, which: slice | IntArray) -> AnyArray:
    """Return columns (..., N) of (..., S), in a slice as a view."""
    return values[..., which] if isinstance(which, slice) else values.take(which, axis=-1)


def _behind(
    host: IntArray, moments: IntArray, after: slice | IntArray, bridged: BoolArray
) -> tuple[FloatArray, BoolArray, IntArray]:
    """Return how far moments lie before the next sample, as parts of the step, whether it is bridged, and that sample.

    In a gap the part is zero, so that values there are those of the next sample.
    """
    right, inside = _pick(host, after), _pick(bridged, _before(after))
    part = (right - moments) / (right - _pick(host, _before(after)))
    return part if inside.all() else np.where(inside, part, 0.0), inside, right


def _cross(left: FloatArray, right: FloatArray) -> FloatArray:
    """Return (3, N) the cross products of two (3, N)."""
    return left[[1, 2, 0]] * right[[2, 0, 1]] - left[[2, 0, 1]] * right[[1, 2, 0]]
