"""Equations that the sensors' physics gives: gyro between nodes, gravity within segments, slow biases."""

from __future__ import annotations

import numpy as np

from imuhip import rotation
from imuhip.calibration import few
from imuhip.calibration.arrow import ArrowSystem
from imuhip.calibration.sensor_blocks import ACC, BIAS, GAIN, TURN, SensorBlocks
from imuhip.calibration.state import GAIN_PAIRS, Layout, State
from imuhip.calibration.strapdown import Segments
from imuhip.records import record
from imuhip.units import GRAVITY_M_S2, FloatArray

_GAIN_COLUMNS = np.array([3 * i + k for i, k in GAIN_PAIRS])

ORIGIN_SD_RAD = np.deg2rad(0.001)
LOOSE_SD_RAD = np.deg2rad(1000.0)


@record
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
    own = SensorBlocks.of(system, layout.sensors)
    start, end = state.quat_earth_from_w[:, :-1], state.quat_earth_from_w[:, 1:]
    c = few.matrix(start)
    by_bias, by_gain = c @ seg.turn_by_bias, c @ seg.turn_by_gain
    explained = _vec(by_bias, state.bias[:, :-1]) + _vec(by_gain, state.gyr_gain.reshape(layout.sensors, 1, 9))
    turned = few.multiply(rotation.exp(explained), few.multiply(end, rotation.conjugate(start)))
    weight = np.where(seg.whole, 1.0 / (noise.gyr_walk**2 * seg.duration_s + seg.slip_var), 0.0)
    # The residual changes by d_end - d_start + by_bias db + by_gain dm.
    eye = np.broadcast_to(np.eye(3), by_bias.shape)
    jac = np.concatenate([-eye, by_bias, eye, by_gain, -rotation.log(turned)[..., None]], axis=3)
    square = _square(jac, weight)
    here, there, gain = slice(0, 6), slice(6, 9), slice(9, 18)
    own.node[:, :-1] += square[..., here, here]
    own.node[:, 1:, TURN, TURN] += square[..., there, there]
    own.after[..., TURN] += square[..., here, there]
    own.border[:, :-1, :, GAIN] += square[..., here, gain]
    own.border[:, 1:, TURN, GAIN] += square[..., there, gain]
    own.corner[:, GAIN, GAIN] += square[..., gain, gain].sum(axis=1)
    own.right[:, :-1] += square[..., here, -1]
    own.right[:, 1:, TURN] += square[..., there, -1]
    own.right_shared[:, GAIN] += square[..., gain, -1].sum(axis=1)
    _add_bias_walk(own, state, 1.0 / (noise.gyr_bias_walk**2 * seg.duration_s))


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
    own = SensorBlocks.of(system, layout.sensors)
    frames = few.matrix(state.quat_earth_from_w)
    middle = 0.5 * (frames[:, :-1] + frames[:, 1:])
    by_own = np.concatenate([seg.force_by_bias, seg.force_by_gain[..., _GAIN_COLUMNS]], axis=3)
    off = np.concatenate([state.acc_bias, state.acc_gain], axis=1)
    residual = _vec(middle, seg.force - _vec(by_own, off[:, None])) - np.array([0.0, 0.0, GRAVITY_M_S2])
    variance = (speed_m_s[:, :-1] ** 2 + speed_m_s[:, 1:] ** 2) / seg.duration_s**2 + noise.acc_model**2
    # Over a gap the force is held; what turns meanwhile tilts it.
    variance = variance + GRAVITY_M_S2**2 * np.minimum(seg.slip_var, 1.0)
    size = np.sqrt(np.einsum("kni,kni->kn", residual, residual) / variance)
    measured = np.abs(seg.force).max(axis=2) > 1.0  # no force at all: the sensor had not begun
    weight = np.where(seg.whole & measured, _huber(size) / variance, 0.0)
    # Of the expected force, not of the measured one: a turn about the vertical must not pass for a tilt.
    half_turn = np.broadcast_to(-0.5 * rotation.skew(np.array([0.0, 0.0, GRAVITY_M_S2])), middle.shape)
    square = _square(np.concatenate([half_turn, -middle @ by_own, -residual[..., None]], axis=3), weight)
    turn, acc = slice(0, 3), slice(3, 12)
    for ends in (slice(None, -1), slice(1, None)):
        own.node[:, ends, TURN, TURN] += square[..., turn, turn]
        own.border[:, ends, TURN, ACC] += square[..., turn, acc]
        own.right[:, ends, TURN] += square[..., turn, -1]
    own.after[..., TURN, TURN] += square[..., turn, turn]
    own.corner[:, ACC, ACC] += square[..., acc, acc].sum(axis=1)
    own.right_shared[:, ACC] += square[..., acc, -1].sum(axis=1)


def keep_finite(system: ArrowSystem, layout: Layout, seg: Segments) -> None:
    """What no equation tells of stays where it is.

    After a gap that nothing was carried over only headings between the sensors mean something, and the first one's is
    their origin, as it is at the session's start.
    """
    own = SensorBlocks.of(system, layout.sensors)
    own.node[0, 1:, 2, 2] += np.where(seg.whole.any(axis=0), 0.0, 1.0 / ORIGIN_SD_RAD**2)
    own.node[..., TURN, TURN] += np.eye(3) * 1e-6
    mounts = np.arange(layout.mount(0).start, layout.shared)
    system.corner[mounts, mounts] += 1e-4


def add_priors(system: ArrowSystem, layout: Layout, state: State, noise: SensorNoise) -> None:
    """What is assumed of sensors before anything is known, and the headings' origin."""
    own = SensorBlocks.of(system, layout.sensors)
    # The first sensor's heading is the origin; the others' is known to nothing before poses tell.
    loose = np.full((layout.sensors, 3), LOOSE_SD_RAD)
    loose[0, 2] = ORIGIN_SD_RAD
    own.node[:, 0, TURN, TURN] += np.eye(3) / loose[:, None] ** 2
    own.node[:, 0, BIAS, BIAS] += np.eye(3) / noise.gyr_bias**2
    own.right[:, 0, BIAS] -= state.bias[:, 0] / noise.gyr_bias**2
    sd = np.repeat([noise.gyr_gain, noise.acc_bias, noise.acc_gain], [9, 3, 6])
    now = np.concatenate([state.gyr_gain.reshape(-1, 9), state.acc_bias, state.acc_gain], axis=1)
    own.corner[:] += np.diag(1.0 / sd**2)
    own.right_shared[:] -= now / sd**2


def _add_bias_walk(own: SensorBlocks, state: State, weight: FloatArray) -> None:
    """The bias changes from node to node by no more than ``weight`` (J - 1,) allows."""
    eye = np.eye(3) * weight[:, None, None]
    step = weight[:, None] * (state.bias[:, 1:] - state.bias[:, :-1])
    own.node[:, :-1, BIAS, BIAS] += eye
    own.node[:, 1:, BIAS, BIAS] += eye
    own.after[..., BIAS, BIAS] -= eye
    own.right[:, :-1, BIAS] += step
    own.right[:, 1:, BIAS] -= step


def _square(jac: FloatArray, weight: FloatArray) -> FloatArray:
    """Normal equations (..., c, c) of weighted equations (..., 3, c), whose last column is minus the residual."""
    out: FloatArray = np.swapaxes(jac * weight[..., None, None], -1, -2) @ jac
    return out


def _huber(size: FloatArray, bound: float = 2.0) -> FloatArray:
    """Weights of Huber's estimator: outliers pull with constant force."""
    return np.where(size > bound, bound / np.maximum(size, bound), 1.0)


def _vec(m: FloatArray, v: FloatArray) -> FloatArray:
    """Matrices times vectors, (..., i, j) and (..., j) -> (..., i); broadcasts."""
    out: FloatArray = (m @ v[..., None])[..., 0]
    return out
