"""A low-pass filter without delay, for several frequencies at once."""

from __future__ import annotations

from functools import cache, lru_cache

import numpy as np
from numpy.typing import NDArray

from imuhip.units import FloatArray

ComplexArray = NDArray[np.complex128]


class Smoothed:
    """Values, and what remains of them below some frequency, not delayed.

    A Butterworth filter of second order run both ways, applied to the spectrum of the values mirrored at both ends: to
    their cosine transform, taken once for all frequencies that are asked for. The last value goes on for some frames,
    to a number of them with small factors only: a transform of 641 takes five times as long as one of 648.

    Args:
        values: (N,).
        rate_hz: Frames per second.

    References:
        Makhoul 1980, doi:10.1109/TASSP.1980.1163351: the cosine transform of N values by a Fourier transform of N.
    """

    def __init__(self, values: FloatArray, rate_hz: float) -> None:
        self.values = values
        self.rate_hz = rate_hz
        if len(values) > 1:
            self._size = _quick_size(len(values))
            self._turn, self._hz4 = _table(self._size, rate_hz)
            held = np.concatenate([values, np.full(self._size - len(values), values[-1])])
            # Coefficient k of the cosine transform is the real part at k, coefficient N - k the imaginary part.
            self._cosines = np.fft.rfft(np.concatenate([held[::2], held[1::2][::-1]])) * self._turn

    def below(self, *cuts_hz: float) -> FloatArray:
        """(C, N) without what is faster than each of C frequencies."""
        if len(self.values) < 2:
            return np.tile(self.values, (len(cuts_hz), 1))
        size = self._size
        parts = self._cosines.view(np.float64).reshape(-1, 2)
        kept = parts / (1.0 + self._hz4 / (np.array(cuts_hz) ** 4)[:, None, None])
        halves = np.fft.irfft(kept.view(np.complex128)[..., 0] * self._turn.conj(), size)
        out = np.empty((len(cuts_hz), size))
        out[:, ::2], out[:, 1::2] = halves[:, : (size + 1) // 2], halves[:, (size + 1) // 2 :][:, ::-1]
        return out[:, : len(self.values)]


@cache
def _quick_size(size: int) -> int:
    """The next number without factors above 5."""
    while True:
        rest = size
        for factor in (2, 3, 5):
            while rest % factor == 0:
                rest //= factor
        if rest == 1:
            return size
        size += 1


@lru_cache(maxsize=64)
def _table(size: int, rate_hz: float) -> tuple[ComplexArray, FloatArray]:
    """What makes a cosine transform of a Fourier transform (K,), and the fourth powers of its frequencies (K, 2)."""
    order = np.arange(size // 2 + 1)
    hz2 = (np.stack([order, size - order], axis=1) * (0.5 * rate_hz / size)) ** 2
    turn: ComplexArray = np.exp(order * (-0.5j * np.pi / size))
    return turn, hz2 * hz2
