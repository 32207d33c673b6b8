import numpy as np
from scipy.spatial.transform import Rotation

from imuhip.simulation.script import both_legs_session, shank_session
from imuhip.simulation.simulate import simulate
from imuhip.simulation.wearer import Wearer


def _rotation(quat_wxyz: np.ndarray) -> Rotation:
    return Rotation.from_quat(quat_wxyz, scalar_first=True)


def test_moving_the_strap_marks_the_sensor_its_new_role_and_a_recalibration() -> None:
    made = simulate(both_legs_session("right"), seed=3, wearer=Wearer.real(3))
    index = next(i for i, mark in enumerate(made.marks) if mark.kind == "wear")
    wear, stance, swing = made.marks[index : index + 3]
    assert (wear.name, wear.sensor) == ("thigh_left", 1)
    assert (stance.kind, stance.name, swing.kind, swing.name, swing.side) == (
        "calibration",
        "stance",
        "calibration",
        "swing",
        "left",
    )
    assert {mark.side for mark in made.marks[:index] if mark.kind == "test"} == {"right"}
    assert {mark.side for mark in made.marks[index:] if mark.kind == "test"} == {"left"}


def test_the_other_hip_has_its_zero_in_the_stance_after_the_move() -> None:
    made = simulate(both_legs_session("right"), seed=3, wearer=Wearer.real(3))
    after = made.truth.mountings[-1]
    assert after.role == "thigh_left"
    span = slice(round(after.stance_s[0] * 100), round(after.stance_s[1] * 100) + 1)
    assert np.abs(made.truth.hips["left"].bone_deg[span].mean(axis=0)).max() < 0.02
    assert np.abs(made.truth.hips["right"].bone_deg[span].mean(axis=0)).max() > 0.5


def test_a_moved_sensor_turns_smoothly_from_one_mount_to_the_next() -> None:
    made = simulate(shank_session("left"), seed=3)
    before, after = (mounting for mounting in made.truth.mountings if mounting.sensor == 1)
    assert before.worn_s[1] < after.worn_s[0] < after.stance_s[0]
    sensor = _rotation(made.truth.earth_from_sensor[1])
    step_deg = np.degrees((sensor[:-1].inv() * sensor[1:]).magnitude())
    assert step_deg.max() < 3.0
    stance = slice(round(after.stance_s[0] * 100), round(after.stance_s[1] * 100))
    pelvis = _rotation(made.truth.earth_from_segment[0, stance])
    off_deg = np.degrees((pelvis.inv() * sensor[stance] * _rotation(after.segment_from_sensor).inv()).magnitude())
    assert off_deg.max() < 3.0, "in its stance the shank coincides with the pelvis, but for sway"


def test_on_the_shank_at_90_deg_of_knee_flexion_hip_rotation_swings_the_sensor() -> None:
    made = simulate(shank_session("right"), seed=3)
    test = next(m for m in made.marks if m.kind == "test" and m.position == "prone" and m.name == "internal_rotation")
    span = slice(made.truth.index(test.start_ns), made.truth.index(test.end_ns or 0))
    mount = _rotation(made.truth.mountings[-1].segment_from_sensor)
    shank = _rotation(made.truth.earth_from_sensor[1, span]) * mount.inv()
    upright = np.degrees(np.arccos(shank.apply([0, -1, 0])[:, 2]))  # its lower end points up when prone
    rotation = made.truth.hips["right"].bone_deg[span, 2]
    assert np.abs(upright - rotation).max() < 2.0
