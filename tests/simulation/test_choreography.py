from dataclasses import replace

import numpy as np
import pytest
from numpy.testing import assert_allclose

from imuhip.marks import MARK_KINDS, MODES, POSITIONS
from imuhip.simulation.choreography import choreograph
from imuhip.simulation.movements import MOVEMENTS, PASSAGES, POSTURES, route
from imuhip.simulation.plan import Plan
from imuhip.simulation.script import (
    both_legs_session,
    range_test_session,
    shank_session,
    short_session,
    strengthening_session,
)
from imuhip.simulation.simulate import simulate
from imuhip.simulation.wearer import Wearer

SESSIONS = (range_test_session, strengthening_session, short_session, both_legs_session, shank_session)


def _plan(seed: int, wearer: Wearer | None = None) -> Plan:
    return choreograph(range_test_session(), wearer or Wearer.real(seed), np.random.default_rng(seed))


@pytest.mark.parametrize("make", SESSIONS)
def test_scripts_use_known_movements_and_the_vocabulary_of_marks(make: type) -> None:
    for step in make("left").steps:
        assert step.kind in MARK_KINDS
        assert step.position in POSITIONS
        assert not step.repetitions or (step.name, step.position) in MOVEMENTS


def test_every_posture_is_reached_from_every_other() -> None:
    for start in POSTURES:
        for end in POSTURES:
            assert len(route(start, end)) <= 3
    for (here, there), passage in PASSAGES.items():
        assert PASSAGES[there, here].reversed() == passage


def test_changing_posture_takes_3_to_6_s_and_turns_round() -> None:
    for seed in range(5):
        plan = _plan(seed)
        heights = plan.ramps["floor.z"][1:]
        assert all(3.0 <= ramp.duration_s <= 6.0 for ramp in heights)
        assert max(abs(ramp.delta) for ramp in plan.ramps["heading"][1:]) > 90


def test_every_movement_starts_from_a_marked_still_pose_of_3_to_4_s() -> None:
    plan = _plan(1)
    for before, mark in zip(plan.marks, plan.marks[1:], strict=False):
        if mark.kind == "test":
            assert (before.kind, before.name, before.position) == ("still", mark.name, mark.position)
            assert 3.0 <= before.end_s - before.start_s <= 4.0
            assert mark.start_s - before.end_s < 0.5


def test_marks_carry_side_mode_and_position_where_they_have_one() -> None:
    for mark in _plan(1).host_marks(10**12, 1):
        assert (mark.side is None) == (mark.name in ("stance", "second_pose"))
        assert mark.mode in (MODES if mark.kind in ("test", "exercise") else (None,))
        assert mark.position in POSITIONS
        assert mark.start_ns > 10**12


def test_repetitions_lie_inside_their_mark_with_the_top_between() -> None:
    plan = choreograph(strengthening_session(), Wearer.real(2), np.random.default_rng(2))
    for repetition in plan.repetitions:
        mark = plan.marks[repetition.mark_id]
        assert mark.name == repetition.name
        assert mark.start_s < repetition.start_s < repetition.top_s < repetition.end_s < mark.end_s


def test_exercises_are_slow() -> None:
    plan = choreograph(strengthening_session(), Wearer.perfect(), np.random.default_rng(2))
    bridges = [repetition for repetition in plan.repetitions if repetition.name == "bridge"]
    assert len(bridges) == 8
    for repetition in bridges:
        assert_allclose([repetition.top_s - repetition.start_s, repetition.end_s - repetition.top_s], [2.0, 4.7])


def _pose_errors_deg(seeds: range, *, real: bool) -> np.ndarray:
    """Hip angles at the start poses of tests, minus the posture's own, (N, 3)."""
    errors = []
    for seed in seeds:
        wearer = replace(Wearer.real(seed), sway_deg=0.0, breath_deg=0.0) if real else Wearer.perfect()
        made = simulate(range_test_session(), seed=seed, wearer=wearer)
        for mark in made.marks:
            if mark.kind == "still":
                angles = made.truth.hips["right"].bone_deg[made.truth.index(mark.start_ns)]
                errors.append(angles - POSTURES[mark.position or ""].hip_deg)
    return np.array(errors)


def test_a_real_wearers_start_poses_are_off_by_3_to_5_deg() -> None:
    spread = _pose_errors_deg(range(12), real=True).std(axis=0)
    assert (spread > 3.0).all()
    assert (spread < 5.0).all()


def test_a_perfect_wearer_only_sways() -> None:
    assert np.abs(_pose_errors_deg(range(3), real=False)).max() < 2.0


def test_a_real_wearers_planes_are_coupled_by_6_percent_and_the_pelvis_shares_5_to_25_percent() -> None:
    coupled, shares = [], []
    for seed in range(25):
        wearer = replace(Wearer.real(seed), sway_deg=0.0, breath_deg=0.0)
        plan = choreograph(short_session(), wearer, np.random.default_rng(seed))
        start, end = next((m.start_s, m.end_s) for m in plan.marks if m.kind == "test")

        def largest(channel: str, plan: Plan = plan, start: float = start, end: float = end) -> float:
            deltas = [r.delta for r in plan.ramps[channel] if start <= r.start_s <= end]
            return max(deltas, key=abs) if deltas else 0.0

        flexion, tilt = largest("right.flexion"), largest("pelvis.tilt")
        shares.append(tilt / (flexion + tilt))
        coupled.append([largest(f"right.{name}") / (flexion + tilt) for name in ("adduction", "internal_rotation")])
    assert_allclose(np.linalg.norm(coupled, axis=1), 0.06, rtol=1e-6)
    assert np.ptp(coupled, axis=0).min() > 0.1, "in every direction"
    assert 0.04 < min(shares) < 0.10
    assert 0.20 < max(shares) < 0.26


def test_lying_on_the_side_the_pelvis_is_rolled_by_8_deg() -> None:
    rolls = []
    for seed in range(60):
        plan = _plan(seed)
        start_s = next(mark.start_s for mark in plan.marks if mark.position == "side_lying")
        rolls.append(sum(ramp.delta for ramp in plan.ramps["pelvis.turn"] if ramp.start_s < start_s))
    assert_allclose(np.std(rolls), 8.0, rtol=0.25)
