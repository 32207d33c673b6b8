"""What a viewer of a live session is shown."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from imuhip.cli.watching import PeakTracker


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
