"""The same after a session, when all of it is known: the filters carry what passes through the knots."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence

import numpy as np

from imuhip import rotation
from imuhip.calibration.result import Calibration, Mount
from imuhip.orientation.correction import follow_knots
from imuhip.orientation.filter import OrientationFilter, interpolate
from imuhip.orientation.segments import SegmentBlock, Spread
from imuhip.timeline.bridge import BridgedBlock
from imuhip.units import BoolArray, FloatArray, IntArray

STRETCH_FRAMES = 1 << 14
"""A recording of hours is measured in stretches: what one needs in between is used again by the next."""
UNKNOWN_SD_RAD = 10.0
"""Stands for "not known" where infinity would poison an interpolation."""


def refined_segments(
    frames: list[BridgedBlock], calibration: Calibration, roles: Sequence[str]
) -> Iterator[SegmentBlock]:
    """Segments of a whole recording with what is known after it.

    Args:
        frames: All frames; the list is emptied, because what comes of them is as large.
        calibration: With knots over the whole recording.
        roles: Where each sensor is worn at the start.

    Yields:
        Blocks in order, each within the mountings of one time.
    """
    known, rate_hz = np.concatenate([block.known for block in frames], axis=1), frames[0].rate_hz
    count = known.shape[1]
    number = np.arange(count)
    turned, restarted = _turned(frames, calibration, known.shape)
    frames.clear()
    corrections = [follow_knots(calibration, k, turned[k], known[k], restarted[k]) for k in range(len(roles))]
    moves = {m.start_frame for m in calibration.mounts if m.start_frame < count}
    for a, b in itertools.pairwise(sorted({0, *moves, *range(0, count, STRETCH_FRAMES), count})):
        sensors = np.stack([corrections[k].apply(turned[k, a:b], number[a:b]) for k in range(len(roles))])
        worn = [_worn(calibration, k, a) for k in range(len(roles))]
        segments = np.stack(
            [
                q if m is None else rotation.multiply(q, m.quat_sensor_from_segment)
                for q, m in zip(sensors, worn, strict=True)
            ]
        )
        levelled = known[:, a:b]
        shown = levelled & np.array([m is not None and m.usable for m in worn])[:, None]
        names = tuple(role if m is None else m.role for role, m in zip(roles, worn, strict=True))
        spreads = dict(_knot_spreads(calibration, number[a:b]))
        yield SegmentBlock(a, rate_hz, names, segments, shown, spreads, sensors, levelled)


def _turned(
    frames: Sequence[BridgedBlock], calibration: Calibration, shape: tuple[int, ...]
) -> tuple[FloatArray, BoolArray]:
    """Orientations (K, N, 4) of the filters over a whole recording, and (K, N) where they started anew."""
    filters = OrientationFilter(shape[0], frames[0].rate_hz, levelling=False)
    quat, restarted = np.empty((*shape, 4)), np.empty(shape, dtype=np.bool_)
    for block in frames:
        part = slice(block.start_index, block.start_index + len(block))
        quat[:, part], restarted[:, part] = filters.feed(block, calibration)
    return quat, restarted


def _knot_spreads(calibration: Calibration, frames: IntArray) -> Iterator[tuple[str, Spread]]:
    for side, hip in calibration.hips.items():
        level, heading = (
            interpolate(frames, calibration.knot_frame, np.minimum(sd, UNKNOWN_SD_RAD))
            for sd in (hip.level_sd_rad, hip.heading_sd_rad)
        )
        yield side, Spread(level, heading)


def _worn(calibration: Calibration, sensor: int, frame: int) -> Mount | None:
    held = [m for m in calibration.mounts if m.sensor == sensor and m.start_frame <= frame]
    return held[-1] if held else None
