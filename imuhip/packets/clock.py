"""What a sensor's model can tell about time and loss; the timeline builds on it."""

from __future__ import annotations

from typing import Literal

from imuhip.records import record

TimeKind = Literal["sensor_clock", "recording_clock", "arrival"]
"""How a driver tells time: a clock in the sensor, the recording's own clock (imports), or not at all (arrival only)."""


@record
class ClockTraits:
    """What a sensor's model can tell about time and loss.

    Attributes:
        kind: Where the time of a sample comes from.
        tick_bits: Width of the sensor clock in bits, in microseconds; it wraps at ``2**tick_bits`` (64: never; decoders
            refuse times of ``2**53`` us or more, so that they are exact as float64 and fit int64 as nanoseconds).
        sequence_bits: Width of the sequence number of samples; 0 where the model has none.
        rate_hz: Nominal sample rate.
        drop_bits: Width of the sensor's running count of dropped samples.
    """

    kind: TimeKind
    tick_bits: int
    sequence_bits: int
    rate_hz: float
    drop_bits: int = 32

    @property
    def loss_visible(self) -> bool:
        """Whether lost samples show: as missing numbers, or as jumps of the sensor's clock."""
        return self.sequence_bits > 0 or self.kind == "sensor_clock"
