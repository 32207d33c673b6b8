"""How smooth a movement is: the spectral arc length of its speed (SPARC).

It tells a movement made in pieces or with tremor from one in a single go. It does not see speed: a rep flung in half a
second scores like a perfect slow one, and a perfectly even (metronome) one scores worse than both.
"""

from __future__ import annotations

import math

import numpy as np

from imuhip.units import FloatArray

PAD_LEVEL = 4
"""Zero padding to 2^4 times the next power of two, so that the arc is drawn finely."""
CUTOFF_HZ = 10.0
"""Faster than any voluntary movement."""
AMPLITUDE_THRESHOLD = 0.05
"""Share of the greatest magnitude below which the spectrum's tail counts as empty."""


def sparc(
    speed: FloatArray,
    rate_hz: float,
    *,
    pad_level: int = PAD_LEVEL,
    cutoff_hz: float = CUTOFF_HZ,
    threshold: float = AMPLITUDE_THRESHOLD,
) -> float:
    """Spectral arc length of a speed profile, negative; nearer to zero is smoother.

    The magnitude spectrum is scaled to a maximum of 1 and its band, from the first to the last bin up to ``cutoff_hz``
    that reaches ``threshold``, to a width of 1; the result is minus the length of that curve. Rest before and after
    the movement does not change it.

    Args:
        speed: (N,) speed of one phase, in any unit: only its shape counts.
        rate_hz: Samples per second.
        pad_level: Powers of two of zero padding beyond the next one from N.
        cutoff_hz: Upper end of the band; the Nyquist frequency where that is lower.
        threshold: Least share of the maximum that still belongs to the band.

    Returns:
        The arc length; NaN where the speed is unknown somewhere, zero throughout, or too short to have a spectrum.

    References:
        Balasubramanian et al. 2015, doi:10.1186/s12984-015-0090-9.
    """
    if len(speed) < 2 or not np.isfinite(speed).all():
        return math.nan
    size = 2 ** (math.ceil(math.log2(len(speed))) + pad_level)
    spectrum = np.fft.rfft(speed, size)
    # What is never negative has its greatest magnitude at 0 Hz.
    greatest = float(spectrum[0].real if speed.min() >= 0.0 else np.abs(spectrum).max())
    if greatest == 0.0:
        return math.nan
    magnitude = np.abs(spectrum[: math.floor(cutoff_hz * size / rate_hz) + 1]) / greatest
    reached = (magnitude >= threshold).tobytes()
    first, last = reached.find(b"\1"), reached.rfind(b"\1")
    if first == last:
        return math.nan
    band = magnitude[first : last + 1]
    return -float(np.hypot(1.0 / (len(band) - 1), band[1:] - band[:-1]).sum())
