"""What the body tells: still poses, the stance zero, hinge-like movement, headings, returns. All of it weak."""

from __future__ import annotations

import numpy as np

from imuhip import rotation
from imuhip.calibration import few
from imuhip.calibration.state import State
from imuhip.records import record
from imuhip.units import FloatArray, IntArray


@record
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


@record
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


@record
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


@record
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


@record
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


@record
class ReturnPrior:
    """Two sensors face each other after a gap as before it, at P pairs of moments.

    Attributes:
        node: The node before the gap.
        sensors: Both sensors.
        pairs: (2, P) nodes of the moments: before, and after.
        quat_w_from_sensor: (2, 2, P, 4) orientations of both sensors then.
        sd: rad.
    """

    node: int
    sensors: tuple[int, int]
    pairs: IntArray
    quat_w_from_sensor: FloatArray
    sd: float


Prior = UpPrior | HipPrior | HingePrior | MountPrior | HeadingPrior | ReturnPrior


def segment_quat(state: State, node: int, sensor: int, mount: int, quat_w_from_sensor: FloatArray) -> FloatArray:
    """``quat_earth_from_segment`` (4,) of a sensor whose orientation in its W frame is given."""
    earth_from_sensor = few.multiply(state.quat_earth_from_w[sensor, node], quat_w_from_sensor)
    return few.multiply(earth_from_sensor, state.quat_sensor_from_segment[mount])


def heading_residual(state: State, prior: HeadingPrior) -> float:
    """How far the heading between two sensors is from what is expected, rad within +-pi."""
    first, second = (
        float(rotation.heading(few.multiply(state.quat_earth_from_w[k, prior.node], rotation.conjugate(level))))
        for k, level in zip(prior.sensors, prior.level, strict=True)
    )
    return rotation.wrapped(second - first - prior.heading)


def return_residual(quat_earth_from_w: FloatArray, prior: ReturnPrior) -> float:
    """By how much the second sensor has turned about the vertical against the first, rad within +-pi.

    Args:
        quat_earth_from_w: (K, J, 4).
        prior: The moments.
    """
    frames = quat_earth_from_w[np.array(prior.sensors)[:, None, None], prior.pairs]
    quat = few.multiply(frames, prior.quat_w_from_sensor)
    first, second = rotation.heading(few.multiply(quat[:, 1], rotation.conjugate(quat[:, 0])))
    off = second - first
    return rotation.wrapped(float(off[0] + rotation.wrapped(off - off[0]).mean()))
