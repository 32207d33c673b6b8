import numpy as np
import pytest

from imuhip.calibration.poses import Activity, Pose, looseness, marked_poses, pose_up_prior
from imuhip.calibration.stillness import Still
from imuhip.hip.stage import join
from imuhip.pipeline import refine
from imuhip.simulation.manner import Manner
from imuhip.simulation.script import practice_session
from imuhip.simulation.simulate import simulate
from imuhip.simulation.wearer import SoftTissue, Wearer


def _poses(name, position, side):
    return marked_poses([Still(0, 100)], [Activity("still", name, side, position, 0, 100)])


@pytest.mark.parametrize(("side", "other"), [("right", "left"), ("left", "right")])
def test_lifting_the_lower_leg_means_lying_on_the_working_side(side, other):
    assert [pose.upper for pose in _poses("lateral_raise", "side_lying", side)] == [side]
    assert [pose.upper for pose in _poses("lateral_raise_adduction", "side_lying", side)] == [other]
    assert [pose.upper for pose in _poses("adduction", "side_lying", side)] == [other]
    up = {each: pose_up_prior("side_lying", each)[0][2] for each in (side, other)}
    assert up[side] == -up[other]


def test_nothing_is_expected_of_the_start_pose_of_90_90():
    assert _poses("internal_rotation", "seated", "right")
    assert not _poses("ninety_ninety_rails", "seated", "right")


def test_many_poses_tell_no_more_than_a_few():
    def looser(count, stances=0):
        still = Still(0, 100)
        poses = [Pose(still, "supine", stance=False)] * count + [Pose(still, "standing", stance=True)] * stances
        return looseness(poses)

    assert looser(0) == looser(1) == looser(4) == looser(4, stances=9) == 1.0, "a short session keeps all that it has"
    assert 4 / looser(4) ** 2 == pytest.approx(9 / looser(9) ** 2), "four are worth as much as nine"
    assert looser(100) == looser(1000) == 2.0, "in hours each must still hold its own headings"


@pytest.mark.parametrize(
    ("name", "position", "side"),
    [
        ("lateral_raise_adduction", "side_lying", "right"),
        ("ninety_ninety_rails", "seated", "left"),
        ("clamshell", "side_lying", "left"),
    ],
)
def test_unusual_start_poses_do_not_bend_the_calibration(name, position, side):
    session = practice_session(name, position, [(Manner(),) * 3], side)
    made = simulate(session, seed=3, wearer=Wearer.real(3), soft_tissue=SoftTissue.real(3))
    whole = refine(made.sensors, [*made.marks, made.notifications()])
    measured = join(whole.blocks)
    mark = next(each for each in made.marks if each.kind == "exercise")
    first, last = (round((ns - whole.start_ns) * 1e-9 * measured.rate_hz) for ns in (mark.start_ns, mark.end_ns or 0))
    hip, span = measured.sides[side], slice(made.truth.index(mark.start_ns), made.truth.index(mark.end_ns or 0))
    angles = (hip.flexion_deg, hip.adduction_deg, hip.internal_rotation_deg)
    for angle, true in zip(angles, made.truth.hips[side].skin_deg[span].T, strict=True):
        assert abs(np.nanmean(angle[first:last]) - true.mean()) < 10.0
