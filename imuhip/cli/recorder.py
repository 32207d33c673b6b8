"""What a live session feeds: the recording, the live pipeline and what the viewer sees."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Protocol

from imuhip.cli.following import Following
from imuhip.cli.watching import LiveState, Watch
from imuhip.exercises.catalogue import Catalogue
from imuhip.live_results import Earlier, LiveResults
from imuhip.marks import Mark
from imuhip.packets.notification import NotificationBlock, SensorInfo
from imuhip.pipeline import Pipeline
from imuhip.recording.format import Loss
from imuhip.records import record

if TYPE_CHECKING:
    from imuhip.cli.outlet import MqttOutlet


class Keeper(Protocol):
    """What keeps a session: a :class:`imuhip.recording.RecordingWriter`, or nothing."""

    @property
    def size_bytes(self) -> int | None:
        """Of what is kept so far; None where nothing is."""

    def write(self, block: NotificationBlock) -> None:
        """Keep notifications."""

    def mark(self, mark: Mark) -> None:
        """Keep a mark."""

    def loss(self, loss: Loss) -> None:
        """Keep what was lost."""

    def sync(self) -> None:
        """Bring everything to the disk."""


class Unkept:
    """Keeps nothing, for a session that is only published."""

    size_bytes = None

    def write(self, block: NotificationBlock) -> None:
        """See :class:`Keeper`."""

    def mark(self, mark: Mark) -> None:
        """See :class:`Keeper`."""

    def loss(self, loss: Loss) -> None:
        """See :class:`Keeper`."""

    def sync(self) -> None:
        """See :class:`Keeper`."""


@record
class Snapshot:
    """One moment of a recording.

    Attributes:
        live: Angles and the sensors' data.
        size_bytes: Of the file so far; None where there is none.
        lost: Notifications of each sensor that this computer lost.
        why_no_angles: Why no angle has been known so far; empty once one was.
    """

    live: LiveState
    size_bytes: int | None
    lost: tuple[int, ...]
    why_no_angles: str


class Recorder:
    """Records first, then measures, then publishes; a :class:`imuhip.radio.live.Sink`.

    Args:
        writer: The recording.
        sensors: Its sensors.
        catalogue: What tests and exercises are; without it no repetitions are found.
        outlet: Where the results go besides.
        earlier: What flags compare with.
    """

    def __init__(
        self,
        writer: Keeper,
        sensors: Sequence[SensorInfo],
        *,
        catalogue: Catalogue | None = None,
        outlet: MqttOutlet | None = None,
        earlier: Earlier | None = None,
    ) -> None:
        self._writer = writer
        pipeline = Pipeline(sensors, catalogue=catalogue)
        if outlet is not None:
            outlet.begin(pipeline)
        results = None
        if catalogue is not None:
            results = LiveResults(pipeline, catalogue, [each.role for each in sensors], earlier=earlier)
        self._following = Following(pipeline, Watch(0.0), results=results, outlet=outlet)
        self._lost: tuple[int, ...] = (0,) * len(sensors)
        self._quiet = True
        self._why = ""
        self.snapshot = self._look()

    def take(self, block: NotificationBlock) -> None:
        """See :class:`imuhip.radio.live.Sink`."""
        self._writer.write(block)
        self._quiet = False
        self._following.feed(block)
        self.snapshot = self._look()

    def mark(self, mark: Mark) -> None:
        """See :class:`imuhip.radio.live.Sink`."""
        self._writer.mark(mark)
        self._following.mark(mark)

    def tick(self, now_ns: int, lost: Sequence[int]) -> None:
        """See :class:`imuhip.radio.live.Sink`; where nothing arrives the disk must still get what has arrived."""
        for sensor, count in enumerate(lost):
            if count != self._lost[sensor]:
                self._writer.loss(Loss(sensor, now_ns, {"queue_full": count}))
        self._lost = tuple(lost)
        if self._quiet:
            self._writer.sync()
        self._quiet = True
        self._ask_why()
        self.snapshot = self._look()

    def finish(self) -> None:
        """End the session: the last frames are measured."""
        self._following.finish()
        self._ask_why()
        self.snapshot = self._look()

    def _ask_why(self) -> None:
        following = self._following
        self._why = following.pipeline.why_uncalibrated if following.watch.knew_nothing else ""

    def _look(self) -> Snapshot:
        return Snapshot(self._following.state(), self._writer.size_bytes, self._lost, self._why)
