"""Which sensor is strapped where and when, and the path through space that follows for it."""

from __future__ import annotations

import itertools
from collections.abc import Sequence

import numpy as np

from imuhip.simulation import quaternions as quat
from imuhip.simulation.body import GRID_HZ, Body, minimum_jerk
from imuhip.simulation.plan import SIDE_SIGN, Plan
from imuhip.simulation.script import Side
from imuhip.simulation.truth import Mounting, Zeroed
from imuhip.units import GRAVITY_M_S2, FloatArray

PELVIS_SENSOR_M = (0.03, 0.09, 0.04)
"""Sensor on the iliac crest from the hip centre of its side: anterior, up, lateral."""
THIGH_SENSOR_M = (0.02, -0.30, 0.07)
"""Sensor on the distal lateral thigh from the hip centre: anterior, up, lateral."""
KNEE_M = (0.0, -0.42, 0.0)
"""Knee centre from the hip centre, in the thigh."""
SHANK_SENSOR_M = (0.02, -0.20, 0.05)
"""Sensor on the lateral shank from the knee centre."""

ABDOMEN_SENSOR_M = (0.12, 0.14, -0.085)
"""Sensor on the navel from the hip centre on the pelvis sensor's side."""

MOVED_SENSOR = 1
"""Index of the sensor that the wearer straps elsewhere: the thigh's; the pelvis sensor stays."""

ARMS_M = {"pelvis": PELVIS_SENSOR_M, "thigh": THIGH_SENSOR_M, "shank": SHANK_SENSOR_M, "abdomen": ABDOMEN_SENSOR_M}
TRUNK = ("pelvis", "abdomen")


def side_of(role: str) -> Side:
    """Side of a leg segment's role."""
    return "left" if role.endswith("left") else "right"


def strap(
    plan: Plan, roles: Sequence[str], mounts: Sequence[FloatArray], again: Sequence[FloatArray]
) -> list[Mounting]:
    """List every mounting of a session.

    Args:
        plan: For the moments at which the wearer moves the strap.
        roles: Of each sensor at the start.
        mounts: (4,) each sensor's mount at the start.
        again: (4,) mounts of the moved sensor after each move.

    Returns:
        Mountings in order of time.
    """
    first_stance_s = plan.stance_after(0.0)
    ends_s = [*(wear.start_s for wear in plan.wears), plan.duration_s]
    out = [
        Mounting(index, role, (0.0, ends_s[0] if index == MOVED_SENSOR else ends_s[-1]), first_stance_s, mount)
        for index, (role, mount) in enumerate(zip(roles, mounts, strict=True))
    ]
    for wear, end_s, mount in zip(plan.wears, ends_s[1:], again, strict=True):
        stance_s = plan.stance_after(wear.end_s)
        out.append(Mounting(MOVED_SENSOR, wear.role, (wear.end_s, end_s), stance_s, mount))
    return out


def path(body: Body, zeroed: Zeroed, mountings: Sequence[Mounting], crest: Side) -> tuple[FloatArray, FloatArray]:
    """Where one sensor is.

    Args:
        body: For the places of the segments.
        zeroed: The frames that mounts refer to.
        mountings: Of this sensor, in order of time.
        crest: Side of the iliac crest that the pelvis sensor sits on.

    Returns:
        Orientation earth_from_sensor (N, 4), and specific force (N, 3) in m/s2 as an ideal accelerometer reads it.
    """
    orientation, place_m = _worn(body, zeroed, mountings[0], crest)
    for before, after in itertools.pairwise(mountings):
        turned, moved_m = _worn(body, zeroed, after, crest)
        (_, left_s), (there_s, _) = before.worn_s, after.worn_s
        share = minimum_jerk((body.time_s - left_s) / (there_s - left_s))[:, None]
        between = quat.log(quat.multiply(quat.conjugate(orientation), turned))
        carried = quat.multiply(orientation, quat.exp(share * between))
        # The logarithm may flip where the halves are opposite; outside the move the path is exactly the strap's.
        orientation = _continuous(np.where(share == 0, orientation, np.where(share == 1, turned, carried)))
        place_m = place_m + share * (moved_m - place_m)
    return orientation, _specific_force(orientation, place_m)


def _worn(body: Body, zeroed: Zeroed, mounting: Mounting, crest: Side) -> tuple[FloatArray, FloatArray]:
    """Orientation and place of a sensor that stays where this mounting has it."""
    role = mounting.role
    side = crest if role in TRUNK else side_of(role)
    # Limbs' sizes are in nominal frames, as the body is; they differ from the zero's by the mean sway of the stance.
    place_m = body.hips_m[side]
    if role.startswith("shank"):
        place_m = place_m + quat.rotate(body.bones[f"thigh_{side}"], np.array(KNEE_M))
    arm = ARMS_M[role.split("_", maxsplit=1)[0]]
    lateral = np.array([1.0, 1.0, SIDE_SIGN[side]])
    place_m = place_m + quat.rotate(body.bones[role], np.array(arm) * lateral)
    return quat.multiply(zeroed.skins[role], mounting.segment_from_sensor), place_m


def _continuous(q: FloatArray) -> FloatArray:
    """The same orientations with signs such that neighbours lie in one hemisphere, as interpolation needs."""
    flips = np.einsum("ni,ni->n", q[:-1], q[1:]) < 0
    sign = np.concatenate([[1.0], np.where(np.cumsum(flips) % 2, -1.0, 1.0)])
    return np.asarray(q * sign[:, None])


def _specific_force(orientation: FloatArray, place_m: FloatArray) -> FloatArray:
    """(N, 3) what an ideal accelerometer reads, by central differences of its (N, 3) place on the grid."""
    acceleration = np.zeros_like(place_m)
    acceleration[1:-1] = (place_m[2:] - 2 * place_m[1:-1] + place_m[:-2]) * GRID_HZ**2
    acceleration[:, 2] += GRAVITY_M_S2
    return quat.rotate(quat.conjugate(orientation), acceleration)
