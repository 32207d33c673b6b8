"""Whether samples can be in the units they are said to be in.

Units are never guessed. What physics shows to be another unit is refused, with the option that converts it.
"""

from __future__ import annotations

import numpy as np

from imuhip.records import record
from imuhip.units import GRAVITY_M_S2, BoolArray, FloatArray

TIME_UNITS = {"s": 1.0, "ms": 1e3, "us": 1e6}
"""Units per second."""
ACC_UNITS = {"m_s2": 1.0, "g": GRAVITY_M_S2, "mg": GRAVITY_M_S2 / 1e3}
"""Metres per second squared per unit."""
GYR_UNITS = {"rad_s": 1.0, "deg_s": np.pi / 180}
"""Radians per second per unit."""

UNIT_WORDS = {
    "s": "seconds", "ms": "milliseconds", "us": "microseconds", "m_s2": "m/s2", "g": "g", "mg": "mg",
    "rad_s": "rad/s", "deg_s": "deg/s",
}  # fmt: skip

SLOWEST_HZ, FASTEST_HZ = 20.0, 2000.0
"""Slower does not show how a hip moves; nothing that people wear is faster."""

_GRAVITY_RANGE_M_S2 = (5.0, 15.0)
"""Where the median length of the specific force of a body segment lies, from lying still to running."""

_FASTEST_RAD_S = 40.0
"""2300 deg/s: beyond what gyroscopes for people measure and what thigh or pelvis reach."""

_WINDOW_S = 1.0
_GAP_S = 0.15  # three sample periods at the lowest rate
_CONTRADICTION_M_S2 = 1.0
"""How badly rates must fail to turn gravity (RMS over windows of a second) before they are taken for degrees; a
gyroscope's bias of 5 deg/s makes 0.85."""
_CLEARLY_BETTER = 0.15
"""Error as deg/s over that as rad/s below which rates said to be in rad/s are in deg/s. Of 48 real sensors right ones
reach down to 0.3 while walking and wrong ones up to 0.09, but for one that the speed limit shows."""
_MOVING_M_S2 = 0.3
"""Change of the accelerometer over a second (RMS) from which a body is known to move: less tells no unit."""
_HARDLY_TURNING = 0.04
"""Gravity turned by the rates over the accelerometer's change, below which rates said to be in deg/s are in rad/s. Of
48 real sensors right ones have 0.07 and more, wrong ones up to 0.065 and all but two of them under 0.03."""
_SLOW_RAD_S = np.deg2rad(20.0)
"""Who moves at all turns faster than this at some time; what looks as slow in deg/s is up to 1100 deg/s if in rad/s."""


@record
class Doubt:
    """Why values cannot be in the unit they are said to be in.

    Attributes:
        reason: What they show.
        unit: The unit they are likely in, or None.
        remedy: What to do where there is no such unit.
    """

    reason: str
    unit: str | None = None
    remedy: str | None = None


def doubt_time(step: float, unit: str) -> Doubt | None:
    """Judge the unit of time.

    Args:
        step: Median step of the time column, in ``unit``.
        unit: The unit it is said to be in.

    Returns:
        None where it gives a possible sample rate.
    """
    rates_hz = {name: per_second / step for name, per_second in TIME_UNITS.items()}
    if SLOWEST_HZ * 0.975 <= rates_hz[unit] <= FASTEST_HZ:
        return None
    likely = [name for name, rate_hz in rates_hz.items() if SLOWEST_HZ * 0.975 <= rate_hz <= FASTEST_HZ]
    if likely:
        words = f"{UNIT_WORDS[likely[0]]} and not {UNIT_WORDS[unit]}"
        return Doubt(f"steps by {step:g}, which looks like {words}", likely[0])
    rate = f"{rates_hz[unit]:.0f}" if rates_hz[unit] >= 100 else f"{rates_hz[unit]:.3g}"
    needed = f"{SLOWEST_HZ:.0f} to {FASTEST_HZ:.0f} are needed"
    return Doubt(f"has {rate} samples a second; {needed}", remedy="Export it at 100 samples a second")


def doubt_acc(acc: FloatArray, unit: str) -> Doubt | None:
    """Judge the unit of acceleration by gravity, which is in every sample.

    Args:
        acc: (N, 3) values in ``unit``.
        unit: The unit they are said to be in.

    Returns:
        None where gravity has its length.
    """
    length = float(np.median(np.sqrt(np.einsum("ij,ij->i", acc, acc))))
    low, high = _GRAVITY_RANGE_M_S2
    likely = [name for name, scale in ACC_UNITS.items() if low <= length * scale <= high]
    if unit in likely:
        return None
    if likely:
        words = f"{UNIT_WORDS[likely[0]]} and not {UNIT_WORDS[unit]}"
        return Doubt(f"gravity measures {length:.3g}, which looks like {words}", likely[0])
    reason = f"holds no gravity: the median length is {length:.3g} {UNIT_WORDS[unit]}"
    return Doubt(reason, remedy="Export acceleration with gravity in it, as the sensor measures it")


def doubt_gyr(time_s: FloatArray, acc_m_s2: FloatArray, gyr: FloatArray, unit: str) -> Doubt | None:
    """Judge the unit of angular rate by how it turns gravity.

    Gravity seen in a turning sensor changes by ``-rate x gravity``. Over each second the change of the accelerometer is
    compared with what the rates predict. In degrees taken for radians they turn gravity far more than can be; in
    radians taken for degrees they hardly turn it at all while the accelerometer moves.

    Args:
        time_s: (N,) time of each sample.
        acc_m_s2: (N, 3) specific force.
        gyr: (N, 3) values in ``unit``.
        unit: The unit they are said to be in.

    Returns:
        None where the stated unit is possible, as where little moves.
    """
    other = next(name for name in GYR_UNITS if name != unit)
    gyr_rad_s = gyr * GYR_UNITS[unit]
    fastest = float(np.percentile(np.sqrt(np.einsum("ij,ij->i", gyr_rad_s, gyr_rad_s)), 99.9))
    if fastest > _FASTEST_RAD_S and unit == "rad_s":
        return Doubt(f"reaches {fastest:.0f}, faster than a body turns in rad/s; it looks like deg/s", "deg_s")
    changed, predicted = _turned_gravity(time_s, acc_m_s2, gyr_rad_s)
    if not len(changed):
        return None
    seen, turned = _rms(changed), _rms(predicted)
    if unit == "rad_s":
        stated, better = _rms(changed - predicted), _rms(changed - predicted * GYR_UNITS["deg_s"])
        possible = stated < _CONTRADICTION_M_S2 or better > _CLEARLY_BETTER * stated
    else:
        possible = seen < _MOVING_M_S2 or turned > _HARDLY_TURNING * seen or fastest > _SLOW_RAD_S
    if possible:
        return None
    told = f"turns gravity by {turned:.2g} m/s2 a second where the accelerometer sees {seen:.2g}"
    return Doubt(f"{told}, which looks like {UNIT_WORDS[other]} and not {UNIT_WORDS[unit]}", other)


def _turned_gravity(time_s: FloatArray, acc_m_s2: FloatArray, gyr_rad_s: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Change of the accelerometer over each second, (W, 3), and what the rates predict."""
    step_s = np.diff(time_s)
    rate = -np.cross(gyr_rad_s, acc_m_s2)
    turned = np.zeros_like(acc_m_s2)
    np.cumsum((rate[1:] + rate[:-1]) * (step_s / 2)[:, None], axis=0, out=turned[1:])
    gaps = np.concatenate(([0], np.cumsum(step_s > _GAP_S)))
    start = np.searchsorted(time_s, np.arange(time_s[0], time_s[-1] - _WINDOW_S, _WINDOW_S / 2))
    end = np.minimum(np.searchsorted(time_s, time_s[start] + _WINDOW_S), len(time_s) - 1)
    whole: BoolArray = (gaps[end] == gaps[start]) & (end > start)
    start, end = start[whole], end[whole]
    return acc_m_s2[end] - acc_m_s2[start], turned[end] - turned[start]


def _rms(values: FloatArray) -> float:
    return float(np.sqrt(np.mean(np.einsum("ij,ij->i", values, values))))
