"""A recording to results: source, pipeline, range tests, and the JSON contract."""

from __future__ import annotations

import csv
import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from imuhip.calibration.result import Calibration
from imuhip.errors import CalibrationError
from imuhip.exercises.range_tests import DIRECTIONS, NEAR_SINGULAR, RangeTest, measure_test, too_wide
from imuhip.hip.stage import HipBlock, join
from imuhip.marks import Mark
from imuhip.packets.notification import NotificationBlock
from imuhip.pipeline import NO_SAMPLES, Pipeline, SensorHealth, refine
from imuhip.recording import Recording
from imuhip.recording.info import utc_text
from imuhip.units import FloatArray, IntArray

Progress = Callable[[float], None]


@dataclass(frozen=True, slots=True)
class AngleTable:
    """The angle table: columns by name, (N,) each, NaN where an angle is not known."""

    columns: Mapping[str, FloatArray]

    def write_csv(self, path: Path) -> None:
        """Write it; unknown angles are empty fields.

        Args:
            path: Where to; replaced if it exists.

        Raises:
            OSError: It cannot be written.
        """
        names = list(self.columns)
        with path.open("w", newline="", encoding="utf-8") as file:
            writer = csv.writer(file)
            writer.writerow(names)
            texts = [_texts(name, self.columns[name]) for name in names]
            writer.writerows(zip(*texts, strict=True))


@dataclass(frozen=True, slots=True)
class Analysis:
    """What a recording measures.

    Attributes:
        results: The machine-readable results, ready for JSON.
        table: The angle table.
    """

    results: dict[str, Any]
    table: AngleTable


@dataclass(frozen=True, slots=True)
class _Measured:
    """One way or the other to angles."""

    blocks: list[HipBlock]
    calibrations: list[tuple[float, Calibration]]
    health: list[SensorHealth]
    start_ns: int
    why_uncalibrated: str

    def calibration_at(self, time_s: float) -> Calibration | None:
        """The calibration that was in use at a moment."""
        held = [c for since, c in self.calibrations if since <= time_s]
        return held[-1] if held else None


def analyze(
    path: Path, *, causal: bool = False, calibration: Path | None = None, progress: Progress | None = None
) -> Analysis:
    """Measure a recording.

    Args:
        path: The recording.
        causal: Only what was known at each moment, exactly as live showed it.
        calibration: Another recording whose mountings still hold: the sensors have not been taken off since.
        progress: Told the share that is done.

    Returns:
        Results and angle table.

    Raises:
        RecordingError: The recording cannot be read.
        CalibrationError: The other recording wears other sensors, or was never calibrated.
    """
    recording = Recording.open(path)
    mounts = None if calibration is None else _saved_mounts(calibration, recording)
    measured = (_live if causal else _whole)(recording, mounts, progress or (lambda _: None))
    blocks = measured.blocks
    whole = join(blocks) if blocks else None
    return Analysis(_results(recording, measured, whole), AngleTable(dict(_columns(recording, measured, whole))))


def _saved_mounts(path: Path, recording: Recording) -> Calibration:
    other = Recording.open(path)
    roles = [s.role for s in recording.sensors]
    if [s.role for s in other.sensors] != roles:
        raise CalibrationError(
            f"was worn on {', '.join(s.role for s in other.sensors)}, the recording on {', '.join(roles)}",
            path=path,
            remedy="Take the calibration of a recording with the same sensors in the same places",
        )
    refined = refine(other.sensors, _events(other, lambda _: None))
    saved = refined.calibration
    if saved is None or not all(m.usable for m in saved.mounts):
        reason = "; ".join(saved.warnings) if saved is not None else refined.why_uncalibrated
        remedy = "Record a stance, five leg swings and a still moment lying on your back"
        raise CalibrationError(f"is not calibrated: {reason}", path=path, remedy=remedy)
    return saved


def _events(recording: Recording, progress: Progress) -> Iterator[NotificationBlock | Mark]:
    total, done = max(len(recording), 1), 0
    for event in recording.events():
        if isinstance(event, NotificationBlock | Mark):
            yield event
        if isinstance(event, NotificationBlock):
            done += len(event)
            progress(0.9 * done / total)


def _whole(recording: Recording, saved: Calibration | None, progress: Progress) -> _Measured:
    refined = refine(recording.sensors, _events(recording, progress), saved=saved)
    progress(1.0)
    known = [] if refined.calibration is None else [(-np.inf, refined.calibration)]
    return _Measured(refined.blocks, known, refined.health, refined.start_ns, refined.why_uncalibrated)


def _live(recording: Recording, saved: Calibration | None, progress: Progress) -> _Measured:
    pipeline = Pipeline(recording.sensors, saved=saved)
    blocks: list[HipBlock] = []
    for event in _events(recording, progress):
        blocks += pipeline.mark(event) if isinstance(event, Mark) else pipeline.feed(event)
    blocks += pipeline.flush()
    progress(1.0)
    calibrations = [(due.from_frame / pipeline.rate_hz, due.calibration) for due in pipeline.calibrations]
    return _Measured(blocks, calibrations, pipeline.health(), pipeline.start_ns or 0, pipeline.why_uncalibrated)


def _results(recording: Recording, measured: _Measured, whole: HipBlock | None) -> dict[str, Any]:
    session = recording.session
    tests = [] if whole is None else list(_tests(recording.marks, measured))
    return {
        "recording": {
            "started_utc": None if session.anchor is None else utc_text(session.utc_ns(measured.start_ns)),
            "wearer": session.wearer or None,
            "duration_s": 0.0 if whole is None else round(len(whole) / whole.rate_hz, 3),
            "time_offset_s": _offset_s(recording, measured.start_ns),
            "sensors": [_sensor(recording, k, health) for k, health in enumerate(measured.health)],
        },
        "calibration": list(_calibrations(measured, whole)),
        "tests": tests,
        "sets": [],
        "flags": [],
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


def _calibrations(measured: _Measured, whole: HipBlock | None) -> Iterator[dict[str, Any]]:
    """One entry for every mounting session: the last calibration says how good it is."""
    if not measured.calibrations or whole is None:
        reason = measured.why_uncalibrated if whole is not None else NO_SAMPLES
        yield {"start_s": 0.0, "method": "none", "quality": "none", "warnings": [reason]}
        return
    calibration = measured.calibrations[-1][1]
    for frame in sorted({m.start_frame for m in calibration.mounts}):
        own = [m for m in calibration.mounts if m.start_frame == frame]
        usable = all(m.usable for m in own)
        facing = max(float(np.rad2deg(m.sd_rad[1])) for m in own)
        quality = "good" if usable and facing < 5 else "fair" if usable else "poor"
        yield {
            "start_s": round(frame / whole.rate_hz, 3),
            "method": "joint least squares",
            "quality": quality,
            "mounts": [{"role": m.role, "sd_deg": _degrees(m.sd_rad)} for m in own],
            "warnings": [*calibration.warnings, *_singular_warnings(whole)] if frame == 0 else [],
        }


def _degrees(rad: FloatArray) -> list[float]:
    return [round(float(v), 2) for v in np.minimum(np.rad2deg(rad), 180.0)]


def _singular_warnings(whole: HipBlock) -> list[str]:
    return [f"{side} hip: {NEAR_SINGULAR}" for side, hip in whole.sides.items() if too_wide(hip)]


def _tests(marks: tuple[Mark, ...], measured: _Measured) -> Iterator[dict[str, Any]]:
    mobilised = min((m.start_ns for m in marks if m.kind == "mobilise"), default=None)
    for mark in marks:
        if mark.kind != "test" or mark.name not in DIRECTIONS or mark.end_ns is None:
            continue
        start_s, end_s = ((ns - measured.start_ns) * 1e-9 for ns in (mark.start_ns, mark.end_ns))
        block = _slice(measured.blocks, start_s, end_s)
        if block is None:
            continue
        for side in ("left", "right") if mark.side in (None, "both") else (mark.side,):
            test = measure_test(mark.name, block, side, measured.calibration_at(end_s))
            if test is not None:
                phase = "pre" if mobilised is None or mark.start_ns < mobilised else "post"
                yield _test_json(mark, side, phase, start_s, end_s, test)


def _test_json(mark: Mark, side: str, phase: str, start_s: float, end_s: float, test: RangeTest) -> dict[str, Any]:
    return {
        "name": mark.name,
        "side": side,
        "mode": mark.mode,
        "position": mark.position,
        "phase": phase,
        "start_s": round(start_s, 3),
        "end_s": round(end_s, 3),
        "trials_deg": [round(t, 2) for t in test.trials_deg],
        "peak_deg": _rounded(test.peak_deg),
        "uncertainty_deg": _rounded(test.uncertainty_deg),
        "relative_only": test.relative_only,
        "start_deg": _rounded(test.start_deg),
        "pelvis_excursion_deg": _rounded(test.pelvis_excursion_deg),
        "thigh_deg": _rounded(test.thigh_deg),
        "reference": test.reference,
    }


def _slice(blocks: list[HipBlock], start_s: float, end_s: float) -> HipBlock | None:
    """The frames of a stretch, without those before a strap was moved inside it."""
    parts = []
    for block in blocks:
        first, last = round(start_s * block.rate_hz), round(end_s * block.rate_hz)
        a, b = max(first - block.start_index, 0), min(last - block.start_index, len(block))
        if a < b:
            parts.append(block.part(a, b))
    parts = [p for p in parts if p.roles == parts[-1].roles]
    return join(parts) if parts else None


def _columns(recording: Recording, measured: _Measured, whole: HipBlock | None) -> Iterator[tuple[str, FloatArray]]:
    if whole is None:
        yield "time_s", np.zeros(0)
        return
    frames: IntArray = whole.start_index + np.arange(len(whole))
    yield "time_s", (_offset_s(recording, measured.start_ns) or 0.0) + frames / whole.rate_hz
    for side in ("right", "left"):
        if (hip := whole.sides.get(side)) is None:
            continue
        yield f"hip_{side}_flexion_deg", hip.flexion_deg
        yield f"hip_{side}_adduction_deg", hip.adduction_deg
        yield f"hip_{side}_internal_rotation_deg", hip.internal_rotation_deg
        yield f"hip_{side}_valid", hip.valid.astype(np.float64)
        yield f"hip_{side}_uncertainty_deg", hip.uncertainty_deg
    if "pelvis" in whole.roles:
        yield "pelvis_tilt_deg", whole.pelvis_tilt_deg
        yield "pelvis_list_deg", whole.pelvis_list_deg
        yield "pelvis_rotation_deg", whole.pelvis_rotation_deg
    else:
        for k, role in enumerate(whole.roles):
            yield f"{role}_inclination_deg", whole.inclination_deg(k)


def _offset_s(recording: Recording, start_ns: int) -> float | None:
    offset = recording.session.clock_offset_ns
    return None if offset is None else (start_ns - offset) / 1e9


def _texts(name: str, values: FloatArray) -> list[str]:
    digits = 0 if name.endswith("_valid") else 6 if name == "time_s" else 3
    return ["" if math.isnan(v) else f"{v:.{digits}f}" for v in values.tolist()]


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 2)
