"""Samples become notifications of our own protocol: 16-bit values, connection events, jitter and bursts of loss."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

import numpy as np

from imuhip.packets import codec
from imuhip.packets.blocks import slice_block
from imuhip.packets.descriptor import Descriptor
from imuhip.packets.notification import NotificationBlock
from imuhip.simulation.sensors import SensorErrors, SensorSamples
from imuhip.units import GRAVITY_M_S2, BoolArray, FloatArray, IntArray

MODEL = "imuhip virtual sensor"
SAMPLES_PER_NOTIFICATION = 8
"""Fits the 185-byte notifications that phones grant: 24 bytes of header and 8 samples of 12 are 120."""

ACC_RANGE_G = 8
GYR_RANGE_DEG_S = 1000
CONNECTION_INTERVAL_S = (0.015, 0.050)
REPEAT_SHARE = 0.03
"""Share of notifications that miss their connection event and arrive one interval later."""
HOST_LATENCY_S = (0.001, 0.002)
"""From the radio event to the host's time stamp: at least, and mean of what is added (exponential)."""

_NOTIFICATION = np.dtype(
    [
        ("type", "u1"),
        ("flags", "u1"),
        ("count", "u1"),
        ("reserved", "u1"),
        ("sequence", "<u4"),
        ("tick_us", "<u8"),
        ("period_ns", "<u4"),
        ("drops", "<u4"),
        ("motion", "<i2", (SAMPLES_PER_NOTIFICATION, 6)),
    ]
)


def descriptor(rate_hz: float) -> Descriptor:
    """The descriptor of a virtual sensor."""
    return Descriptor(
        model=MODEL,
        firmware="1.0.0",
        rate_mhz=round(rate_hz * 1000),
        acc_range_g=ACC_RANGE_G,
        gyr_range_deg_s=GYR_RANGE_DEG_S,
        acc_scale_g=Fraction(ACC_RANGE_G, 2**15),
        gyr_scale_deg_s=Fraction(GYR_RANGE_DEG_S, 2**15),
    )


def pack(samples: SensorSamples, sequence: int, lost: BoolArray) -> list[bytes]:
    """Encode the samples of one sensor, eight a notification; an incomplete last one is not sent.

    Args:
        samples: M of them.
        sequence: Running number of the first sample.
        lost: (M // 8,) notifications that the sensor had to drop; it counts their samples.

    Returns:
        Payloads of the notifications that were not lost.
    """
    count, tick_us = len(lost), samples.tick_us
    used = count * SAMPLES_PER_NOTIFICATION
    scale = np.array([ACC_RANGE_G * GRAVITY_M_S2] * 3 + [np.radians(GYR_RANGE_DEG_S)] * 3) / 2**15
    values = np.rint(np.concatenate([samples.acc_m_s2, samples.gyr_rad_s], axis=1)[:used] / scale)
    out = np.zeros(count, dtype=_NOTIFICATION)
    out["type"] = codec.TYPE_DATA
    out["count"] = SAMPLES_PER_NOTIFICATION
    out["sequence"] = (sequence + np.arange(0, used, SAMPLES_PER_NOTIFICATION)) % 2**32
    out["tick_us"] = tick_us[:used:SAMPLES_PER_NOTIFICATION]
    out["period_ns"] = round(float(tick_us[-1] - tick_us[0]) / (len(tick_us) - 1) * 1000)
    out["drops"] = np.cumsum(lost) * SAMPLES_PER_NOTIFICATION
    out["motion"] = np.clip(values, -(2**15), 2**15 - 1).reshape(count, SAMPLES_PER_NOTIFICATION, 6)
    return [record.tobytes() for record in out[~lost]]


def lose(count: int, errors: SensorErrors, rng: np.random.Generator) -> BoolArray:
    """(count,) which notifications are lost, in bursts; never the first."""
    lost = np.zeros(count, dtype=np.bool_)
    if errors.loss == 0:
        return lost
    for start in np.flatnonzero(rng.random(count) < errors.loss / errors.burst):
        lost[start : start + rng.geometric(1 / errors.burst)] = True
    lost[:1] = False
    return lost


def arrivals_s(ready_s: FloatArray, rng: np.random.Generator) -> FloatArray:
    """When notifications ready at (N,) times reach the host: at the next connection event, some one event late."""
    interval_s = rng.uniform(*CONNECTION_INTERVAL_S)
    phase_s = rng.uniform(0.0, interval_s)
    events = np.ceil((ready_s - phase_s) / interval_s) + (rng.random(len(ready_s)) < REPEAT_SHARE)
    least_s, added_s = HOST_LATENCY_S
    at_host_s = phase_s + events * interval_s + least_s + rng.exponential(added_s, len(ready_s))
    return np.maximum.accumulate(at_host_s)


def silenced(
    block: NotificationBlock, sensors: Sequence[int], spans: Sequence[tuple[int, int]]
) -> list[NotificationBlock]:
    """What is left of a block when some sensors say nothing in some spans of arrival, each (start, end) in ns."""
    heard = np.zeros(len(block) + 2, dtype=np.bool_)
    heard[1:-1] = True
    for start_ns, end_ns in spans:
        inside = (block.arrival_ns >= start_ns) & (block.arrival_ns < end_ns)
        heard[1:-1] &= ~(np.isin(block.sensor, sensors) & inside)
    edges = np.flatnonzero(np.diff(heard.astype(np.int8))).reshape(-1, 2)
    return [slice_block(block, start, stop) for start, stop in edges.tolist()]


def merge(arrival_ns: Sequence[IntArray], payloads: Sequence[list[bytes]]) -> NotificationBlock:
    """Put the notifications of all sensors in order of arrival."""
    arrival = np.concatenate(arrival_ns)
    sensor = np.repeat(np.arange(len(payloads), dtype=np.int64), [len(part) for part in payloads])
    order = np.argsort(arrival, kind="stable")
    flat = [payload for part in payloads for payload in part]
    ordered = [flat[index] for index in order]
    offset = np.zeros(len(ordered) + 1, dtype=np.int64)
    np.cumsum([len(payload) for payload in ordered], out=offset[1:])
    data = np.frombuffer(b"".join(ordered), dtype=np.uint8)
    return NotificationBlock(arrival[order], sensor[order], data, offset)
