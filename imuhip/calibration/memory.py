"""What a live session remembers of its past: the last node and the shared unknowns, with their covariance.

Everything older acts on the present only through them, so a session of hours is solved in pieces of the same size as
one of minutes, and nothing is counted twice.
"""

from __future__ import annotations

import numpy as np

from imuhip import rotation
from imuhip.calibration import few
from imuhip.calibration.arrow import ArrowSystem
from imuhip.calibration.body import Body, Mounting
from imuhip.calibration.poses import Activity
from imuhip.calibration.state import SENSOR_SIZE, Layout, State
from imuhip.records import record
from imuhip.units import FloatArray


@record
class Memory:
    """The state at the end of what has been solved.

    Attributes:
        step: Step of the digest at which it ends; the next piece starts there.
        quat_earth_from_sensor: (K, 4).
        bias_rad_s: (K, 3) gyro bias.
        gyr_gain: (K, 3, 3).
        acc_bias: (K, 3).
        acc_gain: (K, 6).
        quat_sensor_from_segment: (E, 4).
        zeroed: Mountings whose zero a stance has defined.
        information: (n + p, n + p) of the node's unknowns and the shared ones.
    """

    step: int
    quat_earth_from_sensor: FloatArray
    bias_rad_s: FloatArray
    gyr_gain: FloatArray
    acc_bias: FloatArray
    acc_gain: FloatArray
    quat_sensor_from_segment: FloatArray
    zeroed: frozenset[int]
    information: FloatArray

    def first_state(self, level: FloatArray, mounts: FloatArray) -> State:
        """Where the next piece starts from: what was known, and levelled frames that begin at the last orientation.

        Args:
            level: (K, J, 4) levelled frames of the piece, its W being the sensor's frame at its start.
            mounts: (E', 4) mountings, the remembered ones first.
        """
        sensors, nodes = level.shape[:2]
        turn = few.multiply(self.quat_earth_from_sensor, rotation.conjugate(level[:, 0]))
        heading = rotation.about_z(rotation.heading(turn))
        quat = few.multiply(heading[:, None], level)
        quat[:, 0] = self.quat_earth_from_sensor
        return State(quat, np.zeros((sensors, nodes, 3)), self.gyr_gain, self.acc_bias, self.acc_gain, mounts)

    def add(self, system: ArrowSystem, layout: Layout, state: State) -> None:
        """Add what is remembered to the equations of a piece."""
        sensors, old = len(self.bias_rad_s), len(self.quat_sensor_from_segment)
        # Turns count in earth axes, mountings in the segment's.
        off = rotation.log(
            few.multiply(
                np.concatenate([state.quat_earth_from_w[:, 0], rotation.conjugate(self.quat_sensor_from_segment)]),
                np.concatenate([rotation.conjugate(self.quat_earth_from_sensor), state.quat_sensor_from_segment[:old]]),
            )
        )
        node = np.concatenate([off[:sensors], state.bias[:, 0]], axis=1)
        fixed = np.concatenate(
            [
                (state.gyr_gain - self.gyr_gain).reshape(sensors, 9),
                state.acc_bias - self.acc_bias,
                state.acc_gain - self.acc_gain,
            ],
            axis=1,
        )
        deviation = np.concatenate([node.ravel(), fixed.ravel(), off[sensors:].ravel()])
        n, p = layout.node, SENSOR_SIZE * sensors + 3 * old
        pull = self.information @ deviation
        system.diagonal[0] += self.information[:n, :n]
        system.border[0, :, :p] += self.information[:n, n:]
        system.corner[:p, :p] += self.information[n:, n:]
        system.right[0] -= pull[:n]
        system.right_shared[:p] -= pull[n:]


def piece_of(body: Body, activities: list[Activity], step: int) -> tuple[Body, list[Activity]]:
    """Body and activities as seen from a piece that starts at ``step``; what ended before is left to memory."""
    mountings = tuple(Mounting(m.sensor, m.role, max(m.start - step, 0)) for m in body.mountings)
    seen = [
        Activity(a.kind, a.name, a.side, a.position, a.start - step, None if a.end is None else a.end - step)
        for a in activities
        if a.end is None or a.end > step
    ]
    return Body(mountings), seen
