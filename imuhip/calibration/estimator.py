"""The estimator: one least squares for everything that must be found out about sensors and how they are worn.

Unknowns are, at nodes a few seconds apart, the turn of every sensor's gyro-only frame against the earth and its gyro
bias; and once for the session gyro gain, accelerometer bias and gain, and the mountings. Equations are the gyro between
nodes, gravity as the mean force between quiet moments, slow biases, and what the body gives: the stance is the zero,
poses are what their marks say to within several degrees, hinge-like movement turns about the mediolateral axis.
Gauss-Newton with Huber weights; the covariance comes with it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np

from imuhip import rotation
from imuhip.calibration import arrow, few, motion_equations
from imuhip.calibration.body import THIGHS, Body
from imuhip.calibration.evidence import Evidence, found_poses, gather
from imuhip.calibration.expectations import expectations, headings, hinges_of
from imuhip.calibration.initial import any_across, level_frames, mount_from_axes, right_axis
from imuhip.calibration.memory import Memory
from imuhip.calibration.motion import Motion
from imuhip.calibration.motion_equations import SensorNoise
from imuhip.calibration.pose_equations import HeadingPrior, heading_residual, segment_quat
from imuhip.calibration.poses import Activity, Pose, pose_up_prior
from imuhip.calibration.prior_equations import PriorEquations
from imuhip.calibration.result import Mount
from imuhip.calibration.state import Layout, State
from imuhip.records import record
from imuhip.units import FloatArray, IntArray

ITERATIONS = 8
ITERATIONS_WARM = 3
"""With a memory to start from."""
CONVERGED_RAD = np.deg2rad(0.05)
"""What is left is smaller than any angle that is shown."""
CONVERGED_LIVE_RAD = np.deg2rad(0.3)
"""Live, before much is known."""
CONVERGED_WARM_RAD = np.deg2rad(6.0)
"""Live, from a start that near: a step of 6 degrees leaves a tenth of one, and headings are known to two."""
LEVEL_SHARE = 0.5
"""An axis that leans further from the vertical than 30 degrees tells a heading."""


@record
class Solution:
    """A solved session.

    Attributes:
        evidence: What went in.
        state: The unknowns.
        covariance: Of the unknowns at the knots.
        knots: Nodes to hand on: all of them, or live the last one.
        layout: Where each stands.
        last_information: (n + p, n + p) on the last node and the shared unknowns.
    """

    evidence: Evidence
    state: State
    covariance: arrow.ArrowCovariance
    knots: IntArray
    layout: Layout
    last_information: FloatArray

    def memory(self, first_step: int) -> Memory:
        """What to remember of it.

        Args:
            first_step: Step of the session at which the solved piece starts.
        """
        state, seg = self.state, self.evidence.seg
        return Memory(
            step=first_step + int(seg.node_step[-1]),
            quat_earth_from_sensor=rotation.normalise(few.multiply(state.quat_earth_from_w[:, -1], seg.quat[:, -1])),
            bias_rad_s=self.evidence.bias_rad_s + state.bias[:, -1],
            gyr_gain=state.gyr_gain,
            acc_bias=state.acc_bias,
            acc_gain=state.acc_gain,
            quat_sensor_from_segment=state.quat_sensor_from_segment,
            zeroed=frozenset(e for e in range(self.layout.mounts) if self.evidence.zeroed(e)),
            information=self.last_information,
        )


def solve(
    motion: Motion,
    body: Body,
    activities: Sequence[Activity],
    *,
    saved: Mapping[int, Mount] | None = None,
    memory: Memory | None = None,
    before: Solution | None = None,
    live: bool = False,
) -> Solution | None:
    """Solve a session, or what is known of it so far, or its last piece.

    Args:
        motion: Digest of the frames.
        body: Which sensor is worn where.
        activities: Marked stretches.
        saved: Mountings of an earlier recording that still hold, by index.
        memory: What is remembered of before the piece.
        before: Solution of the same piece when less of it was known, to start from.
        live: Whether only the last node is asked for.

    Returns:
        The solution, or None where the wearer was never still for a second.
    """
    saved = saved or {}
    known = {e: m.quat_sensor_from_segment for e, m in saved.items()}
    if memory is not None:
        saved, known = {}, {e: memory.quat_sensor_from_segment[e] for e in memory.zeroed}
    evidence = gather(motion, body, activities, known, None if memory is None else memory.bias_rad_s, live=live)
    if evidence is None:
        return None
    layout = Layout(motion.sensors, len(body.mountings))
    poses = [*evidence.poses, *found_poses(evidence)]
    level = _level(evidence, memory)
    heading_priors = headings(evidence, level)
    state = _first_state(evidence, level, memory)
    if before is not None:
        state = _go_on(before, evidence, state)
    if memory is None:
        _turn_round(evidence, state, heading_priors)
    expected = expectations(evidence, level, state.quat_sensor_from_segment, poses, saved, whole=not live)
    priors = PriorEquations([*heading_priors, *expected], layout, len(evidence.seg.node_step))
    small = CONVERGED_LIVE_RAD if live else CONVERGED_RAD
    iterations, small = (ITERATIONS, small) if memory is None else (ITERATIONS_WARM, CONVERGED_WARM_RAD)
    last, left = 0.0, iterations
    while True:
        factors = arrow.eliminate(_equations(evidence, layout, state, priors, memory))
        nodes, shared = arrow.substitute(factors)
        state = state.moved(nodes, shared)
        step = max(np.abs(nodes).max(), np.abs(shared).max())
        shrinking = min(step / last, 0.9) if last else 0.5
        left -= 1
        if not left or step * shrinking / (1.0 - shrinking) < small:  # what all steps still to come would add up to
            break
        last = step
        del factors  # those of hours take as much memory as all else
    information = factors.last_information()
    covariance = arrow.last_covariance(information, layout.node) if live else arrow.covariance(factors)
    knots = np.arange(len(level[0]))[-1:] if live else np.arange(len(level[0]))
    return Solution(evidence, state, covariance, knots, layout, information)


def _level(evidence: Evidence, memory: Memory | None) -> FloatArray:
    """(K, J, 4) levelled frames; a piece goes on as the last one ended, as long as no gap broke it."""
    seg = evidence.seg
    if memory is None or not seg.whole.all():
        return level_frames(seg)
    return np.repeat(memory.quat_earth_from_sensor[:, None], len(seg.node_step), axis=1)


def _equations(
    evidence: Evidence, layout: Layout, state: State, priors: PriorEquations, memory: Memory | None
) -> arrow.ArrowSystem:
    noise = SensorNoise()
    system = arrow.ArrowSystem(len(evidence.seg.node_step), layout.node, layout.shared)
    motion_equations.add_gyro(system, layout, state, evidence.seg, noise)
    motion_equations.add_gravity(system, layout, state, evidence.seg, noise, evidence.speed_m_s)
    motion_equations.keep_finite(system, layout, evidence.seg)
    if memory is None:
        motion_equations.add_priors(system, layout, state, noise)
    else:
        memory.add(system, layout, state)
    priors.add(system, state)
    return system


def _first_state(evidence: Evidence, level: FloatArray, memory: Memory | None) -> State:
    sensors, nodes = evidence.seg.quat.shape[:2]
    mounts = np.array([_first_mount(evidence, e, memory) for e in range(len(evidence.body.mountings))])
    if memory is not None:
        state = memory.first_state(level, mounts)
        _face_alike(evidence, state, first_run=1)
        return state
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


def _go_on(before: Solution, evidence: Evidence, first: State) -> State:
    """The state that was solved for less of the same piece, unless a gap or a new stance asks for a guess."""
    state = before.state
    zeroed = [before.evidence.zeroed(e) for e in range(before.layout.mounts)]
    if zeroed != [evidence.zeroed(e) for e in range(len(evidence.body.mountings))] or not evidence.seg.whole.all():
        return first
    node = np.searchsorted(before.evidence.seg.node_step, evidence.seg.node_step, side="right") - 1
    return replace(state, quat_earth_from_w=state.quat_earth_from_w[:, node], bias=state.bias[:, node])


def _first_mount(evidence: Evidence, mount: int, memory: Memory | None) -> FloatArray:
    """A mounting from up in its stance and whatever tells where the segment faces."""
    mounting, stance = evidence.body.mountings[mount], evidence.stance_of(mount)
    if mount in evidence.known_mounts:
        return evidence.known_mounts[mount]
    if stance is None and memory is not None and mount < len(memory.quat_sensor_from_segment):
        remembered: FloatArray = memory.quat_sensor_from_segment[mount]
        return remembered
    if stance is None:
        return rotation.IDENTITY
    up = evidence.up_in_sensor(stance.still, mounting.sensor)
    right = _right(evidence, mount, up)
    return mount_from_axes(up, any_across(up) if right is None else right)


def _right(evidence: Evidence, mount: int, up: FloatArray) -> FloatArray | None:
    """The wearer's right in the sensor's frame, (3,), where poses or movements tell it."""
    sensor = evidence.body.mountings[mount].sensor
    poses = [
        (evidence.up_in_sensor(pose.still, sensor), expected)
        for pose in evidence.poses
        if not pose.stance
        and evidence.body.at(sensor, pose.still.start) == mount
        and (expected := _expected_up(evidence, pose, evidence.body.mountings[mount].role)) is not None
    ]
    swings = [h.axis for h in hinges_of(evidence, mount, swings_only=True)]
    if not poses and not swings:
        swings = [h.axis for h in hinges_of(evidence, mount)]
    return right_axis(up, poses, swings)


def _expected_up(evidence: Evidence, pose: Pose, role: str) -> FloatArray | None:
    """Where up points in a segment's axes in a pose, where that tells which way the segment faces."""
    if pose.posture == "seated":
        return np.array([1.0, 0.0, 0.0]) if role in THIGHS else None
    if pose.posture == "standing":
        return None
    return pose_up_prior(pose.posture, pose.upper or evidence.side)[0]


def _turn_round(evidence: Evidence, state: State, priors: Sequence[HeadingPrior]) -> None:
    """Turn mountings round that were guessed back to front, where headings between the sensors show it.

    Thighs were turned to face as the pelvis does. So a pelvis of which nothing told where it faces makes all of them
    wrong by the same angle; and a thigh that tilts to both sides does not tell front from back.
    """
    body = evidence.body
    pelvis = body.worn("pelvis", 0)
    if pelvis is None:
        return
    if pelvis not in evidence.known_mounts and (stance := evidence.stance_of(pelvis)) is not None:
        up = evidence.up_in_sensor(stance.still, body.mountings[pelvis].sensor)
        if len(priors) > 1 and _right(evidence, pelvis, up) is None:
            _turn_mount(evidence, state, pelvis, -_mean_angle([heading_residual(state, p) for p in priors]))
    for e, mounting in enumerate(body.mountings):
        if e in evidence.known_mounts or mounting.role not in THIGHS:
            continue
        end = body.end(e) or len(evidence.motion)
        own = [p for p in priors if p.sensors[1] == mounting.sensor]
        own = [p for p in own if mounting.start <= evidence.seg.node_step[p.node] <= end]
        if len(own) > 1 and abs(_mean_angle([heading_residual(state, p) for p in own])) > np.pi / 2:
            _turn_mount(evidence, state, e, np.pi)


def _turn_mount(evidence: Evidence, state: State, mount: int, angle_rad: float) -> None:
    turn = rotation.exp(np.array([0.0, angle_rad, 0.0]))  # about the segment's y, which is up in the stance
    state.quat_sensor_from_segment[mount] = few.multiply(state.quat_sensor_from_segment[mount], turn)
    _face_alike(evidence, state)


def _mean_angle(angles_rad: Sequence[float]) -> float:
    return float(np.angle(np.mean(np.exp(1j * np.array(angles_rad)))))


def _face_alike(evidence: Evidence, state: State, first_run: int = 0) -> None:
    """Turn the thighs' earth about the vertical until pelvis and thigh face alike, anew after every gap."""
    body, seg = evidence.body, evidence.seg
    nodes, posed = len(seg.node_step), [(evidence.node_of(pose.still), pose) for pose in evidence.poses]
    for sensor in range(seg.quat.shape[0]):
        starts = [0, *(np.flatnonzero(~seg.whole.all(axis=0)) + 1).tolist()]
        for a, b in list(zip(starts, [*starts[1:], nodes], strict=True))[first_run:]:
            known = [pose for node, pose in posed if a <= node < b]
            pose = next((p for p in known if p.stance), next(iter(known), None))
            node = a if pose is None else evidence.node_of(pose.still)
            step = int(seg.node_step[node]) if pose is None else pose.still.start
            pelvis, thigh = body.worn("pelvis", step), body.at(sensor, step)
            if pelvis is None or pelvis == thigh:
                continue
            axes = []
            for mount in (pelvis, thigh):
                k = body.mountings[mount].sensor
                quat = seg.quat[k, node] if pose is None else evidence.mean_quat(pose.still, k)
                axes.append(few.matrix(segment_quat(state, node, k, mount, quat)).T)
            # Their right sides; who lies on the side points it up or down, and stretches along the floor instead.
            level = [min(float(np.hypot(axis[0], axis[1])) for axis in pair) for pair in zip(*axes, strict=True)]
            first, second = (own[2 if level[2] > LEVEL_SHARE else 1] for own in axes)
            turn = rotation.about_z(np.arctan2(first[1], first[0]) - np.arctan2(second[1], second[0]))
            state.quat_earth_from_w[sensor, a:b] = few.multiply(turn, state.quat_earth_from_w[sensor, a:b])
