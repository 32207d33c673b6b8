"""Orientations to hip angles, with validity and uncertainty for every frame."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import fields

import numpy as np

from imuhip import rotation
from imuhip.calibration.body import THIGHS
from imuhip.calibration.result import HEADING_LIMIT_RAD
from imuhip.joint import SIDE_SIGNS, pelvis_angles, zxy_of_components
from imuhip.orientation.segments import SegmentBlock
from imuhip.records import record
from imuhip.units import BoolArray, FloatArray

SINGULAR_DEG = 75.0
"""Ab/adduction beyond which flexion and rotation are noise: theirs grows as 1 / cos, 3.9 times at 75 deg."""
FLOOR_DEG = 0.15
"""What remains of an angle's standard deviation with a perfect calibration: the filter in motion."""
UNKNOWN_DEG = 35.0
"""An angle with a 95 % interval wider than plus or minus this is not known."""
HALF_WIDTH = 1.96
"""Half-width of a 95 % interval in standard deviations."""


@record
class HipAngles:
    """Angles of one hip over N frames, NaN where they are not known.

    Attributes:
        flexion_deg: (N,).
        adduction_deg: (N,).
        internal_rotation_deg: (N,).
        valid: (N,) whether flexion is known; the other two are also empty where the heading is not known.
        heading_known: (N,) whether the heading between pelvis and thigh is known.
        uncertainty_deg: (N,) half-width of the 95 % interval of flexion.
        singular: (N,) within 15 deg of 90 deg of ab/adduction, where flexion and rotation mean nothing.
    """

    flexion_deg: FloatArray
    adduction_deg: FloatArray
    internal_rotation_deg: FloatArray
    valid: BoolArray
    heading_known: BoolArray
    uncertainty_deg: FloatArray
    singular: BoolArray

    def part(self, start: int, stop: int) -> HipAngles:
        """Frames ``start`` to ``stop - 1``."""
        return HipAngles(
            self.flexion_deg[start:stop],
            self.adduction_deg[start:stop],
            self.internal_rotation_deg[start:stop],
            self.valid[start:stop],
            self.heading_known[start:stop],
            self.uncertainty_deg[start:stop],
            self.singular[start:stop],
        )


@record
class HipBlock:
    """Angles of consecutive frames.

    Attributes:
        start_index: Frame number of the first.
        rate_hz: Frames per second.
        roles: Segment under each sensor, at the block's start.
        sides: Hips whose thigh wears a sensor, by side.
        quat_earth_from_segment: (K, N, 4) of every sensor's segment; meaningless where not known.
        segment_known: (K, N).
        quat_earth_from_sensor: (K, N, 4) of the sensors themselves, whatever is known of their mounts.
        levelled: (K, N) whether that is right against gravity, whatever its heading.
    """

    start_index: int
    rate_hz: float
    roles: tuple[str, ...]
    sides: Mapping[str, HipAngles]
    quat_earth_from_segment: FloatArray
    segment_known: BoolArray
    quat_earth_from_sensor: FloatArray
    levelled: BoolArray

    def __len__(self) -> int:
        return int(self.segment_known.shape[1])

    def part(self, start: int, stop: int) -> HipBlock:
        """Frames ``start`` to ``stop - 1`` of the block."""
        sides = {side: hip.part(start, stop) for side, hip in self.sides.items()}
        return HipBlock(
            self.start_index + start,
            self.rate_hz,
            self.roles,
            sides,
            self.quat_earth_from_segment[:, start:stop],
            self.segment_known[:, start:stop],
            self.quat_earth_from_sensor[:, start:stop],
            self.levelled[:, start:stop],
        )

    def pelvis_deg(self, frames: slice = slice(None)) -> FloatArray:
        """(3, M) tilt, list and rotation of the pelvis in some frames; NaN where not known, or without its sensor.

        Tilt is positive when the top goes forward, from the stance; list when the right side goes up; rotation to the
        left: its zero is arbitrary, only its changes mean something.
        """
        if "pelvis" not in self.roles:
            return np.full((3, len(self.segment_known[0, frames])), np.nan)
        pelvis = self.roles.index("pelvis")
        angles = np.rad2deg(pelvis_angles(self.quat_earth_from_segment[pelvis, frames])).T
        return np.where(self.segment_known[pelvis, frames], angles, np.nan)

    def inclination_deg(self, sensor: int) -> FloatArray:
        """(N,) angle of a segment's long axis to the vertical, for use without a pelvis sensor; NaN where not known."""
        q = self.quat_earth_from_segment[sensor]
        up_y = 2 * (q[:, 2] * q[:, 3] + q[:, 0] * q[:, 1])
        return np.where(self.segment_known[sensor], np.rad2deg(np.arccos(np.clip(up_y, -1.0, 1.0))), np.nan)


def hip_block(segments: SegmentBlock) -> HipBlock:
    """Angles of N frames of segments."""
    sensor = {role: k for k, role in enumerate(segments.roles)}
    pelvis = sensor.get("pelvis")
    sides: Mapping[str, HipAngles] = {}
    if pelvis is not None:
        sides = _hips(segments, pelvis, {side: sensor[role] for role, side in THIGHS.items() if role in sensor})
    return HipBlock(
        segments.start_index,
        segments.rate_hz,
        segments.roles,
        sides,
        segments.quat_earth_from_segment,
        segments.known,
        segments.quat_earth_from_sensor,
        segments.levelled,
    )


def join(blocks: Sequence[HipBlock]) -> HipBlock:
    """Consecutive blocks as one; a hip that a block does not have is unknown there."""
    first = blocks[0]
    names = dict.fromkeys(side for block in blocks for side in block.sides)
    padded = [{side: b.sides.get(side) or _unknown(len(b)) for side in names} for b in blocks]
    sides = {
        side: HipAngles(*(np.concatenate([getattr(p[side], f.name) for p in padded]) for f in fields(HipAngles)))
        for side in names
    }
    return HipBlock(
        first.start_index,
        first.rate_hz,
        first.roles,
        sides,
        np.concatenate([b.quat_earth_from_segment for b in blocks], axis=1),
        np.concatenate([b.segment_known for b in blocks], axis=1),
        np.concatenate([b.quat_earth_from_sensor for b in blocks], axis=1),
        np.concatenate([b.levelled for b in blocks], axis=1),
    )


def _unknown(frames: int) -> HipAngles:
    nothing, no = np.full(frames, np.nan), np.zeros(frames, dtype=np.bool_)
    return HipAngles(nothing, nothing, nothing, no, no, nothing, no)


def _hips(segments: SegmentBlock, pelvis: int, thighs: Mapping[str, int]) -> dict[str, HipAngles]:
    """Angles of the hips whose thighs wear the given sensors."""
    quat, known = segments.quat_earth_from_segment, segments.known
    sides = [side for side in thighs if side in segments.spreads]
    out = {side: _unknown(quat.shape[1]) for side in thighs}
    if not sides:
        return out
    worn = [thighs[side] for side in sides]
    both = known[pelvis] & known[worn]
    level_sd_rad = np.stack([segments.spreads[side].level_sd_rad for side in sides])
    heading_sd_rad = np.stack([segments.spreads[side].heading_sd_rad for side in sides])
    w, x, y, z = (np.ascontiguousarray(quat[pelvis, :, i]) for i in range(4))
    thigh = (quat[worn, :, 0], quat[worn, :, 1], quat[worn, :, 2], quat[worn, :, 3])
    hip = rotation.product((w, -x, -y, -z), thigh)
    signs = np.stack([SIDE_SIGNS[side] for side in sides], axis=1)
    degrees = np.rad2deg(zxy_of_components(hip) * signs[..., None])
    half_width = _flexion_half_width_deg(hip, thigh, level_sd_rad, heading_sd_rad)
    singular = np.abs(degrees[1]) > SINGULAR_DEG
    heading_known = both & (heading_sd_rad < HEADING_LIMIT_RAD)
    # Lying on the side flexion is heading; upright it is gravity, and needs none.
    valid = both & ~singular & (half_width < UNKNOWN_DEG)
    shown = (
        np.where(valid, degrees[0], np.nan),
        np.where(heading_known, degrees[1], np.nan),
        np.where(heading_known & ~singular, degrees[2], np.nan),
        valid,
        heading_known,
        np.where(valid, half_width, np.nan),
        both & singular,
    )
    return out | {side: HipAngles(*(each[s] for each in shown)) for s, side in enumerate(sides)}


def _flexion_half_width_deg(
    hip: rotation.Components, thigh: rotation.Components, level_sd_rad: FloatArray, heading_sd_rad: FloatArray
) -> FloatArray:
    """95 % half-width of flexion, (S, N), from the spread of tilt and heading.

    Flexion changes with a turn of the thigh by ``e = (-sin r, 0, cos r) / cos a``; the part of ``e`` along the vertical
    comes from the heading, the rest from tilt.
    """
    w, x, y, z = thigh
    up_x, up_z = 2 * (x * z - w * y), 1 - 2 * (x * x + y * y)
    w, x, y, z = hip
    sin_r, cos_r = -2 * (x * z - w * y), 1 - 2 * (x * x + y * y)  # times cos a
    square = np.maximum(sin_r * sin_r + cos_r * cos_r, 1e-12)  # of cos a
    along = cos_r * up_z - sin_r * up_x
    along *= along / square
    variance = (1.0 - along) * level_sd_rad**2 + along * heading_sd_rad**2
    total = variance / np.maximum(square, 0.01) + np.deg2rad(FLOOR_DEG) ** 2
    half_width: FloatArray = HALF_WIDTH * np.rad2deg(np.sqrt(total))
    return half_width
