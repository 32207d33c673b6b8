import numpy as np
import pytest
from numpy.testing import assert_allclose

from imuhip.simulation.body import Body, minimum_jerk, move_body, sample_ramps
from imuhip.simulation.choreography import choreograph
from imuhip.simulation.plan import Plan, Ramp
from imuhip.simulation.script import strengthening_session
from imuhip.simulation.wearer import Wearer


@pytest.fixture(scope="module")
def plan() -> Plan:
    return choreograph(strengthening_session(), Wearer.perfect(), np.random.default_rng(1))


@pytest.fixture(scope="module")
def body(plan: Plan) -> Body:
    return move_body(plan, Wearer.perfect(), None, np.random.default_rng(2))


def test_minimum_jerk_starts_and_ends_at_rest() -> None:
    share = np.linspace(-0.5, 1.5, 2001)
    move = minimum_jerk(share)
    assert_allclose(move[[0, 500, 1000, 1500, 2000]], [0, 0, 0.5, 1, 1], atol=1e-12)
    assert_allclose(np.diff(move).max() * 1000, 1.875, atol=1e-3)


def test_ramps_add_up() -> None:
    time_s = np.arange(400) / 100
    out = sample_ramps([Ramp(-5.0, 1.0, 7.0), Ramp(1.0, 1.0, 3.0), Ramp(1.5, 1.0, -10.0)], time_s)
    assert_allclose(out[[0, 100, 399]], [7, 7, 0], atol=1e-12)


def test_standing_sway_is_a_third_of_a_degree_at_the_pelvis(body: Body) -> None:
    stance = body.bones["pelvis"][100:560]
    up_deg = np.degrees(2 * np.arcsin(np.abs(stance - stance.mean(axis=0)).max()))
    assert 0.2 < up_deg < 2.5


# Peaks known of slow floor work, m/s2, without the sway in place.
@pytest.mark.parametrize(
    ("name", "low", "high"),
    [("clamshell", 0.0, 0.05), ("bridge", 0.1, 0.2), ("squat", 0.25, 0.45), ("side_lunge", 0.3, 0.6)],
)
def test_hip_centres_accelerate_as_in_slow_floor_work(
    plan: Plan, body: Body, name: str, low: float, high: float
) -> None:
    mark = next(mark for mark in plan.marks if mark.kind == "exercise" and mark.name == name)
    span = slice(round(mark.start_s * 100), round(mark.end_s * 100))
    acceleration = np.diff(body.hips_m["right"][span], n=2, axis=0) * 1e4
    assert low < np.linalg.norm(acceleration, axis=1).max() < high
