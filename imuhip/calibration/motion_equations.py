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

ORIGIN_SD_RAD = np.deg2rad(0.001)
LOOSE_SD_RAD = np.deg2rad(1000.0)


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
    start, end = state.quat_earth_from_w[:, :-1], state.quat_earth_from_w[:, 1:]
    c = rotation.matrix(start)
    by_bias, by_gain = c @ seg.turn_by_bias, c @ seg.turn_by_gain
    explained = _vec(by_bias, state.bias[:, :-1]) + _vec(by_gain, state.gyr_gain.reshape(layout.sensors, 1, 9))
    turned = rotation.multiply(rotation.exp(explained), rotation.multiply(end, rotation.conjugate(start)))
    residual = rotation.log(turned)
    weight = np.where(seg.whole, 1.0 / (noise.gyr_walk**2 * seg.duration_s + seg.slip_var), 0.0)
    # residual changes by d_end - d_start + by_bias db + by_gain dm
    at_start = np.concatenate([np.broadcast_to(-np.eye(3), by_bias.shape), by_bias], axis=3)
    w = weight[..., None, None]
    t_start, t_gain = np.swapaxes(at_start, 2, 3) * w, np.swapaxes(by_gain, 2, 3) * w
    square, mixed, gained = t_start @ at_start, t_start @ by_gain, w * by_gain
    corner = (t_gain @ by_gain).sum(axis=1)
    right, right_gain = _vec(t_start, residual), _vec(t_gain, residual).sum(axis=1)
    for k in range(layout.sensors):
        here = slice(layout.turn(k).start, layout.bias(k).stop)
        nxt, gain = layout.turn(k), layout.gyr_gain(k)
        system.diagonal[:-1, here, here] += square[k]
        system.diagonal[1:, nxt, nxt] += w[k] * np.eye(3)
        system.upper[:, here, nxt] += t_start[k]
        system.border[:-1, here, gain] += mixed[k]
        system.border[1:, nxt, gain] += gained[k]
        system.corner[gain, gain] += corner[k]
        system.right[:-1, here] -= right[k]
        system.right[1:, nxt] -= weight[k, :, None] * residual[k]
        system.right_shared[gain] -= right_gain[k]
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
    start, end = state.quat_earth_from_w[:, :-1], state.quat_earth_from_w[:, 1:]
    middle = rotation.matrix(rotation.normalise(start + np.where((start * end).sum(-1, keepdims=True) < 0, -end, end)))
    by_gain = seg.force_by_gain[..., _GAIN_COLUMNS]
    own = _vec(seg.force_by_bias, state.acc_bias[:, None]) + _vec(by_gain, state.acc_gain[:, None])
    force = _vec(middle, seg.force - own)
    residual = force - np.array([0.0, 0.0, GRAVITY_M_S2])
    variance = (speed_m_s[:, :-1] ** 2 + speed_m_s[:, 1:] ** 2) / seg.duration_s**2 + noise.acc_model**2
    # Over a gap the force is held; what turns meanwhile tilts it.
    variance = variance + GRAVITY_M_S2**2 * np.minimum(seg.slip_var, 1.0)
    size = np.sqrt(np.einsum("kni,kni->kn", residual, residual) / variance)
    measured = np.abs(seg.force).max(axis=2) > 1.0  # no force at all: the sensor had not begun
    weight = np.where(seg.whole & measured, _huber(size) / variance, 0.0)
    # Of the expected force, not of the measured one: a turn about the vertical must not pass for a tilt.
    half_turn = np.broadcast_to(-0.5 * rotation.skew(np.array([0.0, 0.0, GRAVITY_M_S2])), middle.shape)
    by_own = -middle @ np.concatenate([seg.force_by_bias, by_gain], axis=3)
    _add_pairs(system, layout, half_turn, by_own, residual, weight)


def keep_finite(system: ArrowSystem, layout: Layout, seg: Segments) -> None:
    """What no equation tells of stays where it is.

    After a gap that nothing was carried over only headings between the sensors mean something, and the first one's is
    their origin, as it is at the session's start.
    """
    heading = layout.turn(0).start + 2
    system.diagonal[1:, heading, heading] += np.where(seg.whole.any(axis=0), 0.0, 1.0 / ORIGIN_SD_RAD**2)
    for k in range(layout.sensors):
        system.diagonal[:, layout.turn(k), layout.turn(k)] += np.eye(3) * 1e-6
    for e in range(layout.mounts):
        system.corner[layout.mount(e), layout.mount(e)] += np.eye(3) * 1e-4


def add_priors(system: ArrowSystem, layout: Layout, state: State, noise: SensorNoise) -> None:
    """What is assumed of sensors before anything is known, and the headings' origin."""
    for k in range(layout.sensors):
        turn, bias, gain, acc = layout.turn(k), layout.bias(k), layout.gyr_gain(k), layout.acc(k)
        # The first sensor's heading is the origin; the others' is known to nothing before poses tell.
        loose = np.array([LOOSE_SD_RAD, LOOSE_SD_RAD, ORIGIN_SD_RAD if k == 0 else LOOSE_SD_RAD])
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


def _add_pairs(
    system: ArrowSystem,
    layout: Layout,
    by_turn: FloatArray,
    by_acc: FloatArray,
    residual: FloatArray,
    weight: FloatArray,
) -> None:
    """Equations of all sensors with the same derivative by the turns at both ends, and one by the accelerometer's."""
    w = weight[..., None, None]
    t_turn, t_acc = np.swapaxes(by_turn, 2, 3) * w, np.swapaxes(by_acc, 2, 3) * w
    square, mixed, right = t_turn @ by_turn, t_turn @ by_acc, _vec(t_turn, residual)
    corner, right_acc = (t_acc @ by_acc).sum(axis=1), _vec(t_acc, residual).sum(axis=1)
    for k in range(layout.sensors):
        turn, acc = layout.turn(k), layout.acc(k)
        for ends in (slice(None, -1), slice(1, None)):
            system.diagonal[ends, turn, turn] += square[k]
            system.border[ends, turn, acc] += mixed[k]
            system.right[ends, turn] -= right[k]
        system.upper[:, turn, turn] += square[k]
        system.corner[acc, acc] += corner[k]
        system.right_shared[acc] -= right_acc[k]


def _huber(size: FloatArray, bound: float = 2.0) -> FloatArray:
    """Weights of Huber's estimator: outliers pull with constant force."""
    return np.where(size > bound, bound / np.maximum(size, bound), 1.0)


def _vec(m: FloatArray, v: FloatArray) -> FloatArray:
    """Matrices times vectors, (..., i, j) and (..., j) -> (..., i); broadcasts."""
    out: FloatArray = (m @ v[..., None])[..., 0]
    return out
