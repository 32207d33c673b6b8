"""Carries a sensor's turning over short gaps, so that a lost notification does not cost its heading."""

from __future__ import annotations

import numpy as np

from imuhip.records import record
from imuhip.timeline.frames import FrameBlock
from imuhip.units import BoolArray, FloatArray

MAX_BRIDGE_S = 1.0
"""Beyond a second a hip may have moved and come back: nothing can be said about its turning."""
_NEVER = 1 << 40
SLIP_SHARE = 0.3
SLIP_RAD_S = np.deg2rad(0.3)
"""How fast turning strays from the mean of the rates at both ends: by so much of the faster one, and by this at rest.
On each axis, one standard deviation, measured on real exercises, squats and walks (``tools/accuracy_gaps.py``)."""
LOST_RAD = 100.0
"""Slip after a longer gap: the turning is not known at all."""


@record
class BridgedBlock(FrameBlock):
    """Frames whose first rate after a gap stands for the whole gap.

    Attributes:
        span: (K, N) number of cells that a frame's rate is the mean of: 1, 0 inside a gap, and 1 more than the gap's
            length where it ends.
        slip_rad: (K, N) how far the turning over a gap that ends at the frame may be off, as a standard deviation; 0
            elsewhere, :data:`LOST_RAD` after a gap too long to carry over.
    """

    span: FloatArray
    slip_rad: FloatArray

    def part(self, start: int, stop: int) -> BridgedBlock:
        """Frames ``start`` to ``stop - 1`` of the block."""
        return BridgedBlock(
            self.start_index + start,
            self.rate_hz,
            self.acc_m_s2[:, start:stop],
            self.gyr_rad_s[:, start:stop],
            self.known[:, start:stop],
            self.span[:, start:stop],
            self.slip_rad[:, start:stop],
        )


class GapBridge:
    """Fills what short gaps leave out: force is held, turning is the mean of the rates at both ends.

    The angles inside a gap stay unknown; only what comes after profits.

    Args:
        sensors: Number of sensors.
        rate_hz: Rate of the frames.
    """

    def __init__(self, sensors: int, rate_hz: float) -> None:
        self._rate_hz = rate_hz
        self._gap = np.full(sensors, _NEVER)
        self._gyr = np.zeros((sensors, 3))
        self._acc = np.zeros((sensors, 3))

    def feed(self, block: FrameBlock) -> BridgedBlock:
        """Bridge the gaps of the next frames, in the block's own arrays."""
        acc, gyr = block.acc_m_s2, block.gyr_rad_s
        span, slip = np.ones(block.known.shape), np.zeros(block.known.shape)
        if not block.known.all() or self._gap.any():
            for k in range(len(self._gap)):
                self._bridge(k, block.known[k], acc[k], gyr[k], span[k], slip[k])
        else:
            self._acc, self._gyr = acc[:, -1].copy(), gyr[:, -1].copy()
        return BridgedBlock(block.start_index, block.rate_hz, acc, gyr, block.known, span, slip)

    def _bridge(
        self, k: int, known: BoolArray, acc: FloatArray, gyr: FloatArray, span: FloatArray, slip: FloatArray
    ) -> None:
        edges = (np.flatnonzero(np.diff(known)) + 1).tolist()
        for a, b in zip([0, *edges], [*edges, len(known)], strict=True):
            if not known[a]:
                self._gap[k] += b - a
                acc[a:b], gyr[a:b], span[a:b] = self._acc[k], 0.0, 0.0
                continue
            last = gyr[b - 1].copy()
            if self._gap[k]:
                span[a], slip[a], gyr[a] = self._over_gap(int(self._gap[k]), self._gyr[k], gyr[a])
            self._gap[k], self._gyr[k], self._acc[k] = 0, last, acc[b - 1]

    def _over_gap(self, gap: int, before: FloatArray, after: FloatArray) -> tuple[float, float, FloatArray]:
        """Span, slip and mean rate of the frame that ends a gap."""
        if gap >= _NEVER:  # the sensor's first frame: nothing came before that could have been lost
            return 1.0, 0.0, after
        gap_s = gap / self._rate_hz
        if gap_s > MAX_BRIDGE_S:
            return 1.0, LOST_RAD, after
        mean = (0.5 * gap * (before + after) + after) / (gap + 1)
        fastest = float(np.sqrt(max(before @ before, after @ after)))
        return gap + 1.0, gap_s * (SLIP_SHARE * fastest + SLIP_RAD_S), mean
