"""A plan becomes the orientation and place of pelvis, thighs and shanks on a 100 Hz grid.

Frames here are *nominal*: those in which the script's stance reads zero. :mod:`imuhip.simulation.truth` turns them by
the mean sway of the stance to the zero of the program, and by the wearer's build to the anatomical frames.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from imuhip.records import record
from imuhip.simulation import quaternions as quat
from imuhip.simulation.plan import HIP, PELVIS, SHIFT, SIDE_SIGN, SIDES, Oscillation, Plan, Ramp
from imuhip.simulation.script import Side
from imuhip.simulation.skin import skin_of_thigh
from imuhip.simulation.wearer import SoftTissue, Wearer
from imuhip.units import FloatArray

GRID_HZ = 100.0

HIP_OFFSET_M = 0.085
"""Hip centre from the middle between the hips, to the side."""
SWAY_BAND_HZ = (0.2, 0.5)
SWAY_M = 0.003
"""RMS of the pelvis' sway in place, each axis, standing."""
BREATH_HZ = 0.25

_SWAYING = [f"{part}.{name}" for part, names in (("pelvis", PELVIS), ("right", HIP), ("left", HIP)) for name in names]
_STEADY = [
    *(f"shift.{name}" for name in SHIFT),
    *(f"floor.{axis}" for axis in "xyz"),
    *(f"{side}.knee" for side in SIDES),
    "heading",
    "sway",
    "belly",
    "paced",
]


@record
class Body:
    """The body on the grid, N moments; frame ``i`` lies at ``i / GRID_HZ`` seconds from the session's start.

    Attributes:
        time_s: (N,) from the session's start.
        bones: quat_earth_from_segment (N, 4) by role: pelvis, thighs, shanks and abdomen.
        skins: The same of the skin under a sensor on that segment.
        hips_m: (N, 3) hip centre in the earth, by side.
    """

    time_s: FloatArray
    bones: Mapping[str, FloatArray]
    skins: Mapping[str, FloatArray]
    hips_m: Mapping[Side, FloatArray]


def minimum_jerk(share: FloatArray) -> FloatArray:
    """Position from 0 to 1 along a minimum-jerk move at a share of its duration (Flash & Hogan 1985)."""
    s = np.clip(share, 0.0, 1.0)
    return np.asarray(s**3 * (10 + s * (6 * s - 15)))


def sample_ramps(ramps: Sequence[Ramp], time_s: FloatArray) -> FloatArray:
    """Sum of ramps at (N,) ascending times."""
    out = np.zeros(len(time_s))
    for ramp in ramps:
        low, high = np.searchsorted(time_s, (ramp.start_s, ramp.start_s + ramp.duration_s))
        out[low:high] += ramp.delta * minimum_jerk((time_s[low:high] - ramp.start_s) / ramp.duration_s)
        out[high:] += ramp.delta
    return out


def sample_oscillations(oscillations: Sequence[Oscillation], time_s: FloatArray) -> FloatArray:
    """Sum of oscillations at (N,) ascending times."""
    out = np.zeros(len(time_s))
    for each in oscillations:
        low, high = np.searchsorted(time_s, (each.start_s, each.start_s + each.duration_s))
        since_s = time_s[low:high] - each.start_s
        share = since_s / each.duration_s
        swell = minimum_jerk(4 * share) * minimum_jerk(4 * (1 - share))
        out[low:high] += each.amplitude * swell * np.sin(2 * np.pi * each.hz * since_s)
    return out


def move_body(plan: Plan, wearer: Wearer, soft_tissue: SoftTissue | None, rng: np.random.Generator) -> Body:
    """Sample a plan.

    Args:
        plan: What moves.
        wearer: For sway and breath.
        soft_tissue: How skin turns against bone, or None where it does not.
        rng: Source of the sway.

    Returns:
        The body on the grid.
    """
    count = int(plan.duration_s * GRID_HZ) + 1
    time_s = np.arange(count) / GRID_HZ
    channel = {name: sample_ramps(plan.ramps.get(name, []), time_s) for name in (*_SWAYING, *_STEADY)}
    for name in _SWAYING:
        channel[name] += wearer.sway_deg * channel["sway"] * _sway(rng, count)
    for name, oscillations in plan.oscillations.items():
        channel[name] += sample_oscillations(oscillations, time_s)
    breath_deg = wearer.breath_deg * np.sin(2 * np.pi * (BREATH_HZ * time_s + rng.uniform()))
    breath_deg *= 1.0 - channel["paced"]
    channel["pelvis.tilt"] += breath_deg

    heading = quat.about_axis("z", np.radians(channel["heading"]))
    base = quat.multiply(heading, _posture(plan, time_s))
    pelvis = quat.multiply(base, _cardan([channel[f"pelvis.{name}"] for name in PELVIS], 1.0))
    place_m = _place(channel, heading, rng)
    belly = quat.multiply(pelvis, quat.about_axis("z", np.radians(channel["belly"])))
    bones, skins = {"pelvis": pelvis, "abdomen": belly}, {"pelvis": pelvis, "abdomen": belly}
    hips_m: dict[Side, FloatArray] = {}
    for side in SIDES:
        channel[f"{side}.flexion"] -= breath_deg  # breath rocks the pelvis, not the thighs
        hip_deg = [channel[f"{side}.{name}"] for name in HIP]
        thigh = quat.multiply(pelvis, _cardan(hip_deg, SIDE_SIGN[side]))
        shank = quat.multiply(thigh, quat.about_axis("z", -np.radians(channel[f"{side}.knee"])))
        bones |= {f"thigh_{side}": thigh, f"shank_{side}": shank}
        skin = skin_of_thigh(thigh, hip_deg, side, soft_tissue, GRID_HZ) if soft_tissue else thigh
        skins |= {f"thigh_{side}": skin, f"shank_{side}": shank}
        hips_m[side] = place_m + quat.rotate(pelvis, np.array([0.0, 0.0, SIDE_SIGN[side] * HIP_OFFSET_M]))
    return Body(time_s, bones, skins, hips_m)


def _cardan(angles_deg: Sequence[FloatArray], sign: float) -> FloatArray:
    """Intrinsic z-x'-y'' rotation; clinical angles of the left hip enter the last two with their sign changed."""
    z, x, y = (np.radians(angle) for angle in angles_deg)
    turned = quat.multiply(quat.about_axis("z", z), quat.about_axis("x", sign * x))
    return quat.multiply(turned, quat.about_axis("y", sign * y))


def _posture(plan: Plan, time_s: FloatArray) -> FloatArray:
    """(N, 4) pelvis orientation of the bare postures, heading left out."""
    # Standing with heading 0: x anterior along the earth's x, y up along its z.
    out: FloatArray = np.tile(quat.about_axis("x", np.pi / 2), (len(time_s), 1))
    for turn in plan.turns:
        start = int(np.searchsorted(time_s, turn.start_s))
        share = minimum_jerk((time_s[start:] - turn.start_s) / turn.duration_s)
        out[start:] = quat.multiply(out[start:], quat.about_axis(turn.axis, np.radians(turn.angle_deg) * share))
    return out


def _place(channel: Mapping[str, FloatArray], heading: FloatArray, rng: np.random.Generator) -> FloatArray:
    """(N, 3) middle between the hip centres in the earth."""
    shift = np.stack([channel["shift.forward"], -channel["shift.right"], channel["shift.up"]], axis=-1)
    floor = np.stack([channel[f"floor.{axis}"] for axis in "xyz"], axis=-1)
    noise = np.stack([_sway(rng, len(shift)) for _ in range(3)], axis=-1)
    return np.asarray(floor + quat.rotate(heading, shift) + SWAY_M * channel["sway"][:, None] * noise)


def _sway(rng: np.random.Generator, count: int) -> FloatArray:
    """(count,) band-limited noise of RMS 1."""
    spectrum = rng.standard_normal(count // 2 + 1) + 1j * rng.standard_normal(count // 2 + 1)
    frequency_hz = np.fft.rfftfreq(count, 1 / GRID_HZ)
    low, high = SWAY_BAND_HZ
    noise = np.fft.irfft(np.where((frequency_hz >= low) & (frequency_hz <= high), spectrum, 0), count)
    return np.asarray(noise / np.sqrt(np.mean(noise**2)))
