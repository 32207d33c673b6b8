"""Equations that the sensors' physics gives: gyro between nodes, gravity within segments, slow biases."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from imuhip import rotation
from imuhip.calibration.arrow import ArrowSystem
from imuhip.calibration.state import GAIN_PAIRS, Layout, State
from imuhip.calibration.strapdown import Segments
from imuhip.units import GRAVITY_M_S2, FloatArray

_GAIN_COLUMNS = np.array([3 * i + k for i, k in GAIN_PAIRS])


@dataclass(frozen=True, slots=True)
class SensorNoise:
    """What is assumed of consumer sensors, as standard deviations.

    Attributes:
        gyr_walk: Angle random walk, rad/sqrt(s); 0.015 deg/sqrt(s) leaves room for vibration.
        gyr_bias_walk: Walk of the gyro bias, rad/s/sqrt(s): 5 deg/h in an hour.
        gyr_bias: Gyro bias left after the first still pose, rad/s.
        gyr_gain: Scale and cross-axis of the gyro.
        acc_bias: m/s2 (20 mg).
        acc_gain: Scale and cross-axis of the accelerometer.
        acc_model: What the mean force of a segment is off by for other reasons, m/s2.
    """

    gyr_walk: float = np.deg2rad(0.015)
    gyr_bias_walk: float = np.deg2rad(5.0 / 3600) / 60.0
    gyr_bias: float = np.deg2rad(0.5)
    gyr_gain: float = 0.004
    acc_bias: float = 0.2
    acc_gain: float = 0.004
    acc_model: float = 0.02


def add_gyro(system: ArrowSystem, layout: Layout, state: State, seg: Segments, noise: SensorNoise) -> None:
    """From node to node each W frame turns only by what bias and gain explain, and the bias walks slowly."""
    for k in range(layout.sensors):
        start, end = state.quat_earth_from_w[k, :-1], state.quat_earth_from_w[k, 1:]
        c = rotation.matrix(start)
        by_bias, by_gain = c @ seg.turn_by_bias[k], c @ seg.turn_by_gain[k]
        explained = _vec(by_bias, state.bias[k, :-1]) + by_gain @ state.gyr_gain[k].reshape(9)
        turned = rotation.multiply(rotation.exp(explained), rotation.multiply(end, rotation.conjugate(start)))
        residual = rotation.log(turned)
        weight = np.where(seg.whole[k], 1.0 / (noise.gyr_walk**2 * seg.duration_s + seg.slip_var[k]), 0.0)
        # residual changes by d_end - d_start + by_bias db + by_gain dm
        at_start = np.concatenate([np.broadcast_to(-np.eye(3), by_bias.shape), by_bias], axis=2)
        here = slice(layout.turn(k).start, layout.bias(k).stop)
        nxt, gain = layout.turn(k), layout.gyr_gain(k)
        w = weight[:, None, None]
        t_start = np.swapaxes(at_start, 1, 2) * w
        system.diagonal[:-1, here, here] += t_start @ at_start
        system.diagonal[1:, nxt, nxt] += w * np.eye(3)
        system.upper[:, here, nxt] += t_start
        system.border[:-1, here, gain] += t_start @ by_gain
        system.border[1:, nxt, gain] += w * by_gain
        t_gain = np.swapaxes(by_gain, 1, 2) * w
        system.corner[gain, gain] += (t_gain @ by_gain).sum(axis=0)
        system.right[:-1, here] -= _vec(t_start, residual)
        system.right[1:, nxt] -= weight[:, None] * residual
        system.right_shared[gain] -= _vec(t_gain, residual).sum(axis=0)
        _add_bias_walk(system, layout, state, k, 1.0 / (noise.gyr_bias_walk**2 * seg.duration_s))


def add_gravity(
    system: ArrowSystem, layout: Layout, state: State, seg: Segments, noise: SensorNoise, speed_m_s: FloatArray
) -> None:
    """The mean force of a segment is gravity, up to the change of velocity between its ends.

    Args:
        system: Added to.
        layout: Positions of the unknowns.
        state: Where to linearise.
        seg: The segments.
        noise: Assumptions.
        speed_m_s: (K, J) how fast each sensor may move at each node.
    """
    for k in range(layout.sensors):
        start, end = state.quat_earth_from_w[k, :-1], state.quat_earth_from_w[k, 1:]
        middle = rotation.matrix(
            rotation.normalise(start + np.where((start * end).sum(-1, keepdims=True) < 0, -end, end))
        )
        by_gain = seg.force_by_gain[k][..., _GAIN_COLUMNS]
        own = _vec(seg.force_by_bias[k], state.acc_bias[k]) + by_gain @ state.acc_gain[k]
        force = _vec(middle, seg.force[k] - own)
        residual = force - np.array([0.0, 0.0, GRAVITY_M_S2])
        variance = (speed_m_s[k, :-1] ** 2 + speed_m_s[k, 1:] ** 2) / seg.duration_s**2 + noise.acc_model**2
        # Over a gap the force is held; what turns meanwhile tilts it.
        variance = variance + GRAVITY_M_S2**2 * np.minimum(seg.slip_var[k], 1.0)
        size = np.sqrt(np.einsum("ni,ni->n", residual, residual) / variance)
        measured = np.abs(seg.force[k]).max(axis=1) > 1.0  # no force at all: the sensor had not begun
        weight = np.where(seg.whole[k] & measured, _huber(size) / variance, 0.0)
        half_turn = -0.5 * rotation.skew(force)
        by_own = -middle @ np.concatenate([seg.force_by_bias[k], by_gain], axis=2)
        _add_pair(system, layout.turn(k), layout.acc(k), half_turn, by_own, residual, weight)


def keep_finite(system: ArrowSystem, layout: Layout) -> None:
    """What no equation tells of stays where it is."""
    for k in range(layout.sensors):
        system.diagonal[:, layout.turn(k), layout.turn(k)] += np.eye(3) * 1e-6
    for e in range(layout.mounts):
        system.corner[layout.mount(e), layout.mount(e)] += np.eye(3) * 1e-4


def add_priors(system: ArrowSystem, layout: Layout, state: State, noise: SensorNoise) -> None:
    """What is assumed of sensors before anything is known, and the headings' origin."""
    for k in range(layout.sensors):
        turn, bias, gain, acc = layout.turn(k), layout.bias(k), layout.gyr_gain(k), layout.acc(k)
        # The first sensor's heading is the origin; the others' is known to nothing before poses tell.
        loose = np.deg2rad([1000.0, 1000.0, 0.001 if k == 0 else 1000.0])
        system.diagonal[0, turn, turn] += np.diag(1.0 / loose**2)
        weight = 1.0 / noise.gyr_bias**2
        system.diagonal[0, bias, bias] += np.eye(3) * weight
        system.right[0, bias] -= weight * state.bias[k, 0]
        sd = np.concatenate([np.full(3, noise.acc_bias), np.full(6, noise.acc_gain)])
        system.corner[gain, gain] += np.eye(9) / noise.gyr_gain**2
        system.right_shared[gain] -= state.gyr_gain[k].reshape(9) / noise.gyr_gain**2
        system.corner[acc, acc] += np.diag(1.0 / sd**2)
        system.right_shared[acc] -= np.concatenate([state.acc_bias[k], state.acc_gain[k]]) / sd**2


def _add_bias_walk(system: ArrowSystem, layout: Layout, state: State, k: int, weight: FloatArray) -> None:
    b = layout.bias(k)
    eye = np.eye(3) * weight[:, None, None]
    step = weight[:, None] * (state.bias[k, 1:] - state.bias[k, :-1])
    system.diagonal[:-1, b, b] += eye
    system.diagonal[1:, b, b] += eye
    system.upper[:, b, b] -= eye
    system.right[:-1, b] += step
    system.right[1:, b] -= step


def _add_pair(
    system: ArrowSystem,
    node: slice,
    shared: slice,
    by_node: FloatArray,
    by_shared: FloatArray,
    residual: FloatArray,
    weight: FloatArray,
) -> None:
    """Equations with the same derivative by both ends' unknowns, and one by shared unknowns."""
    w = weight[:, None, None]
    t_node, t_shared = np.swapaxes(by_node, 1, 2) * w, np.swapaxes(by_shared, 1, 2) * w
    square, mixed, right = t_node @ by_node, t_node @ by_shared, _vec(t_node, residual)
    for ends in (slice(None, -1), slice(1, None)):
        system.diagonal[ends, node, node] += square
        system.border[ends, node, shared] += mixed
        system.right[ends, node] -= right
    system.upper[:, node, node] += square
    system.corner[shared, shared] += (t_shared @ by_shared).sum(axis=0)
    system.right_shared[shared] -= _vec(t_shared, residual).sum(axis=0)


def _huber(size: FloatArray, bound: float = 2.0) -> FloatArray:
    """Weights of Huber's estimator: outliers pull with constant force."""
    return np.where(size > bound, bound / np.maximum(size, bound), 1.0)


def _vec(m: FloatArray, v: FloatArray) -> FloatArray:
    """Matrix times vector, one by one; a single vector serves all matrices."""
    out: FloatArray = np.einsum("nij,nj->ni", m, np.broadcast_to(v, (len(m), m.shape[2])))
    return out
