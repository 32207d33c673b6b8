"""Building, joining and splitting blocks of notifications."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from imuhip.packets.gather import gather_runs
from imuhip.packets.notification import NotificationBlock
from imuhip.units import IntArray


def block_from_notifications(notifications: Sequence[tuple[int, int, bytes]]) -> NotificationBlock:
    """Put notifications one after the other.

    Args:
        notifications: (arrival_ns, sensor index, payload) of each, in arrival order.

    Returns:
        The block that holds them; of length 0 for an empty sequence.
    """
    payloads = [payload for _, _, payload in notifications]
    return NotificationBlock(
        arrival_ns=np.array([arrival_ns for arrival_ns, _, _ in notifications], dtype=np.int64),
        sensor=np.array([sensor for _, sensor, _ in notifications], dtype=np.int64),
        data=np.frombuffer(b"".join(payloads), dtype=np.uint8),
        offset=_offsets(np.array([len(payload) for payload in payloads], dtype=np.int64)),
    )


def concat(blocks: Sequence[NotificationBlock]) -> NotificationBlock:
    """Join blocks that follow each other.

    Args:
        blocks: Blocks in arrival order.

    Returns:
        One block with all their notifications.
    """
    if not blocks:
        return block_from_notifications(())
    if len(blocks) == 1:
        return blocks[0]
    lengths = np.concatenate([np.diff(block.offset) for block in blocks])
    return NotificationBlock(
        arrival_ns=np.concatenate([block.arrival_ns for block in blocks]),
        sensor=np.concatenate([block.sensor for block in blocks]),
        # a block may use only a part of its data, as a slice of a larger one does
        data=np.concatenate([block.data[block.offset[0] : block.offset[-1]] for block in blocks]),
        offset=_offsets(lengths),
    )


def slice_block(block: NotificationBlock, start: int, stop: int) -> NotificationBlock:
    """Return notifications ``start`` to ``stop - 1`` of a block, as views."""
    offset = block.offset[start : stop + 1]
    return NotificationBlock(
        arrival_ns=block.arrival_ns[start:stop],
        sensor=block.sensor[start:stop],
        data=block.data[offset[0] : offset[-1]],
        offset=offset - offset[0],
    )


def split_by_sensor(block: NotificationBlock, n_sensors: int) -> list[NotificationBlock]:
    """Split a block into one block per sensor, each in the order of arrival.

    Args:
        block: Notifications of any of the sensors.
        n_sensors: Number of sensors in the recording.

    Returns:
        ``n_sensors`` blocks; those of sensors without a notification have length 0.

    Raises:
        ValueError: If a notification names a sensor outside ``0 .. n_sensors - 1``: a mistake of the source.
    """
    parts = [_EMPTY] * n_sensors
    if len(block) == 0:
        return parts
    first = last = int(block.sensor[0])
    if len(block) > 1:
        first, last = int(block.sensor.min()), int(block.sensor.max())
    if first < 0 or last >= n_sensors:
        raise ValueError(f"sensor index {first if first < 0 else last} outside 0..{n_sensors - 1}")
    if first == last:
        parts[first] = block
        return parts
    length = np.diff(block.offset)
    for sensor in range(n_sensors):
        rows = np.flatnonzero(block.sensor == sensor)
        if len(rows):
            parts[sensor] = _take(block, rows, length[rows])
    return parts


def _take(block: NotificationBlock, rows: IntArray, length: IntArray) -> NotificationBlock:
    return NotificationBlock(
        arrival_ns=block.arrival_ns[rows],
        sensor=block.sensor[rows],
        data=gather_runs(block.data, block.offset[rows], length),
        offset=_offsets(length),
    )


def _offsets(lengths: IntArray) -> IntArray:
    offset = np.zeros(len(lengths) + 1, dtype=np.int64)
    np.cumsum(lengths, out=offset[1:])
    return offset


_EMPTY = block_from_notifications(())
