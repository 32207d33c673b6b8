"""The estimator: one least squares for everything that must be found out about sensors and how they are worn.

Unknowns are, at nodes a few seconds apart, the turn of every sensor's gyro-only frame against the earth and its gyro bias;
and once for the session gyro gain, accelerometer bias and gain, and the mountings. Equations are the gyro between nodes,
gravity as the mean force between quiet moments, slow biases, and what the body gives: the stance is the zero, poses are
what their marks say to within several degrees, hinge-like movement turns about the mediolateral axis. Gauss-Newton with
Huber weights; the covariance comes with it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from imuhip import rotation
from imuhip.calibration import arrow, motion_equations
from imuhip.calibration.body import THIGHS, Body
from imuhip.calibration.evidence import Evidence, found_poses, gather
from imuhip.calibration.expectations import expectations, hinges_of
from imuhip.calibration.initial import any_across, level_frames, mount_from_axes, right_axis
from imuhip.calibration.motion import Motion
from imuhip.calibration.motion_equations import SensorNoise
from imuhip.calibration.pose_equations import Prior, add_prior, segment_quat
from imuhip.calibration.poses import Activity, Pose, pose_up_prior
from imuhip.calibration.result import Mount
from imuhip.calibration.state import Layout, State
from imuhip.units import FloatArray

ITERATIONS = 8
CONVERGED_RAD = np.deg2rad(0.05)
"""Steps smaller than this change no angle that is shown."""


@dataclass(frozen=True, slots=True)
class Solution:
    """A solved session.

    Attributes:
        evidence: What went in.
        state: The unknowns.
        covariance: Of the unknowns.
        layout: Where each stands.
    """

    evidence: Evidence
    state: State
    covariance: arrow.ArrowCovariance
    layout: Layout


def solve(
    motion: Motion,
    body: Body,
    activities: Sequence[Activity],
    *,
    saved: Mapping[str, Mount] | None = None,
    noise: SensorNoise | None = None,
) -> Solution | None:
    """Solve a session, or what is known of it so far.

    Args:
        motion: Digest of the frames.
        body: Which sensor is worn where.
        activities: Marked stretches.
        saved: Mountings of an earlier recording that still hold, by role.
        noise: What is assumed of the sensors.

    Returns:
        The solution, or None where the wearer was never still for two seconds.
    """
    evidence = gather(motion, body, activities, saved or {})
    if evidence is None:
        return None
    noise = noise or SensorNoise()
    layout = Layout(motion.sensors, len(body.mountings))
    poses = [*evidence.poses, *found_poses(evidence)]
    level = level_frames(evidence.seg)
    state = _first_state(evidence, level)
    priors = expectations(evidence, level, state.quat_sensor_from_segment, poses)
    for _ in range(ITERATIONS):
        factors = arrow.eliminate(_equations(evidence, layout, state, priors, noise))
        nodes, shared = arrow.substitute(factors)
        state = state.moved(nodes, shared)
        if max(np.abs(nodes).max(), np.abs(shared).max()) < CONVERGED_RAD:
            break
    return Solution(evidence, state, arrow.covariance(factors), layout)


def _equations(
    evidence: Evidence, layout: Layout, state: State, priors: Sequence[Prior], noise: SensorNoise
) -> arrow.ArrowSystem:
    system = arrow.ArrowSystem.zeros(len(evidence.seg.node_step), layout.node, layout.shared)
    motion_equations.add_gyro(system, layout, state, evidence.seg, noise)
    motion_equations.add_gravity(system, layout, state, evidence.seg, noise, evidence.speed_m_s)
    motion_equations.add_priors(system, layout, state, noise)
    for prior in priors:
        add_prior(system, layout, state, prior)
    return system


def _first_state(evidence: Evidence, level: FloatArray) -> State:
    sensors, nodes = evidence.seg.quat.shape[:2]
    mounts = np.array([_first_mount(evidence, e) for e in range(len(evidence.body.mountings))])
    state = State(
        level.copy(),
        np.zeros((sensors, nodes, 3)),
        np.zeros((sensors, 3, 3)),
        np.zeros((sensors, 3)),
        np.zeros((sensors, 6)),
        mounts,
    )
    _face_alike(evidence, state)
    return state


def _first_mount(evidence: Evidence, mount: int) -> FloatArray:
    """A mounting from up in its stance and whatever tells where the segment faces."""
    mounting, stance = evidence.body.mountings[mount], evidence.stance_of(mount)
    if (saved := evidence.saved_mount(mount)) is not None:
        return saved.quat_sensor_from_segment
    if stance is None:
        return rotation.IDENTITY
    up = evidence.up_in_sensor(stance.still, mounting.sensor)
    poses = [
        (evidence.up_in_sensor(pose.still, mounting.sensor), expected)
        for pose in evidence.poses
        if not pose.stance
        and evidence.body.at(mounting.sensor, pose.still.start) == mount
        and (expected := _expected_up(evidence, pose, mounting.role)) is not None
    ]
    swings = [h.axis for h in hinges_of(evidence, mount, swings_only=True)]
    if not poses and not swings:
        swings = [h.axis for h in hinges_of(evidence, mount)]
    right = right_axis(up, poses, swings)
    return mount_from_axes(up, any_across(up) if right is None else right)


def _expected_up(evidence: Evidence, pose: Pose, role: str) -> FloatArray | None:
    """Where up points in a segment's axes in a pose, where that tells which way the segment faces."""
    if pose.posture == "seated":
        return np.array([1.0, 0.0, 0.0]) if role in THIGHS else None
    if pose.posture == "standing":
        return None
    return pose_up_prior(pose.posture, evidence.side)[0]


def _face_alike(evidence: Evidence, state: State) -> None:
    """Turn the thighs' earth about the vertical until pelvis and thigh face alike, anew after every gap."""
    body, seg = evidence.body, evidence.seg
    nodes = len(seg.node_step)
    for sensor in range(seg.quat.shape[0]):
        starts = [0, *(np.flatnonzero(~seg.whole.all(axis=0)) + 1).tolist()]
        for a, b in zip(starts, [*starts[1:], nodes], strict=True):
            known = [p for p in evidence.poses if a <= evidence.node_of(p.still) < b]
            pose = next((p for p in known if p.stance), next(iter(known), None))
            node = a if pose is None else evidence.node_of(pose.still)
            step = int(seg.node_step[node]) if pose is None else pose.still.start
            pelvis, thigh = body.worn("pelvis", step), body.at(sensor, step)
            if pelvis is None or pelvis == thigh:
                continue
            right = []
            for mount in (pelvis, thigh):
                k = body.mountings[mount].sensor
                quat = seg.quat[k, node] if pose is None else evidence.mean_quat(pose.still, k)
                z = rotation.rotate(segment_quat(state, node, k, mount, quat), np.array([0.0, 0.0, 1.0]))
                right.append(np.arctan2(z[1], z[0]))
            turn = rotation.about_z(np.array(right[0] - right[1]))
            state.quat_earth_from_w[sensor, a:b] = rotation.multiply(turn, state.quat_earth_from_w[sensor, a:b])
