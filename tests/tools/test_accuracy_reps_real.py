"""The figures of real repetitions hold on the recordings beside the checkout."""

from __future__ import annotations

import pytest
from accuracy_reps_real import found_in, overlap, reps_real


def test_overlap_is_what_two_spans_share_over_what_they_cover():
    assert overlap((0, 10), (0, 10)) == 1.0
    assert overlap((0, 10), (5, 15)) == pytest.approx(1 / 3)
    assert overlap((0, 1), (2, 3)) == 0.0


def test_missing_recordings_are_skipped_or_fail_where_they_are_required(tmp_path):
    (figure,) = reps_real(tmp_path / "none", required=False).figures
    assert figure.passed is None
    (figure,) = reps_real(tmp_path / "none", required=True).figures
    assert figure.passed is False


@pytest.mark.slow
@pytest.mark.parametrize("kinds", [("exercise",), ()], ids=["marked", "unmarked"])
def test_real_straight_leg_raises_are_counted_without_a_pelvis_sensor(shared_data, kinds):
    sets = found_in(shared_data / "hip" / "uci_s1_e3", kinds=kinds)
    assert sum(len(one["reps"]) for one in sets) == 30
    assert {one["reference"] for one in sets} == {"gravity"}


@pytest.mark.slow
def test_each_marked_repetition_of_a_squat_is_one(shared_data):
    sets = found_in(shared_data / "hip" / "cmu_sqhalfdl", kinds=("still", "repetition"))
    assert [len(one["reps"]) for one in sets] == [5]
