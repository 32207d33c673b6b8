"""One sensor's clock on the host's clock, by the lower envelope of arrival minus sensor time.

A notification can only be late, by the radio's connection interval and by queues, so the smallest ``arrival - sensor
time`` of the last seconds is the best estimate of the clocks' offset; midpoints of round trips are biased by up to half
a connection interval. The offset's bias is the shortest delay of the link, which sensors on one host share.

The map is a line in each second of sensor time, from that second's first packet to the next one's, without a step
between them. Each line is fixed by the packets of the seconds before it, so the map is causal and does not depend on
blocks; it corrects itself by its slope alone, so time never runs backwards.

Limits: where a sensor's packets are locked to the radio's connection events (its rate divides theirs exactly, without
jitter), part of the interval is a delay that no packet escapes, and no arrival can show it.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from imuhip.units import FloatArray, IntArray

SECOND_NS = 1_000_000_000


LEAK_NS = 150_000
"""How much a sensor may lose on the host in a second, and the envelope rise: crystals part by up to +-100 ppm."""

SLEW, SLEW_EARLY = 0.005, 0.03
"""The largest correction (s/s), which takes a whole connection interval in some seconds; and in the first seconds of an
epoch, when the first packets may have waited in a queue."""

EARLY_S = 10
"""Seconds of an epoch in which corrections may be quick."""


class Line(NamedTuple):
    """The map in one second of sensor time: ``host = base + (1 + slope) * (sensor - start)``.

    Attributes:
        start_ns: Sensor time at which the line begins.
        base_ns: Host time there.
        slope: Rate of the host clock against the sensor's, less one.
    """

    start_ns: int
    base_ns: int
    slope: float


class SensorClock:
    """The clock of one sensor in one epoch (from a start of its clock to the next).

    Args:
        offset_ns: Host time of sensor time zero as the first packet shows it: its arrival minus its last sample's time.
        first_ns: Sensor time of the first packet.
    """

    def __init__(self, offset_ns: int, first_ns: int) -> None:
        self._begin = self._second = first_ns // SECOND_NS
        self._least: int | None = None
        self._envelope = offset_ns
        self.lines = [Line(first_ns, first_ns + offset_ns, 0.0)]

    def feed(self, arrival_ns: IntArray, first_ns: IntArray, last_ns: IntArray) -> tuple[IntArray, FloatArray]:
        """Map packets in order and learn from them.

        Args:
            arrival_ns: (P,) host time of arrival.
            first_ns: (P,) sensor time of the first sample, increasing.
            last_ns: (P,) sensor time of the last sample.

        Returns:
            (P,) host time of the first sample, and (P,) slope of the map there.
        """
        second = first_ns // SECOND_NS
        delay = arrival_ns - last_ns
        if second[-1] == self._second:
            low = int(delay.min())
            self._least = low if self._least is None else min(self._least, low)
            line = self.lines[-1]
            return _on_line(first_ns, line), np.full(len(first_ns), line.slope)
        starts = np.concatenate(([0], np.flatnonzero(second[1:] != second[:-1]) + 1))
        least = np.minimum.reduceat(delay, starts).tolist()
        lines = []
        for at, start_ns, low in zip(second[starts].tolist(), first_ns[starts].tolist(), least, strict=True):
            if at > self._second:
                self._advance(at, start_ns)
            self._least = low if self._least is None else min(self._least, low)
            lines.append(self.lines[-1])
        sizes = np.concatenate((starts[1:], [len(first_ns)])) - starts
        starts_ns, bases_ns, slopes = zip(*lines, strict=True)
        start, base, slope = (np.repeat(np.array(column), sizes) for column in (starts_ns, bases_ns, slopes))
        since = first_ns - start
        return base + since + np.rint(since * slope).astype(np.int64), slope

    def locate(self, sensor_ns: int) -> tuple[int, float]:
        """Map one moment in the past by the line that held then; see :meth:`feed`."""
        line = next((line for line in reversed(self.lines) if line.start_ns <= sensor_ns), self.lines[0])
        since = sensor_ns - line.start_ns
        return line.base_ns + since + round(since * line.slope), line.slope

    def forget(self) -> None:
        """Drop all lines but the current one."""
        del self.lines[:-1]

    def _on_last_line(self, sensor_ns: int) -> int:
        line = self.lines[-1]
        since = sensor_ns - line.start_ns
        return line.base_ns + since + round(since * line.slope)

    def _advance(self, second: int, start_ns: int) -> None:
        """Close the current second and begin another, some seconds later after a silence, with its first packet."""
        passed = second - self._second
        rise = self._envelope + LEAK_NS
        self._envelope = rise if self._least is None else min(self._least, rise)
        self._envelope += LEAK_NS * (passed - 1)
        if passed > 1:
            # In a silence the clock goes on at its own rate: an old correction must not run on for long.
            silence = (self._second + 1) * SECOND_NS
            self.lines.append(Line(silence, self._on_last_line(silence), 0.0))
        base_ns = self._on_last_line(start_ns)
        error = (self._envelope + start_ns - base_ns) / SECOND_NS
        slew = SLEW_EARLY if second <= self._begin + EARLY_S else SLEW
        self.lines.append(Line(start_ns, base_ns, _clip(error, slew)))
        self._second = second
        self._least = None


def _on_line(sensor_ns: IntArray, line: Line) -> IntArray:
    since = sensor_ns - line.start_ns
    mapped: IntArray = line.base_ns + since + np.rint(since * line.slope).astype(np.int64)
    return mapped


def _clip(value: float, limit: float) -> float:
    return -limit if value < -limit else min(value, limit)
