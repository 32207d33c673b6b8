"""A live session is what its recording replays, and a seed is a session."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner
from virtual_session import WritingSink, play

from imuhip.cli.app import app
from imuhip.cli.wording import loss_text
from imuhip.errors import RadioError
from imuhip.hip.stage import HipBlock
from imuhip.marks import Mark
from imuhip.packets.notification import NotificationBlock, SensorInfo
from imuhip.pipeline import Pipeline
from imuhip.radio.live import LiveSession
from imuhip.radio.virtual.world import World
from imuhip.recording import Recording, RecordingWriter


class MeasuringSink(WritingSink):
    """Records, and measures as live does."""

    def __init__(self, writer: RecordingWriter, sensors: Sequence[SensorInfo]) -> None:
        super().__init__(writer)
        self.pipeline = Pipeline(sensors)
        self.blocks: list[HipBlock] = []

    def take(self, block: NotificationBlock) -> None:
        super().take(block)
        self.blocks += self.pipeline.feed(block)

    def mark(self, mark: Mark) -> None:
        super().mark(mark)
        self.blocks += self.pipeline.mark(mark)


def flexion(blocks: list[HipBlock]) -> bytes:
    return np.concatenate([block.sides["right"].flexion_deg for block in blocks if block.sides]).tobytes()


def test_live_and_replay_give_the_same_bits_faults_and_refills_included(tmp_path: Path) -> None:
    made: list[MeasuringSink] = []

    async def faults(world: World, _: LiveSession) -> None:
        await asyncio.sleep(30)
        await world.sensors["thigh_right"].peripheral.drop()
        await asyncio.sleep(10)
        await world.sensors["pelvis"].peripheral.reboot()

    def sink(writer: RecordingWriter, sensors: Sequence[SensorInfo]) -> MeasuringSink:
        made.append(MeasuringSink(writer, sensors))
        return made[-1]

    play(tmp_path / "a.mcap", faults, seconds=56, sink=sink)
    live = made[0].blocks + made[0].pipeline.flush()
    recording = Recording.open(tmp_path / "a.mcap")
    pipeline = Pipeline(recording.sensors)
    replayed: list[HipBlock] = []
    for event in recording.events(1.7):
        if isinstance(event, Mark):
            replayed += pipeline.mark(event)
        elif isinstance(event, NotificationBlock):
            replayed += pipeline.feed(event)
    replayed += pipeline.flush()
    # Calibrated after 31 of 56 s, and for 4 s without a pelvis.
    assert np.isfinite(np.frombuffer(flexion(live))).mean() > 0.3
    assert flexion(live) == flexion(replayed)


def test_live_calls_lost_only_what_never_came(tmp_path: Path) -> None:
    made: list[MeasuringSink] = []

    async def faults(world: World, _: LiveSession) -> None:
        await asyncio.sleep(10)
        world.air.hold(world.sensors["thigh_right"].controller)
        await asyncio.sleep(2)
        world.air.release(world.sensors["thigh_right"].controller)

    def sink(writer: RecordingWriter, sensors: Sequence[SensorInfo]) -> MeasuringSink:
        made.append(MeasuringSink(writer, sensors))
        return made[-1]

    played = play(tmp_path / "a.mcap", faults, sink=sink)
    pelvis, thigh = made[0].pipeline.health()
    assert played.sensors["thigh_right"]["lost"] == 0
    assert loss_text(pelvis) == "lost 0"
    assert re.fullmatch(r"lost 0, 1\d\d came late", loss_text(thigh)), "of 2 s, all but what live waits for"


def test_a_seed_is_a_session(tmp_path: Path) -> None:
    for name, seed in (("a", "7"), ("b", "7"), ("c", "8")):
        done = CliRunner().invoke(
            app,
            ["record", "--virtual", "short", "--seed", seed, "--speed", "max", "--minutes", "0.2", "-o",
             str(tmp_path / f"{name}.mcap")],
        )  # fmt: skip
        assert done.exit_code == 0, done.output
    first, again, other = (Recording.open(tmp_path / f"{name}.mcap").notifications() for name in "abc")
    assert np.array_equal(first.arrival_ns, again.arrival_ns)
    assert first.data.tobytes() == again.data.tobytes()
    assert first.data.tobytes() != other.data.tobytes()


def test_a_session_without_any_sensor_says_so(tmp_path: Path) -> None:
    async def faults(world: World, _: LiveSession) -> None:
        for sensor in world.sensors.values():
            await sensor.peripheral.power_off()

    faults.before = True  # type: ignore[attr-defined]
    with pytest.raises(RadioError, match=r"no sensor can be reached \(it is not heard\)\. Switch it on"):
        play(tmp_path / "a.mcap", faults)
    assert not (tmp_path / "a.mcap").exists()
