"""The estimator: one least squares for everything that must be found out about sensors and how they are worn."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from imuhip import rotation
from imuhip.calibration import arrow, motion_equations, stillness
from imuhip.calibration.body import THIGHS, Body
from imuhip.calibration.hinges import find_hinge
from imuhip.calibration.initial import gravity_in_sensor, level_frames, mean_quat, mount_from_axes, right_axis
from imuhip.calibration.motion import Motion
from imuhip.calibration.pose_equations import HingePrior, HipPrior, Prior, UpPrior, add_prior, segment_quat
from imuhip.calibration.poses import HINGE_SD_DEG, POSTURES, SAGITTAL, Activity, Pose, marked_poses, pose_up_prior
from imuhip.calibration.state import Layout, State
from imuhip.calibration.stillness import Still
from imuhip.calibration.strapdown import Segments, Strapdown, integrate, segments
from imuhip.units import FloatArray

STANCE_SD_RAD = np.deg2rad(0.3)
ITERATIONS = 6
CONVERGED_RAD = np.deg2rad(0.02)


@dataclass(frozen=True, slots=True)
class Solution:
    state: State
    seg: Segments
    bias_rad_s: FloatArray
    covariance: arrow.ArrowCovariance
    layout: Layout
    step_s: float


def solve(motion: Motion, body: Body, activities: Sequence[Activity], noise=motion_equations.SensorNoise()) -> Solution | None:
    bias = stillness.still_bias(motion)
    if bias is None:
        return None
    strap = integrate(motion, bias)
    speeds = stillness.speed(motion, bias)
    fastest = speeds.max(axis=0)
    nodes = stillness.pick_nodes(fastest)
    nodes = np.append(nodes, len(motion)) if len(motion) - nodes[-1] > 10 else np.append(nodes[:-1], len(motion))
    seg = segments(strap, nodes, motion.step_s)
    stills = stillness.find_stills(fastest)
    poses = marked_poses(stills, activities)
    layout = Layout(motion.sensors, len(body.mountings))
    group = np.minimum(nodes // stillness.SPEED_STEPS, speeds.shape[1] - 1)
    v = np.minimum(speeds[:, group], 3.0)
    speed_m_s = 0.35 * v + np.where(fastest[group] > stillness.QUIET_RAD_S, 0.15, 0.01)
    state = first_state(strap, seg, body, poses, activities)
    priors = make_priors(strap, seg, body, poses, activities, state)
    for _ in range(ITERATIONS):
        system = arrow.ArrowSystem.zeros(len(nodes), layout.node, layout.shared)
        motion_equations.add_gyro(system, layout, state, seg, noise)
        motion_equations.add_gravity(system, layout, state, seg, noise, speed_m_s)
        motion_equations.add_priors(system, layout, state, noise)
        for prior in priors:
            add_prior(system, layout, state, prior)
        factors = arrow.eliminate(system)
        step, shared = arrow.substitute(factors)
        state = state.moved(step, shared)
        if np.abs(step).max() < CONVERGED_RAD and np.abs(shared).max() < CONVERGED_RAD:
            break
    return Solution(state, seg, bias, arrow.covariance(factors), layout, motion.step_s)


def pose_parts(strap, seg, still: Still, sensor: int):
    mid = (still.start + still.end) // 2
    node = int(np.argmin(np.abs(seg.node_step - mid)))
    return node, mean_quat(strap.quat[sensor, still.start : still.end])


def first_state(strap, seg, body, poses, activities) -> State:
    sensors, nodes = seg.quat.shape[:2]
    level = level_frames(seg)
    mounts = np.tile(rotation.IDENTITY, (len(body.mountings), 1))
    for e, m in enumerate(body.mountings):
        mounts[e] = first_mount(strap, body, e, poses, activities)
    state = State(level, np.zeros((sensors, nodes, 3)), np.zeros((sensors, 3, 3)), np.zeros((sensors, 3)), np.zeros((sensors, 6)), mounts)
    # headings: thigh turned so that stance rotation is zero
    for pose in poses:
        if not pose.stance:
            continue
        p = body.worn("pelvis", pose.still.start)
        for role in THIGHS:
            t = body.worn(role, pose.still.start)
            if p is None or t is None:
                continue
            head = []
            for e in (p, t):
                s = body.mountings[e].sensor
                node, q = pose_parts(strap, seg, pose.still, s)
                z = rotation.rotate(segment_quat(state, node, s, e, q), np.array([0, 0, 1.0]))
                head.append(np.arctan2(z[1], z[0]))
            s = body.mountings[t].sensor
            state.quat_earth_from_w[s] = rotation.multiply(rotation.about_z(np.array(head[0] - head[1])), state.quat_earth_from_w[s])
        break
    return state


def first_mount(strap, body, e, poses, activities):
    m = body.mountings[e]
    stance = next((p for p in poses if p.stance and p.still.start >= m.start), None)
    if stance is None:
        return rotation.IDENTITY
    up = gravity_in_sensor(strap, stance.still.start, stance.still.end, m.sensor)
    others = []
    for p in poses:
        if p is stance or p.stance:
            continue
        side = "right" if m.role in ("pelvis", "thigh_right") else "left"
        side = next((a.side for a in activities if a.side), side)
        exp_up, _ = pose_up_prior(p.posture, side)
        if m.role != "pelvis":
            if p.posture == "seated":
                exp_up = np.array([1.0, 0, 0])
        if p.posture in ("seated",) and m.role == "pelvis":
            continue
        others.append((gravity_in_sensor(strap, p.still.start, p.still.end, m.sensor), exp_up))
    hinges = []
    if m.role in THIGHS:
        for a in activities:
            if a.kind == "calibration" and a.name == "swing" and a.end is not None:
                h = find_hinge(strap, m.sensor, a.start, a.end)
                if h and h.planarity > 0.8:
                    hinges.append(HingePrior(e, h.axis, np.deg2rad(HINGE_SD_DEG)))
    right = right_axis(up, others, hinges)
    if right is None:
        right = np.array([1.0, 0, 0]) if abs(up[0]) < 0.9 else np.array([0, 1.0, 0])
    return mount_from_axes(up, right)


def make_priors(strap, seg, body, poses, activities, state):
    priors: list[Prior] = []
    side0 = next((a.side for a in activities if a.side), "right")
    for pose in poses:
        still = pose.still
        p = body.worn("pelvis", still.start)
        if p is None:
            continue
        ps = body.mountings[p].sensor
        node, qp = pose_parts(strap, seg, still, ps)
        first = pose is next(q for q in poses if q.stance)
        prior = POSTURES[pose.posture]
        up, sd = pose_up_prior(pose.posture, side0)
        if first:
            up, sd = np.array([0, 1.0, 0]), np.array([STANCE_SD_RAD, np.inf, STANCE_SD_RAD])
        priors.append(UpPrior(node, ps, p, qp, up, sd))
        for role, side in THIGHS.items():
            t = body.worn(role, still.start)
            if t is None:
                continue
            ts = body.mountings[t].sensor
            _, qt = pose_parts(strap, seg, still, ts)
            ang, asd = np.deg2rad(prior.hip_deg), np.deg2rad(prior.hip_sd_deg)
            if pose.flexion_deg is not None:
                ang[0] = np.deg2rad(pose.flexion_deg)
            if first:
                ang, asd = np.zeros(3), np.full(3, STANCE_SD_RAD)
            priors.append(HipPrior(node, (ps, p), (ts, t), side, qp, qt, ang, asd))
    for a in activities:
        if a.name in SAGITTAL and a.end is not None:
            for role in THIGHS:
                t = body.worn(role, a.start)
                if t is None: continue
                s = body.mountings[t].sensor
                h = find_hinge(strap, s, a.start, a.end)
                if h is None or h.planarity < 0.85: continue
                z = rotation.rotate(state.quat_sensor_from_segment[t], np.array([0, 0, 1.0]))
                axis = h.axis if h.axis @ z > 0 else -h.axis
                priors.append(HingePrior(t, axis, np.deg2rad(HINGE_SD_DEG)))
    return priors
