"""Recordings with known contents for the tests of this folder."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import numpy as np

from imuhip.marks import Mark
from imuhip.packets.blocks import slice_block
from imuhip.packets.notification import NotificationBlock, SensorInfo
from imuhip.recording import Anchor, Loss, RecordingWriter, SessionInfo

BEGIN_NS = 5_000_000_000_000
UTC_NS = 1_740_821_400_000_000_000  # 2025-03-01T09:30:00Z

SESSION = SessionInfo(
    sensors=tuple(
        SensorInfo(index, role, "Model X", "imuhip", bytes(range(index, 40)))
        for index, role in enumerate(("pelvis", "thigh_left", "thigh_right"))
    ),
    wearer="otter",
    anchor=Anchor(UTC_NS, BEGIN_NS),
    source="simulation",
)

MARKS = (
    Mark(0, "still", BEGIN_NS + 1_000_000_000, None, "stance", position="standing"),
    Mark(
        1, "pain", BEGIN_NS + 2_000_000_000, BEGIN_NS + 2_000_000_000, value=3.5, note="groin, left: \u201cpinch\u201d"
    ),
    Mark(0, "still", BEGIN_NS + 1_000_000_000, BEGIN_NS + 3_000_000_000, "stance", position="standing"),
    Mark(2, "wear", BEGIN_NS + 3_500_000_000, BEGIN_NS + 3_500_000_000, "shank_left", sensor=1),
)


def make_block(
    seconds: float, *, rate_hz: float = 37.5, seed: int = 0, sizes: Iterable[int] = (120,)
) -> NotificationBlock:
    """Random notifications of three sensors in turn."""
    noise = np.random.default_rng(seed)
    n = round(seconds * rate_hz)
    length = noise.choice(np.array(list(sizes)), size=n)
    return NotificationBlock(
        arrival_ns=BEGIN_NS + (np.arange(n) * (1e9 / rate_hz)).astype(np.int64),
        sensor=np.arange(n) % 3,
        data=noise.integers(0, 256, size=int(length.sum()), dtype=np.uint8),
        offset=np.concatenate(([0], np.cumsum(length))),
    )


def write_recording(path: Path, block: NotificationBlock, *, session: SessionInfo = SESSION) -> bytes:
    """Write notifications and return the file."""
    with RecordingWriter(path, session, durable=False) as writer:
        writer.write(block)
    return path.read_bytes()


def write_eventful(path: Path, block: NotificationBlock) -> bytes:
    """Write notifications with :data:`MARKS` and a loss among them, and return the file."""
    with RecordingWriter(path, SESSION, durable=False) as writer:
        step = len(block) // 5
        for i, mark in enumerate(MARKS):
            writer.write(slice_block(block, i * step, (i + 1) * step))
            writer.mark(mark)
        writer.loss(Loss(1, BEGIN_NS + 4_000_000_000, {"queue_full": 2}))
        writer.write(slice_block(block, 4 * step, len(block)))
    return path.read_bytes()


def same(left: NotificationBlock, right: NotificationBlock) -> bool:
    """Whether two blocks hold the same notifications, bit for bit."""
    return all(
        np.array_equal(getattr(left, name), getattr(right, name)) for name in ("arrival_ns", "sensor", "data", "offset")
    )


def payloads(block: NotificationBlock) -> list[tuple[int, int, bytes]]:
    """(arrival, sensor, bytes) of every notification."""
    data, offset = block.data.tobytes(), block.offset.tolist()
    return [
        (arrival_ns, sensor, data[offset[i] : offset[i + 1]])
        for i, (arrival_ns, sensor) in enumerate(zip(block.arrival_ns.tolist(), block.sensor.tolist(), strict=True))
    ]
