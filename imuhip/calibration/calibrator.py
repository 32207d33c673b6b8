"""When the estimator is asked, and from which frame its answer applies: all decided by the data."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from imuhip.calibration.body import Body
from imuhip.calibration.estimator import Solution, solve
from imuhip.calibration.memory import Memory, piece_of
from imuhip.calibration.motion import SLOT_STEPS, MotionDigest
from imuhip.calibration.outcome import calibration_of, why_unsolved
from imuhip.calibration.poses import SETS, Activity
from imuhip.calibration.result import HEADING_LIMIT_RAD, Calibration
from imuhip.calibration.stillness import still_slots
from imuhip.calibration.strapdown import MAX_SLIP_VAR
from imuhip.records import record
from imuhip.timeline.bridge import BridgedBlock
from imuhip.units import BoolArray

APPLY_DELAY_S = 0.5
"""A live solution applies from half a second after the moment that it knows: a shell may compute it meanwhile."""
MIN_BETWEEN_SLOTS = 6
"""Live, the session is at first solved again at most every 6 seconds."""
SPACING, MAX_BETWEEN_SLOTS = 30, 20
"""What is missing (a heading lost in a gap) is found out later the longer the session, every 20 s after ten minutes."""
SPACING_SETTLED, WORTH_RAD = 4, np.deg2rad(1.0)
"""Where all is known, every pose tells less than the one before. Later the session is solved again when a heading may
have drifted by this since (1 SD), which takes ten minutes once the biases are known well."""
SETTLED_VAR, MISSING_VAR = (0.5 * HEADING_LIMIT_RAD) ** 2, HEADING_LIMIT_RAD**2
"""Headings known better than the first need nothing; those known worse than the second are not shown."""
UNMOUNTED = math.inf
"""Stands for how well headings are known while it is not known how every sensor sits."""
TOLD_STEPS = 3
"""A mark counts from this much after its time (0.12 s), by when a shell has told of it, even if a little late."""
PIECE_STEPS, OPEN_PIECE_STEPS = 25 * 20, 25 * 300
"""Live, the last 20 s are solved anew each time; what is older is remembered. While a mounting is not known, or in
mid-set a heading, up to the last five minutes are: what is remembered can be corrected, but not turned from back to
front, and the wearer may come back to a pose from before the gap."""


@record
class Due:
    """A calibration and the first frame that it applies to."""

    from_frame: int
    calibration: Calibration


class Calibrator:
    """Collects the session and solves it.

    Live, it is solved when a still pose, a marked calibration movement or a gap has just ended, on what is known by
    then.

    Args:
        roles: Where each sensor is worn at the start.
        rate_hz: Rate of the frames.
        saved: Calibration of an earlier recording whose mountings still hold.
    """

    def __init__(self, roles: Sequence[str], rate_hz: float, saved: Calibration | None = None) -> None:
        self._digest = MotionDigest(len(roles), rate_hz)
        self._rate_hz = rate_hz
        self._body = Body.from_roles(roles)
        mounts = {} if saved is None else {m.role: m for m in saved.mounts if m.usable}
        self._saved = {e: mounts[role] for e, role in enumerate(roles) if role in mounts}
        self._memory: Memory | None = None
        self._solution: Solution | None = None
        self._activities: dict[int, Activity] = {}
        self._still: BoolArray = np.zeros(0, dtype=np.bool_)
        self._lost: BoolArray = np.zeros(0, dtype=np.bool_)
        self._pending = False
        self._calibrated_slots: set[int] = set()
        self._ended_slots: set[int] = set()
        self._solved_slot = self._sought_slot = -MIN_BETWEEN_SLOTS
        self._heading_var = UNMOUNTED  # every slip since the last solution adds to it
        self._holds_slots = 0

    @property
    def body(self) -> Body:
        """Which sensor is worn where."""
        return self._body

    @property
    def why_unsolved(self) -> str:
        """Why there is no calibration, while there is none: a sentence for the wearer."""
        return why_unsolved(self._still)

    def mark(self, mark_id: int, activity: Activity) -> None:
        """Learn of a marked stretch, or of its end (again with the same id)."""
        self._activities[mark_id] = activity
        if activity.end is not None:
            slot = (activity.end + TOLD_STEPS) // SLOT_STEPS
            self._ended_slots.add(slot)
            if activity.kind == "calibration":
                self._calibrated_slots.add(slot)

    def wear(self, sensor: int, role: str, step: int) -> None:
        """Learn that a sensor has been strapped on elsewhere."""
        self._body = self._body.moved(sensor, role, step)
        self._heading_var = UNMOUNTED

    def step_at(self, time_s: float) -> int:
        """Step of the digest that holds a time from the recording's start, also one still to come."""
        return max(0, int(time_s / self._digest.step_s))

    def feed(self, block: BridgedBlock) -> list[Due]:
        """Take frames in.

        Returns:
            Calibrations that became known, in order of the frame from which they apply, which is always beyond what was
            fed when they became due.
        """
        if not self._digest.feed(block):
            return []
        done = len(self._still)
        new = self._digest.motion(done * SLOT_STEPS)
        self._still = np.concatenate([self._still, still_slots(new)])
        slip_var = new.slip_var.reshape(new.sensors, -1, SLOT_STEPS).max(axis=(0, 2))
        self._lost = np.concatenate([self._lost, slip_var > MAX_SLIP_VAR])
        due = []
        for slot in range(done, len(self._still)):
            self._pending |= self._moment(slot)
            self._heading_var += float(slip_var[slot - done])
            wanted = self._urgent(slot) or (self._pending and slot - self._solved_slot >= self._spacing(slot))
            if wanted or self._seeks(slot):
                end = (slot + 1) * SLOT_STEPS
                calibration = self._solve_piece(end)
                if calibration is not None:
                    self._sought_slot = slot
                    if wanted:
                        self._solved_slot, self._pending = slot, False
                    self._heading_var = _heading_var_of(calibration)
                    self._holds_slots = _holds_slots(calibration)
                    delay = round(APPLY_DELAY_S * self._rate_hz)
                    due.append(Due(end * self._digest.factor + delay, calibration))
        return due

    def refine(self, frames: Sequence[BridgedBlock]) -> Calibration | None:
        """Solve a whole session at once; of a calibrator that has been fed nothing but marks."""
        self._digest.expect(sum(len(block) for block in frames))
        for block in frames:
            self._digest.feed(block)
        self._digest.flush()
        motion = self._digest.motion()
        # Afterwards everything has been told, also what ended with the recording.
        body, activities = self._known(len(motion), late_steps=0)
        solution = solve(motion, body, activities, saved=self._saved)
        return None if solution is None else calibration_of(solution, body, 0, self._digest.factor)

    def _moment(self, slot: int) -> bool:
        """Whether a still pose or something marked has just ended."""
        if slot in self._ended_slots:
            return True
        return slot >= 2 and bool(self._still[slot - 1] and self._still[slot - 2] and not self._still[slot])

    def _urgent(self, slot: int) -> bool:
        """Whether a gap has just ended, or a marked calibration pose or movement while something is missing.

        Then the wearer waits for the angles. Where all is known, a calibration is a pose among others.
        """
        if slot >= 2 and self._lost[slot - 2]:
            return True
        return slot in self._calibrated_slots and self._heading_var >= SETTLED_VAR

    def _seeks(self, slot: int) -> bool:
        """Whether a heading is missing in mid-set, where the wearer may be back in a pose at any moment.

        That takes no turn from the moments at which something has ended.
        """
        asks = _missing(self._heading_var) and slot - self._sought_slot >= self._spacing(slot)
        return asks and self._in_set((slot + 1) * SLOT_STEPS)

    def _spacing(self, slot: int) -> int:
        """Slots that pass at least until the session is solved again."""
        if self._heading_var < SETTLED_VAR:
            return max(MIN_BETWEEN_SLOTS, min(self._holds_slots, slot // SPACING_SETTLED))
        return min(max(MIN_BETWEEN_SLOTS, slot // SPACING), MAX_BETWEEN_SLOTS)

    def _known(self, step: int, *, late_steps: int = TOLD_STEPS) -> tuple[Body, list[Activity]]:
        """Body and activities as they were known at a step."""
        told = step - late_steps
        known = [_known_by(a, told) for a in self._activities.values() if a.start < told]
        return Body(tuple(m for m in self._body.mountings if m.start < step)), sorted(known, key=lambda a: a.start)

    def _solve_piece(self, end: int) -> Calibration | None:
        """Solve what has come since the memory ends; when that has grown long, remember it and start a new piece."""
        body, activities = self._known(end)
        start = 0 if self._memory is None else self._memory.step
        piece_body, seen = piece_of(body, activities, start)
        piece = self._digest.motion(start, end)
        solution = solve(
            piece, piece_body, seen, saved=self._saved, memory=self._memory, before=self._solution, live=True
        )
        if solution is None:
            return None
        calibration = calibration_of(solution, body, start, self._digest.factor)
        heading_var = _heading_var_of(calibration)
        goes_on = heading_var == UNMOUNTED or (_missing(heading_var) and self._in_set(end))
        most = OPEN_PIECE_STEPS if goes_on else PIECE_STEPS
        if end - start > most and not self._ending(end):
            self._memory, self._solution = solution.memory(start), None
            self._digest.forget(self._memory.step)
        elif self._memory is not None:  # without a memory the first guess is better made anew
            self._solution = solution
        return calibration

    def _in_set(self, step: int) -> bool:
        """Whether a marked test or exercise is going on, as far as has been told: its wearer will come back."""
        told = step - TOLD_STEPS
        return any(
            a.kind in SETS and a.start < told and (a.end is None or a.end > told) for a in self._activities.values()
        )

    def _ending(self, step: int) -> bool:
        """Whether something marked has just ended, as is told only later: the piece that holds it must not end yet."""
        return any(a.end is not None and step - TOLD_STEPS < a.end <= step for a in self._activities.values())


def _heading_var_of(calibration: Calibration) -> float:
    """How well the headings between pelvis and thighs are known now, rad^2, or that not every mounting is."""
    if not all(mount.usable for mount in calibration.mounts):
        return UNMOUNTED
    return max((float(hip.heading_sd_rad[-1]) ** 2 for hip in calibration.hips.values()), default=0.0)


def _missing(heading_var: float) -> bool:
    """Whether a heading is all that is not known."""
    return bool(MISSING_VAR <= heading_var < UNMOUNTED)


def _holds_slots(calibration: Calibration) -> int:
    """After how many seconds a heading may have drifted by what is worth another solution."""
    return int(WORTH_RAD / max((hip.drift_sd_rad_s for hip in calibration.hips.values()), default=WORTH_RAD))


def _known_by(activity: Activity, step: int) -> Activity:
    """A marked stretch as it was known at a step: open if it ends later."""
    return replace(activity, end=None) if activity.end is not None and activity.end > step else activity
