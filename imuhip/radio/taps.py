"""Two taps on a sensor, seen in its samples."""

from __future__ import annotations

import numpy as np

from imuhip.units import FloatArray

KNOCK_M_S2 = 12.0
"""A sample that differs this much (1.2 g) from the one before is a knock: fingertips make 2-4 g, handling under 1."""

SAME_KNOCK_S = 0.1
"""A knock rings on for so long."""

APART_S = 0.12
"""Two taps come no faster."""

QUIET_S = 0.7
"""Knocks closer than this belong together: people who are told to tap twice take 0.2 to 0.5 s between. Two of them,
with silence before and after, are taps; more are a sensor that is being shaken or strapped on."""


class TapDetector:
    """Finds two taps in a stream.

    Args:
        rate_hz: Of the samples.
    """

    def __init__(self, rate_hz: float) -> None:
        self._rate_hz = rate_hz
        self._last: FloatArray | None = None
        self._count = 0
        self._knocks: list[float] = []

    def feed(self, acc_m_s2: FloatArray) -> bool:
        """Look at the next samples.

        Args:
            acc_m_s2: (N, 3) specific force.

        Returns:
            Whether two taps, and nothing else, have been seen by the end of them.
        """
        if len(acc_m_s2) == 0:
            return False
        before = acc_m_s2[:1] if self._last is None else self._last
        change = np.linalg.norm(np.diff(acc_m_s2, axis=0, prepend=before), axis=1)
        felt = False
        for at in np.flatnonzero(change > KNOCK_M_S2).tolist():
            time_s = (self._count + at) / self._rate_hz
            felt |= self._quiet_until(time_s)
            if not self._knocks or time_s - self._knocks[-1] > SAME_KNOCK_S:
                self._knocks.append(time_s)
        self._last = acc_m_s2[-1:].copy()
        self._count += len(acc_m_s2)
        return felt | self._quiet_until(self._count / self._rate_hz)

    def _quiet_until(self, time_s: float) -> bool:
        """Judge the knocks so far if they have ended; returns whether they were two taps."""
        if not self._knocks or time_s - self._knocks[-1] < QUIET_S:
            return False
        knocks, self._knocks = self._knocks, []
        return len(knocks) == 2 and knocks[1] - knocks[0] >= APART_S
