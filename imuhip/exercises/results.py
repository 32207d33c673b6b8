"""What the analysis of exercises hands on: repetitions, their faults, and sets."""

from __future__ import annotations

from imuhip.records import record

FAULTS = (
    "flung",
    "dropped",
    "stopped",
    "shaky",
    "no_hold",
    "unsteady_hold",
    "off_axis",
    "pelvis_pitch",
    "pelvis_list",
    "pelvis_rotation",
    "short_range",
    "start_drift",
)


@record
class Fault:
    """A failed check.

    Attributes:
        id: One of :data:`FAULTS`.
        value: What was measured, in the unit of the limit.
        limit: What the catalogue allows.
    """

    id: str
    value: float
    limit: float


@record
class Rep:
    """One repetition; None is what is not known, or does not apply.

    Attributes:
        start_s: Leaves the start pose, from the recording's start.
        top_s: Arrives at its furthest: the end of the lift.
        end_s: Is back.
        range_deg: From the start pose to the top, positive.
        peak_deg: Angle at the top, positive in the direction of the exercise's axis: from the stance zero, or from the
            start pose for rotation and without a pelvis sensor.
        lift_s: Duration of the way out.
        hold_s: Between lift and lower; of a kept position, how long it was kept.
        lower_s: Duration of the way back.
        peak_speed_deg_s: Greatest speed.
        sparc: The worse of lift and lower.
        off_axis: RMS of the other two hip angles' change over that of the main one.
        control_deg: Furthest angle in the direction of the test whose range the exercise controls.
        start_deg: Angle of the start pose in the direction of the exercise's axis.
        drift_deg: How far a kept position drifted.
        pelvis_deg: How far the pelvis turned: pitch, list and rotation as the exercise's limits measure them.
        faults: Failed checks.
        good: Whether all checks were passed.
    """

    start_s: float
    top_s: float
    end_s: float
    range_deg: float
    peak_deg: float
    lift_s: float | None
    hold_s: float | None
    lower_s: float | None
    peak_speed_deg_s: float
    sparc: float | None
    off_axis: float | None
    control_deg: float | None
    start_deg: float
    drift_deg: float | None
    pelvis_deg: tuple[float, float, float] | None
    faults: tuple[Fault, ...]
    good: bool


@record
class ExerciseSet:
    """One set: the repetitions of a marked exercise, or of a run of repetitions that nobody marked.

    Attributes:
        exercise: Name; None where nobody told what it was.
        side: ``left``, ``right``, ``both``, or None.
        position: As marked.
        mode: As marked.
        marked: Whether a mark says that this is a set.
        start_s: Of the mark, or of the first repetition.
        end_s: Of the mark, or of the last repetition.
        reference: ``pelvis``: hip angles; ``gravity``: the angle of a segment against gravity.
        signal: What was followed: ``hip_flexion``, ``thigh_left``, ...
        reps: In order of time.
        good_reps: How many are good.
        usual_range_deg: What a full repetition of this set is: the third quartile of the ranges.
        controlled_range_deg: Third-highest angle among good repetitions, in the direction of the test that the exercise
            controls; None with fewer than three.
        range_cv: Coefficient of variation of the ranges; None with fewer than three repetitions.
        duration_cv: The same of the durations.
        consistent: Whether both are within the limits.
        less_smooth: Numbers, from 1, of repetitions clearly less smooth than the set's median: advice only.
        words: What lift and lower are called, as in "was lifted".
        aim: What to aim for in each phase, by name; empty where the exercise is not known.
        controls: The (test, position) whose range the exercise controls.
        notes: What could not be seen, and why, in plain sentences.
    """

    exercise: str | None
    side: str | None
    position: str | None
    mode: str | None
    marked: bool
    start_s: float
    end_s: float
    reference: str
    signal: str
    reps: tuple[Rep, ...]
    good_reps: int
    usual_range_deg: float | None
    controlled_range_deg: float | None
    range_cv: float | None
    duration_cv: float | None
    consistent: bool | None
    less_smooth: tuple[int, ...]
    words: tuple[str, str]
    aim: tuple[tuple[str, float], ...]
    controls: tuple[str, str] | None
    notes: tuple[str, ...]
