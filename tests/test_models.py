"""Bought sensors through the same path as our own: recording, timeline, angles."""

from __future__ import annotations

import itertools
import json
from pathlib import Path

import numpy as np
import played
import pytest
from click.testing import CliRunner
from played import Event
from sensor_models import DRIVERS, notifications_of, sensors_of

from imuhip.cli.app import app
from imuhip.packets.blocks import slice_block
from imuhip.simulation.script import STANCE, SWINGS, Session, Step
from imuhip.simulation.sensors import SensorErrors
from imuhip.simulation.simulate import SimulatedSession, simulate

SESSION = Session(
    "models",
    "right",
    (
        STANCE,
        SWINGS,
        Step("still", "second_pose", "supine", still_s=4.0),
        Step("test", "flexion", "supine", 3),
    ),
)


def made_for(model: str, loss: float) -> SimulatedSession:
    rate_hz = DRIVERS[model].capabilities.rate_hz
    return simulate(SESSION, seed=4, rate_hz=rate_hz, errors=SensorErrors(loss=loss, burst=1.5))


def events_of(made: SimulatedSession, model: str, *, tick_us: int = 0) -> list[Event]:
    block = notifications_of(made, model, tick_us=tick_us)
    out: list[Event] = []
    done = 0
    for mark in sorted(made.marks, key=lambda mark: mark.end_ns or mark.start_ns):
        upto = int(np.searchsorted(block.arrival_ns, mark.end_ns or mark.start_ns))
        out += [slice_block(block, done, upto), mark]
        done = upto
    return [*out, slice_block(block, done, len(block))]


@pytest.mark.parametrize("loss", [0.0, 0.02])
@pytest.mark.parametrize("model", DRIVERS)
def test_angles_are_right_live_and_refined(model: str, loss: float) -> None:
    """The clock of a DOT wraps in mid-session."""
    made = made_for(model, loss)
    sensors, events = sensors_of(made, model), events_of(made, model, tick_us=2**32 - 40_000_000)
    hips, time_ns = played.play_refined(sensors, events)
    error = played.angles_of(hips.sides["right"]) - played.truth_at(made, time_ns, "right")
    assert np.isfinite(error[:, 0]).mean() > 0.9
    assert max(played.rmse(error[:, axis]) for axis in range(3)) < 1.0
    live = played.play(sensors, events)
    error = played.angles_of(live.hips.sides["right"]) - played.truth_at(made, live.time_ns, "right")
    assert np.isfinite(error[:, 0]).mean() > 0.3
    assert max(played.rmse(error[:, axis]) for axis in range(3)) < 1.5
    assert np.nanmax(np.abs(error)) < 5


@pytest.mark.parametrize("model", DRIVERS)
def test_any_cut_gives_the_same_bits(model: str) -> None:
    made = made_for(model, loss=0.02)
    sensors, events = sensors_of(made, model), events_of(made, model)
    whole = played.play(sensors, played.recut(events, itertools.repeat(1 << 40)))
    pieces = played.play(sensors, played.recut(events, itertools.cycle([1, 2, 3, 50, 7])))
    left, right = played.bits(whole.hips), played.bits(pieces.hips)
    assert [name for name in left if left[name] != right[name]] == []
    assert whole.pipeline.health() == pieces.pipeline.health()


@pytest.mark.parametrize("model", DRIVERS)
def test_loss_is_counted_or_said_to_be_invisible(model: str) -> None:
    made = made_for(model, loss=0.03)
    sensors = sensors_of(made, model)
    block = notifications_of(made, model, tick_us=2**32 - 40_000_000)
    live = played.play(sensors, [block])
    per_message = {"movesense": 8, "witmotion": 4}.get(model, 1)
    for sensor, health in enumerate(live.pipeline.health()):
        stats = health.stats
        due = len(made.samples[sensors[sensor].role].time_s) // per_message * per_message
        assert health.bad_packets == 0
        assert stats.reboots == 0
        if not DRIVERS[model].loss_visible:
            assert (health.loss_visible, stats.lost) == (False, 0)
        else:
            assert health.loss_visible
            last = due - stats.samples - stats.lost  # what was lost after the last that came shows nowhere
            assert 0 <= last <= 3 * per_message
            assert stats.lost > 0.01 * due


@pytest.mark.parametrize("model", DRIVERS)
def test_recordings_are_analyzed_and_described(model: str, tmp_path: Path) -> None:
    made = made_for(model, loss=0.02)
    path = played.write(tmp_path / "x.mcap", sensors_of(made, model), events_of(made, model))
    for command in ("info", "analyze"):
        told = json.loads(run(command, path, "--json"))
        for sensor in told["recording"]["sensors"] if command == "analyze" else told["sensors"]:
            assert sensor["loss_visible"] is DRIVERS[model].loss_visible
            assert sensor["rate_hz"] == pytest.approx(DRIVERS[model].capabilities.rate_hz, rel=0.02)
        assert ("loss cannot be seen" in run(command, path)) is not DRIVERS[model].loss_visible


def run(command: str, path: Path, *options: str) -> str:
    done = CliRunner().invoke(app, [command, str(path), *options])
    assert done.exit_code == 0, done.output
    return done.stdout
