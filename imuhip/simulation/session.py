"""Simulate a session: the composition of this folder."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from imuhip.marks import Mark
from imuhip.packets.descriptor import encode_descriptor
from imuhip.packets.notification import NotificationBlock, SensorInfo
from imuhip.simulation import link
from imuhip.simulation import quaternions as quat
from imuhip.simulation.body import GRID_HZ, Body, move_body, sensor_place, specific_force
from imuhip.simulation.choreography import Choreography, choreograph
from imuhip.simulation.script import Session, Side
from imuhip.simulation.sensors import SensorErrors, VirtualSensor, draw_sensor, ideal_rates, interpolate, measure
from imuhip.simulation.truth import Truth, Zeroed, hip_truth, zero
from imuhip.simulation.wearer import SoftTissue, Wearer
from imuhip.timeline.frames import FrameBlock
from imuhip.units import FloatArray, IntArray

HOST_START_NS = 7_200_000_000_000
"""Host monotonic time at which sessions start: a host two hours up."""


@dataclass(frozen=True, slots=True)
class SensorSamples:
    """What one sensor measured, M samples on its own clock, before packing.

    Attributes:
        time_s: (M,) true time of each sample from the session's start.
        tick_us: (M,) the sensor's own clock.
        acc_m_s2: (M, 3).
        gyr_rad_s: (M, 3), the mean over the interval that ends at the sample.
    """

    time_s: FloatArray
    tick_us: IntArray
    acc_m_s2: FloatArray
    gyr_rad_s: FloatArray


@dataclass(frozen=True, slots=True)
class SimulatedSession:
    """A session as recorded, and its truth.

    Attributes:
        sensors: Who sends, in the order of every per-sensor array; pelvis first.
        samples: What each measured, by role.
        marks: On the host clock.
        truth: What an estimate is judged by.
    """

    sensors: list[SensorInfo]
    samples: Mapping[str, SensorSamples]
    marks: tuple[Mark, ...]
    truth: Truth
    _frames: FrameBlock
    _errors: SensorErrors
    _seed: int

    def ideal_frames(self) -> FrameBlock:
        """Frames of a perfect timeline: all sensor errors, no clocks, no loss, no quantisation; frame 0 at the start."""
        return self._frames

    def notifications(self) -> NotificationBlock:
        """Return what the host's radio would have handed over, in order of arrival."""
        payloads: list[list[bytes]] = []
        arrival_ns: list[IntArray] = []
        for info in self.sensors:
            rng = np.random.default_rng([self._seed, 5, info.index])
            samples = self.samples[info.role]
            lost = link.lose(len(samples.time_s) // link.SAMPLES_PER_NOTIFICATION, self._errors, rng)
            sequence = int(rng.integers(2**16))
            payloads.append(link.pack(samples.tick_us, samples.acc_m_s2, samples.gyr_rad_s, sequence, lost))
            last = samples.time_s[link.SAMPLES_PER_NOTIFICATION - 1 :: link.SAMPLES_PER_NOTIFICATION]
            at_s = link.arrivals_s(last, rng)[~lost]
            arrival_ns.append(int(self.truth.host_ns[0]) + np.rint(at_s * 1e9).astype(np.int64))
        return link.merge(arrival_ns, payloads)


def simulate(
    session: Session,
    *,
    seed: int,
    wearer: Wearer | None = None,
    errors: SensorErrors | None = None,
    soft_tissue: SoftTissue | None = None,
    both_thighs: bool = False,
    rate_hz: float = 100.0,
    host_start_ns: int = HOST_START_NS,
) -> SimulatedSession:
    """Simulate one session.

    Args:
        session: What the wearer does.
        seed: Of everything that is drawn; the same seed gives the same bits.
        wearer: How well; perfectly by default.
        errors: Of the sensors; those of consumer sensors by default.
        soft_tissue: How the skin follows the bone; perfectly by default.
        both_thighs: Whether the other thigh wears a sensor too.
        rate_hz: Of the sensors.
        host_start_ns: Host clock at the session's start.

    Returns:
        Measurements, marks and truth.
    """
    wearer = wearer or Wearer.perfect()
    errors = errors or SensorErrors()
    plan = choreograph(session, wearer, np.random.default_rng([seed, 1]))
    body = move_body(plan, session.side, wearer, soft_tissue, np.random.default_rng([seed, 2]))
    zeroed = zero(body, plan.first_stance_s)
    worn = _worn(session.side, both_thighs)
    drawn = [
        draw_sensor(errors, len(body.time_s), np.random.default_rng([seed, 3, index])) for index in range(len(worn))
    ]
    raw = encode_descriptor(link.descriptor(rate_hz))
    infos = [SensorInfo(index, role, "imuhip virtual sensor", "imuhip", raw) for index, role in enumerate(worn)]
    samples: dict[str, SensorSamples] = {}
    frames: list[tuple[FloatArray, FloatArray]] = []
    for info, sensor in zip(infos, drawn, strict=True):
        orientation = quat.multiply(_skin(zeroed, info.role), sensor.mount)
        force = specific_force(orientation, sensor_place(body, info.role, worn[info.role]))
        rng = np.random.default_rng([seed, 4, info.index])
        samples[info.role] = _sample(sensor, errors, orientation, force, rate_hz, rng)
        ideal = force, ideal_rates(orientation, body.time_s)
        frames.append(measure(sensor, errors, ideal, body.time_s, rng))
    marks = plan.host_marks(session.side, host_start_ns)
    truth = _truth(plan, body, zeroed, wearer, worn, drawn, host_start_ns)
    return SimulatedSession(infos, samples, marks, truth, _frame_block(frames), errors, seed)


def _worn(side: Side, both_thighs: bool) -> dict[str, Side]:
    """Role of each sensor and the side that it is worn on."""
    other: Side = "left" if side == "right" else "right"
    worn: dict[str, Side] = {"pelvis": side, f"thigh_{side}": side}
    return worn | {f"thigh_{other}": other} if both_thighs else worn


def _skin(zeroed: Zeroed, role: str) -> FloatArray:
    if role == "pelvis":
        return zeroed.pelvis
    return zeroed.skin["right" if role == "thigh_right" else "left"]


def _bone(zeroed: Zeroed, role: str) -> FloatArray:
    if role == "pelvis":
        return zeroed.pelvis
    return zeroed.thigh["right" if role == "thigh_right" else "left"]


def _sample(
    sensor: VirtualSensor,
    errors: SensorErrors,
    orientation: FloatArray,
    force: FloatArray,
    rate_hz: float,
    rng: np.random.Generator,
) -> SensorSamples:
    """Sample a sensor on its own clock, which starts a little after the session and runs a little fast or slow."""
    step_s = 1.0 / (rate_hz * (1.0 + sensor.clock_ppm * 1e-6))
    start_s = float(rng.uniform(0.005, 0.03))
    booted_us = int(rng.integers(10_000_000, 3_600_000_000))
    count = int(((len(force) - 1) / GRID_HZ - start_s) / step_s) + 1
    time_s = start_s + np.arange(count) * step_s
    tick_us = booted_us + np.rint(np.arange(count) * (1e6 / rate_hz)).astype(np.int64)
    turned = interpolate(orientation, time_s)
    turned /= np.linalg.norm(turned, axis=1, keepdims=True)
    ideal = interpolate(force, time_s), ideal_rates(turned, time_s)
    acc, gyr = measure(sensor, errors, ideal, time_s, rng)
    return SensorSamples(time_s, tick_us, acc, gyr)


def _frame_block(frames: list[tuple[FloatArray, FloatArray]]) -> FrameBlock:
    acc = np.stack([acc for acc, _ in frames])
    gyr = np.stack([gyr for _, gyr in frames])
    return FrameBlock(0, GRID_HZ, acc, gyr, np.ones(acc.shape[:2], dtype=np.bool_))


def _truth(
    plan: Choreography,
    body: Body,
    zeroed: Zeroed,
    wearer: Wearer,
    worn: Mapping[str, Side],
    drawn: list[VirtualSensor],
    host_start_ns: int,
) -> Truth:
    thighs = {side: role for role, side in worn.items() if role != "pelvis"}
    return Truth(
        time_s=body.time_s,
        host_ns=host_start_ns + np.rint(body.time_s * 1e9).astype(np.int64),
        hips={side: hip_truth(zeroed, wearer, side) for side in thighs},
        roles=tuple(worn),
        earth_from_segment=np.stack([_bone(zeroed, role) for role in worn]),
        earth_from_skin=np.stack([_skin(zeroed, role) for role in worn]),
        segment_from_sensor=np.stack([sensor.mount for sensor in drawn]),
        gyr_bias_rad_s=np.stack([sensor.gyr_bias_rad_s for sensor in drawn]),
        acc_bias_m_s2=np.stack([sensor.acc_bias_m_s2 for sensor in drawn]),
        repetitions=tuple(plan.repetitions),
        stance_s=plan.first_stance_s,
    )
