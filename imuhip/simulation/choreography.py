"""A script and a wearer become ramps of every joint angle over time, and the marks."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field

import numpy as np

from imuhip.marks import Mark
from imuhip.simulation.movements import MOVEMENTS, POSTURES, Movement, Passage, route
from imuhip.simulation.quaternions import Axis
from imuhip.simulation.script import Session, Step
from imuhip.simulation.wearer import Wearer
from imuhip.units import FloatArray

HIP = ("flexion", "adduction", "internal_rotation")
PELVIS = ("tilt", "lean", "turn")
SHIFT = ("forward", "up", "aside")
LEGS = ("working", "other")

SETTLE_S = 0.4
"""Stillness before a mark of a still pose opens: people press the button once they lie still."""


@dataclass(frozen=True, slots=True)
class Ramp:
    """A minimum-jerk change of one quantity by ``delta`` (deg or m) from ``start_s`` on."""

    start_s: float
    duration_s: float
    delta: float


@dataclass(frozen=True, slots=True)
class Turn:
    """A minimum-jerk rotation of the pelvis about one of its own axes."""

    start_s: float
    duration_s: float
    axis: Axis
    angle_deg: float


@dataclass(frozen=True, slots=True)
class Repetition:
    """One repetition as it was done: the truth behind a graded repetition.

    Attributes:
        name: Of the test or exercise.
        mark_id: Mark that it belongs to.
        start_s, end_s: From leaving the start pose to being back.
        top_s: Arrival at full level.
    """

    name: str
    mark_id: int
    start_s: float
    top_s: float
    end_s: float


@dataclass(slots=True)
class Choreography:
    """Everything that moves, before it is sampled.

    Attributes:
        ramps: Ramps by channel: ``"working.flexion"`` (deg), ``"pelvis.tilt"`` (deg), ``"shift.up"`` (m), ``"heading"``
            (deg), ``"floor.x"``, ``"floor.y"``, ``"floor.z"`` (m, earth), ``"sway"`` (share).
        turns: Rotations of the pelvis between postures, in order.
        marks: Marks with times in seconds; on the host clock only after :meth:`host_marks`.
        repetitions: As done.
        duration_s: Of the session.
        first_stance_s: When the stance that defines the zero starts and ends.
    """

    ramps: dict[str, list[Ramp]] = field(default_factory=lambda: defaultdict(list))
    turns: list[Turn] = field(default_factory=list)
    marks: list[tuple[float, float, Step]] = field(default_factory=list)
    repetitions: list[Repetition] = field(default_factory=list)
    duration_s: float = 0.0
    first_stance_s: tuple[float, float] = (0.0, 0.0)

    def host_marks(self, side: str, host_start_ns: int) -> tuple[Mark, ...]:
        """Marks on the host clock, for a session that starts at ``host_start_ns``."""
        return tuple(
            Mark(
                id=number,
                kind=step.kind,
                start_ns=host_start_ns + round(start_s * 1e9),
                end_ns=host_start_ns + round(end_s * 1e9),
                name=step.name,
                side=None if step.name == "stance" else side,
                mode="active" if step.kind in ("test", "exercise") else None,
                position=step.position,
            )
            for number, (start_s, end_s, step) in enumerate(self.marks)
        )


def choreograph(session: Session, wearer: Wearer, rng: np.random.Generator) -> Choreography:
    """Lay a session out in time.

    Args:
        session: What is asked for.
        wearer: How it is done.
        rng: Source of every deviation.

    Returns:
        Ramps, marks and repetitions. The session starts and ends still.
    """
    director = _Director(session, wearer, rng)
    for step in session.steps:
        director.take_pose(step)
        director.hold(step)
        if step.repetitions:
            director.move(step)
    director.plan.duration_s = director.clock_s + 0.5
    return director.plan


class _Director:
    """Walks through the script with a clock and remembers where every channel stands."""

    def __init__(self, session: Session, wearer: Wearer, rng: np.random.Generator) -> None:
        self.plan = Choreography()
        self.wearer = wearer
        self.rng = rng
        self.mirror = 1.0 if session.side == "right" else -1.0
        self.position = session.steps[0].position
        self.clock_s = 0.8
        self.level: dict[str, float] = defaultdict(float)
        first = POSTURES[self.position]
        start = {f"{leg}.{name}": deg for leg in LEGS for name, deg in zip(HIP, first.hip_deg, strict=True)}
        start |= {"heading": float(rng.uniform(-180, 180)), "floor.z": first.height_m, "sway": first.sway}
        for channel, value in start.items():
            self.ramp(channel, value, -10.0, 1.0)

    def ramp(self, channel: str, target: float, start_s: float, duration_s: float) -> None:
        delta = target - self.level[channel]
        if delta:
            self.plan.ramps[channel].append(Ramp(start_s, duration_s, delta))
            self.level[channel] = target

    def take_pose(self, step: Step) -> None:
        """Go to the step's posture and start pose, with the wearer's own error in every angle."""
        if step.name == "stance" and not self.plan.marks:
            return
        passages = route(self.position, step.position)
        duration_s = self.pass_through(passages, step) if passages else 1.2
        movement = MOVEMENTS.get((step.name, step.position))
        nominal = POSTURES[step.position].hip_deg
        working = movement.start_deg if movement and movement.start_deg else nominal
        other = working if movement and movement.other_leg != "rests" else nominal
        tail_s = min(0.5 * duration_s, 1.6)  # joints settle while the pelvis still turns
        start_s, span_s = self.clock_s + duration_s - tail_s, tail_s
        spread = self.wearer.pose_sd_deg * (0.5 if step.name == "swing" else 1.0)
        for leg, pose in zip(LEGS, (working, other), strict=True):
            for name, deg in zip(HIP, pose, strict=True):
                self.ramp(f"{leg}.{name}", deg + self.rng.normal(0.0, 1.0) * spread, start_s, span_s)
        roll = self.wearer.side_lying_roll_sd_deg if step.position == "side_lying" else spread
        for name, sd in zip(PELVIS, (spread, spread, roll), strict=True):
            self.ramp(f"pelvis.{name}", self.rng.normal(0.0, 1.0) * sd, start_s, span_s)
        self.position = step.position
        self.clock_s += duration_s + SETTLE_S

    def pass_through(self, passages: list[Passage], step: Step) -> float:
        """Turn the pelvis along a route; returns how long that takes in s."""
        total_s = float(np.clip(self.rng.uniform(3.0, 4.6) + 1.2 * (len(passages) - 1), 3.0, 6.0))
        each_s = total_s / len(passages)
        posture = POSTURES[step.position]
        for number, passage in enumerate(passages):
            begin_s = self.clock_s + number * each_s
            part_s = each_s / len(passage.turns)
            for index, (axis, angle) in enumerate(passage.turns):
                # Neighbouring turns overlap, so that the pelvis never stops half way down.
                start_s, span_s = begin_s + max(0.0, (index - 0.3) * part_s), part_s * (1.3 if index else 1.0)
                signed = angle * self.mirror if axis == "y" else angle
                self.plan.turns.append(Turn(start_s, span_s, axis, signed))
            sign = self.rng.choice((-1.0, 1.0))
            turn = sign * self.rng.uniform(90, 180) if passage.heading else self.rng.uniform(-30, 30)
            self.ramp("heading", self.level["heading"] + turn, begin_s, each_s)
            for leg in LEGS:
                flexion = passage.flexion_deg * self.rng.uniform(0.85, 1.1)
                self.ramp(f"{leg}.flexion", flexion, begin_s, each_s * 0.55)
                self.ramp(f"{leg}.adduction", self.rng.uniform(-12, 4), begin_s, each_s * 0.55)
                self.ramp(f"{leg}.internal_rotation", self.rng.uniform(-10, 10), begin_s, each_s * 0.55)
        self.ramp("floor.z", posture.height_m, self.clock_s, total_s)
        self.ramp("sway", posture.sway, self.clock_s, total_s)
        for axis_name in ("floor.x", "floor.y"):
            self.ramp(axis_name, self.level[axis_name] + self.rng.uniform(-0.5, 0.5), self.clock_s, total_s)
        return total_s

    def hold(self, step: Step) -> None:
        """Hold the start pose still; it is marked where it is long enough to use."""
        end_s = self.clock_s + step.still_s
        if step.still_s >= 1.0:
            if not step.repetitions:
                self.plan.marks.append((self.clock_s, end_s, step))
            else:
                self.plan.marks.append((self.clock_s, end_s, Step("still", step.name, step.position)))
            if step.name == "stance" and step.kind == "calibration" and self.plan.first_stance_s[1] == 0.0:
                self.plan.first_stance_s = (self.clock_s, end_s)
        self.clock_s = end_s + 0.1

    def move(self, step: Step) -> None:
        """All repetitions of the step's movement."""
        movement = MOVEMENTS[step.name, step.position]
        mark_start_s = self.clock_s
        mark_id = len(self.plan.marks)
        self.clock_s += 0.3
        targets = self.targets(movement)
        session_scale = max(0.5, 1.0 + self.wearer.range_sd * self.rng.normal())
        for _ in range(step.repetitions):
            scale = session_scale * (1.0 + self.wearer.range_sd / 4 * self.rng.normal())
            start_s = top_s = self.clock_s
            for phase_s, level in movement.phases:
                span_s = phase_s * float(np.clip(1.0 + self.wearer.tempo_sd * self.rng.normal(), 0.7, 1.3))
                for channel, (rest, change) in targets.items():
                    goal = 1.0 - level if channel.startswith("other") and movement.other_leg == "opposite" else level
                    self.ramp(channel, rest + goal * scale * change, self.clock_s, span_s)
                self.clock_s += span_s
                if level == 1.0 and top_s == start_s:
                    top_s = self.clock_s
            self.plan.repetitions.append(Repetition(step.name, mark_id, start_s, top_s, self.clock_s))
        for channel, (rest, _) in targets.items():  # swings and pedals end away from the start pose
            self.ramp(channel, rest, self.clock_s, 1.2)
        if movement.phases[-1][1] != 0.0 or movement.other_leg == "opposite":
            self.clock_s += 1.2
        self.plan.marks.append((mark_start_s, self.clock_s + 0.3, step))
        self.clock_s += 0.8

    def targets(self, movement: Movement) -> dict[str, tuple[float, float]]:
        """Where each moving channel rests, and how far it goes at full level."""
        change = np.array(movement.change_deg)
        main = int(np.argmax(np.abs(change)))
        stray = self.rng.normal(0.0, self.wearer.coupling, 3) * abs(change[main])
        stray[main] = 0.0
        low, high = self.wearer.pelvis_share
        share = self.rng.uniform(low, high)
        hip = (1.0 - share) * change + stray
        pelvis = share * change + np.array(movement.pelvis_deg)
        changes: dict[str, FloatArray] = {"working": hip, "pelvis": pelvis, "shift": np.array(movement.shift_m)}
        if movement.other_leg != "rests":
            changes["other"] = hip
        names = {"working": HIP, "other": HIP, "pelvis": PELVIS, "shift": SHIFT}
        return {
            f"{part}.{name}": (self.level[f"{part}.{name}"], float(value))
            for part, values in changes.items()
            for name, value in zip(names[part], values, strict=True)
        }
