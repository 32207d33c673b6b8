"""Frames to steps, the coarser grid on which repetitions are found, and angles without gaps."""

from __future__ import annotations

import numpy as np

from imuhip.exercises.finder import STEP_HZ
from imuhip.hip.stage import HipBlock
from imuhip.units import FloatArray, IntArray

KNOWN_SHARE = 0.65
"""A repetition of which less is known is not measured."""


def per_step(rate_hz: float) -> int:
    """Frames in a step."""
    return max(1, round(rate_hz / STEP_HZ))


def step_frames(block: HipBlock) -> slice:
    """The frames of a block that end a step."""
    size = per_step(block.rate_hz)
    return slice((size - 1 - block.start_index) % size, len(block), size)


def steps_in(block: HipBlock) -> IntArray:
    """Numbers of the steps that end in a block."""
    size = per_step(block.rate_hz)
    return np.arange(block.start_index // size, (block.start_index + len(block)) // size)


def frame_of(step: int, rate_hz: float) -> int:
    """Frame that a step stands for."""
    return (step + 1) * per_step(rate_hz) - 1


def indices_of(block: HipBlock, *steps: int) -> list[int]:
    """Where steps are in a block."""
    return [min(max(frame_of(s, block.rate_hz) - block.start_index, 0), len(block) - 1) for s in steps]


def fill(angle_deg: FloatArray) -> FloatArray | None:
    """An angle (N,) with short gaps bridged; None where too little of it is known."""
    known = np.isfinite(angle_deg)
    count = int(np.count_nonzero(known))
    if not count or count < KNOWN_SHARE * len(known):
        return None
    if count == len(known):
        return np.ascontiguousarray(angle_deg)
    at = np.flatnonzero(known)
    return np.interp(np.arange(len(known)), at, angle_deg[at])
