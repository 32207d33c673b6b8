"""Trials, peaks and start poses of marked range tests."""

from __future__ import annotations

from dataclasses import replace

import moved
import numpy as np
import pytest

from imuhip import rotation
from imuhip.exercises.range_tests import DIRECTIONS, measure_test, too_wide
from imuhip.exercises.trials import find_trials
from imuhip.hip.stage import HipBlock, hip_block, join
from imuhip.joint import quat_from_hip_angles
from imuhip.orientation.segments import SegmentBlock, Spread
from imuhip.units import BoolArray, FloatArray

RATE_HZ = 100.0
STANDING = rotation.exp(np.array([np.pi / 2, 0.0, 0.0]))
"""Earth from pelvis of somebody who stands and faces the earth's x."""


def bumps(*peaks_deg: float, start_deg: float = 0.0, rest_s: float = 1.0, move_s: float = 2.0) -> FloatArray:
    """A start pose, then movements to each peak and back."""
    rest = np.full(round(rest_s * RATE_HZ), start_deg)
    share = 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(round(move_s * RATE_HZ)) / (move_s * RATE_HZ))
    parts = [rest]
    for peak in peaks_deg:
        parts += [start_deg + (peak - start_deg) * share, rest]
    return np.concatenate(parts)


def block_of(
    angles_deg: FloatArray,
    side: str = "right",
    *,
    roles: tuple[str, ...] | None = None,
    known: BoolArray | None = None,
) -> HipBlock:
    """Somebody who stands still and moves one hip."""
    roles = roles or ("pelvis", f"thigh_{side}")
    n = len(angles_deg)
    pelvis = np.tile(STANDING, (n, 1))
    thigh = rotation.multiply(STANDING, quat_from_hip_angles(np.deg2rad(angles_deg), side))
    knee = np.array([np.sqrt(0.5), 0.0, 0.0, -np.sqrt(0.5)])
    shank = rotation.multiply(thigh, knee)  # knee bent by 90 deg: the shank turns backward about the thigh's z
    quat = np.stack([{"pelvis": pelvis, "thigh": thigh, "shank": shank}[role.split("_")[0]] for role in roles])
    sd = np.full(n, np.deg2rad(0.5))
    known = np.ones((len(roles), n), dtype=np.bool_) if known is None else known
    return hip_block(SegmentBlock(0, RATE_HZ, roles, quat, known, {side: Spread(sd, sd)}, quat, known))


def three(axis: int, sign: float, *peaks: float) -> FloatArray:
    out = np.zeros((len(bumps(*peaks)), 3))
    out[:, axis] = sign * bumps(*peaks)
    return out


def test_three_trials_are_found_at_their_peaks() -> None:
    signal = bumps(90.0, 95.0, 88.0, start_deg=3.0)
    peaks = find_trials(signal, RATE_HZ)
    assert signal[peaks] == pytest.approx([90.0, 95.0, 88.0], abs=0.05)


def test_noise_does_not_split_a_trial() -> None:
    noise = np.random.default_rng(1).normal(0.0, 1.5, len(bumps(*[40.0] * 5)))
    assert len(find_trials(bumps(*[40.0] * 5) + noise, RATE_HZ)) == 5


def test_a_hold_with_a_sag_is_one_trial() -> None:
    up = bumps(60.0)[:200]
    hold = np.full(300, 60.0) - 15.0 * np.sin(np.linspace(0, 4 * np.pi, 300)) ** 2
    assert len(find_trials(np.concatenate([up[:200], hold, up[::-1]]), RATE_HZ)) == 1


def test_trial_that_has_not_come_back_counts() -> None:
    signal = bumps(50.0, 52.0)[:480]
    assert len(find_trials(signal, RATE_HZ)) == 2


def test_who_was_on_the_way_to_something_else_when_the_mark_ended_has_made_no_trial() -> None:
    signal = bumps(50.0, 52.0, 30.0)[:800]
    assert signal[-1] == pytest.approx(30.0, abs=0.2)
    assert signal[find_trials(signal, RATE_HZ)] == pytest.approx([50.0, 52.0], abs=0.05)
    assert len(find_trials(bumps(50.0, 52.0)[:480], RATE_HZ, ended=True)) == 1


@pytest.mark.parametrize("signal", [np.zeros(800), np.full(800, np.nan), np.zeros(0), bumps(4.0, 4.0)])
def test_without_movement_there_is_no_trial(signal: FloatArray) -> None:
    assert find_trials(signal, RATE_HZ) == []


def test_gap_in_a_trial_neither_splits_nor_hides_the_others() -> None:
    signal = bumps(90.0, 95.0, 88.0)
    signal[480:520] = np.nan  # through the top of the second
    peaks = find_trials(signal, RATE_HZ)
    assert len(peaks) == 3
    assert np.isfinite(signal[peaks]).all()
    assert signal[peaks[0]] == pytest.approx(90.0, abs=0.05)


def test_unknown_start_pose_does_not_make_the_first_known_angle_the_start() -> None:
    signal = bumps(90.0, 95.0, 88.0)
    signal[:180] = np.nan
    assert len(find_trials(signal, RATE_HZ)) == 3
    assert signal[find_trials(signal, RATE_HZ)][1:] == pytest.approx([95.0, 88.0], abs=0.05)


@pytest.mark.parametrize("side", ["left", "right"])
@pytest.mark.parametrize("name", sorted(DIRECTIONS))
def test_peak_is_positive_in_the_direction_of_the_name(name: str, side: str) -> None:
    axis, sign = DIRECTIONS[name]
    test = measure_test(name, block_of(three(axis, sign, 30.0, 32.0, 31.0), side), side, None)
    assert test is not None
    assert test.trials_deg == pytest.approx([30.0, 32.0, 31.0], abs=0.05)
    assert test.peak_deg == pytest.approx(31.0, abs=0.05)
    assert test.start_deg == pytest.approx(0.0, abs=1e-9)
    assert test.relative_only == (axis == 2)
    assert test.reference == "pelvis"
    assert test.pelvis_excursion_deg == pytest.approx(0.0, abs=1e-6)
    assert test.thigh_deg == pytest.approx(31.0, abs=0.05)
    assert test.uncertainty_deg is not None
    assert test.uncertainty_deg > 0.3


@pytest.mark.parametrize("side", ["left", "right"])
@pytest.mark.parametrize("name", ["internal_rotation", "external_rotation"])
def test_shank_shows_hip_rotation_with_the_knee_bent(name: str, side: str) -> None:
    axis, sign = DIRECTIONS[name]
    block = block_of(three(axis, sign, 30.0, 32.0, 31.0), side, roles=("pelvis", f"shank_{side}"))
    test = measure_test(name, block, side, None)
    assert test is not None
    assert test.peak_deg == pytest.approx(31.0, abs=0.05)
    assert test.relative_only
    assert test.start_deg is None
    assert test.uncertainty_deg is not None
    assert 1.0 < test.uncertainty_deg < 4.0


def test_without_pelvis_the_thigh_is_measured_against_gravity() -> None:
    test = measure_test("flexion", block_of(three(0, 1.0, 80.0, 85.0), roles=("thigh_right",)), "right", None)
    assert test is not None
    assert test.reference == "gravity"
    assert test.relative_only
    assert test.peak_deg == pytest.approx(82.5, abs=0.05)
    assert test.pelvis_excursion_deg is None
    assert test.start_deg is None


def test_side_without_a_sensor_gives_no_test() -> None:
    assert measure_test("flexion", block_of(three(0, 1.0, 80.0)), "left", None) is None


@pytest.mark.parametrize("name", ["flexion", "internal_rotation"])
def test_unknown_start_pose_gives_no_change_from_it(name: str) -> None:
    axis, sign = DIRECTIONS[name]
    angles = three(axis, sign, 30.0, 32.0, 31.0)
    known = np.ones((2, len(angles)), dtype=np.bool_)
    known[:, :90] = False
    test = measure_test(name, block_of(angles, known=known), "right", None)
    assert test is not None
    assert (test.start_deg, test.pelvis_excursion_deg, test.thigh_deg) == (None, None, None)
    if name == "flexion":
        assert test.peak_deg == pytest.approx(31.0, abs=0.05), "an absolute angle needs no start pose"
    else:
        assert test.peak_deg is None


def test_near_ninety_degrees_of_abduction_the_program_says_so() -> None:
    block = block_of(three(1, -1.0, 88.0))
    hip = block.sides["right"]
    assert too_wide(hip)
    assert not np.isfinite(hip.flexion_deg[hip.singular]).any()
    assert not too_wide(block_of(three(1, -1.0, 60.0)).sides["right"])
    test = measure_test("abduction", block, "right", None)
    assert test is not None
    assert test.peak_deg == pytest.approx(88.0, abs=0.1), "abduction itself is known there"


@pytest.mark.parametrize("name", ["flexion", "extension", "straight_leg_raise"])
def test_a_sensor_on_the_moving_leg_alone_is_measured_against_gravity_without_any_calibration(name):
    angle = np.concatenate([moved.rest(0, 2), moved.rep(40), moved.rep(42), moved.rep(41)])
    block = moved.block_of(angle, roles=("thigh_moving",))
    test = measure_test(name, replace(block, segment_known=np.zeros_like(block.segment_known)), "right", None)
    assert test.trials_deg == pytest.approx([40, 42, 41], abs=0.5)
    assert test.reference == "gravity"
    assert test.relative_only


def test_a_test_that_a_catalogue_adds_is_measured_about_its_axis():
    block = moved.block_of(np.concatenate([moved.rest(0, 2), -moved.rep(20), -moved.rep(22)]))
    test = measure_test("reach_back", block, "right", None, direction=(0, -1.0))
    assert test.trials_deg == pytest.approx([20, 22], abs=0.5)


def lying_down(angles_deg: FloatArray, before_s: float, after_s: float, *, hip_deg: float) -> HipBlock:
    """Somebody whose mark opens while they still stand: hip bent on the way down and up again."""
    turn = np.concatenate([np.linspace(-90.0, 0.0, round(before_s * RATE_HZ)), np.zeros(len(angles_deg))])
    turn = np.concatenate([turn, np.linspace(0.0, -90.0, round(after_s * RATE_HZ))])
    way = hip_deg * np.sin(np.deg2rad(2 * np.abs(turn)))
    angles = np.zeros((len(turn), 3))
    first = round(before_s * RATE_HZ)
    angles[first : first + len(angles_deg)] = angles_deg
    angles[:, 0] += way
    n = len(turn)
    tilt = rotation.exp(np.stack([np.zeros(n), np.zeros(n), np.deg2rad(turn)], axis=1))
    pelvis = rotation.multiply(np.tile(STANDING, (n, 1)), tilt)
    thigh = rotation.multiply(pelvis, quat_from_hip_angles(np.deg2rad(angles), "right"))
    quat = np.stack([pelvis, thigh])
    sd, known = np.full(n, np.deg2rad(0.5)), np.ones((2, n), dtype=np.bool_)
    return hip_block(
        SegmentBlock(0, RATE_HZ, ("pelvis", "thigh_right"), quat, known, {"right": Spread(sd, sd)}, quat, known)
    )


@pytest.mark.parametrize("name", ["extension", "flexion", "internal_rotation"])
@pytest.mark.parametrize(("before_s", "after_s"), [(5.0, 0.0), (0.0, 5.0), (5.0, 5.0)])
def test_getting_into_the_posture_and_out_of_it_is_no_trial(name: str, before_s: float, after_s: float) -> None:
    axis, sign = DIRECTIONS[name]
    block = lying_down(three(axis, sign, 14.0, 15.0, 13.0), before_s, after_s, hip_deg=80.0)
    test = measure_test(name, block, "right", None)
    assert test is not None
    assert test.trials_deg == pytest.approx([14.0, 15.0, 13.0], abs=0.1)
    assert test.start_deg == pytest.approx(0.0, abs=0.1)
    assert test.pelvis_excursion_deg == pytest.approx(0.0, abs=0.1)


def test_sitting_up_between_trials_does_not_count() -> None:
    once = lying_down(three(1, -1.0, 30.0, 31.0), 0.0, 5.0, hip_deg=80.0)
    again = lying_down(three(1, -1.0, 32.0), 5.0, 0.0, hip_deg=80.0)
    test = measure_test("abduction", join([once, replace(again, start_index=len(once))]), "right", None)
    assert test is not None
    assert test.trials_deg == pytest.approx([30.0, 31.0, 32.0], abs=0.1)
