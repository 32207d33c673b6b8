"""A session solved in pieces with a memory ends where the whole one does."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from calibration import solved

from imuhip import rotation
from imuhip.calibration.body import Body
from imuhip.calibration.estimator import Solution, solve
from imuhip.calibration.memory import piece_of
from imuhip.calibration.poses import Activity
from imuhip.units import FloatArray


def known_by(activities: list[Activity], step: int) -> list[Activity]:
    return [replace(a, end=None if a.end is None or a.end > step else a.end) for a in activities if a.start < step]


def last_orientation(solution: Solution) -> FloatArray:
    """(K, 4) earth from sensor at the last node."""
    return rotation.multiply(solution.state.quat_earth_from_w[:, -1], solution.evidence.seg.quat[:, -1])


def last_bias(solution: Solution) -> FloatArray:
    bias: FloatArray = solution.evidence.bias_rad_s + solution.state.bias[:, -1]
    return bias


@pytest.mark.parametrize("cuts", [(1000,), (1500,), (2000,), (1000, 2000)])
@pytest.mark.parametrize("seed", [0, 1])
def test_pieces_with_a_memory_end_where_the_whole_session_does(seed: int, cuts: tuple[int, ...]) -> None:
    made = solved.made(seed=seed, again=4)
    motion, body, activities = solved.motion_of(made), solved.body_of(made), solved.activities_of(made)
    whole = solve(motion, body, known_by(activities, len(motion)), live=True)
    assert whole is not None
    memory, start = None, 0
    for end in (*cuts, len(motion)):
        piece_body, seen = piece_of(body, known_by(activities, end), start)
        last = solve(motion.cut(start, end), piece_body, seen, memory=memory, live=True)
        assert last is not None
        memory = last.memory(start)
        assert start < memory.step <= end
        start = memory.step
    assert last is not None
    mounts = solved.turned_deg(whole.state.quat_sensor_from_segment, last.state.quat_sensor_from_segment)
    assert mounts.max() < 0.3
    assert solved.turned_deg(last_orientation(whole), last_orientation(last)).max() < 0.3
    assert np.rad2deg(np.abs(last_bias(whole) - last_bias(last))).max() < 0.005
    # What is remembered is counted once, so pieces are no surer than the whole. They are a little less sure of where a
    # segment faces: a movement that a piece cuts in two tells no hinge.
    less_sure = np.sqrt(np.diag(last.covariance.shared) / np.diag(whole.covariance.shared))
    assert less_sure.min() > 0.95
    mounts_less_sure = less_sure[whole.layout.mount(0).start :]
    assert mounts_less_sure.min() > 0.99
    assert mounts_less_sure.max() < 1.1


def test_a_piece_sees_what_is_open_or_still_to_come_on_its_own_time() -> None:
    body = Body.from_roles(["pelvis", "thigh_right"]).moved(1, "thigh_left", 150)
    acts = [
        Activity("still", "before", None, "standing", 10, 100),
        Activity("test", "flexion", "right", "supine", 50, 120),
        Activity("test", "extension", "right", "prone", 130, None),
    ]
    piece_body, seen = piece_of(body, acts, 100)
    assert [(a.name, a.start, a.end) for a in seen] == [("flexion", -50, 20), ("extension", 30, None)]
    assert [m.start for m in piece_body.mountings] == [0, 0, 50]
