"""What is shown after a fault: what gravity tells at once, what needs a heading when it is known again."""

from __future__ import annotations

import asyncio
from pathlib import Path

import numpy as np
import pytest
from virtual_session import Faults, play

from imuhip.radio.live import LiveSession
from imuhip.radio.virtual.world import World
from imuhip.session import AngleTable, analyze

pytestmark = pytest.mark.slow

FAULT_S = 65.0
SECONDS = 112.0
FLEXION, ADDUCTION = "hip_right_flexion_deg", "hip_right_adduction_deg"


def angles(path: Path, faults: Faults | None = None, *, causal: bool) -> AngleTable:
    if not path.exists():
        play(path, faults, seconds=SECONDS, scenario="range_test")
    return analyze(path, causal=causal).table


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("undisturbed") / "a.mcap"
    play(path, seconds=SECONDS, scenario="range_test")
    return path


def off_deg(table: AngleTable, other: AngleTable, column: str, start_s: float, end_s: float) -> np.ndarray:
    part = slice(round(start_s * 100), round(end_s * 100))
    return np.abs(table.columns[column][part] - other.columns[column][part])


def known(table: AngleTable, column: str, start_s: float, end_s: float) -> float:
    return float(np.isfinite(table.columns[column][round(start_s * 100) : round(end_s * 100)]).mean())


def test_a_short_outage_is_carried_over_live(tmp_path: Path, undisturbed: Path) -> None:
    async def faults(world: World, _: LiveSession) -> None:
        await asyncio.sleep(FAULT_S)
        await world.sensors["thigh_right"].peripheral.drop()

    shown, without = angles(tmp_path / "a.mcap", faults, causal=True), angles(undisturbed, causal=True)
    assert known(shown, FLEXION, FAULT_S + 5, SECONDS - 2) > 0.95
    assert known(shown, ADDUCTION, FAULT_S + 5, SECONDS - 2) > 0.95
    assert np.nanmax(off_deg(shown, without, FLEXION, FAULT_S + 5, SECONDS - 2)) < 3


def test_after_a_restart_gravity_is_right_at_once_and_headings_wait_for_a_pose(
    tmp_path: Path, undisturbed: Path
) -> None:
    async def faults(world: World, _: LiveSession) -> None:
        await asyncio.sleep(FAULT_S)
        await world.sensors["thigh_right"].peripheral.reboot(after_s=3.0)

    shown, without = angles(tmp_path / "a.mcap", faults, causal=True), angles(undisturbed, causal=True)
    back_s = FAULT_S + 4.5
    assert known(shown, FLEXION, back_s + 5, back_s + 12) > 0.9
    assert np.nanmedian(off_deg(shown, without, FLEXION, back_s + 5, back_s + 12)) < 2
    assert np.nanmedian(off_deg(shown, without, "pelvis_tilt_deg", back_s + 5, back_s + 12)) < 1
    next_pose_s = 89.0  # the still before the abduction test
    assert known(shown, ADDUCTION, back_s - 4, next_pose_s - 4) == 0
    assert known(shown, ADDUCTION, next_pose_s + 5, SECONDS - 2) > 0.9


def test_thirty_seconds_out_of_range_change_no_refined_result(tmp_path: Path, undisturbed: Path) -> None:
    async def faults(world: World, _: LiveSession) -> None:
        await asyncio.sleep(FAULT_S)
        world.air.take_away(world.sensors["thigh_right"].controller)
        await asyncio.sleep(30)
        world.air.bring_back(world.sensors["thigh_right"].controller)

    filled, without = angles(tmp_path / "a.mcap", faults, causal=False), angles(undisturbed, causal=False)
    assert known(filled, FLEXION, FAULT_S, SECONDS - 5) == known(without, FLEXION, FAULT_S, SECONDS - 5)
    for column in (FLEXION, ADDUCTION):
        assert np.nanmax(off_deg(filled, without, column, 10, SECONDS - 5)) < 0.5
