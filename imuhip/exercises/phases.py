"""Lift, hold and lower of one repetition, and what the speed of a phase shows.

A phase begins where its speed rises above, and ends where it falls below, 2 deg/s or 5 % of its peak speed, whichever
is more; the hold lies between lift and lower. A band of the range instead, say from 10 to 90 %, would make a perfect
lift of 2 s read 1.3 s.
"""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np

from imuhip.exercises.low_pass import Smoothed
from imuhip.exercises.smoothness import sparc
from imuhip.records import record
from imuhip.units import BoolArray, FloatArray

EDGE_DEG_S, EDGE_SHARE = 2.0, 0.05
"""Edge of a phase: this speed, or this share of the phase's peak."""
POSE_SHARE, POSE_S = 0.38, 0.5
"""Who rests this long below this share of the way is in the start pose: a stop on the way is shorter."""
NEARLY = 0.15
"""A phase surely runs between these shares of the way, after such a rest; its edges lie outside."""
HOME_SHARE = 0.3
"""Whoever goes further beyond the start pose has taken another one."""
EBB_DEG, EBB_SHARE = 1.0, 0.05
"""Who falls back by this much, or by this share of the way, has been at the top: a hold may sway."""
REST_S = 0.12
"""Who trembles is slow for a moment at every turn; a phase has ended when it is slow for longer than that."""
NOISE_HZ = 6.0
"""Nobody moves a leg faster than this on purpose."""
RIPPLE_HZ, RIPPLE_PER_PHASE = 1.0, 2.0
"""A ripple is what is faster than 1 Hz, or than two swings in a phase of less than 2 s: a fling is no shake."""
BREATH_HZ = 0.5
"""A paced breath takes ten seconds and more; what is faster than this is the heart and sway."""
STOP_HZ = 3.5
"""A stop is looked for below this, so that trembling through zero does not count as stopping."""
INNER = 0.1
"""The first and last tenth of a phase are slow in every movement."""
STOPPED = 0.1
"""Near-stopped is below this share of the phase's mean speed."""
PROMINENCE = 0.15
"""A peak of the speed stands out by this share of the greatest."""


@record
class Phases:
    """Frames of one repetition's edges.

    Attributes:
        start: First frame of the lift.
        top: Last of the lift.
        leave: First of the lower.
        end: Last of the lower.
    """

    start: int
    top: int
    leave: int
    end: int


@record
class PhaseFigures:
    """What the speed of one phase shows.

    Attributes:
        duration_s: From edge to edge.
        peak_deg_s: Greatest speed.
        peak_to_mean: Over the mean speed.
        speed_peaks: How many peaks the speed has.
        stopped_share: Share of the inner 80 % at a near stop.
        ripple: RMS of the fast part of the speed over its mean.
        sparc: Spectral arc length; None where it cannot be told.
    """

    duration_s: float
    peak_deg_s: float
    peak_to_mean: float
    speed_peaks: int
    stopped_share: float
    ripple: float
    sparc: float | None


class Speed(Smoothed):
    """A speed, and what it is without trembling.

    Args:
        values: (N,) deg/s.
        rate_hz: Frames per second.
    """

    def __init__(self, values: FloatArray, rate_hz: float) -> None:
        super().__init__(values, rate_hz)
        self.calm: FloatArray = self.below(NOISE_HZ)[0]


def speed_of(angle_deg: FloatArray, rate_hz: float) -> Speed:
    """Speed of an angle (N,) in deg without gaps."""
    speed = np.empty_like(angle_deg)
    speed[1:-1] = (angle_deg[2:] - angle_deg[:-2]) * (0.5 * rate_hz)
    speed[0], speed[-1] = (angle_deg[1] - angle_deg[0]) * rate_hz, (angle_deg[-1] - angle_deg[-2]) * rate_hz
    return Speed(speed, rate_hz)


def find_breath(angle_deg: FloatArray, rate_hz: float) -> Phases | None:
    """The edges of a breath: where it turns over. It is slower than the edge of any other phase.

    Args:
        angle_deg: (N,) of the belly, positive when it is full, from one breath out to the next.
        rate_hz: Frames per second.

    Returns:
        None where the belly does not rise and fall.
    """
    smooth = Smoothed(angle_deg, rate_hz).below(BREATH_HZ)[0]
    top = int(np.argmax(smooth))
    start, end = int(np.argmin(smooth[: top + 1])), top + int(np.argmin(smooth[top:]))
    return Phases(start, top, top, end) if start < top < end else None


def find_phases(angle_deg: FloatArray, top: int, speed: Speed) -> Phases | None:
    """The edges of a repetition.

    Args:
        angle_deg: (N,) positive out of the start pose, from the pose before the repetition to the one after it.
        top: Frame that is surely at the top.
        speed: Of the angle.

    Returns:
        None where the angle does not go out and back.
    """
    if not 2 <= top < len(angle_deg) - 2:
        return None
    calm, rate_hz = speed.calm, speed.rate_hz
    lift = _phase(angle_deg[: top + 1], calm[: top + 1], rate_hz)
    lower = _phase(angle_deg[top:][::-1], -calm[top:][::-1], rate_hz)
    if lift is None or lower is None:
        return None
    last = len(angle_deg) - 1
    start, end = lift[0], last - lower[0]
    return Phases(start, lift[1], max(last - lower[1], lift[1]), end) if start < lift[1] <= end else None


def from_home(phases: Phases, angle_deg: FloatArray, home_deg: float) -> Phases:
    """The phases without what lies beyond the start pose, where the segment swings past it by a little.

    Args:
        phases: Of a repetition.
        angle_deg: (N,) its angle.
        home_deg: The angle of the start pose.
    """
    beyond = angle_deg < home_deg
    near = home_deg < float(angle_deg.max()) - (1.0 - HOME_SHARE) * float(np.ptp(angle_deg))
    if not near:
        return phases
    start = max(phases.start, _last(beyond[: phases.top]))
    back = np.flatnonzero(beyond[phases.leave : phases.end + 1])
    end = phases.leave + int(back[0]) if len(back) else phases.end
    return replace(phases, start=start, end=end) if start < phases.top and phases.leave < end else phases


def _phase(angle_deg: FloatArray, speed: FloatArray, rate_hz: float) -> tuple[int, int] | None:
    """First and last frame of a rise; the angle begins in the lower pose and ends in the upper one."""
    least, greatest = float(angle_deg.min()), float(angle_deg.max())
    way = greatest - least
    half = _last(angle_deg < least + 0.5 * way) + 1
    if not 0 < half < len(angle_deg):
        return None
    before = angle_deg[:half]
    rests = (speed[:half] < EDGE_DEG_S) & (before < least + POSE_SHARE * way)
    rested = half - _until_rest(rests[::-1], round(POSE_S * rate_hz)) - 1
    first = max(rested, _last(before < least + NEARLY * way), 0)
    rest_frames = max(1, round(REST_S * rate_hz))
    last = half + _arrival(angle_deg[half:], speed[half:], greatest - least, rest_frames)
    edge = max(EDGE_DEG_S, EDGE_SHARE * float(speed[first : last + 1].max()))
    begin = first - _until_rest(speed[: first + 1][::-1] < edge, rest_frames) + 1
    stop = last + _until_rest(speed[last:] < edge, rest_frames) - 1
    return (begin, stop) if begin < stop else None


def _arrival(angle_deg: FloatArray, speed: FloatArray, way_deg: float, rest_frames: int) -> int:
    """Frame in the upper half of a rise that is surely near its end.

    Where the angle falls back later, the hold sways, and the first rest before that is the end.
    """
    greatest = float(angle_deg.max())
    nearly = int((angle_deg > greatest - NEARLY * way_deg).argmax())
    ebbed = angle_deg < np.maximum.accumulate(angle_deg) - max(EBB_DEG, EBB_SHARE * way_deg)
    if not ebbed.any():
        return nearly
    peak = int(angle_deg[: int(ebbed.argmax())].argmax())
    rests = (speed[: peak + 1] < EDGE_DEG_S) & (angle_deg[: peak + 1] > greatest - POSE_SHARE * way_deg)
    return min(nearly, peak, _until_rest(rests, rest_frames))


def _last(where: BoolArray) -> int:
    """Index of the last that is true, -1 where none is."""
    return where.tobytes().rfind(b"\1")


def _until_rest(slow: BoolArray, frames: int) -> int:
    """How many frames pass before it is slow for so many, or to the end."""
    rest = b"\1" * frames
    return (slow.tobytes() + rest).find(rest)


def figures(speed: Speed, phases: Phases) -> tuple[PhaseFigures, PhaseFigures]:
    """What the speed of lift and lower shows."""
    lift, lower = slice(phases.start, phases.top + 1), slice(phases.leave, phases.end + 1)
    durations_s = [(own.stop - own.start - 1) / speed.rate_hz for own in (lift, lower)]
    cuts_hz = [max(RIPPLE_HZ, RIPPLE_PER_PHASE / max(duration_s, 0.1)) for duration_s in durations_s]
    smooth, *slow = speed.below(STOP_HZ, *cuts_hz)
    values, calm = speed.values, speed.calm
    return (
        _figures(values[lift], calm[lift], smooth[lift], slow[0][lift], speed.rate_hz),
        _figures(values[lower], -calm[lower], smooth[lower], slow[1][lower], speed.rate_hz),
    )


def _figures(speed: FloatArray, calm: FloatArray, smooth: FloatArray, slow: FloatArray, rate_hz: float) -> PhaseFigures:
    """What the speed (N,) of one phase shows, and what it is without trembling, stops and ripples."""
    frames, size, smooth = len(speed), np.abs(speed), np.abs(smooth)
    mean, peak = float(size.sum()) / frames, float(size.max())
    trim = round(INNER * frames)
    inner = smooth[trim : frames - trim]
    near_stop = int(np.count_nonzero(inner < STOPPED * float(smooth.sum()) / frames))
    arc = sparc(size, rate_hz)
    return PhaseFigures(
        duration_s=(frames - 1) / rate_hz,
        peak_deg_s=peak,
        peak_to_mean=peak / mean if mean else np.inf,
        speed_peaks=count_peaks(calm),
        stopped_share=near_stop / len(inner) if len(inner) else 0.0,
        ripple=rms(speed - slow) / mean if mean else 0.0,
        sparc=arc if math.isfinite(arc) else None,
    )


def rms(values: FloatArray) -> float:
    """Root of the mean square of some values (N,)."""
    return math.sqrt(float((values * values).sum()) / len(values))


def count_peaks(speed: FloatArray) -> int:
    """How many peaks of a speed (N,) stand out by :data:`PROMINENCE` of the greatest from the valleys beside them."""
    rises = speed[1:] > speed[:-1]
    turns = np.flatnonzero(rises[1:] != rises[:-1]) + 1
    least = PROMINENCE * float(np.abs(speed).max())
    # A phase begins and ends at its edge speed, which counts as rest.
    extremes = [0.0, *speed[turns].tolist(), 0.0]
    count, valley, peak = 0, extremes[0], -np.inf
    for value in extremes[1:]:
        peak = max(peak, value)
        if peak - valley >= least and peak - value >= least:
            count, valley, peak = count + 1, value, -np.inf
        elif value < valley:
            valley, peak = value, -np.inf
    return count
