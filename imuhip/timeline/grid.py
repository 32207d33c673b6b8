"""The common grid: frame ``i`` lies ``i / rate_hz`` after the recording's start, in whole nanoseconds."""

from __future__ import annotations

import numpy as np

from imuhip.errors import InputError
from imuhip.units import IntArray

MIN_RATE_HZ, MAX_RATE_HZ = 20.0, 1000.0
"""Below, a cell could hide a whole gap; above, nothing worn on a hip has anything to say."""


class Grid:
    """The moments of the frames, relative to the recording's start.

    Args:
        rate_hz: Frames per second.

    Raises:
        InputError: If the rate is not 20 to 1000 Hz.
    """

    def __init__(self, rate_hz: float) -> None:
        if not MIN_RATE_HZ <= rate_hz <= MAX_RATE_HZ:
            remedy = f"Choose {MIN_RATE_HZ:g} to {MAX_RATE_HZ:g} Hz"
            raise InputError(f"an analysis rate of {rate_hz} Hz is not possible", remedy=remedy)
        self.rate_hz = rate_hz
        self._period_ns = 1e9 / rate_hz

    @property
    def half_ns(self) -> int:
        """Half the distance of two frames."""
        return round(self._period_ns / 2)

    def moments(self, first: int, stop: int) -> IntArray:
        """Return (stop - first,) the moments of frames ``first`` to ``stop``."""
        moments: IntArray = np.rint(np.arange(first, stop, dtype=np.int64) * self._period_ns).astype(np.int64)
        return moments

    def count_until(self, moment_ns: int) -> int:
        """Return how many frames, from frame 0 on, lie at or before a moment."""
        index = int(moment_ns // self._period_ns)
        while round((index + 1) * self._period_ns) <= moment_ns:
            index += 1
        while index >= 0 and round(index * self._period_ns) > moment_ns:
            index -= 1
        return max(index + 1, 0)
