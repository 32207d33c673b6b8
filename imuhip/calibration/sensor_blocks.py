"""The parts of the normal equations that hold one sensor's unknowns each, of all sensors at once."""

from __future__ import annotations

import numpy as np

from imuhip.calibration.arrow import ArrowSystem
from imuhip.calibration.state import NODE_SIZE, SENSOR_SIZE
from imuhip.records import record
from imuhip.units import FloatArray

TURN, BIAS = slice(0, 3), slice(3, 6)
"""Unknowns of a sensor at a node, as in :class:`~imuhip.calibration.state.Layout`."""
GAIN, ACC = slice(0, 9), slice(9, 18)
"""Unknowns of a sensor that do not change."""


@record
class SensorBlocks:
    """Views of a system: what is added here is added there.

    Attributes:
        node: (K, J, 6, 6) a sensor at a node with itself.
        after: (K, J - 1, 6, 6) with itself at the next node.
        border: (K, J, 6, 18) with its own shared unknowns.
        corner: (K, 18, 18) the shared unknowns with themselves.
        right: (K, J, 6), right_shared: (K, 18): right-hand sides.
    """

    node: FloatArray
    after: FloatArray
    border: FloatArray
    corner: FloatArray
    right: FloatArray
    right_shared: FloatArray

    @staticmethod
    def of(system: ArrowSystem, sensors: int) -> SensorBlocks:
        """The views of a system of K sensors."""
        k, used = sensors, SENSOR_SIZE * sensors
        nodes = len(system.diagonal)
        own = (k, NODE_SIZE)
        return SensorBlocks(
            np.einsum("jkakb->kjab", system.diagonal.reshape(nodes, *own, *own)),
            np.einsum("jkakb->kjab", system.upper.reshape(nodes - 1, *own, *own)),
            np.einsum("jkaks->kjas", system.border[..., :used].reshape(nodes, *own, k, SENSOR_SIZE)),
            np.einsum("krks->krs", system.corner[:used, :used].reshape(k, SENSOR_SIZE, k, SENSOR_SIZE)),
            system.right.reshape(nodes, *own).swapaxes(0, 1),
            system.right_shared[:used].reshape(k, SENSOR_SIZE),
        )
