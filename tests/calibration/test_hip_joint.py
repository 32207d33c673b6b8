"""Heading from the hip joint's acceleration, on movement of which everything is known."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from imuhip import rotation
from imuhip.calibration.body import Body
from imuhip.calibration.evidence import Evidence, gather
from imuhip.calibration.hip_joint import joint_headings
from imuhip.calibration.initial import level_frames
from imuhip.calibration.motion import MotionDigest
from imuhip.calibration.poses import Activity
from imuhip.timeline.bridge import BridgedBlock
from imuhip.units import GRAVITY_M_S2, FloatArray

RATE_HZ = 100.0
UP_FORCE = np.array([0.0, 0.0, GRAVITY_M_S2])
STILL_S, MOVING_S = 4.0, 6.0
LEVERS_M = {"pelvis": np.array([0.1, -0.12, 0.08]), "thigh": np.array([0.03, 0.28, -0.06])}
"""From sensor to hip, in segment axes."""


def moved(size_m: float, mounts: list[FloatArray], seed: int) -> tuple[Evidence, FloatArray]:
    """Four seconds of stance, then a hip that travels back and forth by ``size_m`` while pelvis and thigh turn.

    Returns:
        The evidence, and (K, N + 1, 4) true earth from sensor at the digest's steps.
    """
    rng = np.random.default_rng(seed)
    fine_hz = 10 * RATE_HZ
    t = np.arange(int((STILL_S + MOVING_S) * fine_hz) + 1) / fine_hz
    moving = np.clip(t - STILL_S, 0.0, None)
    ease = np.clip(moving, 0.0, 1.0) ** 3
    hip = np.stack([size_m * ease * np.sin(4.0 * moving), 0.5 * size_m * ease * np.sin(3.0 * moving), 0.0 * t], axis=1)
    upright = rotation.from_matrix(np.array([[1.0, 0.0, 0.0], [0.0, 0.0, -1.0], [0.0, 1.0, 0.0]]))
    acc, gyr, true = [], [], []
    for lever, mount, reach in zip(LEVERS_M.values(), mounts, (0.15, 0.5), strict=True):
        angles = np.stack([0.05 * np.sin(2 * moving), 0.1 * np.sin(1.5 * moving), reach * np.sin(3.5 * moving)], axis=1)
        quat = rotation.multiply(upright, rotation.exp(ease[:, None] * angles))
        place = hip - rotation.rotate(quat, lever)
        force = np.gradient(np.gradient(place, t, axis=0), t, axis=0) + UP_FORCE
        sensor = rotation.multiply(quat, rotation.conjugate(mount))
        turn = rotation.log(rotation.multiply(rotation.conjugate(sensor[:-10:10]), sensor[10::10]))
        in_sensor = rotation.rotate(rotation.conjugate(sensor), force)
        acc.append(in_sensor[5::10][: len(turn)] + 0.05 * rng.normal(size=(len(turn), 3)))
        gyr.append(turn * RATE_HZ)
        true.append(sensor[::40])
    shape = (2, len(gyr[0]))
    digest = MotionDigest(2, RATE_HZ)
    digest.feed(
        BridgedBlock(
            0, RATE_HZ, np.array(acc), np.array(gyr), np.ones(shape, dtype=np.bool_), np.ones(shape), np.zeros(shape)
        )
    )
    stance = Activity("calibration", "stance", None, "standing", 0, int(STILL_S * 25))
    evidence = gather(digest.motion(), Body.from_roles(["pelvis", "thigh_right"]), [stance], {}, None)
    assert evidence is not None
    return evidence, np.array(true)


@settings(max_examples=15, deadline=None)
@given(heading=st.floats(-np.pi, np.pi), seed=st.integers(0, 2**16))
def test_heading_is_found_wherever_the_sensors_were_strapped_on(heading: float, seed: int) -> None:
    rng = np.random.default_rng(seed)
    mounts = [rotation.normalise(rng.normal(size=4)) for _ in range(2)]
    evidence, true = moved(0.15, mounts, seed)
    level = level_frames(evidence.seg)
    level[1] = rotation.multiply(rotation.about_z(np.array(heading)), level[1])
    found = joint_headings(evidence, level, 0, 1)
    assert found
    for prior in found:
        step = evidence.seg.node_step[prior.node]
        earth_from_w = rotation.multiply(true[:, step], rotation.conjugate(evidence.seg.quat[:, prior.node]))
        first, second = rotation.heading(rotation.multiply(earth_from_w, rotation.conjugate(level[:, prior.node])))
        off = (second - first - prior.heading + np.pi) % (2 * np.pi) - np.pi
        assert abs(np.rad2deg(off)) < 12.0
        assert abs(off) < 2.5 * prior.sd


def test_slow_work_tells_no_heading() -> None:
    evidence, _ = moved(0.01, [rotation.IDENTITY, rotation.IDENTITY], seed=1)
    assert joint_headings(evidence, level_frames(evidence.seg), 0, 1) == []


@pytest.mark.parametrize("seed", [1, 2])
def test_a_gap_is_never_looked_across(seed: int) -> None:
    evidence, _ = moved(0.15, [rotation.IDENTITY, rotation.IDENTITY], seed)
    assert joint_headings(evidence, level_frames(evidence.seg), 0, 1)
    evidence.motion.known[1, int(STILL_S * 25) :: 20] = False
    assert joint_headings(evidence, level_frames(evidence.seg), 0, 1) == []
