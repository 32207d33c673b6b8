"""Simulated sessions as events, played through the pipeline in any cut, for the tests of what stands on it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, fields, replace
from pathlib import Path

import numpy as np

from imuhip.calibration.result import Calibration
from imuhip.hip.stage import HipAngles, HipBlock, join
from imuhip.marks import Mark
from imuhip.packets.blocks import slice_block
from imuhip.packets.notification import NotificationBlock, SensorInfo
from imuhip.pipeline import Pipeline, refine
from imuhip.recording import Anchor, RecordingWriter, SessionInfo
from imuhip.simulation.simulate import SimulatedSession
from imuhip.simulation.transmit import silenced
from imuhip.units import BoolArray, FloatArray

Event = NotificationBlock | Mark
UTC_NS = 1_740_821_400_000_000_000


def events_of(made: SimulatedSession, *, marks: Sequence[Mark] | None = None) -> list[Event]:
    """Notifications and marks in the order in which they happened; each mark as it opens and again as it closes."""
    block = made.notifications()
    messages = []
    for mark in made.marks if marks is None else marks:
        messages += [(mark.start_ns, replace(mark, end_ns=None)), (mark.end_ns or mark.start_ns, mark)]
    out: list[Event] = []
    done = 0
    for at_ns, mark in sorted(messages, key=lambda message: message[0]):
        upto = int(np.searchsorted(block.arrival_ns, at_ns))
        out += [slice_block(block, done, upto)] if upto > done else []
        out.append(mark)
        done = upto
    return [*out, slice_block(block, done, len(block))]


def recut(events: Iterable[Event], sizes: Iterator[int]) -> Iterator[Event]:
    """The same with other blocks, still cut at marks."""
    for event in events:
        if isinstance(event, Mark):
            yield event
            continue
        at = 0
        while at < len(event):
            size = next(sizes)
            yield slice_block(event, at, min(at + size, len(event)))
            at += size


def silence(events: Iterable[Event], sensor: int, start_ns: int, end_ns: int) -> list[Event]:
    """The same without one sensor's notifications of a while."""
    out: list[Event] = []
    for event in events:
        out += [event] if isinstance(event, Mark) else silenced(event, [sensor], [(start_ns, end_ns)])
    return out


@dataclass(frozen=True, slots=True)
class Played:
    """What the live pipeline gave."""

    hips: HipBlock
    blocks: list[HipBlock]
    pipeline: Pipeline

    @property
    def time_ns(self) -> FloatArray:
        return (self.pipeline.start_ns or 0) + (self.hips.start_index + np.arange(len(self.hips))) * 1e7


def play(sensors: Sequence[SensorInfo], events: Iterable[Event], *, saved: Calibration | None = None) -> Played:
    pipeline = Pipeline(sensors, saved=saved)
    blocks: list[HipBlock] = []
    for event in events:
        blocks += pipeline.mark(event) if isinstance(event, Mark) else pipeline.feed(event)
    blocks += pipeline.flush()
    return Played(join(blocks), blocks, pipeline)


def play_refined(sensors: Sequence[SensorInfo], events: Iterable[Event]) -> tuple[HipBlock, FloatArray]:
    """Refined angles and the host time of each frame."""
    refined = refine(sensors, events)
    hips = join(refined.blocks)
    return hips, refined.start_ns + np.arange(len(hips)) * 1e7


def truth_at(made: SimulatedSession, time_ns: FloatArray, side: str) -> FloatArray:
    """True hip angles (N, 3) deg."""
    truth = made.truth.hips[side]  # type: ignore[index]
    return np.column_stack([np.interp(time_ns, made.truth.host_ns, truth.bone_deg[:, i]) for i in range(3)])


def angles_of(hip: HipAngles) -> FloatArray:
    """(N, 3) flexion, adduction, internal rotation in deg."""
    return np.column_stack([hip.flexion_deg, hip.adduction_deg, hip.internal_rotation_deg])


def during(made: SimulatedSession, time_ns: FloatArray, *kinds: str, after_s: float = 0.0) -> BoolArray:
    """Which moments lie in marks of some kinds."""
    inside = np.zeros(len(time_ns), dtype=np.bool_)
    for mark in made.marks:
        if mark.kind in kinds and mark.end_ns is not None:
            inside |= (time_ns >= mark.start_ns) & (time_ns <= mark.end_ns)
    return inside & (time_ns >= made.truth.host_ns[0] + after_s * 1e9)


def rmse(error: FloatArray) -> float:
    return float(np.sqrt(np.nanmean(error**2)))


def bits(block: HipBlock) -> dict[str, bytes]:
    """Every array of a block, to the last bit."""
    out = {name: getattr(block, name).tobytes() for name in ("quat_earth_from_segment", "segment_known")}
    out["pelvis_deg"] = block.pelvis_deg().tobytes()
    for side, hip in block.sides.items():
        out |= {f"{side}.{f.name}": getattr(hip, f.name).tobytes() for f in fields(HipAngles)}
    return out


def calibration_bits(calibration: Calibration) -> dict[str, object]:
    """Every number of a calibration, to the last bit."""
    names = ("knot_frame", "gyr_bias_rad_s", "gyr_unmix", "acc_bias_m_s2", "acc_unmix", "quat_earth_from_sensor")
    out: dict[str, object] = {name: getattr(calibration, name).tobytes() for name in names}
    out["warnings"] = calibration.warnings
    for mount in calibration.mounts:
        key = (mount.sensor, mount.role, mount.start_frame, mount.zeroed)
        out[f"mount {key}"] = (mount.quat_sensor_from_segment.tobytes(), mount.sd_rad.tobytes())
    for side, knots in calibration.hips.items():
        out[side] = (knots.covariance.tobytes(), knots.heading_sd_rad.tobytes(), knots.drift_sd_rad_s)
    return out


def write(path: Path, sensors: Sequence[SensorInfo], events: Iterable[Event]) -> Path:
    """Write events as a recording."""
    events = list(events)
    first = next(int(event.arrival_ns[0]) for event in events if isinstance(event, NotificationBlock) and len(event))
    info = SessionInfo(tuple(sensors), wearer="otter", anchor=Anchor(UTC_NS, first), source="simulation")
    with RecordingWriter(path, info, durable=False) as writer:
        for event in events:
            if isinstance(event, Mark):
                writer.mark(event)
            else:
                writer.write(event)
    return path


def reboot(events: Iterable[Event], sensor: int, at_ns: int) -> list[Event]:
    """The same with a sensor whose sequence, clock and drop counter begin again at zero."""
    first: tuple[int, int] | None = None
    out: list[Event] = []
    for event in events:
        if isinstance(event, Mark):
            out.append(event)
            continue
        data = event.data.copy()
        for row in np.flatnonzero((event.sensor == sensor) & (event.arrival_ns >= at_ns)).tolist():
            start = int(event.offset[row])
            sequence, tick = data[start + 4 : start + 8].view("<u4"), data[start + 8 : start + 16].view("<u8")
            first = (int(sequence[0]), int(tick[0])) if first is None else first
            sequence[0] -= first[0]
            tick[0] -= first[1]
            data[start + 20 : start + 24] = 0
        out.append(replace(event, data=data))
    return out
