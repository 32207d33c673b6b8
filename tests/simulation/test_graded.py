from dataclasses import replace

import numpy as np
import pytest
from numpy.testing import assert_allclose
from scipy.spatial.transform import Rotation

from imuhip.simulation.graded import TrueRepetition, true_repetitions
from imuhip.simulation.manner import Manner, Shake
from imuhip.simulation.movements import MOVEMENTS
from imuhip.simulation.script import Side, practice_session, short_session
from imuhip.simulation.simulate import simulate
from imuhip.simulation.wearer import SoftTissue, Wearer

STILL = replace(Wearer.perfect(), sway_deg=0.0, breath_deg=0.0, range_sd=0.0)


def _rotation(quat_wxyz: np.ndarray) -> Rotation:
    return Rotation.from_quat(quat_wxyz, scalar_first=True)


def graded(
    *manners: Manner, name: str = "straight_leg_raise", position: str = "supine", side: Side = "right"
) -> tuple[TrueRepetition, ...]:
    made = simulate(practice_session(name, position, [manners], side), seed=1, wearer=STILL)
    return true_repetitions(made.truth)


def test_phases_follow_the_rule_of_2_deg_per_s_and_5_percent_of_the_peak_speed() -> None:
    (rep,) = graded(Manner(lift=((2.0, 1.0),), hold_s=1.0, lower=((3.0, 0.0),), range_share=40 / 70))
    assert rep.range_deg == pytest.approx(40, abs=0.2)
    assert 1.64 <= rep.lift.duration_s <= 1.76
    assert 2.3 <= rep.lower.duration_s <= 2.6
    assert rep.hold_s == pytest.approx(1.0 + 0.15 + 0.25, abs=0.1)
    assert rep.lift.start_s == pytest.approx(rep.plan.start_s + 0.15, abs=0.06)
    assert rep.lower.end_s == pytest.approx(rep.plan.back_s - 0.25, abs=0.1)
    assert 1.6 < rep.lift.peak_to_mean < 1.9, "a minimum-jerk move without its slow ends"


def test_a_clean_repetition_shows_nothing() -> None:
    (rep,) = graded(Manner())
    for phase in (rep.lift, rep.lower):
        assert phase.stopped == 0.0
        assert phase.peaks == 1
        assert phase.ripple < 0.06
    assert rep.hold_rms_deg < 0.5
    assert rep.aside.max() < 0.01
    assert rep.pelvis_deg.max() < 0.1
    assert rep.late_tilt_deg == pytest.approx(0.0, abs=0.05)


def test_a_stop_a_way_in_pieces_and_a_tremor_show_in_the_phase_that_has_them() -> None:
    half = ((1.2, 0.5), (0.5, 0.5), (1.2, 1.0))
    pieces = tuple((0.6, (k + 1) / 5) for k in range(5))
    stopped, in_pieces, shaky = graded(
        Manner(lift=half),
        Manner(lower=tuple((s, 1 - level) for s, level in pieces)),
        Manner(tremor=Shake(5.0, 1.0)),
    )
    assert stopped.lift.stopped == pytest.approx(0.5 / (0.8 * 2.6), abs=0.06)
    assert stopped.lift.peaks == 2
    assert stopped.lower.stopped == 0.0
    assert in_pieces.lower.peaks == 5
    assert in_pieces.lift.peaks == 1
    assert shaky.lift.ripple == pytest.approx(2 * np.pi * 5.0 / np.sqrt(2) * 0.8 / (70 / 2.2), rel=0.2)


def test_haste_and_rush_show() -> None:
    flung, rushed = graded(Manner(lift=((0.6, 1.0),)), Manner(lower=((2.0, 0.6), (0.5, 0.0))))
    assert flung.lift.duration_s < 0.6
    assert flung.lift.peak_to_mean < 2.0, "quick from the start, so not uneven"
    assert rushed.lower.duration_s > 2.0
    assert rushed.lower.peak_to_mean > 3.0


def test_holds_that_are_short_or_unsteady_show() -> None:
    short, unsteady = graded(Manner(hold_s=0.0), Manner(hold_s=3.0, wobble=Shake(1.0, 4.0)))
    assert short.hold_s < 0.5
    assert unsteady.hold_rms_deg == pytest.approx(4.0 / np.sqrt(2) * 0.85, abs=0.5)
    assert unsteady.hold_speed_deg_s > 10


def test_a_fidget_moves_the_leg_between_repetitions_only() -> None:
    manner = Manner(rest_s=4.0, fidget=Shake(1.0, 3.0))
    made = simulate(practice_session("squat", "standing", [(manner,) * 2]), seed=1, wearer=STILL)
    first, second = true_repetitions(made.truth)
    flexion = made.truth.hips["right"].bone_deg[:, 0]
    between = flexion[round((first.plan.back_s + 0.2) * 100) : round((second.plan.start_s - 0.2) * 100)]
    assert 2.0 < between.max() - between.mean() < 3.1
    assert first.lift.ripple == pytest.approx(second.lift.ripple, abs=0.02)


def test_a_kept_position_that_slips_shows_how_far() -> None:
    kept, slipped = graded(
        Manner(hold_s=20.0), Manner(hold_s=20.0, slip=0.5), name="ninety_ninety_rails", position="seated"
    )
    assert kept.hold_drift_deg < 0.5
    assert slipped.hold_drift_deg == pytest.approx(0.5 * kept.range_deg, abs=0.5)
    assert slipped.hold_s == pytest.approx(20.0, abs=1.5)


def test_compensation_shows_in_its_own_figure() -> None:
    aside, tilted, listed, turned, arched = graded(
        Manner(stray_deg=(0.0, 21.0, 0.0)),
        Manner(pelvis_deg=(8.0, 0.0, 0.0)),
        Manner(pelvis_deg=(0.0, 8.0, 0.0)),
        Manner(pelvis_deg=(0.0, 0.0, 8.0)),
        Manner(late_tilt_deg=8.0),
    )
    assert_allclose(aside.aside, [0.0, 0.3, 0.0], atol=0.02)
    for axis, rep in enumerate((tilted, listed, turned)):
        expected = np.zeros(3)
        expected[axis] = 8.0
        assert_allclose(rep.pelvis_deg, expected, atol=0.1)
        assert rep.late_tilt_deg < 0.5
    assert arched.late_tilt_deg == pytest.approx(8.0, abs=0.3)


def test_a_pelvis_that_tucks_under_at_the_bottom_of_a_squat_comes_back() -> None:
    plain, tucked = graded(Manner(), Manner(late_tilt_deg=12.0), name="squat", position="standing")
    assert plain.tilt_back_deg < 0.5
    assert plain.pelvis_deg[0] == pytest.approx(25.0, abs=0.5)
    assert tucked.tilt_back_deg == pytest.approx(12.0, abs=0.5)


def test_ranges_and_start_poses_are_those_of_the_repetition() -> None:
    full, half, drifted, back = graded(Manner(), Manner(range_share=0.5), Manner(start_deg=(14.0, 0.0, 0.0)), Manner())
    assert half.range_deg / full.range_deg == pytest.approx(0.5, abs=0.01)
    assert drifted.start_deg[0] - full.start_deg[0] == pytest.approx(14.0, abs=0.3)
    assert drifted.peak_deg == pytest.approx(full.peak_deg, abs=0.2)
    assert back.start_deg == pytest.approx(full.start_deg, abs=0.3)


def test_rotation_is_the_twist_about_the_femur() -> None:
    (rep,) = graded(Manner(), name="clamshell", position="side_lying", side="left")
    assert 26 < rep.range_deg < 31
    assert rep.aside[2] == 0.0


def _exercises() -> list[tuple[str, str]]:
    session_tests = {name for name, _ in MOVEMENTS if name in ("swing", "flexion", "extension", "abduction")}
    rotations = {"internal_rotation", "external_rotation"}
    moving = [key for key in MOVEMENTS if MOVEMENTS[key].main is not None]
    return [key for key in moving if key[0] not in session_tests | rotations]


@pytest.mark.parametrize(("name", "position"), _exercises())
def test_every_exercise_is_graded_alike_on_both_sides(name: str, position: str) -> None:
    (right,), (left,) = (
        graded(Manner(pelvis_deg=(1.0, 2.0, 3.0)), name=name, position=position, side=side)
        for side in ("right", "left")
    )
    change = MOVEMENTS[name, position].change_deg
    assert right.range_deg == pytest.approx(max(abs(each) for each in change), rel=0.1, abs=0.5)
    assert right.lift.duration_s == pytest.approx(left.lift.duration_s, abs=0.011)
    assert_allclose(right.aside, left.aside, atol=0.01)
    assert_allclose(right.pelvis_deg, left.pelvis_deg, atol=0.05)


def test_repetitions_of_a_test_are_graded_too_but_swings_are_not() -> None:
    made = simulate(short_session(), seed=1, wearer=Wearer.real(1), soft_tissue=SoftTissue.real(1))
    assert {each.plan.name for each in true_repetitions(made.truth)} == {"flexion"}
    assert len(true_repetitions(made.truth)) == 2


def test_the_knee_is_seen_by_a_sensor_that_went_to_the_shank() -> None:
    (rep,) = graded(Manner(), name="seated_knee_extension", position="seated", side="left")
    assert rep.range_deg == pytest.approx(80.0, abs=0.5)
    assert rep.aside.max() < 0.01


def test_breaths_tip_a_sensor_on_the_navel_and_are_as_long_as_paced() -> None:
    manner = Manner(((6.0, 1.0),), hold_s=0.0, lower=((8.0, 0.0),), rest_s=0.0)
    made = simulate(practice_session("hooklying_breathing", "supine", [(manner,) * 2]), seed=1, wearer=STILL)
    first, second = true_repetitions(made.truth)
    assert (first.lift.duration_s, first.lower.duration_s) == pytest.approx((6.0, 8.0))
    assert second.lift.start_s == pytest.approx(first.lower.end_s)
    navel = _rotation(made.truth.earth_from_sensor[1])
    start, top = (round(each * 100) for each in (first.plan.start_s, first.plan.top_s))
    assert np.degrees((navel[start].inv() * navel[top]).magnitude()) == pytest.approx(5.0 + 1.6, abs=0.3)
    assert [each.role for each in made.truth.mountings] == ["pelvis", "thigh_right", "abdomen"]


def test_what_is_not_marked_leaves_no_mark_but_happens() -> None:
    session = practice_session("squat", "standing", [(Manner(),) * 2], marked=False)
    made = simulate(session, seed=1, wearer=STILL)
    assert not [mark for mark in made.marks if mark.kind == "exercise"]
    assert len(true_repetitions(made.truth)) == 2


def test_pedals_move_the_legs_by_turns() -> None:
    pedal = Manner(lift=((2.0, 1.0),), hold_s=0.0, lower=((2.0, 0.0),), rest_s=0.0)
    made = simulate(practice_session("bike_pedals", "supine", [(pedal,) * 3]), seed=1, wearer=STILL, both_thighs=True)
    _, second, _ = true_repetitions(made.truth)
    span = slice(round(second.plan.start_s * 100), round(second.plan.back_s * 100))
    right, left = (made.truth.hips[side].bone_deg[span, 0] for side in ("right", "left"))
    assert np.corrcoef(right, left)[0, 1] < -0.99
