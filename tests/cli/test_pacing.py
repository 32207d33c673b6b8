"""The player keeps the recording's pace, and changes nothing in it."""

from __future__ import annotations

import io
from pathlib import Path

import pytest

from imuhip.cli.following import Following
from imuhip.cli.pacing import play
from imuhip.cli.views import LineView
from imuhip.cli.watching import LiveState, Watch
from imuhip.marks import Mark
from imuhip.packets.notification import NotificationBlock
from imuhip.pipeline import Pipeline
from imuhip.recording import Recording


class HandClock:
    """A clock that moves only when somebody waits."""

    def __init__(self) -> None:
        self.time_s = 100.0

    def now(self) -> float:
        return self.time_s

    def sleep(self, seconds: float) -> None:
        self.time_s += seconds


def run(path: Path, *, speed: float | None, stop_at_s: float = 1e9) -> tuple[bool, HandClock, LiveState, str]:
    source, clock, out = Recording.open(path), HandClock(), io.StringIO()
    pipeline, watch = Pipeline(source.sensors), Watch(5.0)
    began_s = clock.now()
    whole = play(
        source.events(0.05),
        Following(pipeline, watch),
        LineView(out, interval_s=0.5),
        speed=speed,
        clock=clock,
        stopped=lambda: clock.now() - began_s >= stop_at_s,
    )
    return whole, clock, watch.state(pipeline.health()), out.getvalue()


@pytest.mark.parametrize(("speed", "lasts_s"), [(1.0, 5.0), (4.0, 1.25), (None, 0.0)])
def test_a_replay_lasts_as_long_as_its_speed_says(recording: Path, speed: float | None, lasts_s: float) -> None:
    whole, clock, state, _ = run(recording, speed=speed)
    assert whole
    assert clock.now() - 100.0 == pytest.approx(lasts_s, abs=0.15)
    assert state.left_s == pytest.approx(0.0, abs=0.05)


def test_lines_come_at_the_interval_of_the_view_and_at_the_end(recording: Path) -> None:
    lines = run(recording, speed=1.0)[3].splitlines()
    assert 9 <= len(lines) <= 11
    assert "0:00 left" in lines[-1]


def test_a_replay_stops_when_asked_while_it_waits(recording: Path) -> None:
    whole, clock, state, _ = run(recording, speed=1.0, stop_at_s=2.0)
    assert not whole
    assert clock.now() - 100.0 == pytest.approx(2.0, abs=0.1)
    assert state.elapsed_s < 3.0


def test_a_replay_shows_what_the_pipeline_says_of_the_whole(recording: Path) -> None:
    source = Recording.open(recording)
    pipeline, watch = Pipeline(source.sensors), Watch(5.0)
    for event in source.events():
        if isinstance(event, NotificationBlock):
            watch.take(pipeline.feed(event))
        elif isinstance(event, Mark):
            watch.take(pipeline.mark(event))
    watch.take(pipeline.flush())
    assert run(recording, speed=4.0)[2] == watch.state(pipeline.health())
