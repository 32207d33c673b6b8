"""What an estimate is judged by: hip angles from the stance zero, orientations, mounts and biases.

The zero is the mean posture of the first marked stance. pelvis' is the anatomical pelvis frame turned by the smallest
rotation that makes its y axis vertical there (so without a turn about the vertical); thigh' is fixed in the thigh and
coincides with pelvis' there. Hip angles from the zero are those of R = R_pelvis'^T R_thigh'. The skin has a zero of its
own, and so has a leg to which the sensor moves in mid-session: in the stance that follows.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from imuhip.records import record
from imuhip.simulation import quaternions as quat
from imuhip.simulation.body import GRID_HZ, Body
from imuhip.simulation.plan import SIDE_SIGN, Repetition
from imuhip.simulation.script import Side
from imuhip.simulation.wearer import Wearer
from imuhip.units import FloatArray, IntArray

Span = tuple[float, float]


@record
class HipTruth:
    """True angles of one hip in deg, (N, 3): flexion, adduction, internal rotation, the same signs on both sides.

    Attributes:
        bone_deg: Of the bones, from the stance zero: the reference.
        skin_deg: Of what the thigh's sensor can follow, from the stance zero; without soft tissue as ``bone_deg``.
        anatomical_deg: Of the bones in their ISB frames, without a zero: what no strapped-on sensor can know.
    """

    bone_deg: FloatArray
    skin_deg: FloatArray
    anatomical_deg: FloatArray


@record
class Mounting:
    """A sensor on a segment, for a while.

    Attributes:
        sensor: Index of the sensor.
        role: Where it is worn.
        worn_s: From when until when it is fixed there.
        stance_s: The stance that defines the segment's zero.
        segment_from_sensor: (4,) the mount, from the frame of the segment's skin.
    """

    sensor: int
    role: str
    worn_s: Span
    stance_s: Span
    segment_from_sensor: FloatArray


@record
class Truth:
    """The truth of a session on a 100 Hz grid of N moments, for K sensors in the order of the session's list.

    Attributes:
        time_s: (N,) from the session's start, which is ``host_ns[0]``.
        host_ns: (N,) the same on the host clock.
        hips: True angles of every hip whose leg wears a sensor at some time, by side.
        roles: Role of each sensor at the start.
        earth_from_segment: (K, N, 4) orientation of pelvis' or of the bone's thigh': the segment that the sensor is on
            at the start; the earth is one for all.
        earth_from_skin: (K, N, 4) orientation of that segment as the skin has it (the pelvis' own for the pelvis).
        segment_from_sensor: (K, 4) mounts at the start: ``earth_from_sensor = earth_from_skin * segment_from_sensor``.
        earth_from_sensor: (K, N, 4) orientation of the sensors themselves, wherever they are worn.
        gyr_bias_rad_s: (K, N, 3) in the sensor's frame.
        acc_bias_m_s2: (K, 3) in the sensor's frame.
        mountings: Every mounting in order of time; two per session sensor that moves.
        repetitions: Every repetition as done, of tests and exercises.
        stance_s: Start and end of the stance that defines the zero.
    """

    time_s: FloatArray
    host_ns: IntArray
    hips: Mapping[Side, HipTruth]
    roles: tuple[str, ...]
    earth_from_segment: FloatArray
    earth_from_skin: FloatArray
    segment_from_sensor: FloatArray
    earth_from_sensor: FloatArray
    gyr_bias_rad_s: FloatArray
    acc_bias_m_s2: FloatArray
    mountings: tuple[Mounting, ...]
    repetitions: tuple[Repetition, ...]
    stance_s: Span

    def index(self, host_ns: int) -> int:
        """Index of the grid moment nearest to a host time."""
        return int(np.clip(round((host_ns - int(self.host_ns[0])) * 1e-9 * GRID_HZ), 0, len(self.time_s) - 1))


@record
class Zeroed:
    """Orientations (N, 4) in the frames of the program's zero, by role, for the segments that wear a sensor."""

    bones: Mapping[str, FloatArray]
    skins: Mapping[str, FloatArray]


def hip_angles_deg(pelvis: FloatArray, thigh: FloatArray, side: Side) -> FloatArray:
    """ISB hip angles (N, 3) in deg, of orientations (N, 4) in one earth frame.

    Intrinsic z-x'-y'' angles of the thigh in the pelvis: flexion, adduction, internal rotation, clinical signs.

    References:
        Wu et al. 2002, doi:10.1016/S0021-9290(01)00222-6.
    """
    r = quat.matrix(quat.multiply(quat.conjugate(pelvis), thigh))
    flexion = np.arctan2(-r[..., 0, 1], r[..., 1, 1])
    adduction = SIDE_SIGN[side] * np.arcsin(np.clip(r[..., 2, 1], -1.0, 1.0))
    rotation = SIDE_SIGN[side] * np.arctan2(-r[..., 2, 0], r[..., 2, 2])
    return np.asarray(np.degrees(np.stack([flexion, adduction, rotation], axis=-1)))


def zero(body: Body, pelvis_stance_s: Span, stances_s: Mapping[str, Span]) -> Zeroed:
    """Turn the nominal frames of a body to the program's zero.

    Args:
        body: In nominal frames.
        pelvis_stance_s: The first stance, which defines pelvis'.
        stances_s: The stance of each leg segment that is wanted, by role; there it coincides with pelvis'.

    Returns:
        pelvis' and those segments.
    """
    pelvis = _mean_in(body.bones["pelvis"], pelvis_stance_s)
    upright = quat.multiply(_smallest_to_vertical(quat.rotate(pelvis, np.array([0.0, 1.0, 0.0]))), pelvis)
    zeroed = quat.multiply(body.bones["pelvis"], quat.multiply(quat.conjugate(pelvis), upright))

    def coinciding(segment: FloatArray, stance_s: Span) -> FloatArray:
        fixed = quat.multiply(quat.conjugate(_mean_in(segment, stance_s)), _mean_in(zeroed, stance_s))
        return quat.multiply(segment, fixed)

    return Zeroed(
        {"pelvis": zeroed} | {role: coinciding(body.bones[role], span) for role, span in stances_s.items()},
        {"pelvis": zeroed} | {role: coinciding(body.skins[role], span) for role, span in stances_s.items()},
    )


def hip_truth(zeroed: Zeroed, wearer: Wearer, side: Side) -> HipTruth:
    """All angles of one hip."""
    # About an axis without a y part, so that the smallest rotation to the vertical undoes it and pelvis' comes out.
    tilt, lean = np.radians(wearer.pelvis_tilt_deg)
    pelvis_from_anatomical = quat.exp(np.array([lean, 0.0, tilt]))
    flexion, adduction, rotation = np.radians(wearer.hip_deg) * np.array([1.0, SIDE_SIGN[side], SIDE_SIGN[side]])
    hip = quat.multiply(quat.about_axis("z", flexion), quat.about_axis("x", adduction))
    hip = quat.multiply(hip, quat.about_axis("y", rotation))
    pelvis, thigh, skin = zeroed.bones["pelvis"], zeroed.bones[f"thigh_{side}"], zeroed.skins[f"thigh_{side}"]
    return HipTruth(
        bone_deg=hip_angles_deg(pelvis, thigh, side),
        skin_deg=hip_angles_deg(pelvis, skin, side),
        anatomical_deg=hip_angles_deg(
            quat.multiply(pelvis, pelvis_from_anatomical),
            quat.multiply(thigh, quat.multiply(pelvis_from_anatomical, hip)),
            side,
        ),
    )


def _mean_in(orientation: FloatArray, span_s: Span) -> FloatArray:
    return quat.mean(orientation[round(span_s[0] * GRID_HZ) : round(span_s[1] * GRID_HZ) + 1])


def _smallest_to_vertical(up: FloatArray) -> FloatArray:
    """Quaternion (4,) of the smallest rotation that takes a unit vector of the earth to its vertical."""
    axis = np.cross(up, (0.0, 0.0, 1.0))
    sine = float(np.linalg.norm(axis))
    angle = np.arctan2(sine, float(up[2]))
    return quat.exp(axis * (angle / sine if sine else 1.0))
