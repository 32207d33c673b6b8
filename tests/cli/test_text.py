"""The one-page summary."""

from __future__ import annotations

from typing import Any

import pytest

from imuhip.cli.text import summary_text
from imuhip.cli.wording import clock, columns


@pytest.fixture
def results() -> dict[str, Any]:
    test = {
        "name": "straight_leg_raise",
        "side": "right",
        "mode": "active",
        "position": "supine",
        "phase": "pre",
        "start_s": 60.0,
        "end_s": 80.0,
        "trials_deg": [70.2, 72.0, 74.1],
        "peak_deg": 72.0,
        "uncertainty_deg": 3.2,
        "relative_only": False,
        "start_deg": 1.0,
        "pelvis_excursion_deg": 11.0,
        "thigh_deg": 80.0,
        "reference": "stance",
    }
    sensor = {
        "role": "thigh_right",
        "samples": 37_000,
        "rate_hz": 100.02,
        "lost": 120,
        "lost_in_sensor": 0,
        "lost_notifications": {},
        "filled": 0,
        "gaps_s": 0.3,
        "loss_visible": True,
    }
    return {
        "recording": {
            "started_utc": "2025-03-01T10:00:00Z",
            "wearer": "w1",
            "duration_s": 372.0,
            "time_offset_s": 0.0,
            "damage": [],
            "sensors": [sensor, {**sensor, "role": "pelvis", "lost": 0, "gaps_s": 0.0}],
        },
        "calibration": [
            {"start_s": 4.0, "method": "joint least squares", "quality": "good", "warnings": ["swing slower"]}
        ],
        "tests": [test, {**test, "name": "internal_rotation", "relative_only": True, "peak_deg": 31.0}],
        "sets": [],
        "flags": [],
    }


def test_summary_says_what_it_is_not_before_any_number(results: dict[str, Any]) -> None:
    assert "not a medical device" in summary_text(results, name="x.mcap").splitlines()[0]


def test_summary_tells_sensors_with_rate_and_loss(results: dict[str, Any]) -> None:
    page = summary_text(results, name="x.mcap")
    assert "x.mcap, 6:12 long" in page
    assert "thigh right  100.0 Hz  37000 samples  lost 120 (0.3 %), 0.3 s of gaps" in page
    assert "nothing lost" in page


def test_summary_tells_peaks_with_their_interval_and_what_is_relative(results: dict[str, Any]) -> None:
    page = summary_text(results, name="x.mcap")
    assert "72 ± 3 " in page
    assert "31 ± 3, change only" in page
    assert "70 72 74" in page
    assert "change only: known as a change from the start pose" in page


def test_summary_without_a_pelvis_sensor_says_that_nothing_is_a_hip_angle(results: dict[str, Any]) -> None:
    results["recording"]["sensors"].pop()
    assert "no pelvis sensor" in summary_text(results, name="x.mcap")


def test_summary_tells_before_from_after_only_where_something_was_mobilised(results: dict[str, Any]) -> None:
    assert "supine, active  " in summary_text(results, name="x.mcap")
    results["tests"][1]["phase"] = "post"
    assert "supine, active, pre" in summary_text(results, name="x.mcap")


def test_summary_passes_on_calibration_warnings(results: dict[str, Any]) -> None:
    assert "swing slower" in summary_text(results, name="x.mcap")


def test_summary_of_an_unknown_peak_prints_no_number(results: dict[str, Any]) -> None:
    results["tests"][0] |= {"peak_deg": None, "uncertainty_deg": None, "trials_deg": [], "pelvis_excursion_deg": None}
    assert "no trial found" in summary_text(results, name="x.mcap")


def test_summary_without_calibration_or_tests_still_reads(results: dict[str, Any]) -> None:
    none = {"start_s": 0.0, "method": "none", "quality": "none", "warnings": ["Stand still before moving"]}
    results |= {"calibration": [none], "tests": []}
    page = summary_text(results, name="x.mcap")
    assert "so there are no angles" in page
    assert "Range tests" not in page
    assert "Stand still before moving" in page
    assert "Range tests" not in page


@pytest.mark.parametrize(
    ("seconds", "text"), [(0, "0:00"), (59.4, "0:59"), (59.9, "1:00"), (247, "4:07"), (3847, "1:04:07")]
)
def test_clock_reads_as_people_write_it(seconds: float, text: str) -> None:
    assert clock(seconds) == text


def test_columns_align() -> None:
    assert columns([("a", "bb"), ("ccc", "d")]) == ["a    bb", "ccc  d"]


def test_summary_says_that_a_recording_is_damaged(results: dict[str, Any]) -> None:
    assert "damaged" not in summary_text(results, name="x.mcap")
    results["recording"]["damage"] = ["bytes 10 to 20: its chunk fails its checksum; 27 notifications lost"]
    assert "damaged at 1 place: `imuhip info` tells where" in summary_text(results, name="x.mcap")


def test_summary_says_which_marked_tests_gave_nothing_and_why(results: dict[str, Any]) -> None:
    missing = {"name": "extension", "side": "left", "position": "prone", "start_s": 61.0, "why": "no sensor was worn"}
    results["not_measured"] = [missing]
    assert "  not measured: extension, left, prone, at 1:01: no sensor was worn\n" in summary_text(results, name="x")


def test_summary_tells_mobilising_beyond_its_cap_and_the_tests_that_are_due(results: dict[str, Any]) -> None:
    work = {"start_s": 60.0, "end_s": 420.0, "name": "lateral_hip", "side": "left", "minutes": 6.0, "cap_minutes": 5.0}
    results["mobilise"] = [work | {"over_cap": True, "retest_due": ["extension", "internal_rotation"]}]
    page = " ".join(summary_text(results, name="x").split())
    assert "Mobilising from 1:00: lateral hip, left: 6.0 min, more than the 5 that are enough for an area" in page
    assert "test again: extension, internal rotation" in page
    results["mobilise"] = [work | {"over_cap": False, "retest_due": []}]
    assert "test again" not in summary_text(results, name="x")


def sided(results: dict[str, Any], *tests: tuple[str, str, float]) -> str:
    first = results["tests"][0]
    results["tests"] = [
        first | {"side": side, "phase": phase, "peak_deg": peak, "uncertainty_deg": 2.0} for side, phase, peak in tests
    ]
    return summary_text(results, name="x")


def test_sides_are_compared_by_the_first_cold_test_and_the_last_one_after_mobilising(results: dict[str, Any]) -> None:
    page = sided(results, ("left", "pre", 80.0), ("left", "pre", 70.0), ("right", "pre", 81.0))
    assert "no difference beyond the uncertainty" in page
    page = sided(results, ("left", "post", 80.0), ("left", "post", 70.0), ("right", "post", 81.0))
    assert "11 more on the right" in page


def test_ranges_that_were_tested_only_after_mobilising_are_named(results: dict[str, Any]) -> None:
    told = "tested only after mobilising, which no history compares: left"
    assert told in sided(results, ("right", "pre", 80.0), ("right", "post", 82.0), ("left", "post", 70.0))
    assert told not in sided(results, ("left", "pre", 80.0), ("left", "post", 82.0))
