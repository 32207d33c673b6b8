"""What a viewer of a live session is shown."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from imuhip import rotation
from imuhip.cli.watching import Gauge, PeakTracker, Watch
from imuhip.hip.stage import HipBlock, hip_block
from imuhip.joint import quat_from_hip_angles
from imuhip.orientation.segments import SegmentBlock, Spread


def track(angle_deg: list[float]) -> float | None:
    tracker = PeakTracker()
    tracker.feed(np.array(angle_deg, dtype=float))
    return tracker.peak_deg


def test_a_peak_is_shown_once_the_angle_has_come_back() -> None:
    assert track([0, 20, 60, 55]) is None
    assert track([0, 20, 60, 51]) == 60


def test_the_return_to_the_start_pose_is_no_peak() -> None:
    assert track([0, 60, 2, 40]) == 60
    assert track([0, 60, 2, 40, 2]) == 40


def test_a_movement_in_the_negative_direction_peaks_too() -> None:
    assert track([0, -30, -2, 0]) == -30


def test_unknown_values_are_passed_over() -> None:
    assert track([0, float("nan"), 60, float("nan"), 10]) == 60


@given(st.lists(st.floats(-90, 130) | st.just(float("nan")), max_size=60), st.integers(1, 20))
def test_peaks_do_not_depend_on_how_the_angle_is_cut(angles: list[float], step: int) -> None:
    tracker = PeakTracker()
    for start in range(0, len(angles), step):
        tracker.feed(np.array(angles[start : start + step], dtype=float))
    assert tracker.peak_deg == track(angles)


def angles(frames: int, *, roles: tuple[str, ...], start: int = 0, lost: int = 0) -> HipBlock:
    """Hips flexed by 30 degrees above a standing pelvis; the last ``lost`` frames of the last sensor are missing."""
    standing = rotation.exp(np.array([np.pi / 2, 0.0, 0.0]))
    thigh = rotation.multiply(standing, quat_from_hip_angles(np.deg2rad([30.0, 0.0, 0.0]), "right"))
    quat = np.stack([np.tile(standing if role == "pelvis" else thigh, (frames, 1)) for role in roles])
    known = np.ones((len(roles), frames), dtype=np.bool_)
    known[-1, frames - lost :] = False
    sure = Spread(np.full(frames, 0.01), np.full(frames, 0.01))
    return hip_block(SegmentBlock(start, 100.0, roles, quat, known, {"left": sure, "right": sure}))


def gauges(watch: Watch) -> dict[str, dict[str, Gauge]]:
    return {group: {gauge.name: gauge for gauge in shown} for group, shown in watch.state([]).groups.items()}


def test_the_last_picture_shows_what_was_known_a_moment_before_the_end() -> None:
    for lost, shown in ((4, True), (150, False)):
        watch = Watch(3.0)
        assert watch.knew_nothing
        watch.take([angles(300, roles=("pelvis", "thigh_right"), lost=lost)])
        assert gauges(watch)["right hip"]["flexion"] == Gauge("flexion", None, None, "not known")
        watch.end()
        assert (gauges(watch)["right hip"]["flexion"].value_deg is not None) == shown
        assert not watch.knew_nothing


def test_a_leg_that_lost_its_strap_to_the_other_is_not_shown_on() -> None:
    watch = Watch(2.0)
    watch.take([angles(100, roles=("pelvis", "thigh_right"))])
    assert set(gauges(watch)) == {"right hip", "pelvis"}
    watch.take([angles(100, roles=("pelvis", "thigh_left"), start=100)])
    assert set(gauges(watch)) == {"left hip", "pelvis"}


def test_pelvis_rotation_has_no_peak_because_its_zero_is_arbitrary() -> None:
    watch = Watch(1.0)
    watch.take([angles(100, roles=("pelvis", "thigh_right"))])
    rotation_gauge = gauges(watch)["pelvis"]["rotation"]
    assert rotation_gauge.relative
    assert rotation_gauge.peak_deg is None


def test_without_a_pelvis_sensor_segments_are_shown_against_gravity() -> None:
    watch = Watch(1.0)
    watch.take([angles(100, roles=("thigh_left", "thigh_right"))])
    shown = gauges(watch)
    assert set(shown) == {"against gravity"}
    assert abs((shown["against gravity"]["thigh right"].value_deg or 0.0) - 30.0) < 1e-6
