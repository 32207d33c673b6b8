"""Slow control of one repetition: what is measured, and which checks it fails."""

from __future__ import annotations

import math

import numpy as np

from imuhip import rotation
from imuhip.exercises.catalogue import AXES, ExerciseEntry, Limits
from imuhip.exercises.motion import ROTATION, Motion
from imuhip.exercises.phases import (
    PhaseFigures,
    figures,
    find_breath,
    find_phases,
    from_home,
    rms,
    speed_of,
)
from imuhip.exercises.results import Fault, Rep
from imuhip.records import record
from imuhip.units import FloatArray

TREMOR_HZ = 3.5
"""More peaks of speed than this in a second are trembling and no stops; physiological tremor begins at 4 Hz."""


LEAVING_S = 0.1
"""Who was not seen for so long before leaving the start pose may have left it earlier."""


@record
class RepFigures:
    """Everything that is measured of one repetition; what needs the rest of the set is judged later.

    Attributes:
        start_s: Leaves the start pose.
        top_s: Arrives at the top.
        end_s: Is back.
        range_deg: From the start pose to the furthest.
        peak_deg: The furthest angle.
        start_deg: Angle of the start pose.
        lift: Of the way out; None where it cannot be told.
        lower: Of the way back.
        hold_s: Between them.
        hold_rms_deg: Unrest of the hold.
        hold_speed_deg_s: Mean speed in it.
        off_axis: Share of the other hip angles.
        pelvis_deg: Pitch, list and rotation of the pelvis, as the exercise measures them.
        start_pose_deg: (3,) hip angles of the start pose; None where it was not seen.
        control_deg: Furthest in the direction of the test whose range is controlled.
        drift_deg: Of a kept position.
    """

    start_s: float
    top_s: float
    end_s: float
    range_deg: float
    peak_deg: float
    start_deg: float
    lift: PhaseFigures | None = None
    lower: PhaseFigures | None = None
    hold_s: float | None = None
    hold_rms_deg: float = 0.0
    hold_speed_deg_s: float = 0.0
    off_axis: float | None = None
    pelvis_deg: tuple[float, float, float] | None = None
    start_pose_deg: tuple[float, ...] | None = None
    control_deg: float | None = None
    drift_deg: float | None = None


@record
class SetContext:
    """What the other repetitions of a set say about one.

    Attributes:
        usual_range_deg: Of a full repetition; None where nothing is usual yet.
        start_pose_deg: (3,) of the first repetition; None where not known.
    """

    usual_range_deg: float | None
    start_pose_deg: tuple[float, ...] | None


def measure_rep(motion: Motion, entry: ExerciseEntry | None) -> RepFigures | None:
    """Measure a repetition.

    Args:
        motion: Its frames, from the pose before it to the pose after it.
        entry: The exercise; None where nobody named it.

    Returns:
        None where it does not go out and back.
    """
    angle, rate = motion.angle_deg, motion.rate_hz
    breathing = entry is not None and entry.axis == "breath"
    speed = speed_of(angle, rate)
    phases = find_breath(angle, rate) if breathing else find_phases(angle, int(np.argmax(angle)), speed)
    if phases is None:
        return None
    if motion.home_deg is not None:
        phases = from_home(phases, angle, motion.home_deg)
    start, top, leave, end = phases.start, phases.top, phases.leave, phases.end
    held = angle[top : leave + 1]
    lift, lower = figures(speed, phases)
    furthest = float(angle[start : end + 1].max())
    return RepFigures(
        start_s=(motion.first + start) / rate,
        top_s=(motion.first + top) / rate,
        end_s=(motion.first + end) / rate,
        range_deg=furthest - float(angle[start]),
        peak_deg=furthest,
        start_deg=float(angle[start]),
        lift=lift,
        lower=lower,
        hold_s=(leave - top) / rate,
        hold_rms_deg=rms(held - float(held.sum()) / len(held)),
        hold_speed_deg_s=float(np.abs(speed.calm[top : leave + 1]).sum()) / len(held),
        off_axis=_off_axis(motion, entry, start, end),
        pelvis_deg=_pelvis(motion, entry, (start, top, leave, end)),
        start_pose_deg=_start_pose(motion, start),
        control_deg=_control(motion, entry, start, end),
    )


def _start_pose(motion: Motion, start: int) -> tuple[float, ...] | None:
    """(3,) hip angles of the start pose; None where it was never seen.

    Who comes into sight on the way up seems to start there: the pose is then the last one that was seen before.
    """
    if motion.hip_deg is None:
        return None
    at = start
    if motion.seen is not None:
        if start == 0:  # under way when first seen
            return None
        near = max(start - round(LEAVING_S * motion.rate_hz), 0)
        unseen = near + np.flatnonzero(~motion.seen[near : start + 1])
        before = np.flatnonzero(motion.seen[: int(unseen[0])]) if len(unseen) else np.array([start])
        if not len(before):
            return None
        at = int(before[-1])
    return tuple(motion.hip_deg[:, at].tolist())


def _off_axis(motion: Motion, entry: ExerciseEntry | None, start: int, end: int) -> float | None:
    """RMS of the other hip angles' change from the start over that of the main one."""
    if motion.hip_deg is None or motion.main is None:
        return None
    belong = {motion.main, *(AXES[name][0] for name in (() if entry is None else entry.companions))}
    own = slice(start, end + 1)
    others = [rms(motion.hip_deg[i, own] - motion.hip_deg[i, start]) for i in range(3) if i not in belong]
    main = rms(motion.angle_deg[own] - motion.angle_deg[start])
    share = math.hypot(*others) / main if main else math.inf
    return share if math.isfinite(share) else None


def _pelvis(
    motion: Motion, entry: ExerciseEntry | None, frames: tuple[int, int, int, int]
) -> tuple[float, float, float] | None:
    """How far the pelvis turned from its pose at the start about its own axes: pitch, list, rotation, deg."""
    if motion.pelvis is None:
        return None
    start, top, leave, end = frames
    own = motion.pelvis[start : end + 1]
    w, x, y, z = own[0]
    turned = rotation.product((w, -x, -y, -z), (own[:, 0], own[:, 1], own[:, 2], own[:, 3]))
    turn = np.rad2deg(rotation.log_of_components(turned))
    tip, yaw, tilt = np.abs(turn).max(axis=1).tolist()
    if not math.isfinite(tip + yaw + tilt):
        return None
    pitch = turn[2]
    measure = "change" if entry is None else entry.pelvis_pitch
    if measure == "after_lift":
        tilt = float(np.abs(pitch[top - start : leave - start + 1] - pitch[top - start]).max())
    elif measure == "reversal":
        tilt = _come_back(pitch[: leave - start + 1])
    return tilt, tip, yaw


def _come_back(pitch: FloatArray) -> float:
    """How far an angle (N,) returns, before the lower, from where it was furthest."""
    forward = pitch * np.sign(pitch[int(np.argmax(np.abs(pitch)))])
    return float(np.max(np.maximum.accumulate(forward) - forward))


def _control(motion: Motion, entry: ExerciseEntry | None, start: int, end: int) -> float | None:
    """Furthest angle in the direction of the test whose range the exercise controls."""
    if entry is None or entry.control_axis is None:
        return None
    axis, sign = AXES[entry.control_axis]
    if motion.main is None or motion.hip_deg is None:
        return float(motion.angle_deg[start : end + 1].max()) if _starts_like_its_test(entry) else None
    if axis == motion.main == ROTATION:  # the twist from the start pose, as the test measures it
        furthest = float((sign * motion.sign * motion.angle_deg[start : end + 1]).max())
    else:
        furthest = float((sign * motion.hip_deg[axis, start : end + 1]).max())
    return furthest if np.isfinite(furthest) else None


def _starts_like_its_test(entry: ExerciseEntry) -> bool:
    """Whether a change from the start pose, all that gravity shows, is the same in the exercise and in its test."""
    low, high = entry.start_flexion_deg
    straight = low <= 0.0 <= high
    return straight and entry.axis == entry.control_axis and AXES[entry.axis][0] != ROTATION


def graded(rep: RepFigures, limits: Limits, context: SetContext, *, cycle: tuple[str, ...]) -> Rep:
    """A repetition with its faults.

    Args:
        rep: What was measured.
        limits: Of the exercise.
        context: What the set says.
        cycle: Of the exercise.
    """
    faults = tuple(_faults(rep, limits, context, cycle))
    lift, lower = rep.lift, rep.lower
    arcs = [phase.sparc for phase in (lift, lower) if phase is not None and phase.sparc is not None]
    return Rep(
        start_s=rep.start_s,
        top_s=rep.top_s,
        end_s=rep.end_s,
        range_deg=rep.range_deg,
        peak_deg=rep.peak_deg,
        lift_s=None if lift is None else lift.duration_s,
        hold_s=rep.hold_s,
        lower_s=None if lower is None else lower.duration_s,
        peak_speed_deg_s=max((phase.peak_deg_s for phase in (lift, lower) if phase is not None), default=0.0),
        sparc=min(arcs) if arcs and rep.range_deg >= limits.sparc_range_deg else None,
        off_axis=rep.off_axis,
        control_deg=rep.control_deg,
        start_deg=rep.start_deg,
        drift_deg=rep.drift_deg,
        pelvis_deg=rep.pelvis_deg,
        faults=faults,
        good=not faults,
    )


def _faults(rep: RepFigures, limits: Limits, context: SetContext, cycle: tuple[str, ...]) -> list[Fault]:
    found = []
    if rep.lift is not None and rep.lower is not None and "lift" in cycle:
        found += _tempo_faults(rep.lift, rep.lower, limits)
    if cycle == ("hold",):
        found += _below("no_hold", rep.hold_s, limits.hold_s)
        found += _above("unsteady_hold", rep.drift_deg, limits.hold_drift_deg)
    elif "hold" in cycle:
        short = _below("no_hold", rep.hold_s, limits.hold_s)
        found += short
        if not short:  # what is not held cannot be held unsteadily
            unrest = _above("unsteady_hold", rep.hold_rms_deg, limits.hold_rms_deg)
            found += unrest or _above("unsteady_hold", rep.hold_speed_deg_s, limits.hold_speed_deg_s)
    found += _above("off_axis", rep.off_axis, limits.off_axis)
    if rep.pelvis_deg is not None:
        pitch, tip, turn = rep.pelvis_deg
        found += _above("pelvis_pitch", pitch, limits.pelvis_pitch_deg)
        found += _above("pelvis_list", tip, limits.pelvis_list_deg)
        found += _above("pelvis_rotation", turn, limits.pelvis_rotation_deg)
    if context.usual_range_deg is not None and "lift" in cycle:
        found += _below("short_range", rep.range_deg, limits.range_share * context.usual_range_deg)
    if context.start_pose_deg is not None and rep.start_pose_deg is not None:
        drift = float(np.max(np.abs(np.subtract(rep.start_pose_deg, context.start_pose_deg))))
        found += _above("start_drift", drift if np.isfinite(drift) else None, limits.start_drift_deg)
    return found


def _tempo_faults(lift: PhaseFigures, lower: PhaseFigures, limits: Limits) -> list[Fault]:
    found = _below("flung", lift.duration_s, limits.lift_s) or _above("flung", lift.peak_to_mean, limits.peak_to_mean)
    found += _below("dropped", lower.duration_s, limits.lower_s) or _above(
        "dropped", lower.peak_to_mean, limits.peak_to_mean
    )
    shaky = _above("shaky", max(lift.ripple, lower.ripple), limits.ripple)
    stopped = _above("stopped", max(lift.stopped_share, lower.stopped_share), limits.stopped_share)
    pieces = [float(p.speed_peaks) for p in (lift, lower) if p.speed_peaks <= TREMOR_HZ * p.duration_s]
    stopped = stopped or _above("stopped", max(pieces, default=0.0), limits.speed_peaks)
    return [*found, *stopped, *shaky]


def _above(name: str, value: float | None, limit: float) -> list[Fault]:
    return [Fault(name, value, limit)] if value is not None and value > limit else []


def _below(name: str, value: float | None, limit: float) -> list[Fault]:
    return [Fault(name, value, limit)] if value is not None and value < limit else []
