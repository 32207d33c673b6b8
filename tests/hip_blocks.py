"""Blocks of made-up angles, for the tests of what stands behind the pipeline."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from moved import STANDING

from imuhip import rotation
from imuhip.hip.stage import HipAngles, HipBlock


def hip_block(
    start: int, frames: int, roles: Sequence[str] = ("pelvis", "thigh_right"), known: bool = True
) -> HipBlock:
    """Frames whose flexion is their number modulo 100, to 3 degrees; the pelvis tilts by a fifth of it."""
    flexion = (np.arange(start, start + frames) % 100).astype(np.float64)
    nothing = np.full(frames, np.nan)
    yes, no = np.ones(frames, dtype=np.bool_), np.zeros(frames, dtype=np.bool_)
    hip = (
        HipAngles(flexion, flexion / 10, -flexion / 10, yes, yes, np.full(frames, 3.0), no)
        if known
        else HipAngles(nothing, nothing, nothing, no, no, nothing, no)
    )
    quat = np.zeros((len(roles), frames, 4))
    quat[..., 0] = 1.0
    if "pelvis" in roles:
        tilt = np.zeros((frames, 3))
        tilt[:, 2] = np.deg2rad(-flexion / 5)
        quat[list(roles).index("pelvis")] = rotation.multiply(STANDING, rotation.exp(tilt))
    sides = {role.removeprefix("thigh_"): hip for role in roles if role.startswith("thigh") and "pelvis" in roles}
    every = np.ones((len(roles), frames), dtype=np.bool_)
    shown = every & (known or "pelvis" not in roles)
    return HipBlock(start, 100.0, tuple(roles), sides, quat, shown, quat, every)
