"""Mounts and warnings of simulated sessions, whose truth is known."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from calibration import solved

from imuhip import rotation
from imuhip.calibration.calibrator import Calibrator
from imuhip.calibration.result import Calibration
from imuhip.simulation.script import Side
from imuhip.simulation.simulate import SimulatedSession
from imuhip.timeline.bridge import BridgedBlock, GapBridge


def known(calibration: Calibration | None) -> Calibration:
    assert calibration is not None
    return calibration


def crooked(made: SimulatedSession) -> BridgedBlock:
    """The session's frames with a thigh that also sways sideways by 25 degrees during the swings."""
    frames = solved.frames_of(made)
    swing = next(mark for mark in made.marks if mark.name == "swing")
    start, end = ((t - int(made.truth.host_ns[0])) // 10_000_000 for t in (swing.start_ns, swing.end_ns or 0))
    time_s = np.arange(end - start + 1) / frames.rate_hz
    angle = np.deg2rad(25.0) * np.sin(np.pi * time_s / time_s[-1]) * np.sin(2 * np.pi * 0.37 * time_s)
    axis = rotation.rotate(rotation.conjugate(made.truth.segment_from_sensor[1]), np.array([1.0, 0.0, 0.0]))
    turned = rotation.exp(-angle[1:, None] * axis)
    gyr, acc = frames.gyr_rad_s.copy(), frames.acc_m_s2.copy()
    gyr[1, start:end] = rotation.rotate(turned, gyr[1, start:end]) + np.diff(angle)[:, None] * frames.rate_hz * axis
    acc[1, start:end] = rotation.rotate(turned, acc[1, start:end])
    return replace(frames, gyr_rad_s=gyr, acc_m_s2=acc)


@pytest.mark.parametrize("side", ["right", "left"])
@pytest.mark.parametrize("seed", range(4))
def test_mounts_of_a_perfect_wearer_are_found_on_both_sides(side: Side, seed: int) -> None:
    made = solved.made(side, seed=seed)
    calibration = known(solved.refined(made))
    assert solved.mount_errors_deg(made, calibration).max() < 1.5
    assert calibration.warnings == ()
    assert all(mount.usable for mount in calibration.mounts)


@pytest.mark.parametrize("seed", range(3))
def test_the_gyro_bias_is_found_at_every_knot(seed: int) -> None:
    made = solved.made(seed=seed)
    calibration = known(solved.refined(made))
    moment = np.clip(calibration.knot_frame, 0, made.truth.gyr_bias_rad_s.shape[1] - 1)
    error = calibration.gyr_bias_rad_s - made.truth.gyr_bias_rad_s[:, moment]
    assert np.rad2deg(np.abs(error)).max() < 0.05


def test_knots_go_forward_and_hips_have_a_covariance_at_each() -> None:
    calibration = known(solved.refined(solved.made("left", seed=1)))
    assert (np.diff(calibration.knot_frame) > 0).all()
    assert list(calibration.hips) == ["left"]
    covariance = calibration.hips["left"].covariance
    assert covariance.shape == (len(calibration.knot_frame), 12, 12)
    np.testing.assert_allclose(covariance, np.swapaxes(covariance, 1, 2), atol=1e-9)
    assert np.linalg.eigvalsh(covariance).min() > -1e-9


def test_a_crooked_swing_is_named_and_does_not_spoil_the_mounts() -> None:
    made = solved.made(seed=2)
    calibrator = Calibrator([sensor.role for sensor in made.sensors], 100.0)
    activities = solved.activities_of(made)
    for number, activity in enumerate(activities):
        calibrator.mark(number, activity)
    calibration = known(calibrator.refine([crooked(made)]))
    start_s = next(a.start for a in activities if a.name == "swing") * 0.04
    expected = f"The swing at {start_s:.0f} s was not in one plane: swing the leg straight forward and back"
    assert expected in calibration.warnings
    assert solved.mount_errors_deg(made, calibration).max() < 3.0


def test_a_swing_that_hardly_moved_is_named() -> None:
    made = solved.made(seed=2)
    activities = solved.activities_of(made)
    stance = activities[0]
    small = replace(next(a for a in activities if a.name == "swing"), start=stance.start, end=stance.end)
    calibration = known(solved.refined(made, [*activities, small]))
    assert [w for w in calibration.warnings if "was too small: swing the leg about 30 degrees" in w]


def test_without_marks_the_first_still_moment_is_the_stance_and_facing_is_not_known() -> None:
    calibration = known(solved.refined(solved.made(seed=3), []))
    assert calibration.warnings[0] == "No stance was marked: the first still moment was taken as upright standing"
    assert [w for w in calibration.warnings if w.startswith("Which way the pelvis sensor faces is not known")]
    assert all(mount.zeroed for mount in calibration.mounts)
    assert not any(mount.usable for mount in calibration.mounts)


def test_who_never_stands_still_gets_no_calibration() -> None:
    made = solved.made(seed=3)
    frames = solved.frames_of(made)
    shake = np.sin(np.arange(len(frames)))[:, None] * np.ones(3)
    calibrator = Calibrator([sensor.role for sensor in made.sensors], frames.rate_hz)
    assert calibrator.refine([replace(frames, gyr_rad_s=frames.gyr_rad_s + shake)]) is None


@pytest.mark.parametrize("side", ["right", "left"])
def test_saved_mounts_hold_for_a_session_without_marks(side: Side) -> None:
    made = solved.made(side, seed=5)
    saved = known(solved.refined(made))
    calibration = known(solved.refined(made, [], saved))
    assert all(mount.usable for mount in calibration.mounts)
    assert solved.mount_errors_deg(made, calibration).max() < 1.5


def test_after_a_gap_in_movement_the_tilt_is_as_sure_as_gravity_tells() -> None:
    made = solved.made(seed=3)
    flexion = next(a for a in solved.activities_of(made) if a.kind == "test")
    frames = made.ideal_frames()
    lost = slice(4 * flexion.start + 500, 4 * flexion.start + 800)
    frames.known[:, lost] = False
    calibrator = Calibrator([sensor.role for sensor in made.sensors], frames.rate_hz)
    for number, activity in enumerate(solved.activities_of(made)):
        calibrator.mark(number, activity)
    calibration = known(calibrator.refine([GapBridge(len(made.sensors), frames.rate_hz).feed(frames)]))
    after = calibration.knot_frame >= lost.stop
    assert np.rad2deg(calibration.hips["right"].level_sd_rad[after]).max() < 8.0


def test_afterwards_a_mark_counts_that_ends_with_the_recording() -> None:
    made = solved.made(seed=1)
    activities = solved.activities_of(made)
    until = next(n for n, a in enumerate(activities) if a.name == "swing") + 1
    end = activities[until - 1].end or 0
    calibrator = Calibrator([sensor.role for sensor in made.sensors], 100.0)
    for number, activity in enumerate(activities[:until]):
        calibrator.mark(number, activity)
    calibration = known(calibrator.refine([solved.frames_of(made).part(0, 4 * end)]))
    assert np.rad2deg(calibration.mounts[1].sd_rad[1]) < 10.0
