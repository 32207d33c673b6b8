"""What a wearer sees while recording."""

from __future__ import annotations

import io
from dataclasses import replace

import pytest
from rich.console import Console

from imuhip.cli.live_view import LiveBars, LiveLines, Picture, SensorLine
from imuhip.cli.watching import Gauge, LiveState
from imuhip.cli.wording import loss_text
from imuhip.pipeline import SensorHealth
from imuhip.timeline.stage import LinkStats

FINE = SensorLine("pelvis", "streaming", True, 100.0, "lost 0", "-60 dBm", "battery 87 %", "clock steady")
GONE = SensorLine("thigh_right", "it is not heard; still looking", False, 0.0, "lost 0, fetching 300", "", "", "")
LIVE = LiveState(
    75.0,
    0.0,
    {"right hip": [Gauge("flexion", 51.0)]},
    (),
    ("bridge, right: 3 reps, 2 good", "was flung"),
    ["1:10  bridge, right, rep 3 was flung"],
    "MQTT: connected",
)
PICTURE = Picture(75.0, 1_234_567, LIVE, [FINE, GONE], "Stand")


def health(never_came: int, *, in_sensor: int = 0, late: int = 0, visible: bool = True) -> SensorHealth:
    return SensorHealth("pelvis", LinkStats(1000, never_came, 0, late, 0, in_sensor, 0, 0.0, 100.0, visible), 0)


@pytest.mark.parametrize(
    ("known", "filled", "missing", "lost_on_host", "text"),
    [
        (health(0), 0, 0, 0, "lost 0"),
        (health(955), 0, 955, 0, "lost 0, fetching 955"),
        (health(0, late=955), 955, 0, 0, "lost 0, filled 955"),
        (health(0, late=107), 0, 0, 0, "lost 0, 107 came late"),
        (health(60, in_sensor=30, late=40), 40, 20, 0, "lost 40, 30 of them in the sensor, filled 40, fetching 20"),
        (health(8), 0, 0, 1, "lost 8, 1 notification on this computer"),
        (health(0, visible=False), 0, 0, 0, "loss not visible"),
    ],
)
def test_loss_is_told_with_its_cause_and_what_is_being_done(
    known: SensorHealth, filled: int, missing: int, lost_on_host: int, text: str
) -> None:
    assert loss_text(known, filled, missing, lost_on_host) == text


@pytest.mark.parametrize("width", [70, 80, 120])
def test_bars_fit_the_terminal_from_end_to_end(width: int) -> None:
    full = LiveState(
        75.0, 0.0, {"right hip": [Gauge("flexion", 130.0), Gauge("adduction", None, -60.0, "heading not known")]}, ()
    )
    out = io.StringIO()
    console = Console(file=out, force_terminal=True, width=width, color_system=None)
    with LiveBars(console, "Recording a.mcap", keys=True) as view:
        view.show(replace(PICTURE, live=full))
    lines = [line for line in out.getvalue().splitlines() if "130.0" in line]
    assert lines
    assert all(line.split()[-1].endswith("\u2588") and "\u2026" not in line for line in lines)


def test_the_screen_shows_angles_sensors_and_what_to_do() -> None:
    out = io.StringIO()
    console = Console(file=out, force_terminal=True, width=120, color_system=None)
    with LiveBars(console, "Recording a.mcap", keys=True) as view:
        view.show(PICTURE)
        view.ring()
    text = out.getvalue()
    angles, sensors = ("1:15", "1.2 MB", "51.0°"), ("thigh right", "not heard; still looking", "fetching 300")
    for part in (*angles, *sensors, "rep 3 was flung", "MQTT: connected", "Stand", "q stop", "\a"):
        assert part in text


def test_a_terminal_of_80_columns_holds_each_sensor_in_a_line() -> None:
    out = io.StringIO()
    console = Console(file=out, force_terminal=True, width=80, color_system=None)
    settling = replace(FINE, role="thigh_right", clock="clock settling")
    with LiveBars(console, "Recording a.mcap", keys=True) as view:
        view.show(replace(PICTURE, sensors=[FINE, settling]))
    assert any("thigh right" in line and "clock settling" in line for line in out.getvalue().splitlines())


def test_without_a_terminal_a_line_tells_the_same() -> None:
    out = io.StringIO()
    with LiveLines(out, 5.0) as view:
        view.show(PICTURE)
        view.ring()
        view.show(PICTURE)
    first, *lines = out.getvalue().splitlines()
    line = (
        "  1:15  right hip: flex 51  | pelvis: 100 Hz, lost 0; thigh right: 0 Hz, lost 0, fetching 300, it is not"
        " heard; still looking  | 1.2 MB  | MQTT: connected"
    )
    assert "provisional" in first
    assert lines == ["  1:10  bridge, right, rep 3 was flung", line, line]


def test_a_session_that_is_only_published_shows_how_that_goes_and_no_size() -> None:
    picture = replace(PICTURE, size_bytes=None, live=replace(LIVE, note="MQTT connected, 7 sent"))
    out, screen = io.StringIO(), io.StringIO()
    with LiveLines(out, 5.0) as lines:
        lines.show(picture)
    assert "  | MQTT connected, 7 sent\n" in out.getvalue()
    with LiveBars(Console(file=screen, force_terminal=True, width=120, color_system=None), "Live", keys=True) as bars:
        bars.show(picture)
    assert "MQTT connected, 7 sent" in screen.getvalue()
    assert " MB" not in out.getvalue() + screen.getvalue()
