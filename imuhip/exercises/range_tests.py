"""Marked range tests: trials, peaks, and how sure they are."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import numpy as np

from imuhip import rotation
from imuhip.calibration.result import Calibration, HipKnots
from imuhip.exercises.catalogue import AXES
from imuhip.exercises.motion import vertical
from imuhip.exercises.posture import in_posture
from imuhip.exercises.trials import find_trials, start_frame, start_level
from imuhip.hip.stage import FLOOR_DEG, HALF_WIDTH, SINGULAR_DEG, HipAngles, HipBlock
from imuhip.joint import SIDE_SIGNS, angle_jacobian, hip_angles, twist_about_y
from imuhip.medians import median
from imuhip.records import record
from imuhip.units import BoolArray, FloatArray, IntArray

DIRECTIONS: Mapping[str, tuple[int, float]] = {
    **AXES,
    "straight_leg_raise": (0, 1.0),
    "thomas": (0, -1.0),
    "ninety_ninety": (2, 1.0),
}
"""Angle of each test (flexion, adduction, internal rotation) and the sign of its direction."""
AXIS_SHARE = 0.035
"""A change about an axis that is off by 15 degrees (the sensor's, or that of a knee not at 90) reads 3.5 % less."""
SPREAD_TOLD = 0.75
"""Priors are wider than wearers are: this much of the spread that they give makes the interval hold 95 % of the errors
(tools/accuracy.py, coverage, on sessions other than those that it is judged by)."""
TURN_FLOOR_DEG = 0.15
TURN_SD_SHARE = 0.02
"""A change from the start pose within seconds: gyro scale, and what skin does that the next trial does not repeat."""
SKIN_SD_DEG_PER_DEG = 2.3 / 90.0
"""Skin and muscle turn the sensor by 4 degrees at 90 of flexion about an axis that nobody knows: 2.3 on each."""


@record
class RangeTest:
    """One marked range test, degrees positive in the direction of its name.

    Attributes:
        trials_deg: Peak of each trial.
        peak_deg: Median of the trials, None where there is none.
        uncertainty_deg: Half-width of the peak's 95 % interval.
        relative_only: Whether the number is a change from the start pose, not an angle from the stance zero.
        start_deg: Angle of the start pose from the stance zero, None where it was not known then.
        pelvis_excursion_deg: How far the pelvis had turned from the start pose at the peak, median of the trials.
        thigh_deg: How far the thigh had turned against the floor.
        reference: ``"pelvis"``, or ``"gravity"`` without a pelvis sensor.
    """

    trials_deg: list[float]
    peak_deg: float | None
    uncertainty_deg: float | None
    relative_only: bool
    start_deg: float | None
    pelvis_excursion_deg: float | None
    thigh_deg: float | None
    reference: str


def measure_test(
    name: str,
    block: HipBlock,
    side: str,
    calibration: Calibration | None,
    *,
    direction: tuple[int, float] | None = None,
) -> RangeTest | None:
    """Measure one test.

    Args:
        name: A key of :data:`DIRECTIONS`, or any with ``direction``.
        block: The frames of the mark.
        side: Side of the leg.
        calibration: Whose uncertainty applies.
        direction: Angle and sign of the test, where it is one that a catalogue adds.

    Returns:
        None where neither the side's thigh nor its shank nor a moving leg wore a sensor.
    """
    sensor = {role: k for k, role in enumerate(block.roles)}
    axis = DIRECTIONS[name] if direction is None else direction
    rotating = axis[0] == 2
    shank, thigh, pelvis = sensor.get(f"shank_{side}"), sensor.get(f"thigh_{side}"), sensor.get("pelvis")
    # Else a sensor on whichever leg moves; a rotation is seen on the shank.
    moving = ("shank_moving", "thigh_moving") if rotating else ("thigh_moving", "shank_moving")
    worn = [thigh, shank, *(sensor.get(role) for role in moving)]
    limb = next((each for each in worn if each is not None), None)
    if limb is None:
        return None
    posture = in_posture(block, pelvis, limb)
    block = posture.block
    sign, relative = axis[1], rotating or pelvis is None
    if rotating and thigh is None and shank is not None:
        signal, known = _shank_rotation(block, shank, side), block.segment_known[shank]
    elif pelvis is None or side not in block.sides:
        signal, known = _inclination(block, limb), block.levelled[limb]
        sign, relative = 1.0, True
    elif rotating:
        known = block.sides[side].heading_known
        signal = _twist(block, pelvis, limb, side, known)
    else:
        hip = block.sides[side]
        signal = np.stack([hip.flexion_deg, hip.adduction_deg, hip.internal_rotation_deg])[axis[0]]
        known = np.isfinite(signal)
    towards = np.where(known & posture.here, signal * sign, np.nan)
    peaks = find_trials(towards, block.rate_hz, ended=posture.ended)
    return _result(
        axis, block, towards, peaks, side, pelvis=pelvis, limb=limb, relative=relative, calibration=calibration
    )


def _twist(block: HipBlock, pelvis: int, thigh: int, side: str, known: BoolArray) -> FloatArray:
    """Rotation about the femur's long axis from the start pose, swing-twist, deg; internal positive."""
    quat = block.quat_earth_from_segment
    hip = rotation.multiply(rotation.conjugate(quat[pelvis]), quat[thigh])
    angle: FloatArray = np.rad2deg(twist_about_y(_from_start(hip, known, block.rate_hz))) * SIDE_SIGNS[side][2]
    return angle


def _from_start(quat: FloatArray, known: BoolArray, rate_hz: float) -> FloatArray:
    """Rotation from the start pose, (N, 4); NaN where that is not known."""
    start = start_frame(known, rate_hz)
    if start is None:
        return np.full_like(quat, np.nan)
    return rotation.multiply(rotation.conjugate(quat[start]), quat)


def _shank_rotation(block: HipBlock, shank: int, side: str) -> FloatArray:
    """Hip rotation seen by a sensor on the shank with the knee at 90 deg, from the start pose, deg.

    The femur's long axis then lies along the shank's anteroposterior axis: the knee end of the femur is in front, so a
    turn about the femur's y is a turn about minus the shank's x.
    """
    turned = _from_start(block.quat_earth_from_segment[shank], block.segment_known[shank], block.rate_hz)
    twist = 2 * np.arctan2(turned[:, 1], turned[:, 0])
    angle: FloatArray = -np.rad2deg(rotation.wrapped(twist)) * SIDE_SIGNS[side][2]
    return angle


def _inclination(block: HipBlock, limb: int) -> FloatArray:
    """How far a segment has tilted against gravity since the start pose, deg, however its sensor sits."""
    start = start_frame(block.levelled[limb], block.rate_hz)
    if start is None:
        return np.full(len(block), np.nan)
    up = vertical(block.quat_earth_from_sensor[limb])
    angle: FloatArray = np.rad2deg(np.arccos(np.clip(np.einsum("ni,i->n", up, up[start]), -1.0, 1.0)))
    return angle


def _result(
    axis: tuple[int, float],
    block: HipBlock,
    towards: FloatArray,
    peaks: Sequence[int],
    side: str,
    *,
    pelvis: int | None,
    limb: int,
    relative: bool,
    calibration: Calibration | None,
) -> RangeTest:
    trials = [float(towards[p]) for p in peaks]
    hip = block.sides.get(side)
    return RangeTest(
        trials_deg=trials,
        peak_deg=median(trials) if trials else None,
        uncertainty_deg=_half_width_deg(axis[0], block, peaks, side, trials, calibration) if trials else None,
        relative_only=relative,
        start_deg=None if hip is None else _start_angle(axis, hip, block.rate_hz),
        pelvis_excursion_deg=None if pelvis is None else _turned(block, pelvis, peaks),
        thigh_deg=_turned(block, limb, peaks),
        reference="gravity" if pelvis is None else "pelvis",
    )


def _start_angle(axis: tuple[int, float], hip: HipAngles, rate_hz: float) -> float | None:
    index, sign = axis
    angle = (hip.flexion_deg, hip.adduction_deg, hip.internal_rotation_deg)[index]
    level = start_level(angle, rate_hz)
    return None if level is None else sign * level


def _turned(block: HipBlock, sensor: int, peaks: Sequence[int]) -> float | None:
    """How far a segment had turned from the start pose at the peaks, deg, median."""
    start = start_frame(block.segment_known[sensor], block.rate_hz)
    if not peaks or start is None:
        return None
    quat = block.quat_earth_from_segment[sensor]
    turned = rotation.log(rotation.multiply(rotation.conjugate(quat[start]), quat[list(peaks)]))
    return median(np.rad2deg(np.sqrt(np.einsum("pi,pi->p", turned, turned))).tolist())


def _half_width_deg(
    axis: int,
    block: HipBlock,
    peaks: Sequence[int],
    side: str,
    trials: Sequence[float],
    calibration: Calibration | None,
) -> float:
    """Half-width of a peak's 95 % interval: mounts, heading, tilt from the covariance, and what filter and skin add."""
    knots = None if calibration is None else calibration.hips.get(side)
    if calibration is None or knots is None or side not in block.sides:
        share = AXIS_SHARE if f"thigh_{side}" not in block.roles else float(np.hypot(AXIS_SHARE, SKIN_SD_DEG_PER_DEG))
        return HALF_WIDTH * float(np.hypot(FLOOR_DEG, share * median(trials)))
    if axis == 2:  # a change from the start pose: mounting and heading cancel
        return HALF_WIDTH * float(np.hypot(TURN_FLOOR_DEG, TURN_SD_SHARE * median(trials)))
    at = list(peaks)
    quat = block.quat_earth_from_segment
    pelvis, thigh = quat[block.roles.index("pelvis")][at], quat[block.roles.index(f"thigh_{side}")][at]
    frames = block.start_index + np.array(at)
    knot = np.minimum(np.searchsorted(calibration.knot_frame, frames), len(knots.covariance) - 1)
    age_s = np.maximum(frames - int(calibration.knot_frame[-1]), 0) / block.rate_hz
    angles = hip_angles(rotation.multiply(rotation.conjugate(pelvis), thigh), side)
    variance = _angle_variance(pelvis, thigh, angles, side, knots, knot, age_s)[:, axis]
    skin = SKIN_SD_DEG_PER_DEG * np.minimum(np.abs(np.rad2deg(angles[:, 0])), 120.0)
    total = np.rad2deg(np.sqrt(variance)) ** 2 + FLOOR_DEG**2 + skin**2
    return SPREAD_TOLD * HALF_WIDTH * math.sqrt(median(total.tolist()))


def _angle_variance(
    pelvis: FloatArray,
    thigh: FloatArray,
    angles: FloatArray,
    side: str,
    knots: HipKnots,
    knot: IntArray,
    age_s: FloatArray,
) -> FloatArray:
    """Variance (P, 3) of the hip angles at P orientations, from the covariance of turns and mounts at their knots (P,).

    Live, the heading has drifted since the last knot, for ``age_s``.
    """
    jac = angle_jacobian(angles, side)
    by_turn = jac @ rotation.matrix(thigh).swapaxes(1, 2)
    by_all = np.concatenate([-by_turn, by_turn, -by_turn @ rotation.matrix(pelvis), jac], axis=2)
    drift = by_turn[:, :, 2] * (knots.drift_sd_rad_s * age_s)[:, None]
    variance: FloatArray = np.einsum("pij,pij->pi", by_all @ knots.covariance[knot], by_all) + drift * drift
    return variance


def too_wide(hip: HipAngles) -> bool:
    """Whether ab/adduction came so near to 90 degrees that flexion and rotation could not be told."""
    return bool(hip.singular.any())


NEAR_SINGULAR = (
    f"ab/adduction went beyond {SINGULAR_DEG:.0f} degrees, where flexion and rotation cannot be told apart: left out"
)
