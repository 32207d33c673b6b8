"""The estimator's digest of frames: turning and force of every sensor in steps of 40 ms.

The estimator looks at a session of an hour at once, so it works on a digest a quarter the size of the frames that keeps
all of the turning: the rotation vectors of a step are composed, with the coning term, not averaged away.
"""

from __future__ import annotations

import numpy as np

from imuhip.records import record
from imuhip.timeline.bridge import BridgedBlock
from imuhip.units import BoolArray, FloatArray

STEP_RATE_HZ = 25.0
"""Steps per second: fine enough that a hip at 300 deg/s turns 12 deg in one."""
SLOT_STEPS = 25
"""Steps in a slot of one second, the unit in which the digest grows, so that it does not depend on block sizes."""
PART_STEPS = 32 * SLOT_STEPS
"""Steps that are digested at a time: what they need in between fits into a processor's cache."""


@record
class Motion:
    """A digest of whole slots from the recording's start.

    Attributes:
        step_s: Duration of a step.
        turn_rad: (K, N, 3) rotation vector of each step, in the sensor's frame at the step's start.
        acc_m_s2: (K, N, 3) mean specific force.
        known: (K, N) whether the whole step was measured.
        slip_var: (K, N) variance of the turning over gaps that end in the step, rad^2.
    """

    step_s: float
    turn_rad: FloatArray
    acc_m_s2: FloatArray
    known: BoolArray
    slip_var: FloatArray

    def __len__(self) -> int:
        return int(self.known.shape[1])

    @property
    def sensors(self) -> int:
        """Number of sensors."""
        return int(self.known.shape[0])

    @property
    def arrays(self) -> tuple[FloatArray, FloatArray, BoolArray, FloatArray]:
        """Everything that is kept for each step."""
        return self.turn_rad, self.acc_m_s2, self.known, self.slip_var

    def cut(self, start: int, stop: int | None) -> Motion:
        """Some of the steps."""
        part = slice(start, stop)
        return Motion(
            self.step_s, self.turn_rad[:, part], self.acc_m_s2[:, part], self.known[:, part], self.slip_var[:, part]
        )


class MotionDigest:
    """Collects frames into a :class:`Motion`.

    Args:
        sensors: Number of sensors K.
        rate_hz: Rate of the frames.
    """

    def __init__(self, sensors: int, rate_hz: float) -> None:
        self.factor = max(1, round(rate_hz / STEP_RATE_HZ))
        self.step_s = self.factor / rate_hz
        self._first = self._forgotten = self._steps = 0
        self._kept = _room(sensors, 0, self.step_s)
        self._rest: list[BridgedBlock] = []
        self._rest_frames = 0

    def __len__(self) -> int:
        return self._steps

    def feed(self, block: BridgedBlock) -> bool:
        """Take frames in; True when at least one whole slot has been added."""
        self._rest.append(block)
        self._rest_frames += len(block)
        return self._digest(SLOT_STEPS)

    def expect(self, frames: int) -> None:
        """Make room for so many frames at once."""
        self._make_room(frames // self.factor + 1)

    def flush(self) -> bool:
        """Digest what is left in whole steps, at the end of a recording."""
        added = self._digest(1)
        self._rest.clear()
        self._rest_frames = 0
        return added

    def motion(self, start: int = 0, stop: int | None = None) -> Motion:
        """Steps from ``start``, not forgotten, to ``stop`` or all that has been digested so far, as views."""
        end = self._steps if stop is None else stop
        return self._kept.cut(start - self._first, end - self._first)

    def forget(self, step: int) -> None:
        """Steps before this one are not asked for any more."""
        self._forgotten = step

    def _digest(self, quantum: int) -> bool:
        steps = self._rest_frames // (quantum * self.factor) * quantum
        self._make_room(steps)
        for begin in range(0, steps, PART_STEPS):
            self._append(self._take(min(PART_STEPS, steps - begin) * self.factor))
        return steps > 0

    def _take(self, frames: int) -> BridgedBlock:
        """The first frames of what is left."""
        self._rest_frames -= frames
        parts: list[BridgedBlock] = []
        while frames:
            block = self._rest.pop(0)
            if len(block) > frames:
                self._rest.insert(0, block.part(frames, len(block)))
                block = block.part(0, frames)
            parts.append(block)
            frames -= len(block)
        return parts[0] if len(parts) == 1 else _join(parts)

    def _make_room(self, steps: int) -> None:
        kept = self._steps - self._first
        if kept + steps <= len(self._kept):
            return
        old = self._kept.cut(self._forgotten - self._first, kept)
        room = max((len(old) + steps) * 9 // 8, 64 * SLOT_STEPS)
        self._kept = _room(old.sensors, room, self.step_s)
        self._first = self._forgotten
        for into, values in zip(self._kept.arrays, old.arrays, strict=True):
            into[:, : len(old)] = values

    def _append(self, block: BridgedBlock) -> None:
        steps = len(block) // self.factor
        at = self._steps - self._first
        into = self._kept.cut(at, at + steps)
        turn = self._steps_of(block.gyr_rad_s * (block.span[..., None] / block.rate_hz))
        force = self._steps_of(block.acc_m_s2)
        total, coning = turn[0].copy(), np.zeros_like(turn[0])
        for part in turn[1:]:
            coning += _cross(total, part)
            total += part
        into.turn_rad[:] = np.moveaxis(total + 0.5 * coning, 0, -1)
        into.acc_m_s2[:] = np.moveaxis(_sum(force) / self.factor, 0, -1)
        shape = (into.sensors, steps, self.factor)
        known, slip = block.known.reshape(shape), block.slip_rad.reshape(shape)
        into.known[:] = known[..., 0]
        np.multiply(slip[..., 0], slip[..., 0], out=into.slip_var)
        for i in range(1, self.factor):
            into.known[:] &= known[..., i]
            np.maximum(into.slip_var, slip[..., i] * slip[..., i], out=into.slip_var)
        self._steps += steps

    def _steps_of(self, vectors: FloatArray) -> FloatArray:
        """(factor, 3, K, steps) of (K, N, 3): by frame of a step and by component, each contiguous."""
        sensors, frames = vectors.shape[:2]
        return np.ascontiguousarray(
            vectors.reshape(sensors, frames // self.factor, self.factor, 3).transpose(2, 3, 0, 1)
        )


def _cross(a: FloatArray, b: FloatArray) -> FloatArray:
    """Cross product of components (3, ...)."""
    return np.stack([a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0]])


def _sum(parts: FloatArray) -> FloatArray:
    """Sum of (F, ...) in order, so that bits do not depend on how many there are."""
    total: FloatArray = parts[0].copy()
    for part in parts[1:]:
        total += part
    return total


def _room(sensors: int, steps: int, step_s: float) -> Motion:
    return Motion(
        step_s,
        np.empty((sensors, steps, 3)),
        np.empty((sensors, steps, 3)),
        np.empty((sensors, steps), dtype=np.bool_),
        np.empty((sensors, steps)),
    )


def _join(blocks: list[BridgedBlock]) -> BridgedBlock:
    return BridgedBlock(
        blocks[0].start_index,
        blocks[0].rate_hz,
        np.concatenate([b.acc_m_s2 for b in blocks], axis=1),
        np.concatenate([b.gyr_rad_s for b in blocks], axis=1),
        np.concatenate([b.known for b in blocks], axis=1),
        np.concatenate([b.span for b in blocks], axis=1),
        np.concatenate([b.slip_rad for b in blocks], axis=1),
    )
