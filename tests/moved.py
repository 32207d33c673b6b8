"""Movements with known angles as the exercises get them: minimum-jerk repetitions, hip angles to blocks."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from imuhip import rotation
from imuhip.hip.stage import HipBlock, hip_block
from imuhip.joint import quat_from_hip_angles
from imuhip.marks import Mark
from imuhip.orientation.segments import SegmentBlock, Spread
from imuhip.units import FloatArray

RATE_HZ = 100.0
STANDING = rotation.exp(np.array([np.pi / 2, 0.0, 0.0]))


def move(start: float, end: float, seconds: float) -> FloatArray:
    """A minimum-jerk move, without its first value."""
    s = np.linspace(0.0, 1.0, round(seconds * RATE_HZ) + 1)[1:]
    return start + (end - start) * (10 * s**3 - 15 * s**4 + 6 * s**5)


def rest(level: float, seconds: float) -> FloatArray:
    return np.full(round(seconds * RATE_HZ), level)


def rep(
    range_deg: float = 40.0, *, lift_s: float = 2.4, hold_s: float = 1.5, lower_s: float = 3.2, rest_s: float = 1.0
) -> FloatArray:
    """One repetition from 0, with a rest after it."""
    return np.concatenate(
        [move(0, range_deg, lift_s), rest(range_deg, hold_s), move(range_deg, 0, lower_s), rest(0, rest_s)]
    )


def reps(number: int, range_deg: float = 40.0, **tempo: float) -> FloatArray:
    """A set, with two seconds of rest before it."""
    return np.concatenate([rest(0, 2.0), *[rep(range_deg, **tempo) for _ in range(number)]])


def block_of(
    flexion: FloatArray | None = None,
    *,
    adduction: FloatArray | None = None,
    internal_rotation: FloatArray | None = None,
    pelvis: FloatArray | None = None,
    side: str = "right",
    roles: Sequence[str] = ("pelvis", "thigh_right"),
    start: int = 0,
) -> HipBlock:
    """Frames of one hip; ``pelvis`` (N, 3) are rotation vectors in deg about its own axes from standing."""
    given = [each for each in (flexion, adduction, internal_rotation) if each is not None]
    n = len(given[0])
    angles = np.stack([np.zeros(n) if a is None else a for a in (flexion, adduction, internal_rotation)], axis=1)
    turned = np.zeros((n, 3)) if pelvis is None else np.deg2rad(pelvis)
    quat = {"pelvis": rotation.multiply(STANDING, rotation.exp(turned))}
    thigh = rotation.multiply(quat["pelvis"], quat_from_hip_angles(np.deg2rad(angles), side))
    stacked = np.stack([quat["pelvis"] if role == "pelvis" else thigh for role in roles])
    known = np.ones((len(roles), n), dtype=np.bool_)
    spread = Spread(np.full(n, np.deg2rad(0.5)), np.full(n, np.deg2rad(2.0)))
    return hip_block(SegmentBlock(start, RATE_HZ, tuple(roles), stacked, known, {side: spread}, stacked, known))


def marked(name: str, seconds: float, *, kind: str = "exercise", side: str | None = "right", number: int = 1) -> Mark:
    return Mark(number, kind, 0, round(seconds * 1e9), name=name, side=side, mode="active")
