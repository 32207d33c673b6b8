"""The estimator's digest of frames: turning and force of every sensor in steps of 40 ms.

The estimator looks at a session of an hour at once, so it works on a digest a quarter the size of the frames that keeps
all of the turning: the rotation vectors of a step are composed, with the coning term, not averaged away.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from imuhip import rotation
from imuhip.timeline.bridge import BridgedBlock
from imuhip.units import BoolArray, FloatArray

STEP_RATE_HZ = 25.0
"""Steps per second: fine enough that a hip at 300 deg/s turns 12 deg in one."""
SLOT_STEPS = 25
"""Steps in a slot of one second, the unit in which the digest grows, so that it does not depend on block sizes."""


@dataclass(frozen=True, slots=True)
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

    def step_at(self, time_s: float) -> int:
        """Index of the step that holds a time from the recording's start, inside the digest."""
        return int(min(max(time_s / self.step_s, 0), len(self) - 1))

    def until(self, step: int) -> Motion:
        """The digest of the first ``step`` steps."""
        return self.cut(0, step)

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
        self._steps = 0
        self._capacity = 64 * SLOT_STEPS
        self._turn = np.zeros((sensors, self._capacity, 3))
        self._acc = np.zeros((sensors, self._capacity, 3))
        self._known = np.zeros((sensors, self._capacity), dtype=np.bool_)
        self._slip = np.zeros((sensors, self._capacity))
        self._rest: list[BridgedBlock] = []
        self._rest_frames = 0

    def feed(self, block: BridgedBlock) -> bool:
        """Take frames in; True when at least one whole slot has been added."""
        self._rest.append(block)
        self._rest_frames += len(block)
        return self._digest(SLOT_STEPS)

    def flush(self) -> bool:
        """Digest what is left in whole steps, at the end of a recording."""
        return self._digest(1)

    def motion(self) -> Motion:
        """All that has been digested so far, as views."""
        n = self._steps
        return Motion(self.step_s, self._turn[:, :n], self._acc[:, :n], self._known[:, :n], self._slip[:, :n])

    def _digest(self, quantum: int) -> bool:
        frames = self._rest_frames // (quantum * self.factor) * quantum * self.factor
        if frames == 0:
            return False
        whole = self._rest[0] if len(self._rest) == 1 else _join(self._rest)
        left = self._rest_frames - frames
        self._rest = [_tail(whole, frames)] if left else []
        self._rest_frames = left
        turn = whole.gyr_rad_s[:, :frames] * (whole.span[:, :frames, None] / whole.rate_hz)
        slip = whole.slip_rad[:, :frames]
        self._append(turn, whole.acc_m_s2[:, :frames], whole.known[:, :frames], slip * slip)
        return True

    def _append(self, turn: FloatArray, acc: FloatArray, known: BoolArray, slip_var: FloatArray) -> None:
        steps = turn.shape[1] // self.factor
        end = self._steps + steps
        while end > self._capacity:
            self._turn, self._acc, self._known, self._slip = (
                np.concatenate([a, np.zeros_like(a)], axis=1) for a in (self._turn, self._acc, self._known, self._slip)
            )
            self._capacity *= 2
        into = slice(self._steps, end)
        parts = turn.reshape(turn.shape[0], steps, self.factor, 3)
        total, coning = parts[:, :, 0], np.zeros((turn.shape[0], steps, 3))
        force = acc.reshape(parts.shape)
        force_sum = force[:, :, 0]
        for i in range(1, self.factor):
            coning = coning + rotation.cross(total, parts[:, :, i])
            total = total + parts[:, :, i]
            force_sum = force_sum + force[:, :, i]
        self._turn[:, into] = total + 0.5 * coning
        self._acc[:, into] = force_sum / self.factor
        self._known[:, into] = known.reshape(parts.shape[:3]).all(axis=2)
        self._slip[:, into] = slip_var.reshape(parts.shape[:3]).max(axis=2)
        self._steps = end


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


def _tail(block: BridgedBlock, frames: int) -> BridgedBlock:
    return block.part(frames, len(block))
