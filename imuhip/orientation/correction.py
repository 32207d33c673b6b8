"""What turns each filter's orientation into the one earth that all sensors share: heading, and a little tilt."""

from __future__ import annotations

import numpy as np

from imuhip import rotation
from imuhip.calibration.result import Calibration
from imuhip.orientation.filter import interpolate
from imuhip.records import record
from imuhip.units import BoolArray, FloatArray, IntArray


@record
class Correction:
    """Heading and tilt of one sensor's filter against the calibration, piecewise linear over frames.

    Attributes:
        frame: (B,) increasing frame numbers.
        value: (B, 3) heading and tilt about the earth's x and y, rad; headings without jumps of a turn.
    """

    frame: IntArray
    value: FloatArray

    def apply(self, quat: FloatArray, frames: IntArray) -> FloatArray:
        """Correct orientations (N, 4) of the given frames (N,), which are increasing."""
        changing = int(np.searchsorted(frames, self.frame[-1]))
        out = np.empty(quat.shape)
        if changing:
            out[:changing] = rotation.multiply(self.turns(frames[:changing]), quat[:changing])
        if changing < len(frames):  # from the last frame on one turn serves all
            out[changing:] = rotation.multiply(self.last, quat[changing:])
        return out

    def turns(self, frames: IntArray) -> FloatArray:
        """(N, 4) what corrects the orientations of the given frames (N,)."""
        return self._turn(interpolate(frames, self.frame, self.value))

    @property
    def last(self) -> FloatArray:
        """(4,) what serves from the last frame on."""
        return np.array(self._turn(self.value[-1:])[0])

    def _turn(self, value: FloatArray) -> FloatArray:
        """(N, 4) of values (N, 3)."""
        heading = rotation.about_z(np.ascontiguousarray(value[:, 0]))
        if not self.value[:, 1:].any():
            return heading
        tilt = np.zeros((len(value), 3))
        tilt[:, :2] = value[:, 1:]
        return rotation.multiply(heading, rotation.exp(tilt))

    def at(self, frame: int) -> FloatArray:
        """Value (3,) at one frame."""
        return np.array(interpolate(np.array([frame]), self.frame, self.value)[0])

    def fading(self, frame: int, heading: float, fade_frames: int) -> Correction:
        """The same up to ``frame``, then over to another heading, the shorter way round, so that nothing jumps."""
        now = self.at(frame)
        turn = rotation.wrapped(heading - float(now[0]))
        target = np.array([now[0] + turn, 0.0, 0.0])
        return Correction(np.array([frame, frame + fade_frames]), np.stack([now, target]))

    @staticmethod
    def constant(heading: float) -> Correction:
        """A heading that does not change."""
        return Correction(np.array([0], dtype=np.int64), np.array([[heading, 0.0, 0.0]]))


def heading_between(quat_true: FloatArray, quat_filter: FloatArray) -> FloatArray:
    """Heading in rad that takes a filter's orientation to the true one, (..., 4) each."""
    heading: FloatArray = rotation.heading(rotation.multiply(quat_true, rotation.conjugate(quat_filter)))
    return heading


def follow_knots(
    calibration: Calibration, sensor: int, quat: FloatArray, known: BoolArray, restarted: BoolArray
) -> Correction:
    """The correction that makes a filter's orientation pass through the calibration's at every knot.

    Where the filter started anew its heading is another, so nothing is interpolated across.

    Args:
        calibration: With knots over the whole recording.
        sensor: Which sensor.
        quat: (N, 4) the filter's orientation of the whole recording.
        known: (N,) where the sensor is known.
        restarted: (N,) where the filter started anew.
    """
    last = np.clip(calibration.knot_frame - 1, 0, len(quat) - 1)
    usable = known[last]
    if not usable.any():
        return Correction.constant(0.0)
    frame, true = last[usable], calibration.quat_earth_from_sensor[sensor][usable]
    off = rotation.multiply(true, rotation.conjugate(quat[frame]))
    heading = rotation.heading(off)
    tilt = rotation.log(rotation.multiply(rotation.about_z(-heading), off))[:, :2]
    starts = np.flatnonzero(restarted)
    run = np.searchsorted(starts, frame, side="right")
    frames: list[int] = []
    values: list[FloatArray] = []
    for r in np.unique(run):
        inside = run == r
        value = np.column_stack([np.unwrap(heading[inside]), tilt[inside]])
        first = int(starts[r - 1]) if r > 0 else 0
        end = int(starts[r]) - 1 if r < len(starts) else len(quat) - 1
        own = frame[inside].tolist()
        if first < own[0]:
            own, value = [first, *own], np.concatenate([value[:1], value])
        if own[-1] < end:
            own, value = [*own, end], np.concatenate([value, value[-1:]])
        frames += own
        values.append(value)
    return Correction(np.array(frames), np.concatenate(values))
