"""Where every channel of a body stands while a script is walked through."""

from __future__ import annotations

from collections import defaultdict

import numpy as np

from imuhip.simulation.movements import POSTURES, Movement
from imuhip.simulation.plan import HIP, PELVIS, SHIFT, SIDE_SIGN, SIDES, Plan, Ramp
from imuhip.simulation.script import Session, Side
from imuhip.simulation.wearer import Wearer


class Director:
    """Walks through a script with a clock, and remembers where every channel stands.

    Args:
        session: What is asked for.
        wearer: How it is done.
        rng: Source of every deviation.
    """

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
        """Take a channel to a target."""
        delta = target - self.level[channel]
        if delta:
            self.plan.ramps[channel].append(Ramp(start_s, duration_s, delta))
            self.level[channel] = target

    def legs(self) -> tuple[Side, Side]:
        """The working leg first, so that sessions of the two sides with one seed mirror each other."""
        return (self.side, "left" if self.side == "right" else "right")

    def moving(self, movement: Movement) -> tuple[Side, ...]:
        """Legs that a movement moves."""
        return self.legs() if movement.other_leg != "rests" else (self.side,)

    def is_other(self, channel: str) -> bool:
        """Whether a channel is one of the leg that does not work."""
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
