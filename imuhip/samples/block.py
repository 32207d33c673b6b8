"""Samples of one sensor in SI units, still on the sensor's own clock."""

from __future__ import annotations

from imuhip.packets.clock import ClockTraits, TimeKind
from imuhip.records import record
from imuhip.units import FloatArray, IntArray

__all__ = ["ClockTraits", "SampleBlock", "TimeKind"]


@record
class SampleBlock:
    """Consecutive packets of one sensor, P packets holding S samples, in arrival order.

    Attributes:
        sensor: Index of the sensor in the recording.
        arrival_ns: (P,) host monotonic time of arrival.
        sequence: (P,) sequence number of each packet's first sample as sent (0 where the model has none).
        tick_us: (P,) sensor time of each packet's first sample as sent (0 where the model has none).
        count: (P,) samples in each packet.
        drops: (P,) the sensor's own running count of samples that it had to drop, as sent.
        time_s: (S,) each sample's time on the recording's clock for ``recording_clock``, else None.
        acc_m_s2: (S, 3) specific force.
        gyr_rad_s: (S, 3) angular rate.
        mag: (S, 3) magnetic field in the unit of the descriptor, NaN where no value was sent, or None where the
            descriptor names no magnetometer. Kept, not used by the pipeline.
        period_s: (P,) time between the samples of one packet on the sensor's clock, as sent; None where the model does
            not tell it, then ``1 / rate_hz`` is all that is known.
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
    period_s: FloatArray | None = None
