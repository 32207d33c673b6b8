"""What a perfect observer would measure of every repetition: its phases and the figures that faults are judged by.

All of it is taken from the noiseless angles of the bones, by the rules that the program follows, in code of its own:
truth that shares code with the estimate would share its mistakes. Where a repetition is and what it consists of is
known from the script.

A phase begins where its speed rises above, and ends where it falls below, 2 deg/s or 5 % of its peak speed, whichever
is more; the hold lies between lift and lower.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from imuhip.records import record
from imuhip.simulation import quaternions as quat
from imuhip.simulation.body import GRID_HZ
from imuhip.simulation.movements import MOVEMENTS, Movement
from imuhip.simulation.plan import SIDE_SIGN, Repetition
from imuhip.simulation.script import Side
from imuhip.simulation.strap import MOVED_SENSOR
from imuhip.simulation.truth import Truth
from imuhip.units import FloatArray

EDGE_DEG_S, EDGE_SHARE = 2.0, 0.05
MARGIN_S = 0.15
"""How far sway and breath may carry an edge beyond the move that the script asked for."""
STOPPED_SHARE = 0.1
"""A phase nearly stops where its speed is below this share of its mean ..."""
INNER = 0.1
"""... outside the first and last tenth of it, where every movement is slow."""
PEAK_HZ, PEAK_PROMINENCE = 6.0, 0.15
RIPPLE_HZ, SWINGS = 1.0, 2.0
"""Ripple is faster than 1 Hz, and than two swings in a phase: a fling is no shake."""


@record
class Phase:
    """Lift or lower, as the noiseless angle shows it.

    Attributes:
        start_s: From the session's start.
        end_s: The same.
        peak_to_mean: Of its speed.
        stopped: Share of its inner part in which it nearly stops.
        peaks: How many its speed has.
        ripple: RMS of the speed above 1 Hz, or above two swings in the phase, over the mean speed.
    """

    start_s: float
    end_s: float
    peak_to_mean: float
    stopped: float
    peaks: int
    ripple: float

    @property
    def duration_s(self) -> float:
        """How long it takes."""
        return self.end_s - self.start_s


@record
class TrueRepetition:
    """One repetition as the bones do it, angles in degrees.

    Attributes:
        plan: What the script asked for.
        lift: The way up.
        lower: The way back.
        range_deg: Greatest change of the main angle from the start of the lift.
        start_deg: (3,) flexion, adduction and internal rotation at the start of the lift.
        peak_deg: The main angle at the top.
        hold_rms_deg: Of the main angle about its mean in the hold; 0 without a hold.
        hold_speed_deg_s: Mean speed there.
        hold_drift_deg: How far it goes from where the hold begins.
        aside: (3,) RMS of each hip angle's change over that of the main one, from the start of the lift to the end of
            the lower; 0 for the angle that is the main one.
        pelvis_deg: (3,) greatest size of the pelvis' turn from the start of the lift: tilt, list, rotation.
        late_tilt_deg: How far the pelvis goes on to tilt in the hold.
        tilt_back_deg: How far its tilt comes back from where it was furthest, before the lower.
    """

    plan: Repetition
    lift: Phase
    lower: Phase
    range_deg: float
    start_deg: FloatArray
    peak_deg: float
    hold_rms_deg: float
    hold_speed_deg_s: float
    hold_drift_deg: float
    aside: FloatArray
    pelvis_deg: FloatArray
    late_tilt_deg: float
    tilt_back_deg: float

    @property
    def hold_s(self) -> float:
        """How long the top is held."""
        return self.lower.start_s - self.lift.end_s


def true_repetitions(truth: Truth) -> tuple[TrueRepetition, ...]:
    """Measure every repetition of a session on its truth.

    Args:
        truth: Of a session whose thigh sensor stays where it is, or is on the shank where only knee or belly move.

    Returns:
        One for each repetition of a test or an exercise, in order; of breathing only the times, as paced.
    """
    done = [each for each in truth.repetitions if each.name != "swing"]
    return tuple(_breath(each) if _movement(each.name).belly_deg else _measure(truth, each) for each in done)


def _movement(name: str) -> Movement:
    return next(movement for (own, _), movement in MOVEMENTS.items() if own == name)


def main_angle(truth: Truth, name: str, side: Side, start_s: float) -> FloatArray:
    """The angle that an exercise is about, positive on the way to its top.

    Args:
        truth: Of the session.
        name: Of the exercise.
        side: Of the leg.
        start_s: A moment in the start pose.

    Returns:
        (N,) deg: flexion or adduction from the stance zero; of rotation the twist about the femur from the start pose;
        where only the knee moves, how far the shank has turned from there.
    """
    movement = _movement(name)
    main = movement.main
    if main is None:
        shank = truth.earth_from_sensor[MOVED_SENSOR]
        turned = quat.multiply(quat.conjugate(shank[_frame(start_s)]), shank)
        return np.asarray(np.degrees(np.linalg.norm(quat.log(turned), axis=1)))
    if main < 2:
        angle = truth.hips[side].bone_deg[:, main]
    else:
        pelvis, thigh = (truth.earth_from_segment[truth.roles.index(role)] for role in ("pelvis", f"thigh_{side}"))
        hip = quat.multiply(quat.conjugate(pelvis), thigh)
        turned = quat.multiply(quat.conjugate(hip[_frame(start_s)]), hip)
        angle = SIDE_SIGN[side] * np.degrees(2 * np.arctan2(turned[:, 2], turned[:, 0]))
    return np.asarray(np.sign(movement.change_deg[main]) * np.degrees(np.unwrap(np.radians(angle))))


def _frame(time_s: float) -> int:
    return round(time_s * GRID_HZ)


def _measure(truth: Truth, plan: Repetition) -> TrueRepetition:
    first, last = _frame(plan.start_s - 1.0), _frame(plan.end_s + 1.0)
    angle = main_angle(truth, plan.name, plan.side, plan.start_s)[first:last]
    speed = np.gradient(angle) * GRID_HZ
    begin_s = first / GRID_HZ
    hold_margin_s = min(MARGIN_S, (plan.leave_s - plan.top_s) / 2)
    lift = _phase(speed, begin_s, (plan.start_s - MARGIN_S, plan.top_s + hold_margin_s))
    lower = _phase(-speed, begin_s, (plan.leave_s - hold_margin_s, plan.back_s + MARGIN_S))
    start, top, leave, end = (
        round((each - begin_s) * GRID_HZ) for each in (lift.start_s, lift.end_s, lower.start_s, lower.end_s)
    )
    held = angle[top:leave]
    hip = truth.hips[plan.side].bone_deg[first:last]
    aside = np.sqrt(np.mean((hip[start:end] - hip[start]) ** 2, axis=0))
    if (main := _movement(plan.name).main) is not None:
        aside[main] = 0.0
    pelvis = _pelvis_turn_deg(truth.earth_from_segment[0][first:last], start)
    change = angle[start:end] - angle[start]
    return TrueRepetition(
        plan=plan,
        lift=lift,
        lower=lower,
        range_deg=float(change.max()),
        start_deg=hip[start],
        peak_deg=float(angle[start:end].max()),
        hold_rms_deg=float(held.std()) if len(held) else 0.0,
        hold_speed_deg_s=float(np.abs(speed[top:leave]).mean()) if len(held) else 0.0,
        hold_drift_deg=float(np.abs(held - angle[top]).max()) if len(held) else 0.0,
        aside=aside / np.sqrt(np.mean(change**2)),
        pelvis_deg=np.abs(pelvis[start:end]).max(axis=0),
        late_tilt_deg=float(np.abs(pelvis[top : leave + 1, 0] - pelvis[top, 0]).max()),
        tilt_back_deg=_come_back(pelvis[start : leave + 1, 0]),
    )


def _breath(plan: Repetition) -> TrueRepetition:
    """A breath: too slow for the rule of phases, which turn over at the ends of inhaling and exhaling."""
    inhale = Phase(plan.start_s, plan.top_s, peak_to_mean=0.0, stopped=0.0, peaks=1, ripple=0.0)
    exhale = replace(inhale, start_s=plan.leave_s, end_s=plan.back_s)
    nothing = np.zeros(3)
    return TrueRepetition(plan, inhale, exhale, 0.0, nothing, 0.0, 0.0, 0.0, 0.0, nothing, nothing, 0.0, 0.0)


def _pelvis_turn_deg(pelvis: FloatArray, start: int) -> FloatArray:
    """(N, 3) turn of the pelvis from its attitude at a frame, about its own axes: tilt, list, rotation, deg."""
    turned = np.degrees(quat.log(quat.multiply(quat.conjugate(pelvis[start]), pelvis)))
    return np.asarray(turned[:, [2, 0, 1]])


def _come_back(tilt_deg: FloatArray) -> float:
    """How far an angle (N,) returns from where it was furthest from its start until then."""
    forward = tilt_deg * np.sign(tilt_deg[int(np.argmax(np.abs(tilt_deg)))])
    return float(np.max(np.maximum.accumulate(forward) - forward))


def _phase(speed: FloatArray, begin_s: float, span_s: tuple[float, float]) -> Phase:
    """The phase inside a span of a signed speed (N,) that is positive in its direction and begins at ``begin_s``."""
    low, high = (round((each - begin_s) * GRID_HZ) for each in span_s)
    inside = speed[low : high + 1]
    moving = np.flatnonzero(inside > max(EDGE_DEG_S, EDGE_SHARE * float(inside.max())))
    own = inside[moving[0] : moving[-1] + 1]
    size = np.abs(own)
    mean = float(size.mean())
    trim = round(INNER * len(own))
    ripple_hz = max(RIPPLE_HZ, SWINGS * GRID_HZ / len(own))
    wide = slice(low + int(moving[0]), low + int(moving[-1]) + 1)
    return Phase(
        start_s=begin_s + (low + int(moving[0])) / GRID_HZ,
        end_s=begin_s + (low + int(moving[-1])) / GRID_HZ,
        peak_to_mean=float(size.max()) / mean,
        stopped=float(np.mean(size[trim : len(own) - trim] < STOPPED_SHARE * mean)),
        peaks=_count_peaks(_low_pass(speed, PEAK_HZ)[wide]),
        ripple=float(np.sqrt(np.mean((speed - _low_pass(speed, ripple_hz))[wide] ** 2))) / mean,
    )


def _low_pass(values: FloatArray, cut_hz: float) -> FloatArray:
    """Zero-phase Butterworth low-pass of fourth order (amplitude), as a filter of the spectrum."""
    padded = np.concatenate([values[::-1], values, values[::-1]])
    share = np.fft.rfftfreq(len(padded), 1 / GRID_HZ) / cut_hz
    smooth = np.fft.irfft(np.fft.rfft(padded) / (1 + share**4), len(padded))
    return np.asarray(smooth[len(values) : 2 * len(values)])


def _count_peaks(speed: FloatArray) -> int:
    """How many peaks stand out by a share of the greatest speed from the valleys beside them."""
    least = PEAK_PROMINENCE * float(np.abs(speed).max())
    count, low, high = 0, float(speed[0]), float(speed[0])
    rising = True
    for value in speed.tolist():
        if rising:
            high = max(high, value)
            if value < high - least:
                count, rising, low = count + (high - low >= least), False, value
        else:
            low = min(low, value)
            if value > low + least:
                rising, high = True, value
    return count + (rising and high - low >= least)
