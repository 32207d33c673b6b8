"""What the estimator solves for, and where each unknown stands in the equations."""

from __future__ import annotations

import numpy as np

from imuhip import rotation
from imuhip.calibration import few
from imuhip.records import record
from imuhip.units import FloatArray

NODE_SIZE = 6
"""Unknowns of a sensor at a node: the turn of its W frame in earth (3, earth axes), the change of its gyro bias (3)."""
SENSOR_SIZE = 18
"""Unknowns of a sensor that do not change: gyro gain (9), accelerometer bias (3), accelerometer gain (6)."""
GAIN_PAIRS = ((0, 0), (0, 1), (0, 2), (1, 1), (1, 2), (2, 2))
"""Entries of the accelerometer's gain: upper triangle, because the gyro's axes already define the sensor frame."""


@record
class Layout:
    """Sizes and positions of the unknowns for K sensors and E mountings."""

    sensors: int
    mounts: int

    @property
    def node(self) -> int:
        """Unknowns of a node."""
        return NODE_SIZE * self.sensors

    @property
    def shared(self) -> int:
        """Unknowns that all nodes share."""
        return SENSOR_SIZE * self.sensors + 3 * self.mounts

    def turn(self, sensor: int) -> slice:
        """The W frame's turn in a node."""
        return slice(NODE_SIZE * sensor, NODE_SIZE * sensor + 3)

    def bias(self, sensor: int) -> slice:
        """The gyro bias in a node."""
        return slice(NODE_SIZE * sensor + 3, NODE_SIZE * sensor + 6)

    def gyr_gain(self, sensor: int) -> slice:
        """The gyro's gain among the shared unknowns."""
        return slice(SENSOR_SIZE * sensor, SENSOR_SIZE * sensor + 9)

    def acc(self, sensor: int) -> slice:
        """The accelerometer's bias and gain among the shared unknowns."""
        return slice(SENSOR_SIZE * sensor + 9, SENSOR_SIZE * sensor + 18)

    def mount(self, mount: int) -> slice:
        """A mounting among the shared unknowns."""
        start = SENSOR_SIZE * self.sensors + 3 * mount
        return slice(start, start + 3)


@record
class State:
    """Values of the unknowns.

    Attributes:
        quat_earth_from_w: (K, J, 4) at the nodes.
        bias: (K, J, 3) gyro bias at the nodes, beyond what was taken off before integrating, rad/s.
        gyr_gain: (K, 3, 3) gyro reads ``(1 + gain) rate + bias``.
        acc_bias: (K, 3) m/s2.
        acc_gain: (K, 6) upper triangle; the accelerometer reads ``(1 + gain) force + bias``.
        quat_sensor_from_segment: (E, 4) mountings.
    """

    quat_earth_from_w: FloatArray
    bias: FloatArray
    gyr_gain: FloatArray
    acc_bias: FloatArray
    acc_gain: FloatArray
    quat_sensor_from_segment: FloatArray

    def moved(self, nodes: FloatArray, shared: FloatArray) -> State:
        """The state after a step of the solver, (J, n) and (p,)."""
        sensors, j = self.bias.shape[:2]
        step = np.moveaxis(nodes.reshape(j, sensors, NODE_SIZE), 1, 0)
        fixed = shared[: SENSOR_SIZE * sensors].reshape(sensors, SENSOR_SIZE)
        mounts = shared[SENSOR_SIZE * sensors :].reshape(-1, 3)
        return State(
            rotation.normalise(few.multiply(rotation.exp(step[..., :3]), self.quat_earth_from_w)),
            self.bias + step[..., 3:],
            self.gyr_gain + fixed[:, :9].reshape(sensors, 3, 3),
            self.acc_bias + fixed[:, 9:12],
            self.acc_gain + fixed[:, 12:],
            rotation.normalise(few.multiply(self.quat_sensor_from_segment, rotation.exp(mounts))),
        )
