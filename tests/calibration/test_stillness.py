"""Still moments and the nodes at which a session is cut."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from imuhip.calibration.motion import SLOT_STEPS, Motion
from imuhip.calibration.stillness import (
    NODE_GAPS,
    POSE_MIN_STEPS,
    SPEED_STEPS,
    Still,
    find_stills,
    pick_nodes,
    speed,
    still_bias,
    still_slots,
)
from imuhip.units import GRAVITY_M_S2, FloatArray

STEP_S = 0.04
BIAS_RAD_S = np.deg2rad([0.8, -0.5, 0.3])
speeds_deg_s = st.lists(st.sampled_from([0.0, 2.0, 5.0, 20.0, 200.0, np.inf]), min_size=5, max_size=300)


def motion_of(rate_rad_s: FloatArray, sensors: int = 2) -> Motion:
    """Sensors that all turn alike, (N, 3), and hold their specific force."""
    turn = np.repeat(rate_rad_s[None] * STEP_S, sensors, axis=0)
    acc = np.broadcast_to(np.array([0.0, 0.0, GRAVITY_M_S2]), turn.shape).copy()
    known = np.ones(turn.shape[:2], dtype=np.bool_)
    return Motion(STEP_S, turn, acc, known, np.zeros(known.shape))


def still_then_moving() -> Motion:
    rate = np.tile(BIAS_RAD_S, (8 * SLOT_STEPS, 1))
    rate[4 * SLOT_STEPS :, 0] += np.sin(np.arange(4 * SLOT_STEPS) / 5.0)
    return motion_of(rate)


def test_seconds_without_movement_are_still() -> None:
    assert still_slots(still_then_moving()).tolist() == [True] * 4 + [False] * 4


def test_a_second_is_still_only_if_every_sensor_is_and_all_is_known() -> None:
    motion = still_then_moving()
    motion.turn_rad[1, :SLOT_STEPS, 2] += np.sin(np.arange(SLOT_STEPS)) * STEP_S
    motion.known[0, SLOT_STEPS + 3] = False
    motion.acc_m_s2[1, 2 * SLOT_STEPS : 3 * SLOT_STEPS, 1] += np.sin(np.arange(SLOT_STEPS))
    assert still_slots(motion).tolist() == [False] * 3 + [True] + [False] * 4


def test_the_bias_is_what_the_gyro_reads_in_still_seconds() -> None:
    bias = still_bias(still_then_moving())
    assert bias is not None
    np.testing.assert_allclose(bias, [BIAS_RAD_S, BIAS_RAD_S], atol=1e-12)


def test_without_a_still_second_there_is_no_bias() -> None:
    assert still_bias(still_then_moving().cut(4 * SLOT_STEPS, None)) is None


def test_speed_has_no_bias_in_it_and_is_infinite_where_not_all_is_known() -> None:
    motion = motion_of(np.tile(BIAS_RAD_S + np.array([0.0, 0.5, 0.0]), (4 * SPEED_STEPS, 1)))
    motion.known[1, SPEED_STEPS + 1] = False
    found = speed(motion, np.tile(BIAS_RAD_S, (2, 1)))
    np.testing.assert_allclose(found[0], 0.5)
    assert np.isinf(found[1]).tolist() == [False, True, False, False]


@given(values=speeds_deg_s)
def test_nodes_start_at_the_start_and_lie_neither_too_close_nor_too_far(values: list[float]) -> None:
    nodes = pick_nodes(np.deg2rad(values))
    gaps = np.diff(nodes)
    assert nodes[0] == 0
    assert (gaps >= NODE_GAPS[0]).all()
    # The quietest moment may lie anywhere in its second.
    assert (gaps <= (NODE_GAPS[1] + 2) * SLOT_STEPS).all()
    assert nodes[-1] < max(len(values) * SPEED_STEPS, 1)


def test_a_node_lies_at_the_quietest_moment_of_its_second() -> None:
    fastest = np.full(40, np.deg2rad(3.0))
    fastest[13] = np.deg2rad(0.5)
    assert 13 * SPEED_STEPS + SPEED_STEPS // 2 in pick_nodes(fastest).tolist()


@pytest.mark.parametrize(("groups", "expected"), [(4, []), (5, [Still(50, 75)]), (12, [Still(50, 110)])])
def test_a_still_pose_lasts_at_least_a_second(groups: int, expected: list[Still]) -> None:
    fastest = np.full(30, np.deg2rad(50.0))
    fastest[10 : 10 + groups] = np.deg2rad(2.0)
    assert POSE_MIN_STEPS == 25
    assert find_stills(fastest) == expected


def test_a_pose_held_from_the_first_moment_to_the_last_is_found() -> None:
    assert find_stills(np.zeros(20)) == [Still(0, 100)]
