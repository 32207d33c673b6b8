from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy.spatial.transform import Rotation

from imuhip.simulation.script import (
    Session,
    Side,
    both_legs_session,
    range_test_session,
    shank_session,
    short_session,
    strengthening_session,
)
from imuhip.simulation.sensors import SensorErrors
from imuhip.simulation.simulate import SimulatedSession, simulate
from imuhip.simulation.wearer import SoftTissue, Wearer
from imuhip.units import GRAVITY_M_S2

SIDES: tuple[Side, Side] = ("right", "left")


def _real(session: Session, seed: int, errors: SensorErrors | None = None) -> SimulatedSession:
    return simulate(session, seed=seed, wearer=Wearer.real(seed), soft_tissue=SoftTissue.real(seed), errors=errors)


def _rotation(quat_wxyz: np.ndarray) -> Rotation:
    return Rotation.from_quat(quat_wxyz, scalar_first=True)


def _dead_reckoning(start: Rotation, turned_rad: np.ndarray) -> Rotation:
    """Chain rotations (N, 3) by a tree of products; returns the orientation at the end."""
    steps = Rotation.from_rotvec(turned_rad)
    while len(steps) > 1:
        odd = steps[-1:] if len(steps) % 2 else None
        paired = steps[: len(steps) // 2 * 2]
        steps = paired[::2] * paired[1::2]
        steps = Rotation.concatenate([steps, odd]) if odd is not None else steps
    return start * steps[0]


@pytest.fixture(scope="module", params=["range-right", "range-left", "strengthening-right", "both legs", "shank"])
def ideal(request: pytest.FixtureRequest) -> SimulatedSession:
    session = {
        "range-right": range_test_session("right"),
        "range-left": range_test_session("left"),
        "strengthening-right": strengthening_session("right"),
        "both legs": both_legs_session("right"),
        "shank": shank_session("left"),
    }[request.param]
    return _real(session, 5, SensorErrors.none())


def test_error_free_gyros_integrate_to_the_true_orientation(ideal: SimulatedSession) -> None:
    frames, truth = ideal.ideal_frames(), ideal.truth
    for sensor in range(len(truth.roles)):
        true = _rotation(truth.earth_from_sensor[sensor])
        end = _dead_reckoning(true[0], frames.gyr_rad_s[sensor, 1:] / frames.rate_hz)
        assert np.degrees((end.inv() * true[-1]).magnitude()) < 0.001


def test_samples_on_the_sensors_own_clock_integrate_to_the_true_orientation(ideal: SimulatedSession) -> None:
    truth = ideal.truth
    for sensor, role in enumerate(truth.roles):
        samples = ideal.samples[role]
        first, last = (round(t * 100) for t in samples.time_s[[0, -1]])
        true = _rotation(truth.earth_from_sensor[sensor])
        turned = samples.gyr_rad_s[1:] * np.diff(samples.time_s)[:, None]
        end = _dead_reckoning(true[first], turned)
        assert np.degrees((end.inv() * true[last]).magnitude()) < 0.1


def test_error_free_accelerometers_read_gravity_upward_in_still_poses(ideal: SimulatedSession) -> None:
    frames, truth = ideal.ideal_frames(), ideal.truth
    stills = [mark for mark in ideal.marks if mark.kind == "still" or mark.name == "stance"]
    assert len(stills) >= 4
    for sensor in range(len(truth.roles)):
        for mark in stills:
            span = slice(truth.index(mark.start_ns), truth.index(mark.end_ns or 0))
            earth = _rotation(truth.earth_from_sensor[sensor, span]).apply(frames.acc_m_s2[sensor, span])
            assert_allclose(earth.mean(axis=0), [0, 0, GRAVITY_M_S2], atol=0.03)
            assert np.abs(earth - [0, 0, GRAVITY_M_S2]).max() < 0.15, mark


def test_a_sensor_is_its_segments_skin_times_its_mount(ideal: SimulatedSession) -> None:
    truth = ideal.truth
    for mounting in truth.mountings:
        if mounting.role not in truth.roles:
            continue
        sensor = truth.roles.index(mounting.role)
        span = slice(round(mounting.worn_s[0] * 100), round(mounting.worn_s[1] * 100))
        expected = _rotation(truth.earth_from_skin[sensor, span]) * _rotation(mounting.segment_from_sensor)
        difference = expected.inv() * _rotation(truth.earth_from_sensor[sensor, span])
        assert difference.magnitude().max() < 1e-6


# What points up in each posture, in the pelvis: x anterior, y toward the head, z right.
POSTURE_UP = {"standing": (0, 1, 0), "supine": (1, 0, 0), "prone": (-1, 0, 0)}


@pytest.mark.parametrize("side", SIDES)
def test_still_poses_show_the_posture_to_gravity(side: Side) -> None:
    made = simulate(range_test_session(side), seed=2)
    up_by_position = POSTURE_UP | {"side_lying": (0, 0, 1 if side == "right" else -1)}
    seen = set()
    for mark in made.marks:
        if mark.kind == "still" and mark.position in up_by_position:
            moment = made.truth.index(mark.start_ns)
            up = _rotation(made.truth.earth_from_segment[0, moment]).inv().apply([0, 0, 1])
            assert up @ up_by_position[mark.position] > np.cos(np.radians(2)), mark
            seen.add(mark.position)
    assert seen == set(up_by_position)


@pytest.mark.parametrize("side", SIDES)
def test_every_test_moves_the_hip_the_way_its_name_says(side: Side) -> None:
    made = simulate(range_test_session(side), seed=2)
    column_sign = {
        "flexion": (0, 1),
        "straight_leg_raise": (0, 1),
        "extension": (0, -1),
        "abduction": (1, -1),
        "internal_rotation": (2, 1),
        "external_rotation": (2, -1),
    }
    tests = [mark for mark in made.marks if mark.kind == "test"]
    assert len(tests) == 9
    for mark in tests:
        column, sign = column_sign[mark.name]
        span = slice(made.truth.index(mark.start_ns), made.truth.index(mark.end_ns or 0))
        angle = sign * made.truth.hips[side].bone_deg[span, column]
        assert angle.max() - angle[0] > 10, mark
        assert angle.min() - angle[0] > -3, mark
        top = np.flatnonzero(angle > angle[0] + 0.9 * (angle.max() - angle[0]))
        assert np.count_nonzero(np.diff(top) > 1) == 2, "three trials"


def test_both_sides_mirror_each_other() -> None:
    wearer = replace(Wearer.real(6), sway_deg=0.0, breath_deg=0.0)
    right, left = (simulate(strengthening_session(side), seed=6, wearer=wearer).truth for side in SIDES)
    assert_allclose(right.hips["right"].bone_deg, left.hips["left"].bone_deg, atol=1e-4)


def test_the_same_seed_gives_the_same_bits_and_another_does_not() -> None:
    one, two, other = (_real(short_session(), seed) for seed in (9, 9, 10))
    assert one.marks == two.marks
    for name in ("arrival_ns", "sensor", "data", "offset"):
        assert_array_equal(getattr(one.notifications(), name), getattr(two.notifications(), name))
    assert_array_equal(one.truth.hips["right"].skin_deg, two.truth.hips["right"].skin_deg)
    assert not np.array_equal(one.truth.segment_from_sensor, other.truth.segment_from_sensor)


def test_sensor_errors_do_not_change_what_the_wearer_does() -> None:
    noisy = simulate(short_session(), seed=4)
    clean = simulate(short_session(), seed=4, errors=SensorErrors.none())
    assert_array_equal(noisy.truth.hips["right"].bone_deg, clean.truth.hips["right"].bone_deg)
    assert noisy.marks == clean.marks


@pytest.mark.parametrize("make", [range_test_session, strengthening_session])
def test_sessions_last_four_to_eight_minutes_in_marks_that_do_not_overlap(make: object) -> None:
    assert make in (range_test_session, strengthening_session)
    made = _real(range_test_session() if make is range_test_session else strengthening_session(), 1)
    assert 240 < made.truth.time_s[-1] < 480
    for mark, following in pairwise(made.marks):
        assert mark.end_ns is not None
        assert mark.start_ns < mark.end_ns <= following.start_ns
    assert [mark.id for mark in made.marks] == list(range(len(made.marks)))


def test_a_sensor_on_each_thigh_sees_its_own_leg() -> None:
    made = simulate(short_session("left"), seed=1, both_thighs=True)
    assert [info.role for info in made.sensors] == ["pelvis", "thigh_left", "thigh_right"]
    assert made.ideal_frames().acc_m_s2.shape[0] == 3
    assert made.truth.hips["left"].bone_deg[:, 0].max() > 90
    test = next(mark for mark in made.marks if mark.kind == "test")
    span = slice(made.truth.index(test.start_ns), made.truth.index(test.end_ns or 0))
    assert np.abs(made.truth.hips["right"].bone_deg[span]).max() < 5


@pytest.mark.parametrize("rate_hz", [50.0, 200.0])
def test_other_sample_rates_give_their_number_of_samples(rate_hz: float) -> None:
    made = simulate(short_session(), seed=1, rate_hz=rate_hz)
    duration_s = made.truth.time_s[-1]
    assert_allclose(len(made.samples["pelvis"].time_s), duration_s * rate_hz, rtol=0.002)
