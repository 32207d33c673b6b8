"""What a live session feeds: the recording, the live pipeline and what the viewer sees."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from imuhip.cli.watching import LiveState, Watch
from imuhip.marks import Mark
from imuhip.packets.notification import NotificationBlock, SensorInfo
from imuhip.pipeline import Pipeline
from imuhip.recording import RecordingWriter
from imuhip.recording.format import Loss


@dataclass(frozen=True, slots=True)
class Snapshot:
    """One moment of a recording.

    Attributes:
        live: Angles and the sensors' data.
        size_bytes: Of the file so far.
        lost: Notifications of each sensor that this computer lost.
    """

    live: LiveState
    size_bytes: int
    lost: tuple[int, ...]


class Recorder:
    """Records first, then measures; a :class:`imuhip.radio.live.Sink`.

    Args:
        writer: The recording.
        sensors: Its sensors.
    """

    def __init__(self, writer: RecordingWriter, sensors: Sequence[SensorInfo]) -> None:
        self._writer = writer
        self._pipeline = Pipeline(sensors)
        self._watch = Watch(0.0)
        self._lost: tuple[int, ...] = (0,) * len(sensors)
        self._quiet = True
        self.snapshot = self._look()

    def take(self, block: NotificationBlock) -> None:
        """See :class:`imuhip.radio.live.Sink`."""
        self._writer.write(block)
        self._quiet = False
        self._watch.take(self._pipeline.feed(block))
        self.snapshot = self._look()

    def mark(self, mark: Mark) -> None:
        """See :class:`imuhip.radio.live.Sink`."""
        self._writer.mark(mark)
        self._watch.take(self._pipeline.mark(mark))

    def tick(self, now_ns: int, lost: Sequence[int]) -> None:
        """See :class:`imuhip.radio.live.Sink`; where nothing arrives the disk must still get what has arrived."""
        for sensor, count in enumerate(lost):
            if count != self._lost[sensor]:
                self._writer.loss(Loss(sensor, now_ns, {"queue_full": count}))
        self._lost = tuple(lost)
        if self._quiet:
            self._writer.sync()
        self._quiet = True
        self.snapshot = self._look()

    def finish(self) -> None:
        """End the session: the last frames are measured."""
        self._watch.take(self._pipeline.flush())
        self._watch.end()
        self.snapshot = self._look()

    @property
    def why_uncalibrated(self) -> str:
        """Why there are no angles, while there are none."""
        return self._pipeline.why_uncalibrated

    def _look(self) -> Snapshot:
        return Snapshot(self._watch.state(self._pipeline.health()), self._writer.size_bytes, self._lost)
