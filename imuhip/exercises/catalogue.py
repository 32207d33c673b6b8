"""The catalogue: what each range test, exercise and kind of mobilising work is, as data.

It is written as TOML (``catalogue.toml``) and read by :func:`imuhip.exercises.catalogue_text.read_catalogue`; stages
are handed a :class:`Catalogue` and never read a file.
"""

from __future__ import annotations

from collections.abc import Mapping

from imuhip.marks import POSITIONS
from imuhip.records import record

AXES: Mapping[str, tuple[int, float]] = {
    "flexion": (0, 1.0),
    "extension": (0, -1.0),
    "abduction": (1, -1.0),
    "adduction": (1, 1.0),
    "internal_rotation": (2, 1.0),
    "external_rotation": (2, -1.0),
}
"""The hip's axes by direction: which angle (flexion, adduction, internal rotation), and its sign."""
SEGMENT_AXES = ("knee_extension", "breath")
"""What no hip angle shows: the angle of a segment against gravity stands for it."""
CYCLES = (("lift", "hold", "lower"), ("lift", "lower"), ("hold",), ("inhale", "exhale"))
"""The courses a repetition can take."""
ROTATIONS = ("euler", "swing_twist", "none")
LEGS = ("one", "both", "alternating")
MEASURED = ("gravity", "heading")
PITCH_MEASURES = ("change", "after_lift", "reversal")
SEGMENTS = ("thigh", "shank", "leg", "abdomen")

Range = tuple[float, float]


@record
class Limits:
    """Limits of slow control; infinite where an exercise has none.

    Attributes:
        lift_s: Shortest lift.
        lower_s: Shortest way back.
        peak_to_mean: Of the speed in a phase.
        speed_peaks: Most peaks of the speed in a phase.
        stopped_share: Most of a phase's inner 80 % at a near stop.
        ripple: Of the speed above 1 Hz.
        hold_s: Shortest hold.
        hold_rms_deg: Unrest of a hold.
        hold_speed_deg_s: Mean speed in a hold.
        hold_drift_deg: How far a kept position may drift.
        off_axis: Share of the other hip angles.
        pelvis_pitch_deg: Turn of the pelvis about its mediolateral axis.
        pelvis_list_deg: About its anteroposterior axis.
        pelvis_rotation_deg: About its long axis.
        range_share: Of the set's usual range.
        start_drift_deg: From the set's first start pose.
        range_cv: Coefficient of variation of a set's ranges.
        duration_cv: Of its durations.
        sparc_drop: Below the wearer's own median: advice only.
        sparc_range_deg: Range below which SPARC is not given.
    """

    lift_s: float
    lower_s: float
    peak_to_mean: float
    speed_peaks: float
    stopped_share: float
    ripple: float
    hold_s: float
    hold_rms_deg: float
    hold_speed_deg_s: float
    off_axis: float
    range_share: float
    start_drift_deg: float
    range_cv: float
    duration_cv: float
    sparc_drop: float
    sparc_range_deg: float
    hold_drift_deg: float = float("inf")
    pelvis_pitch_deg: float = float("inf")
    pelvis_list_deg: float = float("inf")
    pelvis_rotation_deg: float = float("inf")


@record
class Tempo:
    """What to aim for in each part of the cycle, s; None where the cycle has no such part."""

    lift_s: float | None = None
    hold_s: float | None = None
    lower_s: float | None = None
    inhale_s: float | None = None
    exhale_s: float | None = None


@record
class Breath:
    """Breathing that belongs to an exercise: seconds in, seconds out, how many breaths."""

    inhale_s: Range
    exhale_s: Range
    breaths: int


@record
class Dose:
    """How much: sets, repetitions, and seconds of a hold where that is the dose."""

    sets: Range
    repetitions: Range
    hold_s: Range | None


@record
class TestEntry:
    """One range test in one position, which is part of what it is.

    Attributes:
        name: Of the vocabulary.
        position: Posture.
        modes: ``active``, ``passive`` or both.
        axis: Direction, a key of :data:`AXES`.
        rotation: How rotation is measured, one of :data:`ROTATIONS`.
        measured: ``gravity``, or ``heading`` where gravity does not show the movement.
        range_deg: What is usual, to place a number, never to judge it.
        start_pose: In words.
        cues: In words.
        not_visible: What the sensors cannot tell, and why.
    """

    name: str
    position: str
    modes: tuple[str, ...]
    axis: str
    rotation: str
    measured: str
    range_deg: Range
    start_pose: str
    cues: tuple[str, ...]
    not_visible: tuple[str, ...]


@record
class ExerciseEntry:
    """One exercise.

    Attributes:
        name: Of the vocabulary.
        also: Other names of the same.
        position: Posture.
        legs: ``one``, ``both`` at once, or ``alternating``.
        mode: ``active`` or ``passive``.
        axis: Direction of the lift: a key of :data:`AXES`, or one of :data:`SEGMENT_AXES`.
        rotation: How rotation is measured, one of :data:`ROTATIONS`.
        gravity: Segment whose angle against gravity stands in where there is no hip angle.
        hangs: Whether that hangs in the start pose and swings past it, which does not belong to a repetition.
        companions: Directions that belong to the movement and do not count as off-axis.
        start_flexion_deg: Flexion of the start pose.
        range_deg: Usual range of the movement from the start pose.
        cycle: One of :data:`CYCLES`.
        tempo: What to aim for.
        words: Of lift and lower, as in "was lifted".
        limits: Of slow control.
        pelvis_pitch: How the pelvis' pitch is measured: its ``change``, what it does ``after_lift``, its ``reversal``.
        breath: Breathing that belongs to it.
        dose: How much.
        controls: The (test, position) whose range it controls.
        control_axis: Direction of that test, a key of :data:`AXES`.
        start_pose: In words.
        cues: In words.
        not_visible: What the sensors cannot tell, and why.
    """

    name: str
    also: tuple[str, ...]
    position: str
    legs: str
    mode: str
    axis: str
    rotation: str
    gravity: str
    hangs: bool
    companions: tuple[str, ...]
    start_flexion_deg: Range
    range_deg: Range
    cycle: tuple[str, ...]
    tempo: Tempo
    words: tuple[str, str]
    limits: Limits
    pelvis_pitch: str
    breath: Breath | None
    dose: Dose
    controls: tuple[str, str] | None
    control_axis: str | None
    start_pose: str
    cues: tuple[str, ...]
    not_visible: tuple[str, ...]

    @property
    def has_hold(self) -> bool:
        """Whether a repetition has a pause at its top."""
        return self.cycle == ("lift", "hold", "lower")


@record
class MobiliseEntry:
    """One kind of mobilising work.

    Attributes:
        name: Of the vocabulary.
        minutes: Usual time.
        cap_minutes: Longest; a retest is due after it.
        retest: Tests to repeat.
        cues: In words.
        caution: In words.
    """

    name: str
    minutes: Range
    cap_minutes: float
    retest: tuple[str, ...]
    cues: tuple[str, ...]
    caution: str


@record
class Catalogue:
    """Everything that the program knows by name.

    Attributes:
        limits: Of movements that no entry describes.
        tests: By (name, position).
        exercises: By name.
        mobilise: By name.
    """

    limits: Limits
    tests: Mapping[tuple[str, str], TestEntry]
    exercises: Mapping[str, ExerciseEntry]
    mobilise: Mapping[str, MobiliseEntry]

    def test(self, name: str, position: str | None) -> TestEntry | None:
        """The test of a name in a position, or None where the catalogue has none."""
        return self.tests.get((name, position or ""))

    def test_names(self) -> frozenset[str]:
        """Names of all tests, whatever the position."""
        return frozenset(name for name, _ in self.tests)

    def test_notes(self, name: str, position: str | None) -> tuple[str, ...]:
        """Why a test cannot be measured well in a position; nothing where it can, or where no position is told."""
        if position is None:
            return ()
        if (entry := self.test(name, position)) is None:
            return (f"in position {position.replace('_', ' ')} this test is not known: measured as far as possible",)
        return entry.not_visible if entry.measured == "heading" else ()

    def test_axis(self, name: str) -> tuple[int, float] | None:
        """Angle and sign of a test's direction; None for an unknown name."""
        for position in POSITIONS:
            if (entry := self.tests.get((name, position))) is not None:
                return AXES[entry.axis]
        return None

    def exercise(self, name: str) -> ExerciseEntry | None:
        """The exercise of a name or another name of it, or None where the catalogue has none."""
        if (entry := self.exercises.get(name)) is not None:
            return entry
        return next((each for each in self.exercises.values() if name in each.also), None)

    def controls(self, exercise: str) -> tuple[str, str] | None:
        """The (test, position) whose range an exercise controls."""
        entry = self.exercise(exercise)
        return None if entry is None else entry.controls
