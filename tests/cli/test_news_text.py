"""Results as somebody who is exercising reads them."""

from __future__ import annotations

import io
from typing import Any

import pytest

from imuhip.cli.news_text import news_line
from imuhip.cli.views import LineView
from imuhip.cli.watching import LiveState
from imuhip.live_results import News

TEST = {
    "name": "extension", "side": "right", "position": "prone", "mode": "active", "end_s": 62.0,
    "trials_deg": [11.2, 10.8], "peak_deg": 11.0, "uncertainty_deg": 1.2, "relative_only": False, "reference": "pelvis",
}  # fmt: skip
FLAG: dict[str, Any] = {"rule": "A", "level": "green", "message": "Repeat the test.", "evidence": {}}


def test_a_test_is_told_with_its_peak_and_trials() -> None:
    assert news_line(News("range", TEST), 63.0) == "1:02  extension, right, prone, active: 11 ± 1 deg; trials 11 11"
    turned = TEST | {"name": "internal_rotation", "relative_only": True}
    assert "active: 11 ± 1 deg, change only; trials 11 11" in news_line(News("range", turned), 63.0)
    empty = TEST | {"trials_deg": [], "peak_deg": None}
    assert news_line(News("range", empty), 63.0).endswith("active: no trial found")


@pytest.mark.parametrize(
    ("changed", "told"),
    [
        ({}, ""),
        ({"level": "amber"}, "1:03  amber: Repeat the test."),
        ({"evidence": {"verdict": "repeat_due"}}, "1:03  note: Repeat the test."),
        ({"level": "amber", "evidence": {"level_without_pain": "green"}}, ""),
    ],
)
def test_flags_are_told_where_there_is_something_to_do(changed: dict[str, Any], told: str) -> None:
    assert news_line(News("flag", FLAG | changed), 63.0) == told


def test_mobilising_is_told_with_what_is_due() -> None:
    entry = {"name": "lateral_hip", "side": "left", "minutes": 2.04, "over_cap": False, "retest_due": ["flexion"]}
    assert news_line(News("mobilise", entry), 130.0) == "2:10  lateral hip, left: 2.0 min; test again: flexion"


def test_every_result_is_written_once_however_often_pictures_are_drawn() -> None:
    out = io.StringIO()
    told = ["0:05  one"]
    view = LineView(out, interval_s=3.0)
    view.show(LiveState(6.0, 60.0, {}, (), told=told))
    told += ["0:07  two", "10:09  three"]
    for _ in range(2):
        view.show(LiveState(12.0, 60.0, {}, (), told=told))
    written = [line for line in out.getvalue().splitlines() if "Hz" not in line]
    assert written == ["  0:05  one", "  0:07  two", " 10:09  three"]
