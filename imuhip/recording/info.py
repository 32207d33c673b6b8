"""What is in a recording, without measuring it."""

from __future__ import annotations

from dataclasses import asdict, fields
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np

from imuhip.errors import PacketError
from imuhip.marks import Mark
from imuhip.packets.blocks import split_by_sensor
from imuhip.packets.drivers import DRIVERS
from imuhip.packets.notification import NotificationBlock, SensorInfo
from imuhip.recording.reader import Recording


def recording_info(path: Path | str) -> dict[str, Any]:
    """Say what is in a recording.

    Args:
        path: The recording; it may be damaged.

    Returns:
        ``started_utc`` (None where unknown), ``wearer``, ``source``, ``program``, ``duration_s``, ``time_offset_s``,
        ``size_bytes``; ``sensors``, each with ``role``, ``model``, ``driver``, ``rate_hz``, ``samples``,
        ``notifications`` and ``lost_notifications`` by cause; ``marks`` with ``start_s`` and ``end_s`` from the first
        sample; ``damage`` as sentences. ``rate_hz`` and ``samples`` are None where the driver is unknown.

    Raises:
        RecordingError: It is not a recording, or nothing of it can be read.
    """
    recording = Recording.open(path)
    session = recording.session
    blocks = split_by_sensor(recording.notifications(), len(recording.sensors))
    losses = {loss.sensor: dict(loss.counts) for loss in recording.losses}
    for sensor, count in enumerate(recording.missing):
        if count:
            causes = losses.setdefault(sensor, {})
            causes["unreadable"] = count
    firsts = [_first_ns(recording, sensor, block) for sensor, block in zip(recording.sensors, blocks, strict=True)]
    start_ns = min((first for first in firsts if first is not None), default=0)
    end_ns = max((int(block.arrival_ns[-1]) for block in blocks if len(block)), default=start_ns)
    offset_ns = session.clock_offset_ns
    return {
        "started_utc": None if session.anchor is None else utc_text(session.utc_ns(start_ns)),
        "wearer": session.wearer or None,
        "source": session.source or None,
        "program": session.program or None,
        "duration_s": (end_ns - start_ns) / 1e9,
        "time_offset_s": None if offset_ns is None else (start_ns - offset_ns) / 1e9,
        "size_bytes": recording.size_bytes,
        "sensors": [
            {
                "role": sensor.role,
                "model": sensor.model,
                "driver": sensor.driver,
                **_samples(sensor, block),
                "notifications": len(block),
                "lost_notifications": losses.get(sensor.index, {}),
            }
            for sensor, block in zip(recording.sensors, blocks, strict=True)
        ],
        "marks": [_mark(mark, start_ns) for mark in recording.marks],
        "damage": [str(damage) for damage in recording.damage],
    }


def utc_text(utc_ns: int) -> str:
    """Return a moment as ISO 8601 to the millisecond, ``2025-03-01T09:30:00.000Z``."""
    seconds, rest_ns = divmod(utc_ns, 1_000_000_000)
    moment = datetime.fromtimestamp(seconds, UTC)
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{rest_ns // 1_000_000:03d}Z"


def _samples(sensor: SensorInfo, block: NotificationBlock) -> dict[str, Any]:
    driver = DRIVERS.get(sensor.driver)
    if driver is None:
        return {"rate_hz": None, "samples": None}
    samples = int(driver.decode(block).count.sum())
    try:
        return {"rate_hz": driver.traits(sensor.descriptor).rate_hz, "samples": samples}
    except PacketError:
        return {"rate_hz": None, "samples": samples}


def _first_ns(recording: Recording, sensor: SensorInfo, block: NotificationBlock) -> int | None:
    """Host time of a sensor's first sample: exact for imports, else the arrival of its notification."""
    if not len(block):
        return None
    offset_ns, driver = recording.session.clock_offset_ns, DRIVERS.get(sensor.driver)
    if offset_ns is not None and driver is not None:
        time_s = driver.decode(block).time_s
        if time_s is not None and len(time_s):
            return int(np.rint(time_s[0] * 1e9)) + offset_ns
    return int(block.arrival_ns[0])


def _mark(mark: Mark, start_ns: int) -> dict[str, Any]:
    seconds = {
        "start_s": (mark.start_ns - start_ns) / 1e9,
        "end_s": None if mark.end_ns is None else (mark.end_ns - start_ns) / 1e9,
    }
    others = {field.name for field in fields(Mark)} - {"id", "start_ns", "end_ns"}
    return seconds | {name: value for name, value in asdict(mark).items() if name in others}
