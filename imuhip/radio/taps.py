"""Two taps on a sensor, seen in its samples."""

from __future__ import annotations

import numpy as np

from imuhip.units import FloatArray

KNOCK_M_S2 = 12.0
"""A sample that differs this much (1.2 g) from the one before is a knock: a fingertip makes 2-4 g, handling less than 1."""

SAME_KNOCK_S = 0.1
"""A knock rings on for so long."""

PAIR_S = (0.12, 0.9)
"""Between the two taps: as people tap who are told to tap twice."""

QUIET_S = 0.5
"""Before and after two taps nothing knocks, or the sensor is merely being shaken."""


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
        for at in np.flatnonzero(change > KNOCK_M_S2).tolist():
            time_s = (self._count + at) / self._rate_hz
            if not self._knocks or time_s - self._knocks[-1] > SAME_KNOCK_S:
                self._knocks.append(time_s)
        self._last = acc_m_s2[-1:].copy()
        self._count += len(acc_m_s2)
        now_s = self._count / self._rate_hz
        self._knocks = [knock for knock in self._knocks if now_s - knock < QUIET_S + PAIR_S[1] + QUIET_S]
        return self._is_pair(now_s)

    def _is_pair(self, now_s: float) -> bool:
        if len(self._knocks) < 2:
            return False
        *earlier, first, second = self._knocks
        alone = not earlier or first - earlier[-1] > QUIET_S
        return alone and PAIR_S[0] <= second - first <= PAIR_S[1] and now_s - second >= QUIET_S
