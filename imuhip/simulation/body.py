"""Ramps become the orientation and place of pelvis and thighs on a 100 Hz grid.

Frames here are *nominal*: those in which the script's stance reads zero. :mod:`imuhip.simulation.truth` turns them by the
mean sway of the stance to the zero of the program, and by the wearer's build to the anatomical frames.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from imuhip.simulation import quaternions as quat
from imuhip.simulation.choreography import HIP, PELVIS, SHIFT, Choreography, Ramp
from imuhip.simulation.script import Side
from imuhip.simulation.wearer import SoftTissue, Wearer
from imuhip.units import GRAVITY_M_S2, FloatArray

GRID_HZ = 100.0
SIDES: tuple[Side, Side] = ("right", "left")
SIDE_SIGN: Mapping[Side, float] = {"right": 1.0, "left": -1.0}

HIP_OFFSET_M = 0.085
"""Hip centre from the middle between the hips, to the side."""
PELVIS_SENSOR_M = (0.03, 0.09, 0.04)
"""Sensor on the iliac crest from the hip centre of its side: anterior, up, lateral."""
THIGH_SENSOR_M = (0.02, -0.30, 0.07)
"""Sensor on the distal lateral thigh from the hip centre: anterior, up, lateral."""
SWAY_BAND_HZ = (0.2, 0.5)
BREATH_HZ = 0.25
SWAY_M = 0.003
"""RMS of the pelvis' sway in place, each axis, standing."""


@dataclass(frozen=True, slots=True)
class Body:
    """The body on the grid, N moments; frame ``i`` lies at ``i / GRID_HZ`` seconds from the session's start.

    Attributes:
        time_s: (N,) from the session's start.
        pelvis: (N, 4) quat_earth_from_pelvis.
        thigh: quat_earth_from_thigh (N, 4) of the bone, by side.
        skin: The same of the skin under the thigh's sensor.
        place_m: (N, 3) middle between the hip centres, in the earth.
    """

    time_s: FloatArray
    pelvis: FloatArray
    thigh: Mapping[Side, FloatArray]
    skin: Mapping[Side, FloatArray]
    place_m: FloatArray


def minimum_jerk(share: FloatArray) -> FloatArray:
    """Position from 0 to 1 along a minimum-jerk move at a share of its duration (Flash & Hogan 1985)."""
    s = np.clip(share, 0.0, 1.0)
    return s**3 * (10 + s * (6 * s - 15))


def sample_ramps(ramps: Sequence[Ramp], time_s: FloatArray) -> FloatArray:
    """Sum of ramps at (N,) ascending times."""
    out = np.zeros(len(time_s))
    for ramp in ramps:
        low, high = np.searchsorted(time_s, (ramp.start_s, ramp.start_s + ramp.duration_s))
        out[low:high] += ramp.delta * minimum_jerk((time_s[low:high] - ramp.start_s) / ramp.duration_s)
        out[high:] += ramp.delta
    return out


def sway(rng: np.random.Generator, count: int) -> FloatArray:
    """(count,) band-limited noise of RMS 1."""
    spectrum = rng.standard_normal(count // 2 + 1) + 1j * rng.standard_normal(count // 2 + 1)
    frequency_hz = np.fft.rfftfreq(count, 1 / GRID_HZ)
    low, high = SWAY_BAND_HZ
    noise = np.fft.irfft(np.where((frequency_hz >= low) & (frequency_hz <= high), spectrum, 0), count)
    return np.asarray(noise / np.sqrt(np.mean(noise**2)))


def move_body(
    plan: Choreography, side: Side, wearer: Wearer, soft_tissue: SoftTissue | None, rng: np.random.Generator
) -> Body:
    """Sample a choreography.

    Args:
        plan: The ramps.
        side: Working side.
        wearer: For sway and breath.
        soft_tissue: How skin turns against bone, or None where it does not.
        rng: Source of the sway.

    Returns:
        The body on the grid.
    """
    count = int(plan.duration_s * GRID_HZ) + 1
    time_s = np.arange(count) / GRID_HZ
    channel = {name: sample_ramps(plan.ramps.get(name, []), time_s) for name in _channels()}
    rms_deg = channel["sway"] * wearer.sway_deg
    for name in _channels():
        if name.startswith(("pelvis", "working", "other")):
            channel[name] += rms_deg * sway(rng, count)
    breath_deg = wearer.breath_deg * np.sin(2 * np.pi * (BREATH_HZ * time_s + rng.uniform()))
    channel["pelvis.tilt"] += breath_deg
    for leg in ("working", "other"):  # breath rocks the pelvis, not the thighs
        channel[f"{leg}.flexion"] -= breath_deg

    sign = SIDE_SIGN[side]
    heading = quat.about_axis("z", np.radians(channel["heading"]))
    base = quat.multiply(heading, _posture(plan, time_s))
    local = _cardan([channel[f"pelvis.{name}"] for name in PELVIS], sign)
    pelvis = quat.multiply(base, local)
    thigh: dict[Side, FloatArray] = {}
    skin: dict[Side, FloatArray] = {}
    for leg in SIDES:
        name = "working" if leg == side else "other"
        hip = _cardan([channel[f"{name}.{angle}"] for angle in HIP], SIDE_SIGN[leg])
        thigh[leg] = quat.multiply(pelvis, hip)
        skin[leg] = _skin(thigh[leg], channel, name, SIDE_SIGN[leg], soft_tissue)
    return Body(time_s, pelvis, thigh, skin, _place(channel, heading, sign, rng))


def specific_force(orientation: FloatArray, place_m: FloatArray) -> FloatArray:
    """(N, 3) what an ideal accelerometer reads, by central differences of its (N, 3) place on the grid."""
    acceleration = np.zeros_like(place_m)
    acceleration[1:-1] = (place_m[2:] - 2 * place_m[1:-1] + place_m[:-2]) * GRID_HZ**2
    acceleration[:, 2] += GRAVITY_M_S2
    return quat.rotate(quat.conjugate(orientation), acceleration)


def sensor_place(body: Body, role: str, side: Side) -> FloatArray:
    """(N, 3) place in the earth of the sensor worn as ``role``; ``side`` tells on which crest the pelvis sensor sits."""
    sign = SIDE_SIGN[side]
    hip_m = body.place_m + quat.rotate(body.pelvis, np.array([0.0, 0.0, sign * HIP_OFFSET_M]))
    segment, (x, y, z) = (
        (body.pelvis, PELVIS_SENSOR_M) if role == "pelvis" else (body.thigh[side], THIGH_SENSOR_M)
    )
    return np.asarray(hip_m + quat.rotate(segment, np.array([x, y, sign * z])))


def _channels() -> list[str]:
    legs = [f"{leg}.{name}" for leg in ("working", "other") for name in HIP]
    pelvis = [f"pelvis.{name}" for name in PELVIS] + [f"shift.{name}" for name in SHIFT]
    return [*legs, *pelvis, "heading", "floor.x", "floor.y", "floor.z", "sway"]


def _cardan(angles_deg: Sequence[FloatArray], sign: float) -> FloatArray:
    """Intrinsic z-x'-y'' rotation; the last two angles change sign for the left side."""
    z, x, y = (np.radians(angle) for angle in angles_deg)
    turned = quat.multiply(quat.about_axis("z", z), quat.about_axis("x", sign * x))
    return quat.multiply(turned, quat.about_axis("y", sign * y))


def _posture(plan: Choreography, time_s: FloatArray) -> FloatArray:
    """(N, 4) pelvis orientation of the bare postures, heading left out."""
    # Standing with heading 0: x anterior along the earth's x, y up along its z.
    out = np.broadcast_to(quat.about_axis("x", np.pi / 2), (len(time_s), 4))
    for turn in plan.turns:
        share = minimum_jerk((time_s - turn.start_s) / turn.duration_s)
        out = quat.multiply(out, quat.about_axis(turn.axis, np.radians(turn.angle_deg) * share))
    return out


def _place(channel: Mapping[str, FloatArray], heading: FloatArray, sign: float, rng: np.random.Generator) -> FloatArray:
    shift = np.stack([channel["shift.forward"], -sign * channel["shift.aside"], channel["shift.up"]], axis=-1)
    floor = np.stack([channel[f"floor.{axis}"] for axis in "xyz"], axis=-1)
    noise = np.stack([sway(rng, len(shift)) for _ in range(3)], axis=-1)
    return floor + quat.rotate(heading, shift) + SWAY_M * channel["sway"][:, None] * noise


def _skin(
    thigh: FloatArray, channel: Mapping[str, FloatArray], leg: str, sign: float, soft_tissue: SoftTissue | None
) -> FloatArray:
    """(N, 4) orientation of the skin under the thigh's sensor."""
    if soft_tissue is None:
        return thigh
    flexion_deg = channel[f"{leg}.flexion"]
    slide = np.radians(soft_tissue.flexion_deg / 90.0 * flexion_deg)[:, None] * np.array(soft_tissue.flexion_axis)
    lag = -soft_tissue.rotation_lag * np.radians(channel[f"{leg}.internal_rotation"]) * sign
    turned = quat.multiply(quat.exp(slide), quat.about_axis("y", lag))
    return quat.multiply(thigh, quat.multiply(turned, quat.exp(_wobble(thigh, soft_tissue))))


def _wobble(thigh: FloatArray, soft_tissue: SoftTissue) -> FloatArray:
    """(N, 3) rotation vector of tissue that hangs behind the bone like a damped spring when it accelerates."""
    rate = np.zeros((len(thigh), 3))
    rate[1:] = quat.log(quat.multiply(quat.conjugate(thigh[:-1]), thigh[1:])) * GRID_HZ
    omega = 2j * np.pi * np.fft.rfftfreq(len(rate), 1 / GRID_HZ)[:, None]
    natural = 2 * np.pi * soft_tissue.wobble_hz
    response = -omega / (natural**2 + 2 * soft_tissue.wobble_damping * natural * omega + omega**2)
    return np.fft.irfft(np.fft.rfft(rate, axis=0) * response, len(rate), axis=0)
