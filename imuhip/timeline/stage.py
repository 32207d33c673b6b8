"""Samples of all sensors to frames: the stage.

Three rules make the frames a function of the notifications alone, however they are cut into blocks:

- a sensor's frame depends on that sensor's samples only; it is unknown if the sample after it arrived more than
  ``wait_s`` after it;
- a frame is given out when every sensor has passed it, or when notifications arrive more than ``wait_s`` after it: a
  sensor that has not passed it by then can only pass it with samples that arrived too late;
- what is given out is decided at the end of a :meth:`TimelineStage.feed`, which takes what all sensors sent in one span
  of arrivals, so that a sensor is never judged silent only because its block comes second.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import fields

import numpy as np

from imuhip.packets.clock import ClockTraits
from imuhip.records import record
from imuhip.samples.block import SampleBlock
from imuhip.timeline.frames import FrameBlock
from imuhip.timeline.grid import Grid
from imuhip.timeline.resample import Resampler, SensorFrames
from imuhip.timeline.track import TimedSamples, Track
from imuhip.units import IntArray

MOST_FRAMES = 1 << 14
"""Frames in a block at the end: a recording of hours as one block would need large arrays at every step."""
START_WAIT_NS = 1_000_000_000
"""The recording's start is the earliest sample of the sensors that are heard within 1 s of the first."""


@record
class LinkStats:
    """How a sensor's data came through.

    Attributes:
        samples: Samples used.
        lost: Samples that never came; 0 where loss is not visible.
        duplicates: Samples that came again.
        late: Samples that came too late to be used, out of order or more than the wait after their time.
        filled: Samples that came late and took their place all the same; while live they count as late.
        device_drops: Samples the sensor says it had to drop.
        reboots: Times the sensor began again.
        gaps_s: Seconds in gaps longer than 100 ms.
        rate_hz: Measured rate where no sample is missing; 0 before two samples came.
        loss_visible: Whether loss can be seen, by missing numbers or by jumps of the sensor's clock.
    """

    samples: int
    lost: int
    duplicates: int
    late: int
    filled: int
    device_drops: int
    reboots: int
    gaps_s: float
    rate_hz: float
    loss_visible: bool


class _Lane:
    """One sensor on its way through the stage."""

    def __init__(self, traits: ClockTraits, wait_ns: int | None) -> None:
        self.traits = traits
        # A recording's own times cannot be late, and its samples may come in pieces longer than any wait.
        self.wait_ns = None if traits.kind == "recording_clock" else wait_ns
        self.track = Track(traits, fill=wait_ns is None)
        self.resampler: Resampler | None = None
        self.waiting: list[TimedSamples] = []
        self.frames: list[SensorFrames] = []
        self.first_arrival_ns: int | None = None
        self.first_host_ns = 0
        self.late = 0

    def feed(self, block: SampleBlock) -> None:
        self._take(self.track.feed(block))

    def flush(self) -> None:
        """Take what the track held back."""
        self._take(self.track.flush())

    def _take(self, samples: TimedSamples | None) -> None:
        if samples is None:
            return
        if self.first_arrival_ns is None:
            self.first_arrival_ns = int(samples.arrival_ns[0])
            self.first_host_ns = int(samples.host_ns[0])
        if self.wait_ns is not None:
            self.late += int(np.count_nonzero(samples.arrival_ns - samples.host_ns > self.wait_ns))
        self.waiting.append(samples)

    def resample(self) -> None:
        """Turn waiting samples into frames."""
        if self.resampler is None:
            return
        waiting, self.waiting = self.waiting[::-1], []
        while waiting:  # letting go of them one by one: those of hours take more memory than their frames
            self.frames += self.resampler.feed(waiting.pop())

    def put_in_order(self) -> None:
        """Put samples that filled gaps in their place."""
        parts, last = self.waiting, -(1 << 62)
        for part in parts:
            if part.sensor_ns[0] <= last or (np.diff(part.sensor_ns) <= 0).any():
                break
            last = int(part.sensor_ns[-1])
        else:  # nothing did
            return
        whole = TimedSamples(
            *(np.concatenate([getattr(part, each.name) for part in parts]) for each in fields(TimedSamples))
        )
        whole = whole[np.argsort(whole.sensor_ns, kind="stable")]
        # Pieces may overlap by whole samples: what lies within half a period is the same sample.
        repeat = np.diff(whole.sensor_ns, prepend=whole.sensor_ns[0] - (1 << 40)) < 0.5e9 / self.traits.rate_hz
        self.waiting = [whole[~repeat]]

    def fill_out(self, first: int, stop: int, block: FrameBlock, k: int) -> None:
        """Copy frames ``first`` to ``stop`` to sensor ``k`` of a block and let go of them."""
        for frames in self.frames:
            low, high = max(first, frames.start_index), min(stop, frames.stop_index)
            if low >= high:
                continue
            part = slice(low - frames.start_index, high - frames.start_index)
            place = slice(low - first, high - first)
            block.acc_m_s2[k, place] = frames.acc_m_s2[part]
            block.gyr_rad_s[k, place] = frames.gyr_rad_s[part]
            block.known[k, place] = frames.known[part]
        self.frames = [frames for frames in self.frames if frames.stop_index > stop]
        if self.resampler is not None:
            self.resampler.skip_to(stop)


class TimelineStage:
    """Puts the samples of all sensors on one grid.

    Args:
        traits: What each sensor's model tells about time and loss, in the order of the recording's list.
        rate_hz: Rate of the grid.
        wait_s: How long a frame waits for a silent sensor. ``math.inf`` is for after a session: everything is used,
            what came late included, and all frames come from :meth:`flush`.
        start_ns: Host time of grid index 0 where the recording knows it. Otherwise it is the earliest first sample of
            the sensors that are heard within 1 s of the first.

    Raises:
        InputError: If the rate is not possible.
    """

    def __init__(
        self,
        traits: Sequence[ClockTraits],
        rate_hz: float = 100.0,
        wait_s: float = 1.0,
        *,
        start_ns: int | None = None,
    ) -> None:
        self._grid = Grid(rate_hz)
        self._wait_ns = None if math.isinf(wait_s) else round(wait_s * 1e9)
        self._lanes = [_Lane(each, self._wait_ns) for each in traits]
        self._index = 0
        self._now_ns: int | None = None
        self._first_arrival_ns: int | None = None
        self.start_ns: int | None = None
        if start_ns is not None:
            self._start(start_ns)

    def feed(self, blocks: Sequence[SampleBlock]) -> list[FrameBlock]:
        """Take what the sensors sent in one span of arrivals.

        Args:
            blocks: Samples by sensor (:attr:`SampleBlock.sensor`), in any order of sensors; together they hold all
                that arrived since the last call. Blocks of one sensor are in order of arrival.

        Returns:
            The frames that are now final: none or one block.
        """
        for block in blocks:
            if len(block.arrival_ns):
                self._hear(block.arrival_ns)
                self._lanes[block.sensor].feed(block)
        if self._wait_ns is None:
            return []
        return self._advance()

    def flush(self) -> list[FrameBlock]:
        """End the recording.

        Returns:
            All frames not given out yet, up to the last sample of any sensor, in blocks that a cache holds.
        """
        for lane in self._lanes:
            lane.flush()
            if self._wait_ns is None:
                lane.put_in_order()
        if self.start_ns is None:
            self._start(self._earliest())
        if not self._resample():
            return []
        stop = max(lane.resampler.next_index for lane in self._lanes if lane.resampler)
        edges = [*range(self._index + MOST_FRAMES, stop, MOST_FRAMES), stop]
        return [block for edge in edges for block in self._emit(edge)]

    def time_of(self, host_ns: int) -> float:
        """Return the seconds from the recording's start to a host time (a mark's); 0 while no sample has come."""
        return 0.0 if self.start_ns is None else (host_ns - self.start_ns) * 1e-9

    def host_of(self, time_s: float) -> int:
        """Return the host time of a moment in seconds from the recording's start, the inverse of :meth:`time_of`."""
        return (self.start_ns or 0) + round(time_s * 1e9)

    def stats(self, sensor: int) -> LinkStats:
        """Return how the data of one sensor came through so far."""
        lane = self._lanes[sensor]
        link, resampler, fills = lane.track.link, lane.resampler, self._wait_ns is None
        return LinkStats(
            samples=lane.track.samples - lane.late,
            lost=link.lost,
            duplicates=link.duplicates,
            late=link.late + lane.late + (0 if fills else link.filled),
            filled=link.filled if fills else 0,
            device_drops=link.device_drops,
            reboots=link.reboots,
            gaps_s=resampler.gaps_s if resampler else 0.0,
            rate_hz=(resampler.measured_rate_hz or 0.0) if resampler else 0.0,
            loss_visible=lane.traits.loss_visible,
        )

    def _hear(self, arrival_ns: IntArray) -> None:
        first, last = int(arrival_ns[0]), int(arrival_ns[-1])
        self._first_arrival_ns = first if self._first_arrival_ns is None else min(self._first_arrival_ns, first)
        self._now_ns = last if self._now_ns is None else max(self._now_ns, last)

    def _earliest(self) -> int | None:
        """Return the first sample's time of the sensors heard soon after the first one."""
        if self._first_arrival_ns is None:
            return None
        until = self._first_arrival_ns + START_WAIT_NS
        heard = [lane for lane in self._lanes if lane.first_arrival_ns is not None and lane.first_arrival_ns <= until]
        return min((lane.first_host_ns for lane in heard), default=None)

    def _start(self, start_ns: int | None) -> None:
        self.start_ns = start_ns
        if start_ns is None:
            return
        for lane in self._lanes:
            lane.resampler = Resampler(self._grid, lane.traits.rate_hz, start_ns=start_ns, wait_ns=lane.wait_ns)

    def _resample(self) -> bool:
        """Resample what waits; False while the start of the grid is not known."""
        if self._now_ns is None:
            return False
        if self.start_ns is None:
            all_heard = all(lane.first_arrival_ns is not None for lane in self._lanes)
            if not all_heard and self._now_ns <= (self._first_arrival_ns or 0) + START_WAIT_NS:
                return False
            self._start(self._earliest())
            if self.start_ns is None:
                return False
        for lane in self._lanes:
            lane.resample()
        return True

    def _advance(self) -> list[FrameBlock]:
        """Resample what waits and give out what is final."""
        if not self._resample():
            return []
        # Nothing later than now: a sensor's clock may be ahead, but what is told of a moment must come before it.
        now_ns = (self._now_ns or 0) - (self.start_ns or 0)
        stop = self._grid.count_until(now_ns)
        for lane in self._lanes:
            passed = lane.resampler.next_index if lane.resampler else 0
            if lane.wait_ns is not None:
                passed = max(passed, self._grid.count_until(now_ns - lane.wait_ns - 1))
            stop = min(stop, passed)
        return self._emit(stop)

    def _emit(self, stop: int) -> list[FrameBlock]:
        first = self._index
        if stop <= first:
            return []
        shape = (len(self._lanes), stop - first)
        acc, gyr = (np.zeros((shape[0], 3, shape[1])).swapaxes(1, 2) for _ in range(2))
        block = FrameBlock(first, self._grid.rate_hz, acc, gyr, np.zeros(shape, dtype=np.bool_))
        for k, lane in enumerate(self._lanes):
            lane.fill_out(first, stop, block, k)
        self._index = stop
        return [block]
