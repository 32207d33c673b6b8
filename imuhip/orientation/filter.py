"""Frames to orientation: VQF per sensor, on calibrated input."""

from __future__ import annotations

import numpy as np
from vqf import VQF, BasicVQF

from imuhip import rotation
from imuhip.calibration.result import Calibration
from imuhip.timeline.bridge import LOST_RAD, BridgedBlock
from imuhip.units import BoolArray, FloatArray, IntArray


class OrientationFilter:
    """One VQF for each sensor; heading is each sensor's own.

    Without a calibration VQF estimates the gyro bias by itself; with one, its input is calibrated and the basic filter
    without that estimation goes on, so that there is one place that knows biases.

    Args:
        sensors: Number of sensors.
        rate_hz: Rate of the frames.
        levelling: Whether the filter levels itself by the accelerometer as it goes. After a session the calibration's
            knots tell the tilt better, from both sides in time, and the filter only carries the turning between them.

    References:
        Laidig and Seel 2023, doi:10.1016/j.inffus.2022.10.014.
    """

    def __init__(self, sensors: int, rate_hz: float, *, levelling: bool = True) -> None:
        self.rate_hz = rate_hz
        self._levelling = levelling
        self._filters: list[VQF | BasicVQF] = [VQF(1.0 / rate_hz) for _ in range(sensors)]
        self._quat = np.tile(rotation.IDENTITY, (sensors, 1))
        self._calibrated = False

    def feed(self, block: BridgedBlock, calibration: Calibration | None) -> tuple[FloatArray, BoolArray]:
        """Orientation after every frame of a block.

        Args:
            block: N frames.
            calibration: What to apply to them.

        Returns:
            (K, N, 4) earth from sensor, each sensor with its own heading; held where a sensor is unknown. And (K, N)
            where a filter started anew.
        """
        if calibration is not None and not self._calibrated:
            self._calibrated = True
            self._filters = [_without_bias_estimation(vqf, self.rate_hz) for vqf in self._filters]
        gyr, acc = block.gyr_rad_s, block.acc_m_s2
        if calibration is not None:
            frames = block.start_index + np.arange(len(block))
            gyr, acc = calibrate(gyr, acc, frames, calibration)
        if not self._levelling:
            acc = np.zeros_like(acc)  # VQF passes over samples without force
        # A rate that stands for a gap too is fed as one step that turns as far.
        spans = np.nonzero(block.span != 1.0)
        if len(spans[0]):
            gyr = gyr.copy()
            gyr[spans] *= block.span[spans][:, None]
        restarted = block.known & (block.slip_rad >= LOST_RAD)
        quat = np.empty((len(self._filters), 4, len(block))).swapaxes(1, 2)  # component by component, as frames
        for k in range(len(self._filters)):
            self._run(k, gyr[k], acc[k], block.known[k], restarted[k], quat[k])
        return quat, restarted

    def _run(
        self, k: int, turn: FloatArray, acc: FloatArray, known: BoolArray, restarted: BoolArray, quat: FloatArray
    ) -> None:
        edges = (np.flatnonzero(known[1:] != known[:-1]) + 1).tolist()
        for a, b in zip([0, *edges], [*edges, len(known)], strict=True):
            if not known[a]:
                quat[a:b] = self._quat[k]
                continue
            if restarted[a]:
                self._restart(k)
            out = self._filters[k].updateBatch(np.ascontiguousarray(turn[a:b]), np.ascontiguousarray(acc[a:b]))
            quat[a:b] = out["quat6D"]
            self._quat[k] = quat[b - 1]

    def _restart(self, k: int) -> None:
        self._filters[k] = (BasicVQF if self._calibrated else VQF)(1.0 / self.rate_hz)


def calibrate(
    gyr: FloatArray, acc: FloatArray, frames: IntArray, calibration: Calibration
) -> tuple[FloatArray, FloatArray]:
    """Rates and forces of all sensors with biases, scales and cross-axis errors taken off.

    Args:
        gyr: (K, N, 3) rad/s.
        acc: (K, N, 3) m/s2.
        frames: (N,) their frame numbers.
        calibration: What to apply; its bias is linear between knots and constant outside.

    Returns:
        Both again, (K, N, 3).
    """
    bias = calibration.gyr_bias_rad_s[:, -1:]
    if frames[0] < calibration.knot_frame[-1]:
        bias = interpolate(frames, calibration.knot_frame, calibration.gyr_bias_rad_s.swapaxes(0, 1)).swapaxes(0, 1)
    acc_bias = calibration.acc_bias_m_s2[:, None]
    return (
        rotation.transform(calibration.gyr_unmix, [gyr[..., i] - bias[..., i] for i in range(3)]),
        rotation.transform(calibration.acc_unmix, [acc[..., i] - acc_bias[..., i] for i in range(3)]),
    )


def interpolate(at: IntArray, knots: IntArray, values: FloatArray) -> FloatArray:
    """Linear interpolation, constant outside; (N,), (J,), (J, ...) -> (N, ...). Bits do not depend on the block."""
    columns = values.reshape(len(knots), -1)
    out = np.empty((columns.shape[1], len(at)))
    for column, each in zip(columns.T, out, strict=True):
        each[:] = np.interp(at, knots, column)
    return out.T.reshape(len(at), *values.shape[1:])


def _without_bias_estimation(vqf: VQF | BasicVQF, rate_hz: float) -> BasicVQF:
    """Go on with the same orientation; what VQF had found of the bias is in the calibration's now."""
    basic = BasicVQF(1.0 / rate_hz)
    full = vqf.state
    basic.state = {name: full[name] for name in basic.state}
    return basic
