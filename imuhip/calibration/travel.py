"""Heading between two sensors from travelling: pelvis and thigh walk the same way at the same speed.

Velocity is the force without gravity, integrated from one still moment to the next, where it must come back to zero.
What the leg adds to the thigh's swings around zero; the way that the body travels stays. Slow floor work does not
travel, and is left alone: there accelerations are smaller than the sensors' own errors.
"""

from __future__ import annotations

import itertools

import numpy as np

from imuhip.calibration import few
from imuhip.calibration.evidence import Evidence
from imuhip.calibration.pose_equations import HeadingPrior
from imuhip.units import GRAVITY_M_S2, FloatArray

MIN_SPEED_M_S = 0.4
"""Root mean square of the speed below which drift of the integration would tell the way."""
MIN_COHERENCE = 0.8
MIN_SHAKING_M_S2 = 1.0
"""Steps shake pelvis and thighs by 2-3 m/s2; without them what the integration finds is its own drift."""
MIN_STEPS, MAX_STEPS = 75, 1500
"""Between 3 s and a minute: shorter is no travel, longer has drifted."""


def travels(evidence: Evidence, level: FloatArray, first: int, second: int) -> list[HeadingPrior]:
    """Headings from all stretches in which two sensors travelled together.

    Args:
        evidence: The session.
        level: (K, J, 4) levelled frames, earth from W at the nodes.
        first: A sensor.
        second: Another.
    """
    out = []
    for before, after in itertools.pairwise(evidence.stills):
        start, end = before.end - 3, after.start + 3
        if not MIN_STEPS <= end - start <= MAX_STEPS:
            continue
        a, b = np.searchsorted(evidence.seg.node_step, [start, end])
        if not evidence.seg.whole[[first, second], max(a - 1, 0) : b].all():
            continue
        if not _walks(evidence, [first, second], start, end):
            continue
        v, w = (_velocity(evidence, level, sensor, start, end) for sensor in (first, second))
        speed = np.sqrt(min(np.mean(np.abs(v) ** 2), np.mean(np.abs(w) ** 2)))
        product = np.mean(v * np.conj(w))
        coherence = np.abs(product) / np.sqrt(np.mean(np.abs(v) ** 2) * np.mean(np.abs(w) ** 2))
        if speed > MIN_SPEED_M_S and coherence > MIN_COHERENCE:
            sd = np.deg2rad(3.0) + 0.25 * np.sqrt(1.0 - min(coherence, 1.0) ** 2)
            node = int(min((a + b) // 2, level.shape[1] - 1))
            out.append(HeadingPrior.at(node, (first, second), level, float(np.angle(product)), float(sd)))
    return out


def _walks(evidence: Evidence, sensors: list[int], start: int, end: int) -> bool:
    acc = evidence.motion.acc_m_s2[sensors, start:end]
    shaking = np.sqrt(np.einsum("kni,kni->kn", acc, acc)).std(axis=1)
    return bool(shaking.min() > MIN_SHAKING_M_S2)


def _velocity(evidence: Evidence, level: FloatArray, sensor: int, start: int, end: int) -> FloatArray:
    """Horizontal velocity as complex numbers, (N,), back to zero at the end."""
    dt = evidence.motion.step_s
    steps = np.arange(start, end)
    node = np.clip(np.searchsorted(evidence.seg.node_step, steps, side="right") - 1, 0, level.shape[1] - 1)
    force = np.diff(evidence.strap.force[sensor, start : end + 1], axis=0)
    gained = few.rotate(level[sensor, node], force) - np.array([0.0, 0.0, GRAVITY_M_S2 * dt])
    velocity = np.cumsum(gained[:, 0] + 1j * gained[:, 1])
    drift: FloatArray = velocity - velocity[-1] * (np.arange(1, len(steps) + 1) / len(steps))
    return drift
