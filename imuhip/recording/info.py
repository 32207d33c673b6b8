"""What is in a recording, without measuring it."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict, fields, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from imuhip.errors import InputError, PacketError
from imuhip.marks import Mark
from imuhip.packets.blocks import split_by_sensor
from imuhip.packets.decoders import driver_of
from imuhip.packets.notification import NotificationBlock
from imuhip.recording.reader import Recording
from imuhip.records import record
from imuhip.samples.stage import SampleStage
from imuhip.timeline.stage import LinkStats, TimelineStage


@record
class _Timed:
    """A recording on its timeline: the same that measuring puts it on.

    Attributes:
        start_ns: Host time of its first sample.
        duration_s: Length.
        links: By index, how the data of each sensor came through; without those that no driver can decode.
    """

    start_ns: int
    duration_s: float
    links: Mapping[int, LinkStats]


def recording_info(path: Path | str) -> dict[str, Any]:
    """Say what is in a recording.

    Args:
        path: The recording; it may be damaged.

    Returns:
        ``started_utc`` (None where unknown), ``wearer``, ``source``, ``program``, ``duration_s``, ``time_offset_s``,
        ``size_bytes``; ``sensors``, each with ``role``, ``model``, ``driver``, ``rate_hz``, ``samples``, ``lost``
        (samples), ``lost_in_sensor`` (of them), ``filled`` (from the sensor's log), ``gaps_s``, ``loss_visible``,
        ``notifications`` and ``lost_notifications`` by cause; ``marks`` with ``start_s`` and ``end_s`` from the first
        sample; ``damage`` as sentences. What only a driver can tell is None where it is unknown. Times and losses are
        those of the results.

    Raises:
        RecordingError: It is not a recording, or nothing of it can be read.
    """
    recording = Recording.open(path)
    session = recording.session
    blocks = split_by_sensor(recording.notifications(), len(recording.sensors))
    timed = _timed(recording, blocks)
    offset_ns = session.clock_offset_ns
    return {
        "started_utc": None if session.anchor is None else utc_text(session.utc_ns(timed.start_ns)),
        "wearer": session.wearer or None,
        "source": session.source or None,
        "program": session.program or None,
        "duration_s": round(timed.duration_s, 3),
        "time_offset_s": None if offset_ns is None else (timed.start_ns - offset_ns) / 1e9,
        "size_bytes": recording.size_bytes,
        "sensors": [
            {
                "role": sensor.role,
                "model": sensor.model,
                "driver": sensor.driver,
                **_link(timed.links.get(sensor.index), block, sensor.driver),
                "notifications": len(block),
                "lost_notifications": recording.lost_notifications(sensor.index),
            }
            for sensor, block in zip(recording.sensors, blocks, strict=True)
        ],
        "marks": [_mark(mark, timed.start_ns) for mark in recording.marks],
        "damage": [str(damage) for damage in recording.damage],
    }


def utc_text(utc_ns: int) -> str:
    """Return a moment as ISO 8601 to the millisecond, ``2025-03-01T09:30:00.000Z``."""
    seconds, rest_ns = divmod(utc_ns, 1_000_000_000)
    moment = datetime.fromtimestamp(seconds, UTC)
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{rest_ns // 1_000_000:03d}Z"


def _timed(recording: Recording, blocks: list[NotificationBlock]) -> _Timed:
    """Run the stages that tell first sample, length and loss."""
    stages: dict[int, SampleStage] = {}
    for sensor in recording.sensors:
        try:
            stages[sensor.index] = SampleStage(replace(sensor, index=len(stages)))
        except (InputError, PacketError):  # a recording of a newer version may still be described
            continue
    timeline = TimelineStage([stage.traits for stage in stages.values()], wait_s=math.inf)
    timeline.feed([stage.feed(blocks[index]) for index, stage in stages.items()])
    frames = timeline.flush()
    links = {index: timeline.stats(k) for k, index in enumerate(stages)}
    if timeline.start_ns is not None:
        return _Timed(timeline.start_ns, sum(len(block) / block.rate_hz for block in frames), links)
    first_ns = min((int(block.arrival_ns[0]) for block in blocks if len(block)), default=0)
    last_ns = max((int(block.arrival_ns[-1]) for block in blocks if len(block)), default=first_ns)
    return _Timed(first_ns, (last_ns - first_ns) / 1e9, links)


def _link(link: LinkStats | None, block: NotificationBlock, driver_name: str) -> dict[str, Any]:
    if link is None:
        driver = driver_of(driver_name)
        samples = None if driver is None else int(driver.decode(block).count.sum())
        unknown = dict.fromkeys(("rate_hz", "lost", "lost_in_sensor", "filled", "gaps_s"))
        return {**unknown, "samples": samples, "loss_visible": False}
    return {
        "rate_hz": round(link.rate_hz, 3),
        "samples": link.samples,
        "lost": link.lost + link.late,
        "lost_in_sensor": min(link.device_drops, link.lost + link.late),
        "filled": link.filled,
        "gaps_s": round(link.gaps_s, 3),
        "loss_visible": link.loss_visible,
    }


def _mark(mark: Mark, start_ns: int) -> dict[str, Any]:
    seconds = {
        "start_s": (mark.start_ns - start_ns) / 1e9,
        "end_s": None if mark.end_ns is None else (mark.end_ns - start_ns) / 1e9,
    }
    others = {field.name for field in fields(Mark)} - {"id", "start_ns", "end_ns"}
    return seconds | {name: value for name, value in asdict(mark).items() if name in others}
