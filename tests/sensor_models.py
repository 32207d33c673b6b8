"""Simulated sessions as other models than ours would send them, and ours in its short form."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from imuhip.packets import codec, commands, dot, movesense, witmotion
from imuhip.packets.descriptor import encode_descriptor
from imuhip.packets.drivers import RadioDriver
from imuhip.packets.notification import NotificationBlock, SensorInfo
from imuhip.packets.own import OwnDriver
from imuhip.simulation import transmit
from imuhip.simulation.sensors import SensorSamples
from imuhip.simulation.simulate import SimulatedSession
from imuhip.units import FloatArray

DRIVERS: dict[str, RadioDriver] = {
    "short form": OwnDriver(),
    "dot": dot.DotDriver(),
    "dot mode 26": dot.DotDriver(dot.MODE_CUSTOM_5),
    "movesense": movesense.MovesenseDriver(),
    "witmotion": witmotion.WitMotionDriver(),
}


def sensors_of(made: SimulatedSession, model: str) -> list[SensorInfo]:
    """The sensors of a session as if they were of one model."""
    driver = DRIVERS[model]
    rate_hz = driver.capabilities.rate_hz
    short = encode_descriptor(replace(transmit.descriptor(rate_hz), short_form=True))
    raw = driver.describe(rate_hz, {commands.DESCRIPTOR_UUID: short})
    return [SensorInfo(info.index, info.role, driver.model, driver.name, raw) for info in made.sensors]


def notifications_of(made: SimulatedSession, model: str, *, tick_us: int = 0) -> NotificationBlock:
    """What the radio would have handed over; whole messages are lost as ``made.errors`` says.

    Args:
        made: A session of the model's rate.
        model: A key of :data:`DRIVERS`.
        tick_us: Added to the sensors' clocks.
    """
    payloads, arrivals = [], []
    for info in made.sensors:
        rng = np.random.default_rng([made.seed, info.index])
        samples = made.samples[info.role]
        motion = np.column_stack([samples.acc_m_s2, np.degrees(samples.gyr_rad_s)])
        sent = _messages(model, samples.tick_us + tick_us, motion)
        size = len(motion) // len(sent)
        kept = ~transmit.lose(len(sent), made.errors, rng)
        arrive_s = transmit.arrivals_s(_ready_s(samples, size, len(sent)), rng)
        arrive_ns = int(made.truth.host_ns[0]) + np.rint(arrive_s * 1e9).astype(np.int64)
        parts = [sent[at] for at in np.flatnonzero(kept)]
        payloads.append([part for message in parts for part in message])
        arrivals.append(np.repeat(arrive_ns[kept], [len(message) for message in parts]))
    return transmit.merge(arrivals, payloads)


def _ready_s(samples: SensorSamples, size: int, count: int) -> FloatArray:
    return samples.time_s[size - 1 :: size][:count]


def _messages(model: str, tick_us: np.ndarray, motion: FloatArray) -> list[list[bytes]]:
    """Every message as the notifications that carry it."""
    if model == "short form":
        scale = np.array([transmit.ACC_RANGE_G * 9.80665] * 3 + [transmit.GYR_RANGE_DEG_S] * 3) / 2**15
        raw = np.clip(np.rint(motion / scale), -(2**15), 2**15 - 1).astype(int).tolist()
        packets = enumerate(zip(tick_us.tolist(), raw, strict=True), start=2**16 - 3000)
        return [[codec.encode_short(codec.Packet(n, at, 0, 0, (tuple(row),)))] for n, (at, row) in packets]
    if model.startswith("dot"):
        mode = dot.MODE_CUSTOM_5 if "26" in model else dot.MODE_RATE
        return [[dot.encode_payload(mode, int(at), row)] for at, row in zip(tick_us, motion.tolist(), strict=True)]
    if model == "movesense":
        rows = motion.tolist()
        return [
            movesense.encode_parts(int(tick_us[at]) // 1000, rows[at : at + 8]) for at in range(0, len(rows) - 7, 8)
        ]
    scale = np.array([16 * 9.80665 / 2**15] * 3 + [2000 / 2**15] * 3)
    raw = np.clip(np.rint(motion / scale), -(2**15), 2**15 - 1).astype(int).tolist()
    return [[witmotion.encode_frames(raw[at : at + 4])] for at in range(0, len(raw) - 3, 4)]
