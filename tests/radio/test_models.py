"""Every model over the virtual radio: found, set up, recorded, asked for its battery, stopped."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from virtual_session import play

from imuhip.radio.live import LiveSession
from imuhip.radio.virtual.vendor_sensors import MODELS
from imuhip.radio.virtual.world import World
from imuhip.session import analyze


@pytest.fixture(scope="module")
def own_peak_deg(tmp_path_factory: pytest.TempPathFactory) -> float:
    """What sensors of our own protocol measure of the same wearer."""
    path = tmp_path_factory.mktemp("own") / "a.mcap"
    play(path, seconds=56)
    (test,) = analyze(path).results["tests"]
    return float(test["peak_deg"])


@pytest.mark.parametrize(
    ("model", "rate_hz", "loss_visible"), [("dot", 60, True), ("movesense", 104, True), ("witmotion", 100, False)]
)
def test_a_session_of_bought_sensors_is_recorded_and_measured(
    tmp_path: Path, own_peak_deg: float, model: str, rate_hz: float, loss_visible: bool
) -> None:
    played = play(
        tmp_path / "a.mcap",
        seconds=56,
        firmwares=lambda worn: {role: MODELS[model](role, worn) for role in worn.roles},
    )
    for role in ("pelvis", "thigh_right"):
        about = played.sensors[role]
        assert about["driver"] == model
        assert about["rate_hz"] == pytest.approx(rate_hz, rel=0.01)
        assert about["loss_visible"] is loss_visible
        assert about["lost"] == 0
        assert about["samples"] == pytest.approx(56 * rate_hz, abs=0.4 * rate_hz)
        assert played.status[role].battery_percent is not None
    (test,) = analyze(tmp_path / "a.mcap").results["tests"]
    assert test["peak_deg"] == pytest.approx(own_peak_deg, abs=3)


@pytest.mark.parametrize("model", sorted(MODELS))
def test_what_a_bought_sensor_misses_is_lost_and_the_other_goes_on(tmp_path: Path, model: str) -> None:
    async def faults(world: World, _: LiveSession) -> None:
        await asyncio.sleep(10)
        await world.sensors["thigh_right"].peripheral.drop()

    played = play(
        tmp_path / "a.mcap",
        faults,
        seconds=25,
        firmwares=lambda worn: {role: MODELS[model](role, worn) for role in worn.roles},
    )
    thigh = played.sensors["thigh_right"]
    assert played.sensors["pelvis"]["gaps_s"] == 0
    assert 0.1 < thigh["gaps_s"] < 1.5
    assert thigh["filled"] == 0
    assert (thigh["lost"] > 0) is thigh["loss_visible"]
