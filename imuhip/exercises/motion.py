"""What is followed in an exercise: a hip's angle, a hip's orientation, or a segment against gravity."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import numpy as np

from imuhip import rotation
from imuhip.exercises.distances import Metric, angle_distance, direction_distance, orientation_distance
from imuhip.exercises.steps import fill, indices_of, step_frames, steps_in
from imuhip.hip.stage import HipBlock
from imuhip.joint import SIDE_SIGNS, twist_about_y
from imuhip.records import record
from imuhip.units import BoolArray, FloatArray, IntArray

ANGLE_NAMES = ("hip_flexion", "hip_adduction", "hip_internal_rotation")
ROTATION = 2


@record
class Motion:
    """The frames of one repetition, and what is around it.

    Attributes:
        first: Number of the first frame.
        rate_hz: Frames per second.
        angle_deg: (N,) of what is followed, positive out of the start pose.
        hip_deg: (3, N) flexion, adduction, internal rotation; None without a pelvis sensor.
        pelvis: (N, 4) earth from pelvis; None without one.
        main: Which of the hip angles is followed; None for a segment.
        sign: Of the followed angle in the hip's own.
        home_deg: The same angle in the start pose of the set, where that is known: of a segment that hangs there.
        seen: (N,) frames in which the angle was known and is not bridged; None where nobody asks.
    """

    first: int
    rate_hz: float
    angle_deg: FloatArray
    hip_deg: FloatArray | None
    pelvis: FloatArray | None
    main: int | None
    sign: float
    home_deg: float | None = None
    seen: BoolArray | None = None


class Track(Protocol):
    """Something that can be followed; ``metric`` and ``signed`` are for the finder."""

    reference: str
    signal: str
    side: str | None
    metric: Metric
    signed: bool

    def points(self, block: HipBlock) -> tuple[IntArray, FloatArray]:
        """Numbers (M,) of the steps in a block in which it is known, and where it is there (M, D)."""

    def motion(self, block: HipBlock, start: int, top: int) -> Motion | None:
        """The frames of a repetition; ``start`` and ``top`` are steps. None where too little is known."""

    def anew(self) -> Track:
        """The same track for another run, without what this one has settled on."""


class HipTrack:
    """One of a hip's angles, or the mean of both hips'.

    Args:
        sides: Whose.
        axis: Which angle (flexion, adduction, internal rotation), and the sign of the lift.
        twist: Follow rotation as the twist about the thigh from where it was first known, instead of the angle.
    """

    def __init__(self, sides: Sequence[str], axis: tuple[int, float], *, twist: bool) -> None:
        self.reference = "pelvis"
        self.metric: Metric = angle_distance
        self.signed = True
        self._sides = tuple(sides)
        self._axis, self._sign = axis
        self._twist = twist and self._axis == ROTATION
        self._zero: dict[str, FloatArray] = {}
        self.signal = ANGLE_NAMES[self._axis]
        self.side: str | None = self._sides[0] if len(self._sides) == 1 else "both"

    def points(self, block: HipBlock) -> tuple[IntArray, FloatArray]:
        """Angles, positive on the way out."""
        frames = step_frames(block)
        angle = self._angle(block, frames)
        known = np.isfinite(angle)
        return steps_in(block)[known], angle[known, None]

    def motion(self, block: HipBlock, start: int, top: int) -> Motion | None:  # noqa: ARG002 - as of every track
        """Angles of a repetition."""
        angle = self._angle(block, slice(None))
        filled = fill(angle)
        if filled is None:
            return None
        hips = [block.sides[side] for side in self._sides if side in block.sides]
        hip = _mean([_filled(np.stack([h.flexion_deg, h.adduction_deg, h.internal_rotation_deg])) for h in hips])
        pelvis = block.roles.index("pelvis")
        return Motion(
            block.start_index,
            block.rate_hz,
            filled,
            hip,
            block.quat_earth_from_segment[pelvis],
            self._axis,
            self._sign,
            seen=np.isfinite(angle),
        )

    def anew(self) -> HipTrack:
        """The same, with a zero of its own."""
        return HipTrack(self._sides, (self._axis, self._sign), twist=self._twist)

    def _angle(self, block: HipBlock, frames: slice) -> FloatArray:
        values = [self._one(block, side, frames) for side in self._sides if side in block.sides]
        return self._sign * _mean(values) if values else np.full(len(block), np.nan)[frames]

    def _one(self, block: HipBlock, side: str, frames: slice) -> FloatArray:
        hip = block.sides[side]
        if not self._twist:
            angle: FloatArray = (hip.flexion_deg, hip.adduction_deg, hip.internal_rotation_deg)[self._axis][frames]
            return angle
        known = both_known(block, side)[frames]
        quat = hip_quaternion(block, side, frames)
        if side not in self._zero:
            if not known.any():
                return np.full(len(known), np.nan)
            self._zero[side] = rotation.conjugate(quat[int(np.argmax(known))])
        turned = np.rad2deg(twist_about_y(rotation.multiply(self._zero[side], quat))) * SIDE_SIGNS[side][ROTATION]
        return np.where(known, turned, np.nan)


class HipOrientationTrack:
    """A hip in all directions at once, for movements that nobody named.

    Args:
        side: Of the hip.
    """

    def __init__(self, side: str) -> None:
        self.reference = "pelvis"
        self.metric: Metric = orientation_distance
        self.signed = False
        self.side: str | None = side
        self.signal = "hip"
        self._found: HipTrack | None = None

    def points(self, block: HipBlock) -> tuple[IntArray, FloatArray]:
        """Orientations of the thigh in the pelvis."""
        frames = step_frames(block)
        side = self.side or ""
        if side not in block.sides:
            return np.zeros(0, dtype=np.int64), np.zeros((0, 4))
        known = both_known(block, side)[frames]
        return steps_in(block)[known], hip_quaternion(block, side, frames)[known]

    def motion(self, block: HipBlock, start: int, top: int) -> Motion | None:
        """Angles of a repetition, about the axis that the first one moved most about."""
        if self._found is None:
            hip = block.sides.get(self.side or "")
            if hip is None:
                return None
            ends = indices_of(block, start, top)
            change = [a[ends[1]] - a[ends[0]] for a in (hip.flexion_deg, hip.adduction_deg, hip.internal_rotation_deg)]
            if not np.isfinite(change).all():
                return None
            main = int(np.argmax(np.abs(change)))
            self._found = HipTrack([self.side or ""], (main, float(np.sign(change[main]) or 1.0)), twist=True)
            self.signal = self._found.signal
        return self._found.motion(block, start, top)

    def anew(self) -> HipOrientationTrack:
        """The same, with an axis of its own."""
        return HipOrientationTrack(self.side or "")


class SegmentTrack:
    """A segment's angle against gravity, whatever is known of how its sensor sits.

    Args:
        role: Of the segment.
        hangs: Whether it hangs in its start pose, the one that is known first.
    """

    def __init__(self, role: str, *, hangs: bool = False) -> None:
        self._hangs = hangs
        self._home: FloatArray | None = None
        self.reference = "gravity"
        self.metric: Metric = direction_distance
        self.signed = False
        self.signal = role
        self.side: str | None = role.rpartition("_")[2] if role.endswith(("_left", "_right")) else None

    def points(self, block: HipBlock) -> tuple[IntArray, FloatArray]:
        """The vertical as the sensor sees it."""
        frames = step_frames(block)
        if self.signal not in block.roles:
            return np.zeros(0, dtype=np.int64), np.zeros((0, 3))
        sensor = block.roles.index(self.signal)
        known = block.levelled[sensor, frames]
        up = vertical(block.quat_earth_from_sensor[sensor, frames][known])
        if self._hangs and self._home is None and len(up):
            self._home = up[0]
        return steps_in(block)[known], up

    def motion(self, block: HipBlock, start: int, top: int) -> Motion | None:
        """The angle in the plane from the start pose to the top, zero at the start."""
        if self.signal not in block.roles:
            return None
        sensor = block.roles.index(self.signal)
        known = block.levelled[sensor]
        up = vertical(block.quat_earth_from_sensor[sensor])
        ends = indices_of(block, start, top)
        rest, far = up[ends[0]], up[ends[1]]
        across = far - rest * float(rest @ far)
        length = float(np.sqrt(across @ across))
        if length < 1e-6:
            return None
        forward = np.einsum("ij,j->i", up, across / length)
        level = np.einsum("ij,j->i", up, rest)
        angle = fill(np.where(known, np.rad2deg(np.arctan2(forward, level)), np.nan))
        if angle is None:
            return None
        home = None
        if self._home is not None:
            home = float(np.rad2deg(np.arctan2(self._home @ across / length, self._home @ rest)))
        return Motion(block.start_index, block.rate_hz, angle, None, None, None, 1.0, home)

    def anew(self) -> SegmentTrack:
        """Itself: it settles on nothing."""
        return self


def _filled(angles_deg: FloatArray) -> FloatArray:
    """Angles (3, N) with short gaps bridged, NaN where too little is known of one."""
    if np.isfinite(angles_deg).all():
        return angles_deg
    unknown = np.full(angles_deg.shape[1], np.nan)
    return np.stack([unknown if (filled := fill(angle)) is None else filled for angle in angles_deg])


def both_known(block: HipBlock, side: str) -> BoolArray:
    """(N,) where pelvis and thigh are known."""
    known: BoolArray = (
        block.segment_known[block.roles.index("pelvis")] & block.segment_known[block.roles.index(f"thigh_{side}")]
    )
    return known


def hip_quaternion(block: HipBlock, side: str, frames: slice) -> FloatArray:
    """(M, 4) pelvis from thigh at some frames."""
    quat = block.quat_earth_from_segment
    pelvis, thigh = (quat[block.roles.index(role), frames] for role in ("pelvis", f"thigh_{side}"))
    return rotation.multiply(rotation.conjugate(pelvis), thigh)


def vertical(quat: FloatArray) -> FloatArray:
    """(N, 3) the vertical in the axes of what ``quat`` (N, 4) takes to the earth."""
    w, x, y, z = quat[:, 0], quat[:, 1], quat[:, 2], quat[:, 3]
    return np.stack([2 * (x * z - w * y), 2 * (y * z + w * x), 1 - 2 * (x * x + y * y)], axis=1)


def _mean(values: Sequence[FloatArray]) -> FloatArray:
    """Mean of one or two arrays where both are known, else the one that is."""
    if len(values) == 1:
        return values[0]
    a, b = values
    return np.where(np.isnan(a), b, np.where(np.isnan(b), a, 0.5 * (a + b)))
