"""Bars and lines say what the state says."""

from __future__ import annotations

import io
from dataclasses import replace

import pytest
from rich.console import Console

from imuhip.cli.gauges import BAR_CELLS, bar
from imuhip.cli.views import BarView, LineView
from imuhip.cli.watching import Gauge, LiveState
from imuhip.pipeline import SensorHealth
from imuhip.timeline.stage import LinkStats

STATE = LiveState(
    elapsed_s=63.0,
    duration_s=120.0,
    groups={"right hip": [Gauge("flexion", 42.4, 61.2), Gauge("adduction", None, None, "heading not known")]},
    health=[SensorHealth("pelvis", LinkStats(6000, 7, 0, 12, 0, 0, 0, 0.4, 100.0, loss_visible=True), 0)],
)


@pytest.mark.parametrize("value", [-400.0, -40.0, 0.0, 42.0, 130.0, 400.0, None])
def test_a_bar_keeps_its_width_for_any_value(value: float | None) -> None:
    assert len(bar(Gauge("flexion", value, value))) == BAR_CELLS


def test_a_bar_grows_with_the_angle_from_zero() -> None:
    small, large = (bar(Gauge("flexion", value, None), fancy=False).count("#") for value in (10.0, 80.0))
    assert 0 < small < large


def test_an_unknown_angle_has_an_empty_bar() -> None:
    assert "#" not in bar(Gauge("flexion", None, None), fancy=False)


def test_a_line_tells_time_angles_peaks_rate_loss_and_time_left() -> None:
    out = io.StringIO()
    with LineView(out, interval_s=3.0) as view:
        view.show(STATE)
    first, line = out.getvalue().splitlines()
    assert "provisional" in first
    assert " ".join(line.split()) == "1:03 right hip: flex 42 (61), add ? | 100 Hz, lost 7, 0:57 left"


def test_the_terminal_shows_bars_peaks_sensors_and_that_numbers_are_provisional() -> None:
    console = Console(file=io.StringIO(), force_terminal=True, width=110, height=40)
    with BarView(console, "session.mcap at speed 4") as view:
        view.show(STATE)
    picture = console.file.getvalue()  # type: ignore[attr-defined]
    for text in (
        "right hip",
        "42.4°",
        "last peak 61°",
        "heading not known",
        "100.0 Hz",
        "lost 7, 12 came late",
        "0:57 left",
        "provisional",
    ):
        assert text in picture


@pytest.mark.parametrize("height", [12, 24, 60])
def test_results_never_push_the_sensors_off_the_screen_and_are_shown_whole(height: int) -> None:
    console = Console(file=io.StringIO(), force_terminal=True, width=60, height=height)
    told = [
        f"{k // 60}:{k % 60:02}  clamshell, left, rep {k}: opened in 1.6 s, held for 1.5 s; end{k}" for k in range(90)
    ]
    with BarView(console, "session.mcap") as view:
        view.show(replace(STATE, told=told))
    picture = console.file.getvalue()  # type: ignore[attr-defined]
    assert "lost 7" in picture
    assert ("end89" in picture) == (height > 12)
    assert "end0" not in picture
    assert picture.count("rep ") == picture.count("end")
