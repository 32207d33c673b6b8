"""Notifications to frames, and marks to where they lie among the frames: what live and refined measuring share."""

from __future__ import annotations

from collections.abc import Sequence

from imuhip.calibration.calibrator import Calibrator
from imuhip.calibration.poses import Activity
from imuhip.calibration.result import Calibration
from imuhip.marks import Mark
from imuhip.packets.blocks import split_by_sensor
from imuhip.packets.notification import NotificationBlock, SensorInfo
from imuhip.records import record
from imuhip.samples.stage import SampleStage
from imuhip.timeline.frames import FrameBlock
from imuhip.timeline.stage import LinkStats, TimelineStage


@record
class SensorHealth:
    """How one sensor's data came through so far.

    Attributes:
        role: Where it is worn.
        stats: Counts of the timeline.
        bad_packets: Notifications that were not packets.
    """

    role: str
    stats: LinkStats
    bad_packets: int

    @property
    def rate_hz(self) -> float:
        """Measured sample rate."""
        return self.stats.rate_hz

    @property
    def lost(self) -> int:
        """Samples that never came or came too late."""
        return self.stats.lost + self.stats.late

    @property
    def lost_in_sensor(self) -> int:
        """How many of them the sensor says it dropped itself; the others got lost on the way."""
        return min(self.stats.device_drops, self.lost)

    @property
    def filled(self) -> int:
        """Samples that came late, from the sensor's log, and are used all the same."""
        return self.stats.filled

    @property
    def gaps_s(self) -> float:
        """Seconds in gaps longer than 100 ms."""
        return self.stats.gaps_s

    @property
    def loss_visible(self) -> bool:
        """Whether the model numbers its samples."""
        return self.stats.loss_visible


class Intake:
    """The stages up to frames, and the marks on the frames' clock; the part that live and refined share.

    Args:
        sensors: The recording's sensors.
        rate_hz: Rate of the grid.
        wait_s: How long frames wait for late data.
        start_ns: Host time of the recording's start, where it is known.
        saved: Calibration of an earlier recording.
    """

    def __init__(
        self,
        sensors: Sequence[SensorInfo],
        rate_hz: float,
        wait_s: float,
        start_ns: int | None,
        saved: Calibration | None,
    ) -> None:
        self.roles = [sensor.role for sensor in sensors]
        self.samples = [SampleStage(sensor) for sensor in sensors]
        self.timeline = TimelineStage([s.traits for s in self.samples], rate_hz, wait_s, start_ns=start_ns)
        self.calibrator = Calibrator(self.roles, rate_hz, saved)
        self.moves: list[tuple[int, str]] = []
        self.placed: list[tuple[Mark, float, float | None]] = []
        self._waiting: list[Mark] = []
        self._moved: set[int] = set()

    def feed(self, block: NotificationBlock) -> list[FrameBlock]:
        """Take notifications in; returns the frames that became final."""
        parts = split_by_sensor(block, len(self.samples))
        heard = [stage.feed(part) for stage, part in zip(self.samples, parts, strict=True) if len(part)]
        frames = self.timeline.feed(heard)
        self._place_marks()
        return frames

    def flush(self) -> list[FrameBlock]:
        """End the session; returns the last frames."""
        frames = self.timeline.flush()
        self._place_marks()
        return frames

    def mark(self, mark: Mark) -> None:
        """Take a mark in, opening or closing."""
        self._waiting.append(mark)
        self._place_marks()

    def health(self) -> list[SensorHealth]:
        """How each sensor's data came through so far."""
        return [
            SensorHealth(role, self.timeline.stats(k), stage.bad_packets)
            for k, (role, stage) in enumerate(zip(self.roles, self.samples, strict=True))
        ]

    @property
    def why_unsolved(self) -> str:
        """Why there is no calibration, while there is none: a sentence for the wearer."""
        silent = [each.role.replace("_", " ") for each in self.health() if not each.stats.samples]
        if silent:
            where = " and ".join(silent)
            return f"Nothing came from the sensor on the {where}: angles need all sensors that a recording names"
        return self.calibrator.why_unsolved

    def _place_marks(self) -> None:
        """Hand marks to the calibrator once the recording's start, and so their frame, is known."""
        if self.timeline.start_ns is None:
            return
        for mark in self._waiting:
            start_s = self.timeline.time_of(mark.start_ns)
            end_s = None if mark.end_ns is None else self.timeline.time_of(mark.end_ns)
            self.placed.append((mark, start_s, end_s))
            start = self.calibrator.step_at(start_s)
            end = None if end_s is None else self.calibrator.step_at(end_s)
            if mark.kind != "wear":
                self.calibrator.mark(
                    mark.id, Activity(mark.kind, mark.name, mark.side, mark.position or None, start, end)
                )
            elif mark.id not in self._moved and mark.sensor is not None and 0 <= mark.sensor < len(self.roles):
                self._moved.add(mark.id)
                self.calibrator.wear(mark.sensor, mark.name, start)
                self.moves.append((mark.sensor, mark.name))
        self._waiting.clear()
