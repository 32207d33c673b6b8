"""A script and a wearer become a plan: ramps of every joint angle over time, and the marks."""

from __future__ import annotations

import numpy as np

from imuhip.simulation.movements import MOVEMENTS, POSTURES, Passage, route
from imuhip.simulation.plan import HIP, PELVIS, SIDE_SIGN, SIDES, Plan, Repetition, Turn, Wear
from imuhip.simulation.practice import Practice
from imuhip.simulation.script import Session, Step
from imuhip.simulation.wearer import Wearer

SETTLE_S = 0.4
"""Stillness before the mark of a still pose opens: people press the button once they are still."""

SHIFT_S = 1.2
"""Shifting about for a new start pose in the same posture."""

REPOSE_DEG_S = 25.0
"""Mean speed of drawing up the legs for one."""

SHORTEST_MARKED_STILL_S = 1.0


def choreograph(session: Session, wearer: Wearer, rng: np.random.Generator) -> Plan:
    """Lay a session out in time.

    Args:
        session: What is asked for.
        wearer: How it is done.
        rng: Source of every deviation.

    Returns:
        Ramps, marks and repetitions. The session starts and ends still.
    """
    director = _Choreographer(session, wearer, rng)
    for step in session.steps:
        director.take_pose(step)
        director.hold(step)
        if step.manners:
            director.practise(step)
        elif step.repetitions:
            director.move(step)
    director.plan.duration_s = director.clock_s + 0.5
    return director.plan


class _Choreographer(Practice):
    """A director who gets the wearer from pose to pose."""

    def take_pose(self, step: Step) -> None:
        """Go to the step's posture and start pose, with the wearer's own error in every angle."""
        if not self.plan.marks:
            return  # the first pose is where the session starts, and exact: it is the zero
        there = step.posture or step.position
        passages = route(self.position, there)
        posture = POSTURES[there]
        movement = MOVEMENTS.get((step.name, step.position))
        poses = dict.fromkeys(SIDES, posture.hip_deg)
        knees = dict.fromkeys(SIDES, posture.knee_deg)
        if movement:
            for side in self.moving(movement):
                poses[side] = movement.start_deg or posture.hip_deg
                knees[side] = movement.knee_deg[0]
        if passages:
            duration_s = self.pass_through(passages, there)
            span_s = min(0.6 * duration_s, 1.8)  # joints settle while the pelvis still turns
        else:
            furthest_deg = abs(poses[self.side][0] - self.level[f"{self.side}.flexion"])
            duration_s = span_s = max(SHIFT_S, furthest_deg / REPOSE_DEG_S)
        start_s = self.clock_s + duration_s - span_s
        spread = self.wearer.pose_sd_deg * (0.5 if step.name == "swing" else 1.0)
        for side in self.legs():
            self.ramp(f"{side}.knee", knees[side], start_s, span_s)
            for name, deg in zip(HIP, poses[side], strict=True):
                self.ramp(f"{side}.{name}", deg + spread * self.rng.normal(), start_s, span_s)
        roll = self.wearer.side_lying_roll_sd_deg if step.position == "side_lying" else spread
        for name, sd in zip(PELVIS, (spread, spread, roll), strict=True):
            self.ramp(f"pelvis.{name}", sd * self.rng.normal(), start_s, span_s)
        self.position = there
        self.clock_s += duration_s + SETTLE_S

    def pass_through(self, passages: list[Passage], there: str) -> float:
        """Turn the pelvis along a route; returns how long that takes in s."""
        total_s = min(self.rng.uniform(3.0, 4.6) + 1.2 * (len(passages) - 1), 6.0)
        each_s = total_s / len(passages)
        for number, passage in enumerate(passages):
            begin_s = self.clock_s + number * each_s
            part_s = each_s / len(passage.turns)
            for index, (axis, angle) in enumerate(passage.turns):
                # Neighbouring turns overlap, so that the pelvis never stops half way down.
                start_s, span_s = begin_s + max(0.0, (index - 0.3) * part_s), part_s * (1.3 if index else 1.0)
                signed = angle * SIDE_SIGN[self.side] if axis == "y" else angle
                self.plan.turns.append(Turn(start_s, span_s, axis, signed))
            turn_deg = self.rng.choice((-1.0, 1.0)) * self.rng.uniform(90, 180)
            if not passage.on_feet:
                turn_deg = self.rng.uniform(-30, 30)
            self.ramp("heading", self.level["heading"] + turn_deg, begin_s, each_s)
            for side in self.legs():
                way = (passage.flexion_deg * self.rng.uniform(0.85, 1.1), *self.rng.uniform((-12, -10), (4, 10)))
                for name, deg in zip(HIP, way, strict=True):
                    self.ramp(f"{side}.{name}", float(deg), begin_s, each_s * 0.7)
                self.ramp(f"{side}.knee", passage.flexion_deg, begin_s, each_s * 0.7)
        self.ramp("floor.z", POSTURES[there].height_m, self.clock_s, total_s)
        self.ramp("sway", POSTURES[there].sway, self.clock_s, total_s)
        for channel in ("floor.x", "floor.y"):
            self.ramp(channel, self.level[channel] + self.rng.uniform(-0.5, 0.5), self.clock_s, total_s)
        return total_s

    def hold(self, step: Step) -> None:
        """Hold the pose still; it is marked where that lasts long enough to use."""
        end_s = self.clock_s + step.still_s
        if step.kind == "wear":
            self.plan.wears.append(Wear(self.clock_s, end_s, step.name))
            if step.name.endswith(SIDES):
                self.side = "left" if step.name.endswith("left") else "right"
        if step.still_s >= SHORTEST_MARKED_STILL_S:
            kind = "still" if step.repetitions or step.manners else step.kind
            self.plan.add_mark(step, self.side, self.clock_s, end_s, kind=kind)
        self.clock_s = end_s + 0.1

    def move(self, step: Step) -> None:
        """All repetitions of the step's movement."""
        movement = MOVEMENTS[step.name, step.position]
        mark_start_s = self.clock_s
        self.clock_s += 0.3
        rest = dict(self.level)
        changes = self.changes(movement)
        whole = float(np.clip(1.0 + self.wearer.range_sd * self.rng.normal(), 0.7, 1.2))
        for _ in range(step.repetitions):
            scale = whole * (1.0 + self.wearer.range_sd / 4 * self.rng.normal())
            start_s, top_s, leave_s, back_s = self.clock_s, 0.0, 0.0, 0.0
            for phase_s, level in movement.phases:
                span_s = phase_s * float(np.clip(1.0 + self.wearer.tempo_sd * self.rng.normal(), 0.7, 1.3))
                for channel, change in changes.items():
                    opposite = movement.other_leg == "opposite" and self.is_other(channel)
                    goal = scale * (1.0 - level if opposite else level)
                    self.ramp(channel, rest.get(channel, 0.0) + goal * change, self.clock_s, span_s)
                self.clock_s += span_s
                if level == 1.0:
                    top_s, leave_s = top_s or self.clock_s, self.clock_s
                elif not back_s:
                    back_s = self.clock_s
            number = len(self.plan.marks)
            self.plan.repetitions.append(
                Repetition(step.name, self.side, number, start_s, top_s, self.clock_s, leave_s, back_s)
            )
        if movement.phases[-1][1] != 0.0 or movement.other_leg == "opposite":  # not back at the start pose
            for channel in changes:
                self.ramp(channel, rest.get(channel, 0.0), self.clock_s, 1.2)
            self.clock_s += 1.2
        self.plan.add_mark(step, self.side, mark_start_s, self.clock_s + 0.3)
        self.clock_s += 0.8
