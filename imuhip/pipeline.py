"""The composition root: raw notifications to hip angles, one path for live, replay and import.

::

    notifications -> samples -> timeline -> frames -+-> calibrator -> calibrations
                                                    +-> segments (filter, calibration applied) -> hip angles

:class:`Pipeline` gives what is known at each moment; :func:`refine` runs the same stages again over a whole recording
with what is known after it.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from imuhip.calibration.calibrator import Calibrator, Due
from imuhip.calibration.poses import Activity
from imuhip.calibration.result import Calibration
from imuhip.hip.stage import HipBlock, hip_block
from imuhip.marks import Mark
from imuhip.orientation.segments import LiveSegments, refined_segments
from imuhip.packets.blocks import split_by_sensor
from imuhip.packets.notification import NotificationBlock, SensorInfo
from imuhip.samples.stage import SampleStage
from imuhip.timeline.bridge import BridgedBlock, GapBridge
from imuhip.timeline.frames import FrameBlock
from imuhip.timeline.stage import LinkStats, TimelineStage

__all__ = ["HipBlock", "Pipeline", "Refined", "SensorHealth", "refine"]

RATE_HZ = 100.0
NO_SAMPLES = "There are no samples that could be measured"


@dataclass(frozen=True, slots=True)
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


class _Intake:
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
        self._waiting: list[Mark] = []
        self._moved: set[int] = set()

    def feed(self, block: NotificationBlock) -> list[FrameBlock]:
        parts = split_by_sensor(block, len(self.samples))
        heard = [stage.feed(part) for stage, part in zip(self.samples, parts, strict=True) if len(part)]
        frames = self.timeline.feed(heard)
        self._place_marks()
        return frames

    def flush(self) -> list[FrameBlock]:
        frames = self.timeline.flush()
        self._place_marks()
        return frames

    def mark(self, mark: Mark) -> None:
        self._waiting.append(mark)
        self._place_marks()

    def health(self) -> list[SensorHealth]:
        return [
            SensorHealth(role, self.timeline.stats(k), stage.bad_packets)
            for k, (role, stage) in enumerate(zip(self.roles, self.samples, strict=True))
        ]

    def _place_marks(self) -> None:
        """Hand marks to the calibrator once the recording's start, and so their frame, is known."""
        if self.timeline.start_ns is None:
            return
        for mark in self._waiting:
            start = self.calibrator.step_at(self.timeline.time_of(mark.start_ns))
            end = None if mark.end_ns is None else self.calibrator.step_at(self.timeline.time_of(mark.end_ns))
            if mark.kind != "wear":
                self.calibrator.mark(
                    mark.id, Activity(mark.kind, mark.name, mark.side, mark.position or None, start, end)
                )
            elif mark.id not in self._moved and mark.sensor is not None and 0 <= mark.sensor < len(self.roles):
                self._moved.add(mark.id)
                self.calibrator.wear(mark.sensor, mark.name, start)
                self.moves.append((mark.sensor, mark.name))
        self._waiting.clear()


class Pipeline:
    """Notifications to hip angles as they come; any cut of the input into blocks gives the same bits.

    Args:
        sensors: The recording's sensors; ``sensors[i].index == i``.
        rate_hz: Rate of the analysis grid.
        wait_s: How long a frame waits for a silent sensor.
        start_ns: Host time of the recording's start, where it is known.
        saved: Calibration of an earlier recording whose mountings still hold.

    Raises:
        ImuhipError: If a sensor's driver or descriptor is unknown. Data never raises: what is bad is counted.
    """

    def __init__(
        self,
        sensors: Sequence[SensorInfo],
        *,
        rate_hz: float = RATE_HZ,
        wait_s: float = 1.0,
        start_ns: int | None = None,
        saved: Calibration | None = None,
    ) -> None:
        self.rate_hz = rate_hz
        self._intake = _Intake(sensors, rate_hz, wait_s, start_ns, saved)
        self._segments = LiveSegments(self._intake.roles, rate_hz)
        self._bridge = GapBridge(len(sensors), rate_hz)
        self._due: list[Due] = []
        self._moves_seen = 0
        self.calibrations: list[Due] = []

    def feed(self, block: NotificationBlock) -> list[HipBlock]:
        """Take notifications in; returns the angles of the frames that became final."""
        return self._measure(self._intake.feed(block))

    def mark(self, mark: Mark) -> list[HipBlock]:
        """Take a mark in, opening or closing."""
        self._intake.mark(mark)
        return []

    def flush(self) -> list[HipBlock]:
        """End the session; returns the angles of the last frames."""
        return self._measure(self._intake.flush())

    def health(self) -> list[SensorHealth]:
        """How each sensor's data came through so far."""
        return self._intake.health()

    @property
    def start_ns(self) -> int | None:
        """Host time of frame 0, once known."""
        return self._intake.timeline.start_ns

    @property
    def why_uncalibrated(self) -> str:
        """Why there is no calibration, while there is none: a sentence for the wearer."""
        return self._intake.calibrator.why_unsolved

    def _measure(self, frames: Iterable[FrameBlock]) -> list[HipBlock]:
        for sensor, role in self._intake.moves[self._moves_seen :]:
            self._segments.wear(sensor, role)
        self._moves_seen = len(self._intake.moves)
        out: list[HipBlock] = []
        for each in frames:
            block = self._bridge.feed(each)
            self._due += self._intake.calibrator.feed(block)
            start, stop = block.start_index, block.start_index + len(block)
            while self._due and self._due[0].from_frame < stop:
                due = self._due.pop(0)
                out += self._angles(_cut(block, start, due.from_frame))
                start = max(start, due.from_frame)
                self._segments.apply(due)
                self.calibrations.append(due)
            out += self._angles(_cut(block, start, stop))
        return out

    def _angles(self, block: BridgedBlock) -> list[HipBlock]:
        return [hip_block(self._segments.feed(block))] if len(block) else []


@dataclass(frozen=True, slots=True)
class Refined:
    """A whole recording, measured with what is known after it.

    Attributes:
        blocks: Angles, one block for each stretch between moves of a strap.
        calibration: None where the wearer was never still.
        health: Of each sensor.
        start_ns: Host time of frame 0.
        why_uncalibrated: Why there is no calibration, where there is none.
    """

    blocks: list[HipBlock]
    calibration: Calibration | None
    health: list[SensorHealth]
    start_ns: int
    why_uncalibrated: str


def refine(
    sensors: Sequence[SensorInfo],
    events: Iterable[NotificationBlock | Mark],
    *,
    rate_hz: float = RATE_HZ,
    start_ns: int | None = None,
    saved: Calibration | None = None,
) -> Refined:
    """Measure a whole recording, what came late included.

    Args:
        sensors: The recording's sensors.
        events: Notifications and marks in the order of the recording.
        rate_hz: Rate of the analysis grid.
        start_ns: Host time of the recording's start, where it is known.
        saved: Calibration of an earlier recording whose mountings still hold.
    """
    intake = _Intake(sensors, rate_hz, math.inf, start_ns, saved)
    frames: list[FrameBlock] = []
    for event in events:
        if isinstance(event, Mark):
            intake.mark(event)
        else:
            frames += intake.feed(event)
    frames += intake.flush()
    if not frames:
        return Refined([], None, intake.health(), intake.timeline.start_ns or 0, NO_SAMPLES)
    whole = GapBridge(len(intake.roles), rate_hz).feed(_join(frames))
    calibration = intake.calibrator.refine(whole)
    if calibration is None:
        blocks = [hip_block(LiveSegments(intake.roles, rate_hz).feed(whole))]
    else:
        blocks = [hip_block(s) for s in refined_segments(whole, calibration, intake.roles)]
    start = intake.timeline.start_ns or 0
    return Refined(blocks, calibration, intake.health(), start, intake.calibrator.why_unsolved)


def _cut(block: BridgedBlock, start: int, stop: int) -> BridgedBlock:
    """Frames of a block between two frame numbers."""
    return block.part(max(start - block.start_index, 0), max(stop - block.start_index, 0))


def _join(frames: Sequence[FrameBlock]) -> FrameBlock:
    if len(frames) == 1:
        return frames[0]
    return FrameBlock(
        frames[0].start_index,
        frames[0].rate_hz,
        np.concatenate([f.acc_m_s2 for f in frames], axis=1),
        np.concatenate([f.gyr_rad_s for f in frames], axis=1),
        np.concatenate([f.known for f in frames], axis=1),
    )
