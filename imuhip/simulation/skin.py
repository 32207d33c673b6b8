"""How the skin under the thigh's sensor turns against the bone."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from imuhip.simulation import quaternions as quat
from imuhip.simulation.plan import SIDE_SIGN
from imuhip.simulation.script import Side
from imuhip.simulation.wearer import SoftTissue
from imuhip.units import FloatArray


def skin_of_thigh(
    thigh: FloatArray, hip_deg: Sequence[FloatArray], side: Side, soft_tissue: SoftTissue, grid_hz: float
) -> FloatArray:
    """Orientation of the skin.

    Args:
        thigh: (N, 4) quat_earth_from_thigh of the bone.
        hip_deg: Flexion, adduction and internal rotation, (N,) each.
        side: Of the thigh.
        soft_tissue: How the skin follows.
        grid_hz: Rate of the arrays.

    Returns:
        (N, 4) quat_earth_from_skin.
    """
    flexion_deg, _, rotation_deg = hip_deg
    slide = np.radians(soft_tissue.flexion_deg / 90.0 * flexion_deg)[:, None] * np.array(soft_tissue.flexion_axis)
    lag = -soft_tissue.rotation_lag * SIDE_SIGN[side] * np.radians(rotation_deg)
    turned = quat.multiply(quat.exp(slide), quat.about_axis("y", lag))
    return quat.multiply(thigh, quat.multiply(turned, quat.exp(_wobble(thigh, soft_tissue, grid_hz))))


def _wobble(thigh: FloatArray, soft_tissue: SoftTissue, grid_hz: float) -> FloatArray:
    """(N, 3) rotation vector of tissue that hangs behind an accelerating bone like a damped spring."""
    rate = np.zeros((len(thigh), 3))
    rate[1:] = quat.log(quat.multiply(quat.conjugate(thigh[:-1]), thigh[1:])) * grid_hz
    omega = 2j * np.pi * np.fft.rfftfreq(len(rate), 1 / grid_hz)[:, None]
    natural = 2 * np.pi * soft_tissue.wobble_hz
    response = -omega / (natural**2 + 2 * soft_tissue.wobble_damping * natural * omega + omega**2)
    return np.asarray(np.fft.irfft(np.fft.rfft(rate, axis=0) * response, len(rate), axis=0))
