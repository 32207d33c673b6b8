"""Simulate a session: the composition of this folder."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from imuhip.marks import Mark
from imuhip.packets.descriptor import encode_descriptor
from imuhip.packets.notification import NotificationBlock, SensorInfo
from imuhip.records import record
from imuhip.simulation import quaternions as quat
from imuhip.simulation import transmit
from imuhip.simulation.body import GRID_HZ, Body, move_body
from imuhip.simulation.choreography import choreograph
from imuhip.simulation.plan import SIDES, Plan
from imuhip.simulation.script import Session, Side
from imuhip.simulation.sensors import SensorErrors, SensorSamples, VirtualSensor, draw_sensor, frames_of, samples_of
from imuhip.simulation.strap import MOVED_SENSOR, TRUNK, path, side_of, strap
from imuhip.simulation.truth import Mounting, Truth, Zeroed, hip_truth, zero
from imuhip.simulation.wearer import SoftTissue, Wearer
from imuhip.timeline.frames import FrameBlock
from imuhip.units import FloatArray, IntArray

HOST_START_NS = 7_200_000_000_000
"""Host monotonic time at which sessions start: a host two hours up."""

# Streams of random numbers, so that one draw more in one part does not change the others.
_CHOREOGRAPHY, _SWAY, _SENSOR, _NOISE, _RADIO, _STRAP = range(1, 7)


@record
class SimulatedSession:
    """A session as recorded, and its truth.

    Attributes:
        sensors: Who sends, in the order of every per-sensor array; pelvis first.
        samples: What each measured, by its role at the start.
        marks: On the host clock.
        truth: What an estimate is judged by.
        frames: See :meth:`ideal_frames`.
        errors: Of the sensors and the radio.
        seed: As given.
    """

    sensors: list[SensorInfo]
    samples: Mapping[str, SensorSamples]
    marks: tuple[Mark, ...]
    truth: Truth
    frames: FrameBlock
    errors: SensorErrors
    seed: int

    def ideal_frames(self) -> FrameBlock:
        """Frames of a perfect timeline: all sensor errors, no clocks, loss or quantisation; frame 0 at the start."""
        return self.frames

    def notifications(self) -> NotificationBlock:
        """Return what the host's radio would have handed over, in order of arrival."""
        payloads: list[list[bytes]] = []
        arrival_ns: list[IntArray] = []
        for info in self.sensors:
            rng = np.random.default_rng([self.seed, _RADIO, info.index])
            samples = self.samples[info.role]
            lost = transmit.lose(len(samples.time_s) // transmit.SAMPLES_PER_NOTIFICATION, self.errors, rng)
            sequence = int(rng.integers(2**16))
            payloads.append(transmit.pack(samples, sequence, lost))
            ready_s = samples.time_s[transmit.SAMPLES_PER_NOTIFICATION - 1 :: transmit.SAMPLES_PER_NOTIFICATION]
            arrive_s = transmit.arrivals_s(ready_s, rng)[~lost]
            arrival_ns.append(int(self.truth.host_ns[0]) + np.rint(arrive_s * 1e9).astype(np.int64))
        return transmit.merge(arrival_ns, payloads)


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
    plan = choreograph(session, wearer, np.random.default_rng([seed, _CHOREOGRAPHY]))
    body = move_body(plan, wearer, soft_tissue, np.random.default_rng([seed, _SWAY]))
    roles = ["pelvis", f"thigh_{session.side}"]
    if both_thighs:
        roles += [f"thigh_{side}" for side in SIDES if side != session.side]
    drawn = [
        draw_sensor(errors, len(body.time_s), np.random.default_rng([seed, _SENSOR, index]))
        for index in range(len(roles))
    ]
    rng = np.random.default_rng([seed, _STRAP])
    again = [quat.uniform(rng) if errors.random_mount else quat.IDENTITY for _ in plan.wears]
    mountings = strap(plan, roles, [sensor.mount for sensor in drawn], again)
    zeroed = zero(body, plan.stance_after(0.0), _stances(mountings))
    paths = [
        path(body, zeroed, [worn for worn in mountings if worn.sensor == index], session.side)
        for index in range(len(roles))
    ]
    raw = encode_descriptor(transmit.descriptor(rate_hz))
    noise = [np.random.default_rng([seed, _NOISE, index]) for index in range(len(roles))]
    each = list(zip(drawn, paths, noise, strict=True))
    return SimulatedSession(
        sensors=[SensorInfo(index, role, transmit.MODEL, "imuhip", raw) for index, role in enumerate(roles)],
        samples={
            role: samples_of(sensor, errors, moved, rate_hz, rng)
            for role, (sensor, moved, rng) in zip(roles, each, strict=True)
        },
        marks=plan.host_marks(host_start_ns, MOVED_SENSOR),
        truth=_truth(plan, body, zeroed, wearer, mountings=mountings, drawn=drawn, paths=paths, start_ns=host_start_ns),
        frames=_frame_block([frames_of(sensor, errors, moved, rng) for sensor, moved, rng in each]),
        errors=errors,
        seed=seed,
    )


def _stances(mountings: Sequence[Mounting]) -> dict[str, tuple[float, float]]:
    """The stance that zeroes each leg segment: its own mounting's, or the first of its leg."""
    stances: dict[str, tuple[float, float]] = {}
    for mounting in mountings:
        if mounting.role != "pelvis":
            stances.setdefault(mounting.role, mounting.stance_s)
        if mounting.role not in TRUNK:
            stances.setdefault(f"thigh_{side_of(mounting.role)}", mounting.stance_s)  # the hip needs its thigh
    return stances


def _frame_block(frames: Sequence[tuple[FloatArray, FloatArray]]) -> FrameBlock:
    acc = np.stack([acc for acc, _ in frames])
    gyr = np.stack([gyr for _, gyr in frames])
    return FrameBlock(0, GRID_HZ, acc, gyr, np.ones(acc.shape[:2], dtype=np.bool_))


def _truth(
    plan: Plan,
    body: Body,
    zeroed: Zeroed,
    wearer: Wearer,
    *,
    mountings: Sequence[Mounting],
    drawn: Sequence[VirtualSensor],
    paths: Sequence[tuple[FloatArray, FloatArray]],
    start_ns: int,
) -> Truth:
    roles = tuple(mounting.role for mounting in mountings[: len(drawn)])
    worn_sides: list[Side] = [side for side in SIDES if f"thigh_{side}" in zeroed.bones]
    return Truth(
        time_s=body.time_s,
        host_ns=start_ns + np.rint(body.time_s * 1e9).astype(np.int64),
        hips={side: hip_truth(zeroed, wearer, side) for side in worn_sides},
        roles=roles,
        earth_from_segment=np.stack([zeroed.bones[role] for role in roles]),
        earth_from_skin=np.stack([zeroed.skins[role] for role in roles]),
        segment_from_sensor=np.stack([sensor.mount for sensor in drawn]),
        earth_from_sensor=np.stack([orientation for orientation, _ in paths]),
        gyr_bias_rad_s=np.stack([sensor.gyr_bias_rad_s for sensor in drawn]),
        acc_bias_m_s2=np.stack([sensor.acc_bias_m_s2 for sensor in drawn]),
        mountings=tuple(mountings),
        repetitions=tuple(plan.repetitions),
        stance_s=plan.stance_after(0.0),
    )
