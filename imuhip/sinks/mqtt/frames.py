"""Angles on their way to the broker: a bounded queue that drops the oldest, and counts."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable

from imuhip.errors import BrokerError
from imuhip.hip.stage import HipBlock
from imuhip.sinks.mqtt.payloads import Frame

CAPACITY = 256
"""Frames that wait at most: 2.6 s at the full rate, more than are still of interest."""
STALE_S = 1.0
"""An angle that has waited longer is not live any more."""
BATCH_ABOVE_HZ = 50.0
BATCH_FRAMES = 50
"""Half a second at the full rate: a message of about 6 kB."""
LOWEST_HZ, HIGHEST_HZ = 1.0, 1000.0


class FrameQueue:
    """Takes frames from the feeding side at any pace, and gives them to the sender while they are fresh.

    Args:
        rate_hz: Frames to publish per second; at or above the pipeline's rate all of them.
        clock: Seconds, never decreasing.

    Raises:
        BrokerError: The rate is out of range.
    """

    def __init__(self, rate_hz: float, clock: Callable[[], float] = time.monotonic) -> None:
        if not LOWEST_HZ <= rate_hz <= HIGHEST_HZ:
            raise BrokerError(f"a rate of {rate_hz:g} Hz cannot be published", remedy="Give 1 to 100")
        self.rate_hz = rate_hz
        self.dropped = 0
        """Frames that had to make room."""
        self.stale = 0
        """Frames that waited too long."""
        self._clock = clock
        self._lock = threading.Lock()
        self._frames: deque[Frame] = deque()

    def __len__(self) -> int:
        return len(self._frames)

    @property
    def batch_frames(self) -> int:
        """How many frames one message may hold."""
        return BATCH_FRAMES if self.rate_hz > BATCH_ABOVE_HZ else 1

    def put(self, block: HipBlock, start_us: int) -> bool:
        """Take a block in; never waits.

        Args:
            block: Frames in their order.
            start_us: Unix microseconds of frame 0.

        Returns:
            Whether there is something to send.
        """
        now_s = self._clock()
        chosen = self._chosen(block)
        late = len(chosen) - CAPACITY
        frames = [
            Frame(block, i, start_us + round((block.start_index + i) * 1e6 / block.rate_hz), now_s)
            for i in (chosen[late:] if late > 0 else chosen)
        ]
        with self._lock:
            self.dropped += max(late, 0)
            self._frames.extend(frames)
            while len(self._frames) > CAPACITY:
                self._frames.popleft()
                self.dropped += 1
        return bool(frames)

    def take(self) -> list[Frame]:
        """Return the frames of the next message, none where nothing fresh waits."""
        fresh_s = self._clock() - STALE_S
        out: list[Frame] = []
        with self._lock:
            while self._frames and len(out) < self.batch_frames:
                frame = self._frames.popleft()
                if frame.fed_s < fresh_s:
                    self.stale += 1
                else:
                    out.append(frame)
        return out

    def _chosen(self, block: HipBlock) -> list[int]:
        """Rows to publish. The choice depends on the frame's number only, so it is the same for any cut into blocks."""
        first, share = block.start_index, self.rate_hz / block.rate_hz
        if share >= 1.0:
            return list(range(len(block)))
        return [i for i in range(len(block)) if int((first + i + 1) * share + 1e-9) > int((first + i) * share + 1e-9)]
