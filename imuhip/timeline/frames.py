"""Frames: every sensor's samples on one common grid, what every later stage works on."""

from __future__ import annotations

from imuhip.records import record
from imuhip.units import BoolArray, FloatArray


@record
class FrameBlock:
    """Consecutive frames of K sensors on the analysis grid.

    Frame ``i`` of the block lies at ``(start_index + i) / rate_hz`` seconds from the recording's start. Vectors lie
    component by component in memory, on which elementwise work is fastest.

    Attributes:
        start_index: Grid index of the first frame.
        rate_hz: Rate of the grid.
        acc_m_s2: (K, N, 3) specific force in the sensor's frame, sensors in the order of the recording's list.
        gyr_rad_s: (K, N, 3) angular rate which, held over the cell that ends at the frame, turns as the samples in it
            did, each the mean over the interval that ends at it (so that turning is conserved).
        known: (K, N) False in gaps longer than 100 ms and before the first or after the last sample; the values there
            are zero and mean nothing.
    """

    start_index: int
    rate_hz: float
    acc_m_s2: FloatArray
    gyr_rad_s: FloatArray
    known: BoolArray

    def __len__(self) -> int:
        return int(self.known.shape[1])
