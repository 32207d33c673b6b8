"""Samples of one sensor in SI units, still on the sensor's own clock."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from imuhip.units import FloatArray, IntArray

TimeKind = Literal["sensor_clock", "recording_clock", "arrival"]
"""How a driver tells time: a clock in the sensor, the recording's own clock (imports), or not at all (arrival only)."""


@dataclass(frozen=True, slots=True)
class ClockTraits:
    """What a sensor's model can tell about time and loss.

    Attributes:
        kind: Where the time of a sample comes from.
        tick_bits: Width of the sensor clock in bits, in microseconds; it wraps at ``2**tick_bits`` (64: never).
        sequence_bits: Width of the sequence number of samples; 0 where the model has none, so that loss is not visible.
        rate_hz: Nominal sample rate.
    """

    kind: TimeKind
    tick_bits: int
    sequence_bits: int
    rate_hz: float


@dataclass(frozen=True, slots=True)
class SampleBlock:
    """Consecutive packets of one sensor, P packets holding S samples, in arrival order.

    Attributes:
        sensor: Index of the sensor in the recording.
        arrival_ns: (P,) host monotonic time of arrival.
        sequence: (P,) sequence number of each packet's first sample as sent (0 where the model has none).
        tick_us: (P,) sensor time of each packet's first sample as sent (0 for ``arrival``).
        count: (P,) samples in each packet.
        drops: (P,) the sensor's own running count of samples that it had to drop, as sent.
        time_s: (S,) each sample's time on the recording's clock for ``recording_clock``, else None.
        acc_m_s2: (S, 3) specific force.
        gyr_rad_s: (S, 3) angular rate.
        mag: (S, 3) magnetic field in the unit of the descriptor, or None. Kept, not used by the pipeline.
    """

    sensor: int
    arrival_ns: IntArray
    sequence: IntArray
    tick_us: IntArray
    count: IntArray
    drops: IntArray
    time_s: FloatArray | None
    acc_m_s2: FloatArray
    gyr_rad_s: FloatArray
    mag: FloatArray | None
