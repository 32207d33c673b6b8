"""The composition root: raw notifications to hip angles, one path for live, replay and import.

::

    notifications -> samples -> timeline -> frames -+-> calibrator -> calibrations
                                                    +-> segments (filter, calibration applied) -> angles -> exercises

:class:`Pipeline` gives what is known at each moment; :func:`refine` runs the same stages again over a whole recording
with what is known after it.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence

from imuhip.calibration.calibrator import Due
from imuhip.calibration.result import Calibration
from imuhip.exercises.catalogue import Catalogue
from imuhip.exercises.results import ExerciseSet
from imuhip.exercises.stage import ExerciseStage
from imuhip.hip.stage import HipBlock, hip_block
from imuhip.intake import Intake, SensorHealth
from imuhip.marks import Mark
from imuhip.orientation.refined import refined_segments
from imuhip.orientation.segments import LiveSegments
from imuhip.packets.notification import NotificationBlock, SensorInfo
from imuhip.records import record
from imuhip.timeline.bridge import BridgedBlock, GapBridge
from imuhip.timeline.frames import FrameBlock

__all__ = ["HipBlock", "Pipeline", "Refined", "SensorHealth", "refine"]

RATE_HZ = 100.0
NO_SAMPLES = "There are no samples that could be measured"


class Pipeline:
    """Notifications to hip angles as they come; any cut of the input into blocks gives the same bits.

    Args:
        sensors: The recording's sensors; ``sensors[i].index == i``.
        rate_hz: Rate of the analysis grid.
        wait_s: How long a frame waits for a silent sensor.
        start_ns: Host time of the recording's start, where it is known.
        saved: Calibration of an earlier recording whose mountings still hold.
        catalogue: What exercises are; without it none are looked for.

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
        catalogue: Catalogue | None = None,
    ) -> None:
        self.rate_hz = rate_hz
        self._exercises = None if catalogue is None else ExerciseStage(catalogue, rate_hz)
        self._intake = Intake(sensors, rate_hz, wait_s, start_ns, saved)
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
        blocks = self._measure(self._intake.flush())
        if self._exercises is not None:
            self._exercises.flush()
        return blocks

    def sets(self) -> list[ExerciseSet]:
        """Sets of repetitions so far, the one that is going on included."""
        return [] if self._exercises is None else self._exercises.sets()

    def latest_set(self) -> ExerciseSet | None:
        """The set that is going on, or was last."""
        return None if self._exercises is None else self._exercises.latest()

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
        return NO_SAMPLES if self.start_ns is None else self._intake.why_unsolved

    def calibration_at(self, time_s: float) -> Calibration | None:
        """The calibration in use at a time from the recording's start."""
        held = [due.calibration for due in self.calibrations if due.from_frame / self.rate_hz <= time_s]
        return held[-1] if held else None

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
        if self._exercises is not None:
            _exercise(self._exercises, self._intake, out)
        return out

    def _angles(self, block: BridgedBlock) -> list[HipBlock]:
        return [hip_block(self._segments.feed(block))] if len(block) else []


@record
class Refined:
    """A whole recording, measured with what is known after it.

    Attributes:
        blocks: Angles, one block for each stretch between moves of a strap.
        calibration: None where the wearer was never still.
        health: Of each sensor.
        start_ns: Host time of frame 0.
        why_uncalibrated: Why there is no calibration, where there is none.
        sets: Of repetitions, where a catalogue tells what exercises are.
    """

    blocks: list[HipBlock]
    calibration: Calibration | None
    health: list[SensorHealth]
    start_ns: int
    why_uncalibrated: str
    sets: list[ExerciseSet]


def refine(
    sensors: Sequence[SensorInfo],
    events: Iterable[NotificationBlock | Mark],
    *,
    rate_hz: float = RATE_HZ,
    start_ns: int | None = None,
    saved: Calibration | None = None,
    catalogue: Catalogue | None = None,
) -> Refined:
    """Measure a whole recording, what came late included.

    Args:
        sensors: The recording's sensors.
        events: Notifications and marks in the order of the recording.
        rate_hz: Rate of the analysis grid.
        start_ns: Host time of the recording's start, where it is known.
        saved: Calibration of an earlier recording whose mountings still hold.
        catalogue: What exercises are; without it none are looked for.
    """
    intake = Intake(sensors, rate_hz, math.inf, start_ns, saved)
    frames: list[FrameBlock] = []
    for event in events:
        if isinstance(event, Mark):
            intake.mark(event)
        else:
            frames += intake.feed(event)
    frames += intake.flush()
    if not frames:
        return Refined([], None, intake.health(), intake.timeline.start_ns or 0, NO_SAMPLES, [])
    bridge = GapBridge(len(intake.roles), rate_hz)
    bridged = [bridge.feed(each) for each in frames]
    frames.clear()
    calibration = intake.calibrator.refine(bridged)
    if calibration is None:
        live = LiveSegments(intake.roles, rate_hz)
        blocks = [hip_block(live.feed(each)) for each in bridged]
    else:
        blocks = [hip_block(each) for each in refined_segments(bridged, calibration, intake.roles)]
    sets: list[ExerciseSet] = []
    if catalogue is not None:
        stage = ExerciseStage(catalogue, rate_hz)
        _exercise(stage, intake, blocks)
        stage.flush()
        sets = stage.sets()
    start = intake.timeline.start_ns or 0
    return Refined(blocks, calibration, intake.health(), start, intake.why_unsolved, sets)


def _exercise(stage: ExerciseStage, intake: Intake, blocks: Iterable[HipBlock]) -> None:
    """Hand new marks and then new angles to the exercises."""
    for placed in intake.placed:
        stage.mark(*placed)
    intake.placed.clear()
    for block in blocks:
        stage.feed(block)


def _cut(block: BridgedBlock, start: int, stop: int) -> BridgedBlock:
    """Frames of a block between two frame numbers."""
    return block.part(max(start - block.start_index, 0), max(stop - block.start_index, 0))
