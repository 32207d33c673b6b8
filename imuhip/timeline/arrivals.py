"""Times for sensors without a clock: by counting their samples and by when notifications arrive.

Counted time runs at the sensor's rate, which is only nearly the nominal one, and is held to the lower envelope of the
arrivals, as for any sensor (:mod:`imuhip.timeline.clock`). What is lost shows nowhere in the data, but in time: from
then on **all** notifications are late by what is missing. So each is judged with those that arrive soon after it: if
even the earliest of them is late by most of a notification, that many were lost, and time jumps forward just there. A
stall of the radio is told from loss, because what it held back arrives together at its end, and the last is in time.

The price is a delay of :data:`LOOK_AHEAD_NS`.

Limits: where a notification is shorter than the radio's intervals (a sensor that sends each sample by itself) single
losses cannot be told from jitter, and shift time until it is corrected slowly. Where a notification takes as long as an
interval, to 5 %, one that just misses its event looks like a loss, and time may be off by up to a notification.
"""

from __future__ import annotations

from dataclasses import fields

import numpy as np

from imuhip.records import record
from imuhip.units import BoolArray, FloatArray, IntArray

LOOK_AHEAD_NS = 350_000_000
"""As far as notifications are judged together: some of the slowest connection intervals (50 ms) and a short stall."""

MOST_TOGETHER = 1024
"""Packets judged together at most, a stall of 10 s at 100 a second: an endless burst must not cost its square."""

JUMP_PART, JUMP_LEAST_NS = 0.6, 20e6
"""Later than this part of a notification is a loss; jitter of the envelope stays below 20 ms."""

GAIN_S, GAIN_RATE = 1.0, 0.05
"""An error is corrected within about this time (s), and this part of it is taken for an error of the rate (per s)."""

SLEW = 0.05
"""Corrections per time (s/s): gyro values are rates, and their time must not be bent by more."""

RATE_LIMIT = 0.03
"""How far a rate may be off the nominal one; chips' own oscillators are, by percents."""


@record
class Counted:
    """Packets of a sensor without a clock, P packets holding S samples.

    Attributes:
        arrival_ns: (P,) host time of arrival.
        number: (P,) number of the first sample in its epoch.
        count: (P,) samples in each packet.
        restart: (P,) packet that begins an epoch.
        acc_m_s2: (S, 3) specific force.
        gyr_rad_s: (S, 3) angular rate.
    """

    arrival_ns: IntArray
    number: IntArray
    count: IntArray
    restart: BoolArray
    acc_m_s2: FloatArray
    gyr_rad_s: FloatArray

    def __len__(self) -> int:
        return len(self.arrival_ns)

    def __getitem__(self, part: slice) -> Counted:
        edges = np.concatenate(([0], np.cumsum(self.count)))
        low, high, _ = part.indices(len(self))
        samples = slice(int(edges[low]), int(edges[high]))
        return Counted(
            self.arrival_ns[part],
            self.number[part],
            self.count[part],
            self.restart[part],
            self.acc_m_s2[samples],
            self.gyr_rad_s[samples],
        )


def joined(parts: list[Counted]) -> Counted:
    """Put packets one after the other."""
    return Counted(*(np.concatenate([getattr(part, each.name) for part in parts]) for each in fields(Counted)))


class ArrivalClock:
    """Times the packets of one sensor, each when those that arrive soon after it are known.

    Args:
        period_ns: Nominal time from sample to sample.
        sees_loss: Whether packets are numbered, so that a jump of time is no loss.
    """

    def __init__(self, period_ns: float, *, sees_loss: bool) -> None:
        self._period_ns = period_ns
        self._sees_loss = sees_loss
        self._held: Counted | None = None
        self._last_ns: int | None = None
        self._last_number = 0
        self._rate = 0.0

    def feed(self, packets: Counted) -> tuple[Counted, IntArray, FloatArray, IntArray]:
        """Take the next packets.

        Args:
            packets: In order; may be empty.

        Returns:
            The R packets that are now timed, (R,) host time of each one's last sample, (R,) ns from sample to sample
            in it, and (R,) when it became known: the arrival of the packet that ended the wait for it.
        """
        every = packets if self._held is None else joined([self._held, packets])
        if len(every) == 0:
            return self._timed(every, 0)
        ends = self._ends(every)
        # A packet is done when one arrives that is too late to be judged together with it.
        return self._timed(every, int(np.count_nonzero(ends < len(every))))

    def flush(self) -> tuple[Counted, IntArray, FloatArray, IntArray] | None:
        """Time what is still held back; see :meth:`feed`."""
        return None if self._held is None or len(self._held) == 0 else self._timed(self._held, len(self._held))

    def _ends(self, packets: Counted) -> IntArray:
        """Return for each packet which is the first that is not judged together with it; (P,) up to P."""
        arrival = packets.arrival_ns
        ends = np.searchsorted(arrival, arrival + LOOK_AHEAD_NS, side="right")
        starts = np.flatnonzero(packets.restart)
        index = np.arange(len(arrival))
        following = np.append(starts, len(arrival))[np.searchsorted(starts, index, side="right")]
        judged: IntArray = np.minimum(np.minimum(ends, following), index + MOST_TOGETHER)
        return judged

    def _timed(self, every: Counted, done: int) -> tuple[Counted, IntArray, FloatArray, IntArray]:
        """Time the first ``done`` packets and hold the others back."""
        last_ns, step_ns = np.empty(done, dtype=np.int64), np.empty(done)
        known_ns = np.empty(done, dtype=np.int64)
        if done:
            ends = self._ends(every)
            final = every.number + every.count - 1
            for at in range(done):
                end = int(ends[at])
                last_ns[at], step_ns[at] = self._place(every, final, at, end)
                known_ns[at] = every.arrival_ns[min(end, len(every) - 1)]
        self._held = every[done:]
        return every[:done], last_ns, step_ns, known_ns

    def _place(self, every: Counted, final: IntArray, at: int, end: int) -> tuple[int, float]:
        """Return the host time of a packet's last sample and the time from sample to sample."""
        arrival_ns, number = int(every.arrival_ns[at]), int(final[at])
        if every.restart[at] or self._last_ns is None:
            self._rate = 0.0
        step_ns = self._period_ns * (1.0 + self._rate)
        # How late the earliest of the packets judged together is, if this one's last sample were taken as it arrived.
        early = float((every.arrival_ns[at:end] - arrival_ns - (final[at:end] - number) * step_ns).min())
        if every.restart[at] or self._last_ns is None:
            at_ns = arrival_ns + round(early)
            if self._last_ns is not None:  # time goes on even if the first packet came faster than any before
                at_ns = max(at_ns, self._last_ns + round(int(every.count[at]) * step_ns))
        else:
            passed_ns = (number - self._last_number) * step_ns
            error_ns = arrival_ns + early - self._last_ns - passed_ns
            packet_ns = int(every.count[at]) * step_ns
            jump_ns = 0.0
            # Nothing is said of the last packets of an epoch: a single late one is no loss.
            judged = not self._sees_loss and end < len(every) and not every.restart[end]
            if judged and error_ns > max(JUMP_PART * packet_ns, JUMP_LEAST_NS):
                jump_ns = max(round(error_ns / packet_ns), 1) * packet_ns
            correction_ns = self._corrected(error_ns - jump_ns, passed_ns)
            at_ns = self._last_ns + round(passed_ns + jump_ns + correction_ns)
        self._last_ns, self._last_number = at_ns, number
        return at_ns, step_ns

    def _corrected(self, error_ns: float, passed_ns: float) -> float:
        """Return how much of an error to correct now, and learn the rate from it."""
        passed_s = passed_ns * 1e-9
        limit_ns = SLEW * passed_ns
        self._rate = min(max(self._rate + GAIN_RATE * passed_s * error_ns * 1e-9, -RATE_LIMIT), RATE_LIMIT)
        return min(max(error_ns * min(passed_s / GAIN_S, 1.0), -limit_ns), limit_ns)
