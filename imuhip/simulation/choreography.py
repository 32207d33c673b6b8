"""A script and a wearer become a plan: ramps of every joint angle over time, and the marks."""

from __future__ import annotations

from collections import defaultdict

import numpy as np

from imuhip.simulation.manner import Manner, Pieces
from imuhip.simulation.movements import MOVEMENTS, POSTURES, Movement, Passage, route
from imuhip.simulation.plan import (
    HIP,
    PELVIS,
    SHIFT,
    SIDE_SIGN,
    SIDES,
    Oscillation,
    Plan,
    Ramp,
    Repetition,
    Turn,
    Wear,
)
from imuhip.simulation.script import Session, Side, Step
from imuhip.simulation.wearer import Wearer

SETTLE_S = 0.4
"""Stillness before the mark of a still pose opens: people press the button once they are still."""

SHIFT_S = 1.2
"""Shifting about for a new start pose in the same posture."""

REPOSE_DEG_S = 25.0
"""Mean speed of drawing up the legs for one."""

SHORTEST_MARKED_STILL_S = 1.0

DRIFT_SHARE = 0.4
"""Of a rest, its middle, in which the start pose of the next repetition is taken."""


def choreograph(session: Session, wearer: Wearer, rng: np.random.Generator) -> Plan:
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
        if step.manners:
            director.practise(step)
        elif step.repetitions:
            director.move(step)
    director.plan.duration_s = director.clock_s + 0.5
    return director.plan


class _Director:
    """Walks through the script with a clock, and remembers where every channel stands."""

    def __init__(self, session: Session, wearer: Wearer, rng: np.random.Generator) -> None:
        self.plan = Plan()
        self.wearer = wearer
        self.rng = rng
        self.side: Side = session.side
        self.position = session.steps[0].position
        self.clock_s = 0.8
        self.level: dict[str, float] = defaultdict(float)
        posture = POSTURES[self.position]
        start = {f"{side}.{name}": deg for side in SIDES for name, deg in zip(HIP, posture.hip_deg, strict=True)}
        start |= {f"{side}.knee": posture.knee_deg for side in SIDES}
        start |= {"heading": float(rng.uniform(-180, 180)), "floor.z": posture.height_m, "sway": posture.sway}
        for channel, value in start.items():
            self.ramp(channel, value, -10.0, 1.0)

    def ramp(self, channel: str, target: float, start_s: float, duration_s: float) -> None:
        delta = target - self.level[channel]
        if delta:
            self.plan.ramps[channel].append(Ramp(start_s, duration_s, delta))
            self.level[channel] = target

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

    def practise(self, step: Step) -> None:
        """Repetitions that the script tells one by one."""
        movement = MOVEMENTS[step.name, step.position]
        mark_start_s = self.clock_s
        self.clock_s += 0.3
        rest = dict(self.level)
        changes = self.changes(movement)
        self.ramp("paced", float(movement.belly_deg > 0), mark_start_s, 0.3)
        poses = [self.poses(movement, changes, rest, manner) for manner in step.manners]
        for manner, (start, top), following in zip(step.manners, poses, [*poses[1:], poses[0]], strict=True):
            start_s = self.clock_s
            self.follow(manner.lift, start, top)
            top_s = self.clock_s
            self.hold_top(manner, start, top)
            leave_s = self.clock_s
            self.follow(manner.lower, start, top)
            back_s = self.clock_s
            if manner.rest_s:
                still_s = 0.5 * (1.0 - DRIFT_SHARE) * manner.rest_s
                self.clock_s += still_s
                self.follow(((manner.rest_s - 2 * still_s, 0.0), (still_s, 0.0)), *following)
            done = Repetition(
                step.name, self.side, len(self.plan.marks), start_s, top_s, self.clock_s, leave_s, back_s, manner
            )
            self.plan.repetitions.append(done)
            self.shake(movement, done)
        self.clock_s += 0.3
        if step.marked:
            self.plan.add_mark(step, self.side, mark_start_s, self.clock_s)
        self.ramp("paced", 0.0, self.clock_s, 0.3)
        self.clock_s += 0.5

    def poses(
        self, movement: Movement, changes: dict[str, float], rest: dict[str, float], manner: Manner
    ) -> tuple[dict[str, float], dict[str, float]]:
        """Where every moving channel is in the start pose and at the top of one repetition."""
        start = {channel: rest.get(channel, 0.0) for channel in changes}
        top = {channel: start[channel] + manner.range_share * change for channel, change in changes.items()}
        if movement.other_leg == "opposite":
            for channel in filter(self.is_other, changes):
                start[channel], top[channel] = top[channel], start[channel]
        for name, drift, stray in zip(HIP, manner.start_deg, manner.stray_deg, strict=True):
            start[f"{self.side}.{name}"] += drift
            top[f"{self.side}.{name}"] += stray
        mirror = (1.0, SIDE_SIGN[self.side], SIDE_SIGN[self.side])
        for name, deg, sign in zip(PELVIS, manner.pelvis_deg, mirror, strict=True):
            top[f"pelvis.{name}"] += sign * deg
        return start, top

    def hold_top(self, manner: Manner, start: dict[str, float], top: dict[str, float]) -> None:
        """Stay at the top, or nearly."""
        if manner.slip:
            self.follow(((manner.hold_s, 1.0 - manner.slip),), start, top)
            return
        if manner.late_tilt_deg:
            self.ramp("pelvis.tilt", top["pelvis.tilt"] + manner.late_tilt_deg, self.clock_s, manner.hold_s)
        self.clock_s += manner.hold_s

    def follow(self, pieces: Pieces, start: dict[str, float], top: dict[str, float]) -> None:
        """Move all channels between start pose and top."""
        for span_s, level in pieces:
            for channel, goal in top.items():
                self.ramp(channel, start[channel] + level * (goal - start[channel]), self.clock_s, span_s)
            self.clock_s += span_s

    def shake(self, movement: Movement, done: Repetition) -> None:
        """Let the main angle shake on the way and in the hold, as the repetition's manner says."""
        manner = done.manner
        if manner is None:
            return
        channel = f"{self.side}.{'knee' if movement.main is None else HIP[movement.main]}"
        spans = [(manner.tremor, done.start_s, done.top_s), (manner.tremor, done.leave_s, done.back_s)]
        for shake, start_s, end_s in [*spans, (manner.wobble, done.top_s, done.leave_s)]:
            if shake is not None and end_s > start_s:
                each = Oscillation(start_s, end_s - start_s, shake.hz, shake.deg)
                self.plan.oscillations[channel].append(each)

    def legs(self) -> tuple[Side, Side]:
        """The working leg first, so that sessions of the two sides with one seed mirror each other."""
        return (self.side, "left" if self.side == "right" else "right")

    def moving(self, movement: Movement) -> tuple[Side, ...]:
        """Legs that a movement moves."""
        return self.legs() if movement.other_leg != "rests" else (self.side,)

    def is_other(self, channel: str) -> bool:
        return channel.startswith(SIDES) and not channel.startswith(self.side)

    def changes(self, movement: Movement) -> dict[str, float]:
        """How far each moving channel goes at full level, the wearer's own way of doing it included."""
        change = np.array(movement.change_deg, dtype=np.float64)
        main = int(np.argmax(np.abs(change)))
        direction = self.rng.uniform(0.0, 2 * np.pi)
        aside = self.wearer.coupling * abs(change[main]) * np.array([np.cos(direction), np.sin(direction)])
        stray = np.insert(aside, main, 0.0)
        share = self.rng.uniform(*self.wearer.pelvis_share)
        mirror = np.array([1.0, SIDE_SIGN[self.side], SIDE_SIGN[self.side]])
        pelvis = mirror * (share * change + np.array(movement.pelvis_deg))
        shift = np.array(movement.shift_m) * np.array([1.0, 1.0, SIDE_SIGN[self.side]])
        out = {f"pelvis.{name}": float(value) for name, value in zip(PELVIS, pelvis, strict=True)}
        out["belly"] = movement.belly_deg
        out |= {f"shift.{name}": float(value) for name, value in zip(SHIFT, shift, strict=True)}
        for side in self.moving(movement):
            hip = (1.0 - share) * change + stray
            out |= {f"{side}.{name}": float(value) for name, value in zip(HIP, hip, strict=True)}
            out[f"{side}.knee"] = movement.knee_deg[1]
        return out
