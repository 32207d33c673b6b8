"""What a live session feeds: the recording, the live pipeline and what the viewer sees."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from imuhip.cli.watching import LiveState, Watch
from imuhip.exercises.catalogue import Catalogue
from imuhip.hip.stage import HipBlock
from imuhip.live_results import Earlier, LiveResults
from imuhip.marks import Mark
from imuhip.packets.notification import NotificationBlock, SensorInfo
from imuhip.pipeline import Pipeline
from imuhip.recording.format import Loss

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


@dataclass(frozen=True, slots=True)
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
        self._pipeline = Pipeline(sensors, catalogue=catalogue)
        self._outlet = outlet
        if outlet is not None:
            outlet.begin(self._pipeline)
        self._results: LiveResults | None = None
        if catalogue is not None:
            self._results = LiveResults(self._pipeline, catalogue, [each.role for each in sensors], earlier=earlier)
        self._watch = Watch(0.0)
        self._lost: tuple[int, ...] = (0,) * len(sensors)
        self._quiet = True
        self._why = ""
        self.snapshot = self._look()

    def take(self, block: NotificationBlock) -> None:
        """See :class:`imuhip.radio.live.Sink`."""
        self._writer.write(block)
        self._quiet = False
        self._show(self._pipeline.feed(block))
        self.snapshot = self._look()

    def mark(self, mark: Mark) -> None:
        """See :class:`imuhip.radio.live.Sink`."""
        self._writer.mark(mark)
        self._show(self._pipeline.mark(mark))
        if self._results is not None:
            self._results.mark(mark)

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
        self._show(self._pipeline.flush(), last=True)
        self._watch.end()
        self._ask_why()
        self.snapshot = self._look()

    def _ask_why(self) -> None:
        self._why = self._pipeline.why_uncalibrated if self._watch.knew_nothing else ""

    def _show(self, blocks: Sequence[HipBlock], *, last: bool = False) -> None:
        news = [] if self._results is None else self._results.take(blocks, last=last)
        self._watch.take(blocks, news)
        if self._outlet is not None:
            self._outlet.take(blocks, news)

    def _look(self) -> Snapshot:
        note = "" if self._outlet is None else self._outlet.note()
        state = self._watch.state(self._pipeline.health(), self._pipeline.latest_set(), note=note)
        return Snapshot(state, self._writer.size_bytes, self._lost, self._why)
