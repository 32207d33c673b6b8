"""What an estimate is judged by: hip angles from the stance zero, orientations, mounts and biases.

The zero is the mean posture of the first marked stance. pelvis' is the anatomical pelvis frame turned by the smallest
rotation that makes its y axis vertical there (so without a turn about the vertical); thigh' is fixed in the thigh and
coincides with pelvis' there. Hip angles from the zero are those of R = R_pelvis'^T R_thigh'. The skin has a zero of its own.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from imuhip.simulation import quaternions as quat
from imuhip.simulation.body import GRID_HZ, SIDE_SIGN, Body
from imuhip.simulation.choreography import Repetition
from imuhip.simulation.script import Side
from imuhip.simulation.wearer import Wearer
from imuhip.units import FloatArray, IntArray


@dataclass(frozen=True, slots=True)
class HipTruth:
    """True angles of one hip in deg, (N, 3): flexion, adduction, internal rotation, the same signs on both sides.

    Attributes:
        bone_deg: Of the bones, from the stance zero: the reference.
        skin_deg: Of what the thigh's sensor can follow, from the stance zero; equal to ``bone_deg`` without soft tissue.
        anatomical_deg: Of the bones in their ISB frames, without a zero: what no strapped-on sensor can know.
    """

    bone_deg: FloatArray
    skin_deg: FloatArray
    anatomical_deg: FloatArray


@dataclass(frozen=True, slots=True)
class Truth:
    """The truth of a session on a 100 Hz grid of N moments, for K sensors in the order of the session's list.

    Attributes:
        time_s: (N,) from the session's start, which is ``host_ns[0]``.
        host_ns: (N,) the same on the host clock.
        hips: True angles of the hips whose thigh wears a sensor, by side.
        roles: Role of each sensor.
        earth_from_segment: (K, N, 4) orientation of pelvis' or of the bone's thigh'; the earth's x is the same for all.
        earth_from_skin: (K, N, 4) orientation of the segment as the sensor's skin has it (the pelvis' own for the pelvis).
        segment_from_sensor: (K, 4) mounts, from the skin's frame: ``earth_from_sensor = earth_from_skin * mount``.
        gyr_bias_rad_s: (K, N, 3) in the sensor's frame.
        acc_bias_m_s2: (K, 3) in the sensor's frame.
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
    gyr_bias_rad_s: FloatArray
    acc_bias_m_s2: FloatArray
    repetitions: tuple[Repetition, ...]
    stance_s: tuple[float, float]

    def index(self, host_ns: int) -> int:
        """Index of the grid moment nearest to a host time."""
        return int(np.clip(round((host_ns - int(self.host_ns[0])) * 1e-9 * GRID_HZ), 0, len(self.time_s) - 1))


@dataclass(frozen=True, slots=True)
class Zeroed:
    """Orientations (N, 4) in the frames of the program's zero."""

    pelvis: FloatArray
    thigh: Mapping[Side, FloatArray]
    skin: Mapping[Side, FloatArray]


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
    return np.degrees(np.stack([flexion, adduction, rotation], axis=-1))


def zero(body: Body, stance_s: tuple[float, float]) -> Zeroed:
    """Turn the nominal frames of a body to the program's zero, the mean of the stance."""
    stance = slice(round(stance_s[0] * GRID_HZ), round(stance_s[1] * GRID_HZ) + 1)
    pelvis = quat.mean(body.pelvis[stance])
    upright = quat.multiply(_smallest_to_vertical(quat.rotate(pelvis, np.array([0.0, 1.0, 0.0]))), pelvis)

    def turned(orientation: FloatArray) -> FloatArray:
        fixed = quat.multiply(quat.conjugate(quat.mean(orientation[stance])), upright)
        return quat.multiply(orientation, fixed)

    return Zeroed(
        turned(body.pelvis),
        {side: turned(orientation) for side, orientation in body.thigh.items()},
        {side: turned(orientation) for side, orientation in body.skin.items()},
    )


def hip_truth(zeroed: Zeroed, wearer: Wearer, side: Side) -> HipTruth:
    """All angles of one hip."""
    # About an axis without a y part, so that the smallest rotation to the vertical undoes it and pelvis' comes out.
    tilt, lean = np.radians(wearer.pelvis_tilt_deg)
    pelvis_from_anatomical = quat.exp(np.array([lean, 0.0, tilt]))
    flexion, adduction, rotation = np.radians(wearer.hip_deg) * np.array([1.0, SIDE_SIGN[side], SIDE_SIGN[side]])
    hip = quat.multiply(quat.about_axis("z", flexion), quat.about_axis("x", adduction))
    hip = quat.multiply(hip, quat.about_axis("y", rotation))
    pelvis = quat.multiply(zeroed.pelvis, pelvis_from_anatomical)
    thigh = quat.multiply(zeroed.thigh[side], quat.multiply(pelvis_from_anatomical, hip))
    return HipTruth(
        bone_deg=hip_angles_deg(zeroed.pelvis, zeroed.thigh[side], side),
        skin_deg=hip_angles_deg(zeroed.pelvis, zeroed.skin[side], side),
        anatomical_deg=hip_angles_deg(pelvis, thigh, side),
    )


def _smallest_to_vertical(up: FloatArray) -> FloatArray:
    """Quaternion (4,) of the smallest rotation that takes a unit vector of the earth to its vertical."""
    axis = np.cross(up, (0.0, 0.0, 1.0))
    sine = float(np.linalg.norm(axis))
    angle = np.arctan2(sine, float(up[2]))
    return quat.exp(axis * (angle / sine if sine else 1.0))
