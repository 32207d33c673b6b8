"""What a body does in tests and exercises, and how it gets from one posture to the next, as data.

Hip angles are clinical (flexion, adduction, internal rotation; the same signs on both sides) from the stance zero.
Pelvis angles turn about its own axes, first z, then x', then y'': tilt > 0 leans backward (posterior), lean > 0 leans
to the working side (its hip goes down), turn > 0 faces away from that side: what a thigh drags the pelvis into.
"""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from types import MappingProxyType
from typing import Literal

from imuhip.records import record
from imuhip.simulation.quaternions import Axis

Triple = tuple[float, float, float]
Position = Literal["standing", "supine", "prone", "side_lying", "seated"]
OtherLeg = Literal["rests", "same", "opposite"]

SLOW_TEST = ((2.0, 1.0), (1.0, 1.0), (2.0, 0.0), (1.0, 0.0))
SLOW_REP = ((2.0, 1.0), (1.0, 1.0), (3.0, 0.0), (0.7, 0.0))
PEDAL = ((2.0, 1.0), (2.0, 0.0))
SWING = ((1.0, 1.0), (1.2, -0.4))
LONG_HOLD = ((1.5, 1.0), (20.0, 1.0), (1.5, 0.0), (4.0, 0.0))
BREATH = ((7.0, 1.0), (8.0, 0.0))
NINETY_NINETY_DEG = (55.0, -55.0, 30.0)


@record
class Movement:
    """One movement from its start pose.

    Attributes:
        change_deg: Hip angles at full level minus those of the start pose.
        start_deg: Hip angles of the start pose where they are not the posture's own.
        pelvis_deg: What the pelvis does at full level whoever does it (tilt, lean, turn): a squat leans forward.
        shift_m: Where the pelvis goes at full level: forward, up, to the working side.
        phases: Of one repetition: seconds, and the level reached then; each is a minimum-jerk move.
        knee_deg: Knee flexion of the start pose, and what is added at full level.
        other_leg: What the other leg does.
        belly_deg: How far the belly tips against the pelvis at full level.
    """

    change_deg: Triple
    start_deg: Triple | None = None
    pelvis_deg: Triple = (0.0, 0.0, 0.0)
    shift_m: Triple = (0.0, 0.0, 0.0)
    phases: tuple[tuple[float, float], ...] = SLOW_TEST
    other_leg: OtherLeg = "rests"
    knee_deg: tuple[float, float] = (0.0, 0.0)
    belly_deg: float = 0.0

    @property
    def main(self) -> int | None:
        """Index of the hip angle that it is about; None where only the knee or the belly moves."""
        if self.belly_deg:
            return None
        sizes = [abs(change) for change in self.change_deg]
        return sizes.index(max(sizes)) if any(sizes) else None

    @property
    def reach_deg(self) -> float:
        """How far that angle, the knee or the belly goes."""
        return self.belly_deg or max(map(abs, self.change_deg)) or abs(self.knee_deg[1])


MOVEMENTS: Mapping[tuple[str, str], Movement] = MappingProxyType(
    {
        ("swing", "standing"): Movement((32, 0, 0), phases=SWING),
        ("flexion", "supine"): Movement((112, 0, 0), knee_deg=(0, 110)),
        ("straight_leg_raise", "supine"): Movement((70, 0, 0)),
        ("extension", "prone"): Movement((-16, 0, 0)),
        ("internal_rotation", "prone"): Movement((0, 0, 34), knee_deg=(90, 0)),
        ("external_rotation", "prone"): Movement((0, 0, -40), knee_deg=(90, 0)),
        ("abduction", "side_lying"): Movement((0, -38, 0)),
        ("internal_rotation", "seated"): Movement((0, 0, 34), knee_deg=(90, 0)),
        ("external_rotation", "seated"): Movement((0, 0, -36), knee_deg=(90, 0)),
        ("abduction", "standing"): Movement((0, -34, 0)),
        ("flexion", "standing"): Movement((90, 0, 0), knee_deg=(0, 90)),
        # Shifts are sized so that the peak accelerations of the hip centre are those of slow floor work: bridge and RDL
        # about 0.13 m/s2, squat 0.3, side lunge 0.4, clam shell 0.01 (minimum jerk: 5.77 d / T^2).
        ("bridge", "supine"): Movement((-48, 0, 0), (50, 0, 0), (22, 0, 0), (0, 0.09, 0), SLOW_REP, "same", (95, 0)),
        ("bike_pedals", "supine"): Movement(
            (60, 0, 0), (45, 0, 0), phases=PEDAL, other_leg="opposite", knee_deg=(70, 30)
        ),
        ("abdominal", "supine"): Movement((-45, 0, 0), (90, 0, 0), (2, 0, 0), phases=SLOW_REP, knee_deg=(90, 0)),
        ("clamshell", "side_lying"): Movement(
            (0, -10, -28), (45, 0, 0), shift_m=(0, 0.008, 0), phases=SLOW_REP, knee_deg=(80, 0)
        ),
        ("lateral_raise", "side_lying"): Movement((0, -32, 0), phases=SLOW_REP),
        ("squat", "standing"): Movement(
            (75, 0, 0), None, (-25, 0, 0), (-0.06, -0.21, 0), SLOW_REP, "same", knee_deg=(0, 85)
        ),
        ("side_lunge", "standing"): Movement(
            (68, -24, -4), None, (-32, 3, 0), (-0.05, -0.16, 0.23), SLOW_REP, knee_deg=(0, 75)
        ),
        ("kickstand_rdl", "standing"): Movement(
            (62, 0, 4), None, (-52, 0, 0), (-0.09, 0, 0), SLOW_REP, knee_deg=(0, 15)
        ),
        ("lateral_raise_adduction", "side_lying"): Movement((0, 20, 0), phases=SLOW_REP),
        ("wall_squat_reach", "standing"): Movement(
            (75, 0, 0), None, (0, 0, 0), (0.05, -0.24, 0), SLOW_REP, "same", knee_deg=(0, 75)
        ),
        ("slant_board_squat", "standing"): Movement(
            (98, 0, 0), None, (-20, 0, 0), (-0.05, -0.3, 0), SLOW_REP, "same", knee_deg=(0, 110)
        ),
        ("lunge", "standing"): Movement((72, 0, 0), None, (-6, 0, 0), (0.3, -0.26, 0), SLOW_REP, knee_deg=(0, 85)),
        ("step_up", "standing"): Movement((62, 0, 0), None, (-8, 0, 0), (0.1, 0.05, 0), SLOW_REP, knee_deg=(0, 75)),
        ("sit_to_stand", "seated"): Movement(
            (-78, 0, 0), None, (0, 0, 0), (0.2, 0.4, 0), SLOW_REP, "same", knee_deg=(90, -90)
        ),
        ("hip_abduction", "side_lying"): Movement((0, -32, 0), phases=SLOW_REP),
        ("hip_abduction", "standing"): Movement((0, -30, 0), phases=SLOW_REP),
        ("hip_extension", "prone"): Movement((-18, 0, 0), phases=SLOW_REP),
        ("hip_extension", "standing"): Movement((-18, 0, 0), phases=SLOW_REP),
        # Only the knee moves: nothing of it shows on pelvis and thigh, a sensor on the shank sees it.
        ("seated_knee_extension", "seated"): Movement((0, 0, 0), phases=SLOW_REP, knee_deg=(90, -80)),
        # Rear leg of the 90/90: it gives a little into the floor, and barely comes off it.
        ("ninety_ninety_pails", "seated"): Movement((0, 0, -6), NINETY_NINETY_DEG, phases=LONG_HOLD, knee_deg=(90, 0)),
        ("ninety_ninety_rails", "seated"): Movement((0, 0, 14), NINETY_NINETY_DEG, phases=LONG_HOLD, knee_deg=(90, 0)),
        # The block stays between the thighs; the pelvis rocks by less than two degrees.
        ("hooklying_breathing", "supine"): Movement(
            (-1.6, 0, 0),
            (50, 0, 0),
            (1.6, 0, 0),
            phases=BREATH,
            other_leg="same",
            knee_deg=(95, 0),
            belly_deg=5.0,
        ),
    }
)


@record
class Posture:
    """A posture of the whole body.

    Attributes:
        hip_deg: Hip angles of both legs.
        knee_deg: Knee flexion of both legs.
        height_m: Of the pelvis over the floor.
        sway: Postural sway as a share of standing sway.
    """

    hip_deg: Triple
    knee_deg: float
    height_m: float
    sway: float


# Lying on the working side, and sitting on the floor in 90/90, are postures of their own; marks call them side_lying
# and seated.
POSTURES: Mapping[str, Posture] = MappingProxyType(
    {
        "standing": Posture((0, 0, 0), 0.0, 0.92, 1.0),
        "supine": Posture((0, 0, 0), 0.0, 0.10, 0.25),
        "prone": Posture((0, 0, 0), 0.0, 0.10, 0.25),
        "side_lying": Posture((0, 0, 0), 0.0, 0.17, 0.35),
        "seated": Posture((80, 0, 0), 90.0, 0.50, 0.5),
        "side_lying_below": Posture((0, 0, 0), 0.0, 0.17, 0.35),
        "ninety_ninety": Posture((60, -40, 20), 90.0, 0.12, 0.4),
    }
)


@record
class Passage:
    """How the pelvis turns from one posture to a neighbouring one.

    Attributes:
        turns: Successive rotations about the pelvis' own axes in deg; those about y are mirrored for the left side.
        flexion_deg: Hip flexion passed through on the way.
        on_feet: Whether the wearer can turn round about the vertical on the way.
    """

    turns: tuple[tuple[Axis, float], ...]
    flexion_deg: float
    on_feet: bool = True

    def reversed(self) -> Passage:
        """The way back."""
        return Passage(
            tuple((axis, -angle) for axis, angle in reversed(self.turns)), self.flexion_deg, on_feet=self.on_feet
        )


_ONE_WAY: dict[tuple[str, str], Passage] = {
    ("standing", "seated"): Passage((("z", -30), ("z", 40)), 95),
    ("standing", "supine"): Passage((("z", 25), ("z", 65)), 85),
    ("standing", "prone"): Passage((("z", -60), ("z", -30)), 80),
    ("seated", "supine"): Passage((("z", 30), ("z", 50)), 75),
    # Right hip upward for tests of the right side: from the back over the left side to the belly.
    ("supine", "side_lying"): Passage((("y", 90),), 35, on_feet=False),
    ("side_lying", "prone"): Passage((("y", 90),), 25, on_feet=False),
    ("supine", "side_lying_below"): Passage((("y", -90),), 35, on_feet=False),
    ("seated", "ninety_ninety"): Passage((("z", -20), ("z", 20)), 95),
}
PASSAGES: Mapping[tuple[str, str], Passage] = MappingProxyType(
    {**_ONE_WAY, **{(there, here): passage.reversed() for (here, there), passage in _ONE_WAY.items()}}
)


def route(start: str, end: str) -> list[Passage]:
    """The fewest passages from one posture to another, empty where they are the same."""
    paths: list[list[str]] = [[start]]
    for path in paths:  # breadth first: the list grows while it is walked
        if path[-1] == end:
            return [PASSAGES[pair] for pair in itertools.pairwise(path)]
        paths += [[*path, there] for here, there in PASSAGES if here == path[-1] and there not in path]
    raise ValueError(f"no way from {start} to {end}")
