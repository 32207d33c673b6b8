"""The equations of the priors, all of one kind at once: a session has hundreds, and each is a handful of numbers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

import numpy as np

from imuhip import rotation
from imuhip.calibration import few
from imuhip.calibration.arrow import ArrowSystem
from imuhip.calibration.pose_equations import (
    HeadingPrior,
    HingePrior,
    HipPrior,
    MountPrior,
    Prior,
    ReturnPrior,
    UpPrior,
    return_residual,
)
from imuhip.calibration.state import Layout, State
from imuhip.joint import SIDE_SIGNS, angle_jacobian, euler_zxy
from imuhip.units import FloatArray, IntArray

_SKEW_UP = rotation.skew(np.array([0.0, 0.0, 1.0]))
_AXES = np.arange(3)

P = TypeVar("P")
Size = tuple[int, int, int]
"""Nodes, unknowns of a node, shared unknowns."""
Matrices = tuple[FloatArray, FloatArray]
"""(K, J, 3, 3) earth from W at the nodes and (E, 3, 3) sensor from segment."""


class PriorEquations:
    """Priors, sorted by kind and laid out as arrays once, to be linearised again and again.

    Args:
        priors: All priors.
        layout: Positions of the unknowns.
        nodes: How many there are.
    """

    def __init__(self, priors: Sequence[Prior], layout: Layout, nodes: int) -> None:
        self._layout = layout
        size = (nodes, layout.node, layout.shared)
        self._batches: list[_Ups | _Hips | _Headings] = []
        if ups := _of(UpPrior, priors):
            self._batches.append(_Ups(ups, layout, size))
        if hips := _of(HipPrior, priors):
            self._batches.append(_Hips(hips, layout, size))
        if headings := _of(HeadingPrior, priors):
            self._batches.append(_Headings(headings, layout, size))
        self._hinges, self._mounts = _of(HingePrior, priors), _of(MountPrior, priors)
        self._returns = _of(ReturnPrior, priors)

    def add(self, system: ArrowSystem, state: State) -> None:
        """Add them to the equations, linearised at a state."""
        frames, mounts = few.matrix(state.quat_earth_from_w), few.matrix(state.quat_sensor_from_segment)
        for batch in self._batches:
            batch.add(system, state, (frames, mounts))
        for hinge in self._hinges:
            _add_hinge(system, self._layout, mounts, hinge)
        for mount in self._mounts:
            _add_mount(system, self._layout, state, mount)
        for back in self._returns:
            _add_return(system, self._layout, state, back)


class _Segments:
    """Segments in poses, to be found again and again as the unknowns change.

    Args:
        node: (B,) nodes.
        worn: Sensor and mounting of each.
        quats: Mean orientation (4,) of each sensor in its W frame.
        layout: Positions of the unknowns.
    """

    def __init__(
        self, node: IntArray, worn: Sequence[tuple[int, int]], quats: Sequence[FloatArray], layout: Layout
    ) -> None:
        self._node = node
        self._sensor, self._mount = np.array(worn, dtype=np.int64).reshape(-1, 2).T
        self._w_from_sensor = few.matrix(_stacked(quats, 4))
        self.turns = _columns([layout.turn(sensor) for sensor, _ in worn])
        self.mounts = _columns([layout.mount(mount) for _, mount in worn])

    def matrices(self, frames: FloatArray, mounts: FloatArray) -> FloatArray:
        """(B, 3, 3) earth from segment, of (K, J, 3, 3) earth from W and (E, 3, 3) sensor from segment."""
        return frames[self._sensor, self._node] @ self._w_from_sensor @ mounts[self._mount]


class _Ups:
    """Where up points in segments."""

    def __init__(self, priors: Sequence[UpPrior], layout: Layout, size: Size) -> None:
        node = np.array([p.node for p in priors], dtype=np.int64)
        worn = [(p.sensor, p.mount) for p in priors]
        self._segments = _Segments(node, worn, [p.quat_w_from_sensor for p in priors], layout)
        self._up = _stacked([p.up for p in priors], 3)
        sd = _stacked([p.sd for p in priors], 3)
        self._places = _Places(size, node, self._segments.turns, self._segments.mounts, sd)

    def add(self, system: ArrowSystem, _: State, matrices: Matrices) -> None:
        from_earth = self._segments.matrices(*matrices).swapaxes(1, 2)
        up = from_earth[:, :, 2]
        jac = np.concatenate([from_earth @ _SKEW_UP, rotation.skew(up)], axis=2)
        self._places.add(system, jac, up - self._up)


class _Hips:
    """Angles of hips."""

    def __init__(self, priors: Sequence[HipPrior], layout: Layout, size: Size) -> None:
        node = np.array([p.node for p in priors], dtype=np.int64)
        self._signs = _stacked([SIDE_SIGNS[p.side] for p in priors], 3)
        self._pelvis, self._thigh = (
            _Segments(node, [worn for worn, _ in ends], [quat for _, quat in ends], layout)
            for ends in (
                [(p.pelvis, p.quat_w_from_pelvis_sensor) for p in priors],
                [(p.thigh, p.quat_w_from_thigh_sensor) for p in priors],
            )
        )
        turns = np.concatenate([self._thigh.turns, self._pelvis.turns], axis=1)
        mounts = np.concatenate([self._thigh.mounts, self._pelvis.mounts], axis=1)
        self._angles = _stacked([p.angles for p in priors], 3)
        self._places = _Places(size, node, turns, mounts, _stacked([p.sd for p in priors], 3))

    def add(self, system: ArrowSystem, _: State, matrices: Matrices) -> None:
        from_earth = self._thigh.matrices(*matrices).swapaxes(1, 2)
        from_pelvis = from_earth @ self._pelvis.matrices(*matrices)
        zxy = euler_zxy(from_pelvis.swapaxes(1, 2))
        jac = angle_jacobian(zxy, "right") * self._signs[:, :, None]  # the right hip's angles are these themselves
        by_turn = jac @ from_earth
        residual = rotation.wrapped(zxy * self._signs - self._angles)
        self._places.add(system, np.concatenate([by_turn, -by_turn, jac, -jac @ from_pelvis], axis=2), residual)


class _Headings:
    """Headings between two sensors."""

    def __init__(self, priors: Sequence[HeadingPrior], layout: Layout, size: Size) -> None:
        self._node = np.array([p.node for p in priors], dtype=np.int64)
        self._sensors = np.array([p.sensors for p in priors], dtype=np.int64).reshape(-1, 2)
        self._level = _stacked([np.stack(p.level) for p in priors], 2, 4)
        self._heading = np.array([p.heading for p in priors])
        # A turn about the vertical is the last of the three unknowns.
        turns = np.array([[layout.turn(k).stop - 1 for k in p.sensors] for p in priors], dtype=np.int64).reshape(-1, 2)
        sd = np.array([p.sd for p in priors]).reshape(-1, 1)
        self._places = _Places(size, self._node, turns, np.zeros((len(priors), 0), dtype=np.int64), sd)

    def add(self, system: ArrowSystem, state: State, _: Matrices) -> None:
        frame = state.quat_earth_from_w[self._sensors, self._node[:, None]]
        heading = rotation.heading(few.multiply(frame, rotation.conjugate(self._level)))
        off = rotation.wrapped(heading[:, 1] - heading[:, 0] - self._heading)
        jac = np.broadcast_to(np.array([-1.0, 1.0]), (len(off), 1, 2))
        self._places.add(system, jac, off[:, None])


def _add_hinge(system: ArrowSystem, layout: Layout, mounts: FloatArray, prior: HingePrior) -> None:
    axis = mounts[prior.mount].T @ prior.axis
    jac = rotation.skew(axis)[:2] / prior.sd
    m = layout.mount(prior.mount)
    system.corner[m, m] += jac.T @ jac
    system.right_shared[m] -= jac.T @ (axis[:2] / prior.sd)


def _add_mount(system: ArrowSystem, layout: Layout, state: State, prior: MountPrior) -> None:
    known = rotation.conjugate(prior.quat_sensor_from_segment)
    off = few.multiply(known, state.quat_sensor_from_segment[prior.mount])
    m = layout.mount(prior.mount)
    system.corner[m, m] += np.diag(1.0 / prior.sd**2)
    system.right_shared[m] -= rotation.log(off) / prior.sd**2


def _add_return(system: ArrowSystem, layout: Layout, state: State, prior: ReturnPrior) -> None:
    node, off = prior.node, return_residual(state.quat_earth_from_w, prior)
    vertical = [layout.turn(k).stop - 1 for k in prior.sensors]
    # What is before the gap moves with the node before it, what is after it with the next: the gyro ties them together.
    both, sign, weight = np.ix_(vertical, vertical), np.array([-1.0, 1.0]), 1.0 / prior.sd**2
    square = weight * np.outer(sign, sign)
    system.diagonal[node][both] += square
    system.diagonal[node + 1][both] += square
    system.upper[node][both] -= square
    system.right[node, vertical] += weight * off * sign
    system.right[node + 1, vertical] -= weight * off * sign


class _Places:
    """Where equations, each of m numbers, of one node and some shared unknowns go.

    Args:
        size: Of the equations: nodes, unknowns of a node, shared unknowns.
        node: (B,) the nodes.
        own: (B, a) unknowns of the node.
        shared: (B, b) shared unknowns.
        sd: (B, m) standard deviations, infinite where nothing is expected.
    """

    def __init__(self, size: Size, node: IntArray, own: IntArray, shared: IntArray, sd: FloatArray) -> None:
        self._own = own.shape[1]
        self._flat = ArrowSystem.places(size, node, own, shared)
        self._weight = 1.0 / sd[..., None]

    def add(self, system: ArrowSystem, jac: FloatArray, residual: FloatArray) -> None:
        """Add equations with derivatives (B, m, a + b) and residuals (B, m)."""
        wide = np.concatenate([jac, -residual[..., None]], axis=2) * self._weight
        square = wide.swapaxes(1, 2) @ wide
        count, a = len(wide), self._own
        parts = [square[:, :a].reshape(count, -1), square[:, a:-1, a:].reshape(count, -1)]
        np.add.at(system.flat, self._flat, np.concatenate(parts, axis=1))


def _of(kind: type[P], priors: Sequence[Prior]) -> list[P]:
    return [prior for prior in priors if isinstance(prior, kind)]


def _columns(places: Sequence[slice]) -> IntArray:
    """(B, 3) positions of three unknowns each."""
    return np.array([place.start for place in places], dtype=np.int64)[:, None] + _AXES


def _stacked(rows: Sequence[FloatArray], *shape: int) -> FloatArray:
    return np.array(rows, dtype=np.float64).reshape(-1, *shape)
