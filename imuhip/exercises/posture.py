"""The part of a marked test that was done in its posture: who presses the button first lies down afterwards."""

from __future__ import annotations

import numpy as np

from imuhip.arrays import median_rows
from imuhip.exercises.motion import vertical
from imuhip.exercises.trials import start_frames
from imuhip.hip.stage import HipBlock
from imuhip.records import record
from imuhip.units import BoolArray

ELSEWHERE_DEG = 40.0
"""The pelvis joins in a test by up to 30 degrees (two fifths of a passive straight-leg raise); from posture to posture
it turns by 60 and more."""
SETTLED_DEG = 3.0
"""Who has lain down is still for a moment before the first trial."""


@record
class InPosture:
    """A test without what came before and after it.

    Attributes:
        block: Its frames.
        here: (N,) where the pelvis is in the posture of the test.
        ended: Whether the wearer left the posture before the mark ended.
    """

    block: HipBlock
    here: BoolArray
    ended: bool


def in_posture(block: HipBlock, pelvis: int | None, limb: int) -> InPosture:
    """Leave out how the wearer gets into the posture in which most of a test is done, and out of it.

    Args:
        block: The frames of the mark.
        pelvis: Index of the pelvis' sensor; without one nothing is left out.
        limb: Index of the sensor that is followed.
    """
    everywhere = np.ones(len(block), dtype=np.bool_)
    if pelvis is None or not block.levelled[pelvis].any():
        return InPosture(block, everywhere, ended=False)
    up = vertical(block.quat_earth_from_sensor[pelvis])
    usual = median_rows(up[block.levelled[pelvis]])
    usual /= max(float(np.sqrt(np.einsum("i,i->", usual, usual))), 1e-9)
    towards = np.einsum("ni,i->n", up, usual)
    here = ~block.levelled[pelvis] | (towards > np.cos(np.deg2rad(ELSEWHERE_DEG)))
    inside = np.flatnonzero(here)
    if not len(inside):
        return InPosture(block, everywhere, ended=False)
    first, stop = int(inside[0]), int(inside[-1]) + 1
    if first > 0:
        first += _settled(block.part(first, stop), pelvis, limb)
    return InPosture(block.part(first, stop), here[first:stop], ended=stop < len(block))


def _settled(block: HipBlock, pelvis: int, limb: int) -> int:
    """First frame from which pelvis and limb are still for as long as a start pose takes; 0 where they never are."""
    frames = start_frames(block.rate_hz)
    if len(block) <= frames:
        return 0
    still = np.ones(len(block) - frames + 1, dtype=np.bool_)
    for sensor in (pelvis, limb):
        up = vertical(block.quat_earth_from_sensor[sensor])
        windows = np.lib.stride_tricks.sliding_window_view(up, frames, axis=0)
        still &= np.ptp(windows, axis=2).max(axis=1) < np.deg2rad(SETTLED_DEG)
    return int(np.argmax(still))
