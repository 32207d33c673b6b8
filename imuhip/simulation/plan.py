"""A session laid out in time: what moves when, before it is sampled."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field

from imuhip.marks import Mark
from imuhip.records import record
from imuhip.simulation.manner import Manner
from imuhip.simulation.quaternions import Axis
from imuhip.simulation.script import Side, Step

HIP = ("flexion", "adduction", "internal_rotation")
PELVIS = ("tilt", "lean", "turn")
SHIFT = ("forward", "up", "right")
SIDES: tuple[Side, Side] = ("right", "left")
SIDE_SIGN: dict[Side, float] = {"right": 1.0, "left": -1.0}


@record
class Ramp:
    """A minimum-jerk change of one quantity by ``delta`` (deg or m) from ``start_s`` on."""

    start_s: float
    duration_s: float
    delta: float


@record
class Oscillation:
    """A sine of one quantity that swells and fades over its first and last quarter."""

    start_s: float
    duration_s: float
    hz: float
    amplitude: float


@record
class Turn:
    """A minimum-jerk rotation of the pelvis about one of its own axes."""

    start_s: float
    duration_s: float
    axis: Axis
    angle_deg: float


@record
class Wear:
    """The thigh's sensor is taken off at ``start_s`` and worn as ``role`` from ``end_s`` on."""

    start_s: float
    end_s: float
    role: str


@record
class Repetition:
    """One repetition as it was done: the truth behind a graded repetition.

    Attributes:
        name: Of the test or exercise.
        side: Working side.
        mark_id: Mark that it belongs to.
        start_s: Leaving the start pose.
        top_s: Arrival at full level.
        end_s: Ready for the next one.
        leave_s: Leaving full level.
        back_s: Back at the start pose, before any rest.
        manner: How it was to be done, where the script said so.
    """

    name: str
    side: Side
    mark_id: int
    start_s: float
    top_s: float
    end_s: float
    leave_s: float
    back_s: float
    manner: Manner | None = None


@record
class PlannedMark:
    """A mark before it has a number and a host time."""

    kind: str
    name: str
    position: str
    side: Side | None
    start_s: float
    end_s: float


@dataclass(slots=True)
class Plan:
    """Everything that moves.

    Attributes:
        ramps: By channel: ``"right.flexion"``, ``"left.knee"``, ``"pelvis.tilt"``, ``"heading"`` (deg),
            ``"shift.up"``, ``"floor.x"`` (m; shifts turn with the heading, the floor does not), ``"sway"``,
            ``"paced"`` (shares: of standing sway, and of breathing that the script paces in place of the wearer's own).
            Pelvis lean is positive to the right and its turn to the left, whatever the working side.
        oscillations: By channel, on top of the ramps.
        turns: Rotations of the pelvis between postures, in order.
        wears: Moves of the thigh's sensor, in order.
        marks: In order.
        repetitions: As done.
        duration_s: Of the session.
    """

    ramps: dict[str, list[Ramp]] = field(default_factory=lambda: defaultdict(list))
    oscillations: dict[str, list[Oscillation]] = field(default_factory=lambda: defaultdict(list))
    turns: list[Turn] = field(default_factory=list)
    wears: list[Wear] = field(default_factory=list)
    marks: list[PlannedMark] = field(default_factory=list)
    repetitions: list[Repetition] = field(default_factory=list)
    duration_s: float = 0.0

    def add_mark(self, step: Step, side: Side, start_s: float, end_s: float, *, kind: str = "") -> int:
        """Add the mark of a step; returns its number."""
        of_both = step.name in ("stance", "second_pose") or step.kind == "wear"
        mark = PlannedMark(kind or step.kind, step.name, step.position, None if of_both else side, start_s, end_s)
        self.marks.append(mark)
        return len(self.marks) - 1

    def stance_after(self, time_s: float) -> tuple[float, float]:
        """Start and end of the first calibration stance that starts after a time."""
        return next(
            (mark.start_s, mark.end_s)
            for mark in self.marks
            if (mark.kind, mark.name) == ("calibration", "stance") and mark.start_s >= time_s
        )

    def host_marks(self, host_start_ns: int, moved_sensor: int) -> tuple[Mark, ...]:
        """Marks on the host clock.

        Args:
            host_start_ns: Host clock at the session's start.
            moved_sensor: Index of the sensor that ``wear`` marks are about.
        """
        return tuple(
            Mark(
                id=number,
                kind=mark.kind,
                start_ns=host_start_ns + round(mark.start_s * 1e9),
                end_ns=host_start_ns + round(mark.end_s * 1e9),
                name=mark.name,
                side=mark.side,
                mode="active" if mark.kind in ("test", "exercise") else None,
                position=mark.position,
                sensor=moved_sensor if mark.kind == "wear" else None,
            )
            for number, mark in enumerate(self.marks)
        )
