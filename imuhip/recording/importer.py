"""Turning a folder of CSV files into a recording: one more source of notifications, not a side path."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from imuhip.errors import ImportLayoutError
from imuhip.marks import Mark
from imuhip.packets.blocks import block_from_notifications, slice_block
from imuhip.packets.import_codec import ImportDescriptor, encode_import, encode_import_descriptor
from imuhip.packets.notification import NotificationBlock, SensorInfo
from imuhip.recording.format import Anchor, SessionInfo
from imuhip.recording.import_layout import (
    AccUnit,
    GyrUnit,
    MissingValues,
    Options,
    SensorSamples,
    TimeUnit,
    find_sensors,
    read_sensor,
    read_session,
)
from imuhip.recording.import_marks import earliest_s, read_marks
from imuhip.recording.output import replacing
from imuhip.recording.plausible import TIME_UNITS
from imuhip.recording.writer import RecordingWriter
from imuhip.records import record

NOTIFICATION_S = 0.1
"""Time that a notification spans, as live sensors do; 10 samples at 100 Hz."""

_MODEL = "CSV import"


@record
class ImportedSensor:
    """What was imported of one sensor."""

    role: str
    samples: int
    rate_hz: float


@record
class ImportReport:
    """What an import did.

    Attributes:
        path: The recording.
        sensors: The sensors in the recording's order.
        marks: Number of marks.
        warnings: What the user should know, in sentences without a full stop.
    """

    path: Path
    sensors: tuple[ImportedSensor, ...]
    marks: int
    warnings: tuple[str, ...]


def import_folder(
    folder: Path | str,
    out: Path | str,
    *,
    force: bool = False,
    time_unit: TimeUnit = "s",
    acc_unit: AccUnit = "m_s2",
    gyr_unit: GyrUnit = "rad_s",
    nan: MissingValues = "refuse",
) -> ImportReport:
    """Turn a folder in the import layout into a recording, every value kept as it is.

    Args:
        folder: The folder.
        out: The recording to make.
        force: Replace an existing recording.
        time_unit: Unit of ``time_s`` and of the times in marks.csv.
        acc_unit: Unit of the columns ``acc_*``.
        gyr_unit: Unit of the columns ``gyr_*``.
        nan: Refuse missing values, or count their lines as gaps.

    Returns:
        What was imported.

    Raises:
        ImportLayoutError: The folder breaks the layout, with place and remedy.
        OutputError: The recording cannot be written.
    """
    folder, out = Path(folder), Path(out)
    options = Options(time_unit, acc_unit, gyr_unit, nan)
    sensors = [read_sensor(path, role, options) for role, path in find_sensors(folder).items()]
    _refuse_other_clocks(folder, sensors)
    wearer, started_utc_ns = read_session(folder)
    units_per_s = TIME_UNITS[time_unit]
    marks_path = folder / "marks.csv"
    first_s = min(float(sensor.time_s[0]) for sensor in sensors)
    offset_ns = _offset_ns(min(first_s, earliest_s(marks_path, units_per_s=units_per_s)))
    roles = [sensor.role for sensor in sensors]
    marks = read_marks(marks_path, roles, units_per_s=units_per_s, offset_ns=offset_ns)
    first_ns = round(first_s * 1e9) + offset_ns
    session = SessionInfo(
        sensors=tuple(_sensor_info(index, sensor) for index, sensor in enumerate(sensors)),
        wearer=wearer,
        anchor=None if started_utc_ns is None else Anchor(started_utc_ns, first_ns),
        source="import",
        clock_offset_ns=offset_ns,
    )
    block = _notifications(sensors, offset_ns)
    with (
        replacing(out, force=force) as path,
        RecordingWriter(path, session, force=True, start_ns=first_ns, durable=False) as writer,
    ):
        for event in in_log_order(block, marks):
            if isinstance(event, Mark):
                writer.mark(event)
            else:
                writer.write(event)
    return ImportReport(
        path=out,
        sensors=tuple(ImportedSensor(sensor.role, len(sensor.time_s), sensor.rate_hz) for sensor in sensors),
        marks=len(marks),
        warnings=tuple(_warnings(sensors, marks, int(block.arrival_ns[0]), int(block.arrival_ns[-1]))),
    )


def in_log_order(block: NotificationBlock, marks: Sequence[Mark]) -> Iterator[NotificationBlock | Mark]:
    """Lay marks between the notifications where a live recorder would have written them.

    Args:
        block: Notifications by arrival.
        marks: Marks in their final state.

    Yields:
        Blocks, and marks as they open, close or (for a moment) happen: after the notifications that arrived until then.
    """
    logged: list[tuple[int, int, Mark]] = []
    for mark in marks:
        if mark.end_ns is None or mark.end_ns == mark.start_ns:
            logged.append((mark.start_ns, 1, mark))
        else:
            opened = replace(mark, end_ns=None)
            logged += [(mark.start_ns, 1, opened), (mark.end_ns, 0, mark)]
    at = 0
    for time_ns, _, mark in sorted(logged, key=lambda item: (item[0], item[1], item[2].id)):
        row = int(np.searchsorted(block.arrival_ns, time_ns, side="right"))
        if row > at:
            yield slice_block(block, at, row)
            at = row
        yield mark
    if at < len(block):
        yield slice_block(block, at, len(block))


def _offset_ns(first_s: float) -> int:
    """Whole seconds that move times before zero to after it; host times cannot be negative."""
    return 0 if first_s >= 0 else int(np.ceil(-first_s)) * 1_000_000_000


def _sensor_info(index: int, sensor: SensorSamples) -> SensorInfo:
    descriptor = ImportDescriptor(
        rate_hz=round(sensor.rate_hz, 6), mag_unit=sensor.mag_unit, source=f"{sensor.role}.csv"
    )
    return SensorInfo(index, sensor.role, _MODEL, "import", encode_import_descriptor(descriptor))


def _notifications(sensors: Sequence[SensorSamples], offset_ns: int) -> NotificationBlock:
    """All samples as notifications by arrival, which is the time of a notification's last sample."""
    notifications: list[tuple[int, int, bytes]] = []
    for index, sensor in enumerate(sensors):
        size = min(max(round(NOTIFICATION_S * sensor.rate_hz), 1), 255)
        steps = np.diff(sensor.time_s)
        # a notification does not span a gap, so that samples arrive when they were taken
        cuts = np.flatnonzero(steps > max(NOTIFICATION_S, 2.0 / sensor.rate_hz)) + 1
        for first, last in zip([0, *cuts.tolist()], [*cuts.tolist(), len(sensor.time_s)], strict=True):
            time_s = sensor.time_s[first:last]
            mag = None if sensor.mag is None else sensor.mag[first:last]
            payloads = encode_import(
                time_s, sensor.acc_m_s2[first:last], sensor.gyr_rad_s[first:last], mag, per_notification=size
            )
            ends = np.minimum(np.arange(1, len(payloads) + 1) * size, len(time_s)) - 1
            arrival_ns = (np.rint(time_s[ends] * 1e9).astype(np.int64) + offset_ns).tolist()
            notifications += [(ns, index, payload) for ns, payload in zip(arrival_ns, payloads, strict=True)]
    notifications.sort(key=lambda notification: notification[:2])
    return block_from_notifications(notifications)


def _refuse_other_clocks(folder: Path, sensors: Sequence[SensorSamples]) -> None:
    """Refuse a sensor whose times lie entirely outside of all others'."""
    spans = [(float(sensor.time_s[0]), float(sensor.time_s[-1])) for sensor in sensors]
    for sensor, (start, end) in zip(sensors, spans, strict=True):
        if len(spans) > 1 and sum(start <= other_end and other_start <= end for other_start, other_end in spans) < 2:
            raise ImportLayoutError(
                f"its times, {start:g} to {end:g} s, are not on the other sensors' clock",
                path=folder / f"{sensor.role}.csv",
                place="column time_s",
                remedy="Bring the times of all files to one common clock",
            )


def _warnings(sensors: Sequence[SensorSamples], marks: Sequence[Mark], first_ns: int, last_ns: int) -> Iterator[str]:
    roles = [sensor.role for sensor in sensors]
    if "pelvis" not in roles:
        yield "there is no pelvis sensor, so there are angles of segments against gravity but no hip angles"
    if not any(role.startswith("thigh") for role in roles):
        yield "there is no thigh sensor, so there are no hip angles"
    for sensor in sensors:
        if sensor.left_out:
            yield f"{sensor.role}: lines with missing values count as gaps: {sensor.left_out}"
        if sensor.ignored:
            yield f"{sensor.role}: columns that the layout does not know are left out: {', '.join(sensor.ignored)}"
        if sensor.rate_hz > 410:
            yield f"{sensor.role}: {sensor.rate_hz:.0f} samples a second; beyond 400 nothing is gained"
    outside = sum(mark.start_ns > last_ns or (mark.end_ns or mark.start_ns) < first_ns for mark in marks)
    if outside:
        yield f"{outside} of {len(marks)} marks lie outside of the samples, as if they were on another clock"
