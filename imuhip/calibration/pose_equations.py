"""Equations that the body gives: still poses, the stance zero, the axis of hinge-like movement. All of them weak."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from imuhip import rotation
from imuhip.calibration.arrow import ArrowSystem
from imuhip.calibration.state import Layout, State
from imuhip.joint import angle_jacobian, hip_angles
from imuhip.units import FloatArray

UP: FloatArray = np.array([0.0, 0.0, 1.0])


@dataclass(frozen=True, slots=True)
class UpPrior:
    """Where up points in a segment's own axes in a still pose.

    Attributes:
        node: The node nearest to the pose.
        sensor: Sensor on the segment.
        mount: Its mounting.
        quat_w_from_sensor: (4,) mean orientation over the pose.
        up: (3,) expected direction of up.
        sd: (3,) how far each component may be off, infinite where nothing is expected.
    """

    node: int
    sensor: int
    mount: int
    quat_w_from_sensor: FloatArray
    up: FloatArray
    sd: FloatArray


@dataclass(frozen=True, slots=True)
class HipPrior:
    """The hip angles expected in a still pose.

    Attributes:
        node: The node nearest to the pose.
        pelvis: Sensor and mounting of the pelvis.
        thigh: Sensor and mounting of the thigh.
        side: ``"left"`` or ``"right"``.
        quat_w_from_pelvis_sensor: (4,) mean orientation over the pose.
        quat_w_from_thigh_sensor: (4,) likewise.
        angles: (3,) rad.
        sd: (3,) rad, infinite where nothing is expected.
    """

    node: int
    pelvis: tuple[int, int]
    thigh: tuple[int, int]
    side: str
    quat_w_from_pelvis_sensor: FloatArray
    quat_w_from_thigh_sensor: FloatArray
    angles: FloatArray
    sd: FloatArray


@dataclass(frozen=True, slots=True)
class HingePrior:
    """A movement about one axis of the sensor, which is the segment's mediolateral axis up to ``sd``.

    Attributes:
        mount: The mounting.
        axis: (3,) unit axis in the sensor's frame, pointing to the wearer's right.
        sd: rad.
    """

    mount: int
    axis: FloatArray
    sd: float


@dataclass(frozen=True, slots=True)
class MountPrior:
    """A mounting known from an earlier recording.

    Attributes:
        mount: The mounting.
        quat_sensor_from_segment: (4,).
        sd: (3,) rad about the segment's axes.
    """

    mount: int
    quat_sensor_from_segment: FloatArray
    sd: FloatArray


@dataclass(frozen=True, slots=True)
class HeadingPrior:
    """The heading between two sensors at a node.

    Attributes:
        node: The node.
        sensors: Both sensors.
        level: Their frames (4,) earth from W against which the heading was found.
        heading: What the second's frame must be turned by to match the first's, rad.
        sd: rad.
    """

    node: int
    sensors: tuple[int, int]
    level: tuple[FloatArray, FloatArray]
    heading: float
    sd: float

    @staticmethod
    def at(node: int, sensors: tuple[int, int], level: FloatArray, heading_rad: float, sd_rad: float) -> HeadingPrior:
        """A heading found against levelled frames of all nodes, (K, J, 4) earth from W."""
        first, second = sensors
        return HeadingPrior(node, sensors, (level[first, node], level[second, node]), heading_rad, sd_rad)


Prior = UpPrior | HipPrior | HingePrior | MountPrior | HeadingPrior


def add_prior(system: ArrowSystem, layout: Layout, state: State, prior: Prior) -> None:
    """Add one prior to the equations."""
    match prior:
        case UpPrior():
            _add_up(system, layout, state, prior)
        case HipPrior():
            _add_hip(system, layout, state, prior)
        case HingePrior():
            _add_hinge(system, layout, state, prior)
        case HeadingPrior():
            _add_heading(system, layout, state, prior)
        case MountPrior():
            off = rotation.multiply(
                rotation.conjugate(prior.quat_sensor_from_segment), state.quat_sensor_from_segment[prior.mount]
            )
            m = layout.mount(prior.mount)
            system.corner[m, m] += np.diag(1.0 / prior.sd**2)
            system.right_shared[m] -= rotation.log(off) / prior.sd**2


def segment_quat(state: State, node: int, sensor: int, mount: int, quat_w_from_sensor: FloatArray) -> FloatArray:
    """``quat_earth_from_segment`` (4,) of a sensor whose orientation in its W frame is given."""
    earth_from_sensor = rotation.multiply(state.quat_earth_from_w[sensor, node], quat_w_from_sensor)
    return rotation.multiply(earth_from_sensor, state.quat_sensor_from_segment[mount])


def hip_residual(state: State, prior: HipPrior) -> tuple[FloatArray, FloatArray, FloatArray, FloatArray]:
    """Angles of a pose and the matrices their derivatives are made of.

    Returns:
        Angles (3,) rad, derivative of the angles by a turn of the thigh about its own axes (3, 3), ``R_thigh`` (3, 3)
        and ``R_pelvis^T R_thigh`` (3, 3).
    """
    pelvis = segment_quat(state, prior.node, *prior.pelvis, prior.quat_w_from_pelvis_sensor)
    thigh = segment_quat(state, prior.node, *prior.thigh, prior.quat_w_from_thigh_sensor)
    hip = rotation.multiply(rotation.conjugate(pelvis), thigh)
    angles = hip_angles(hip, prior.side)
    return angles, angle_jacobian(angles, prior.side), rotation.matrix(thigh), rotation.matrix(hip)


def _add_up(system: ArrowSystem, layout: Layout, state: State, prior: UpPrior) -> None:
    r = rotation.matrix(segment_quat(state, prior.node, prior.sensor, prior.mount, prior.quat_w_from_sensor))
    up = r.T @ UP
    used = np.isfinite(prior.sd)
    by_turn = (r.T @ rotation.skew(UP))[used]
    by_mount = rotation.skew(up)[used]
    residual = (up - prior.up)[used]
    parts = [(layout.turn(prior.sensor), by_turn)]
    _accumulate(system, prior.node, parts, [(layout.mount(prior.mount), by_mount)], residual, prior.sd[used])


def _add_hip(system: ArrowSystem, layout: Layout, state: State, prior: HipPrior) -> None:
    angles, by_thigh, r_thigh, hip = hip_residual(state, prior)
    used = np.isfinite(prior.sd)
    difference = angles - prior.angles
    residual = ((difference + np.pi) % (2 * np.pi) - np.pi)[used]
    jac = by_thigh[used]
    nodes = [
        (layout.turn(prior.thigh[0]), jac @ r_thigh.T),
        (layout.turn(prior.pelvis[0]), -jac @ r_thigh.T),
    ]
    mounts = [(layout.mount(prior.thigh[1]), jac), (layout.mount(prior.pelvis[1]), -jac @ hip.T)]
    _accumulate(system, prior.node, nodes, mounts, residual, prior.sd[used])


def heading_residual(state: State, prior: HeadingPrior) -> float:
    """How far the heading between two sensors is from what is expected, rad within +-pi."""
    first, second = (
        float(rotation.heading(rotation.multiply(state.quat_earth_from_w[k, prior.node], rotation.conjugate(level))))
        for k, level in zip(prior.sensors, prior.level, strict=True)
    )
    return (second - first - prior.heading + np.pi) % (2 * np.pi) - np.pi


def _add_heading(system: ArrowSystem, layout: Layout, state: State, prior: HeadingPrior) -> None:
    residual = heading_residual(state, prior)
    parts = [(layout.turn(k), sign * UP[None]) for k, sign in zip(prior.sensors, (-1.0, 1.0), strict=True)]
    _accumulate(system, prior.node, parts, [], np.array([residual]), np.array([prior.sd]))


def _add_hinge(system: ArrowSystem, layout: Layout, state: State, prior: HingePrior) -> None:
    axis = rotation.matrix(state.quat_sensor_from_segment[prior.mount]).T @ prior.axis
    jac = rotation.skew(axis)[:2] / prior.sd
    residual = axis[:2] / prior.sd
    m = layout.mount(prior.mount)
    system.corner[m, m] += jac.T @ jac
    system.right_shared[m] -= jac.T @ residual


def _accumulate(
    system: ArrowSystem,
    node: int,
    by_node: list[tuple[slice, FloatArray]],
    by_shared: list[tuple[slice, FloatArray]],
    residual: FloatArray,
    sd: FloatArray,
) -> None:
    """Add equations of one node and shared unknowns."""
    scale = 1.0 / sd[:, None]
    res = residual / sd
    nodes = [(at, jac * scale) for at, jac in by_node]
    shared = [(at, jac * scale) for at, jac in by_shared]
    for at, jac in nodes:
        system.right[node, at] -= jac.T @ res
        for other, jac_other in nodes:
            system.diagonal[node, at, other] += jac.T @ jac_other
        for other, jac_other in shared:
            system.border[node, at, other] += jac.T @ jac_other
    for at, jac in shared:
        system.right_shared[at] -= jac.T @ res
        for other, jac_other in shared:
            system.corner[at, other] += jac.T @ jac_other
