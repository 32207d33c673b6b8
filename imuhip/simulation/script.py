"""Sessions as scripts: what the wearer is asked to do, in which order."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from imuhip.records import record
from imuhip.simulation.manner import Manner

Side = Literal["right", "left"]
StepKind = Literal["calibration", "still", "test", "exercise", "wear"]


@record
class Step:
    """One step of a session: take the start pose, hold still, then move (or only hold still).

    Attributes:
        kind: Kind of the mark that the step leaves.
        name: Its name; with the position, a key of :data:`imuhip.simulation.movements.MOVEMENTS` where the wearer
            moves. Of ``wear``: the new role of the thigh's sensor; later steps work on that role's side.
        position: Posture of the whole body.
        repetitions: How often; 0 for a pose only.
        still_s: How long the pose is held still before the movement; it is marked where it lasts a second or more.
        posture: A key of :data:`imuhip.simulation.movements.POSTURES` where that is not the position's own.
        manners: How each repetition is done, in place of ``repetitions`` alike ones.
        marked: Whether the movement is marked at all.
    """

    kind: StepKind
    name: str
    position: str
    repetitions: int = 0
    still_s: float = 3.5
    posture: str = ""
    manners: tuple[Manner, ...] = ()
    marked: bool = True


@record
class Session:
    """A session that begins on one side; its first step is the stance that defines the zero."""

    name: str
    side: Side
    steps: tuple[Step, ...]


POSTURES_OF = {
    "lateral_raise_adduction": "side_lying_below",
    "ninety_ninety_pails": "ninety_ninety",
    "ninety_ninety_rails": "ninety_ninety",
}
"""Exercises done in a posture of their own."""

ELSEWHERE = {"seated_knee_extension": "shank_{side}", "hooklying_breathing": "abdomen"}
"""Where the thigh's sensor has to go for exercises that pelvis and thigh do not show."""

STANCE = Step("calibration", "stance", "standing", still_s=5.0)
SWINGS = Step("calibration", "swing", "standing", 5, still_s=0.5)
FINAL_STANCE = Step("still", "stance", "standing", still_s=4.0)


def _test(name: str, position: str, repetitions: int = 3) -> Step:
    return Step("test", name, position, repetitions)


def _exercise(name: str, position: str, repetitions: int) -> Step:
    return Step("exercise", name, position, repetitions)


def range_test_session(side: Side = "right") -> Session:
    """All range tests of one side in all five positions, about 5 minutes."""
    steps = (
        STANCE,
        SWINGS,
        Step("still", "second_pose", "supine", still_s=4.0),
        _test("flexion", "supine"),
        _test("straight_leg_raise", "supine"),
        _test("abduction", "side_lying"),
        _test("extension", "prone"),
        _test("internal_rotation", "prone"),
        _test("external_rotation", "prone"),
        _test("internal_rotation", "seated"),
        _test("external_rotation", "seated"),
        _test("abduction", "standing"),
        FINAL_STANCE,
    )
    return Session("range_test", side, steps)


def strengthening_session(side: Side = "right", repetitions: int = 8) -> Session:
    """Seven slow exercises of one side, about 7 minutes at eight repetitions each."""
    steps = (
        STANCE,
        SWINGS,
        Step("still", "second_pose", "supine", still_s=4.0),
        _exercise("bridge", "supine", repetitions),
        _exercise("bike_pedals", "supine", repetitions),
        _exercise("clamshell", "side_lying", repetitions),
        _exercise("lateral_raise", "side_lying", repetitions),
        _exercise("squat", "standing", repetitions),
        _exercise("side_lunge", "standing", repetitions),
        _exercise("kickstand_rdl", "standing", repetitions),
        FINAL_STANCE,
    )
    return Session("strengthening", side, steps)


def practice_session(
    name: str, position: str, sets: Sequence[tuple[Manner, ...]], side: Side = "right", *, marked: bool = True
) -> Session:
    """Sets of one exercise, every repetition as told, with the thigh's sensor where it can be seen."""
    each = [
        Step("exercise", name, position, posture=POSTURES_OF.get(name, ""), manners=manners, marked=marked)
        for manners in sets
    ]
    supine = Step("still", "second_pose", "supine", still_s=4.0)
    before = (supine, *wear(ELSEWHERE[name].format(side=side))) if name in ELSEWHERE else (supine,)
    return Session("practice", side, (STANCE, SWINGS, *before, *each, FINAL_STANCE))


def short_session(side: Side = "right") -> Session:
    """Calibration and one supine flexion test, under a minute: for tests."""
    steps = (STANCE, SWINGS, _test("flexion", "supine", 2), FINAL_STANCE)
    return Session("short", side, steps)


def wear(role: str) -> tuple[Step, ...]:
    """Strap the thigh's sensor elsewhere in mid-session, and the short recalibration that follows."""
    return (
        Step("wear", role, "standing", still_s=8.0),
        STANCE,
        Step("calibration", "swing", "standing", 3, still_s=0.5),
    )


def both_legs_session(side: Side = "right") -> Session:
    """Range tests of one leg, then the strap moves to the other and its tests follow; about 4 minutes."""
    tests = (
        _test("flexion", "supine"),
        _test("extension", "prone"),
        _test("internal_rotation", "seated"),
    )
    other = "left" if side == "right" else "right"
    return Session("both_legs", side, (STANCE, SWINGS, *tests, *wear(f"thigh_{other}"), *tests, FINAL_STANCE))


def shank_session(side: Side = "right") -> Session:
    """A flexion test, then the strap moves to the shank for the rotation tests with the knee at 90 deg."""
    rotations = (
        _test("internal_rotation", "seated"),
        _test("external_rotation", "seated"),
        _test("internal_rotation", "prone"),
        _test("external_rotation", "prone"),
    )
    steps = (STANCE, SWINGS, _test("flexion", "supine"), *wear(f"shank_{side}"), *rotations, FINAL_STANCE)
    return Session("shank", side, steps)
