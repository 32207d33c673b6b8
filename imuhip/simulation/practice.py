"""Repetitions that a script tells one by one, each in its own manner."""

from __future__ import annotations

from imuhip.simulation.director import Director
from imuhip.simulation.manner import Manner, Pieces
from imuhip.simulation.movements import MOVEMENTS, Movement
from imuhip.simulation.plan import HIP, PELVIS, SIDE_SIGN, Oscillation, Repetition
from imuhip.simulation.script import Step

DRIFT_SHARE = 0.4
"""Of a rest, its middle, in which the start pose of the next repetition is taken."""


class Practice(Director):
    """A director who knows manners."""

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
        spans = [
            (manner.tremor, done.start_s, done.top_s),
            (manner.wobble, done.top_s, done.leave_s),
            (manner.tremor, done.leave_s, done.back_s),
            (manner.fidget, done.back_s, done.end_s),
        ]
        for shake, start_s, end_s in spans:
            if shake is not None and end_s > start_s:
                each = Oscillation(start_s, end_s - start_s, shake.hz, shake.deg)
                self.plan.oscillations[channel].append(each)
