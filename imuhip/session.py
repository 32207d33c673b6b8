"""A recording to results: source, pipeline, range tests, and the JSON contract."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np

from imuhip.angle_table import AngleTable, angle_table
from imuhip.calibration.result import Calibration
from imuhip.catalogue_files import load_catalogue
from imuhip.errors import CalibrationError
from imuhip.exercises.as_json import set_json
from imuhip.exercises.catalogue import Catalogue
from imuhip.exercises.marked_tests import not_measured
from imuhip.exercises.range_tests import NEAR_SINGULAR
from imuhip.exercises.results import ExerciseSet
from imuhip.flags.judge import controls_of
from imuhip.flags.results import judged
from imuhip.hip.stage import HipBlock, join
from imuhip.marks import Mark
from imuhip.packets.notification import NotificationBlock
from imuhip.pipeline import Pipeline, SensorHealth, refine
from imuhip.recording import Recording
from imuhip.recording.ahead import marks_ahead
from imuhip.recording.info import utc_text
from imuhip.records import record
from imuhip.session_frames import SessionFrames
from imuhip.units import FloatArray

BLOCK_ROWS = 8192
"""Notifications in a block, nearly four minutes of three sensors: larger ones need more memory and are no faster."""
LATE_NS = 100_000_000
"""The pipeline gives a mark 0.12 s to be told of (calibration.calibrator), less the frame that it is ahead."""

Progress = Callable[[float], None]


@record
class Analysis:
    """What a recording measures.

    Attributes:
        results: The machine-readable results, ready for JSON.
        blocks: The angles, in blocks that follow each other; None where they were not asked for.
        offset_s: The first frame's time on the import's own clock.
    """

    results: dict[str, Any]
    blocks: list[HipBlock] | None
    offset_s: float

    @property
    def table(self) -> AngleTable:
        """The angle table, made when asked for: most only want the results.

        Raises:
            ValueError: The angles were not asked for.
        """
        if self.blocks is None:
            raise ValueError("the angles were not kept: analyze with angles=True")
        return angle_table(join(self.blocks) if self.blocks else None, self.offset_s)


@record
class _Measured:
    """One way or the other to angles."""

    frames: SessionFrames
    calibrations: list[tuple[float, Calibration]]
    health: list[SensorHealth]
    start_ns: int
    why_uncalibrated: str
    sets: list[ExerciseSet]


def analyze(
    path: Path,
    *,
    causal: bool = False,
    calibration: Path | None = None,
    catalogue: Catalogue | None = None,
    angles: bool = True,
    progress: Progress | None = None,
) -> Analysis:
    """Measure a recording.

    Args:
        path: The recording.
        causal: Only what was known at each moment, exactly as live showed it.
        calibration: Another recording whose mountings still hold: the sensors have not been taken off since.
        catalogue: What tests and exercises are; the one that comes with imuhip where it is None.
        angles: Whether the angles are asked for, too; without them, live needs half the memory.
        progress: Told the share that is done.

    Returns:
        Results and angle table.

    Raises:
        RecordingError: The recording cannot be read.
        CalibrationError: The other recording wears other sensors, or was never calibrated.
    """
    recording = Recording.open(path)
    mounts = None if calibration is None else _saved_mounts(calibration, recording)
    known = load_catalogue() if catalogue is None else catalogue
    way = _live if causal else _whole
    measured = way(recording, mounts, known, progress or (lambda _: None), keep=angles)
    results = _results(recording, measured, known)
    results = judged(results, recording.marks, measured.start_ns, controls_of(known), known.mobilise)
    blocks = measured.frames.blocks if angles else None
    return Analysis(results, blocks, _offset_s(recording, measured.start_ns) or 0.0)


def _saved_mounts(path: Path, recording: Recording) -> Calibration:
    other = Recording.open(path)
    roles = [s.role for s in recording.sensors]
    if [s.role for s in other.sensors] != roles:
        raise CalibrationError(
            f"was worn on {', '.join(s.role for s in other.sensors)}, the recording on {', '.join(roles)}",
            path=path,
            remedy="Take the calibration of a recording with the same sensors in the same places",
        )
    refined = refine(other.sensors, _events(other, lambda _: None, 0.0))
    saved = refined.calibration
    if saved is None or not all(m.usable for m in saved.mounts):
        reason = "; ".join(saved.warnings) if saved is not None else refined.why_uncalibrated
        remedy = "Record a stance, five leg swings and a still moment lying on your back"
        raise CalibrationError(f"is not calibrated: {reason}", path=path, remedy=remedy)
    return saved


def _events(recording: Recording, progress: Progress, share: float) -> Iterator[NotificationBlock | Mark]:
    """Notifications and marks in order; taking them in is ``share`` of the work."""
    total, done = max(len(recording), 1), 0
    for event in marks_ahead(recording.segments, late_ns=LATE_NS, rows=BLOCK_ROWS):
        yield event
        if isinstance(event, NotificationBlock):
            done += len(event)
            progress(share * done / total)


def _whole(
    recording: Recording, saved: Calibration | None, catalogue: Catalogue, progress: Progress, *, keep: bool
) -> _Measured:
    refined = refine(recording.sensors, _events(recording, progress, 0.3), saved=saved, catalogue=catalogue)
    progress(1.0)
    frames = SessionFrames(recording.marks, catalogue, lambda _: refined.calibration, keep=keep)
    frames.take(refined.blocks, refined.start_ns, last=True)
    known = [] if refined.calibration is None else [(-np.inf, refined.calibration)]
    return _Measured(frames, known, refined.health, refined.start_ns, refined.why_uncalibrated, refined.sets)


def _live(
    recording: Recording, saved: Calibration | None, catalogue: Catalogue, progress: Progress, *, keep: bool
) -> _Measured:
    pipeline = Pipeline(recording.sensors, saved=saved, catalogue=catalogue)
    frames = SessionFrames(recording.marks, catalogue, pipeline.calibration_at, keep=keep)
    for event in _events(recording, progress, 0.95):
        blocks = pipeline.mark(event) if isinstance(event, Mark) else pipeline.feed(event)
        frames.take(blocks, pipeline.start_ns or 0)
    frames.take(pipeline.flush(), pipeline.start_ns or 0, last=True)
    progress(1.0)
    calibrations = [(due.from_frame / pipeline.rate_hz, due.calibration) for due in pipeline.calibrations]
    why = pipeline.why_uncalibrated
    return _Measured(frames, calibrations, pipeline.health(), pipeline.start_ns or 0, why, pipeline.sets())


def _results(recording: Recording, measured: _Measured, catalogue: Catalogue) -> dict[str, Any]:
    session, frames = recording.session, measured.frames
    return {
        "recording": {
            "started_utc": None if session.anchor is None else utc_text(session.utc_ns(measured.start_ns)),
            "wearer": session.wearer or None,
            "duration_s": round(frames.count / frames.rate_hz, 3) if frames.count else 0.0,
            "time_offset_s": _offset_s(recording, measured.start_ns),
            "damage": [str(damage) for damage in recording.damage],
            "sensors": [_sensor(recording, k, health) for k, health in enumerate(measured.health)],
        },
        "calibration": list(_calibrations(measured)),
        "tests": [test for mark in recording.marks for test in frames.tests.get(mark.id, [])],
        "sets": [set_json(each) for each in measured.sets],
        "flags": [],
        "not_measured": list(not_measured(recording.marks, frames.tests, frames.roles, measured.start_ns, catalogue)),
    }


def _sensor(recording: Recording, sensor: int, health: SensorHealth) -> dict[str, Any]:
    stats = health.stats
    return {
        "role": recording.sensors[sensor].role,
        "samples": stats.samples,
        "rate_hz": round(stats.rate_hz, 3),
        "lost": health.lost,
        "lost_in_sensor": health.lost_in_sensor,
        "lost_notifications": recording.lost_notifications(sensor),
        "filled": health.filled,
        "duplicates": stats.duplicates,
        "bad_packets": health.bad_packets,
        "unreadable_notifications": recording.missing[sensor],
        "gaps_s": round(stats.gaps_s, 3),
        "loss_visible": stats.loss_visible,
    }


def _calibrations(measured: _Measured) -> Iterator[dict[str, Any]]:
    """One entry for every mounting session: the last calibration says how good it is."""
    if not measured.calibrations or not measured.frames.count:
        yield {"start_s": 0.0, "method": "none", "quality": "none", "warnings": [measured.why_uncalibrated]}
        return
    calibration = measured.calibrations[-1][1]
    singular = [f"{side} hip: {NEAR_SINGULAR}" for side in measured.frames.too_wide]
    for frame in sorted({m.start_frame for m in calibration.mounts}):
        own = [m for m in calibration.mounts if m.start_frame == frame]
        usable = all(m.usable for m in own)
        facing = max(float(np.rad2deg(m.sd_rad[1])) for m in own)
        quality = "good" if usable and facing < 5 else "fair" if usable else "poor"
        yield {
            "start_s": round(frame / measured.frames.rate_hz, 3),
            "method": "joint least squares",
            "quality": quality,
            "mounts": [{"role": m.role, "sd_deg": _degrees(m.sd_rad)} for m in own],
            "warnings": [*calibration.warnings, *singular] if frame == 0 else [],
        }


def _degrees(rad: FloatArray) -> list[float]:
    return [round(float(v), 2) for v in np.minimum(np.rad2deg(rad), 180.0)]


def _offset_s(recording: Recording, start_ns: int) -> float | None:
    offset = recording.session.clock_offset_ns
    return None if offset is None else (start_ns - offset) / 1e9
