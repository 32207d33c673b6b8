"""Conventions of axes, units and names, and the few constants everything shares.

Units: SI inside (m/s2, rad/s, s, rad); degrees only at the edges. Host times are monotonic nanoseconds (int64); times
on the analysis grid are seconds from the recording's start, its first sample.

Quaternions are ``(..., 4)`` float64, scalar first (w, x, y, z). ``quat_a_from_b`` rotates coordinates of ``b`` into
coordinates of ``a``, so adjacent frames cancel in products. The earth frame is x and y horizontal, z up, each sensor
with a heading of its own (no magnetometer). Segment frames follow ISB (Wu 2002, doi:10.1016/S0021-9290(01)00222-6):
x anterior, y up (proximal), z to the wearer's right.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]
BoolArray = npt.NDArray[np.bool_]
ByteArray = npt.NDArray[np.uint8]

GRAVITY_M_S2 = 9.80665
"""Standard gravity (CGPM 1901). Local gravity differs by up to 0.03 m/s2, which accelerometer scale absorbs."""

ROLES = (
    "pelvis",
    "thigh_left",
    "thigh_right",
    "shank_left",
    "shank_right",
    "abdomen",
    "chest",
    "thigh_moving",
    "shank_moving",
)
"""Where a sensor can be worn, in the order in which results list sensors."""
