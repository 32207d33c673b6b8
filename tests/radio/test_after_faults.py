"""What a fault costs, and what is shown after it: what gravity tells at once, the heading once it is known again."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np
import pytest
from fault_kinds import FAULTS, THIGH, FaultKind, after
from virtual_session import SEED, Played, play

from imuhip.hip.stage import HipBlock, join
from imuhip.packets.descriptor import encode_descriptor
from imuhip.radio.live import LiveSession
from imuhip.radio.virtual.wearer import simulated
from imuhip.radio.virtual.world import World
from imuhip.recording import Recording, recording_info
from imuhip.session import AngleTable, analyze
from imuhip.simulation import quaternions as quat
from imuhip.simulation.simulate import SimulatedSession
from imuhip.simulation.transmit import descriptor
from imuhip.units import FloatArray

pytestmark = pytest.mark.slow

FAULT_S = 65.0
SECONDS = 128.0
POSES_S = 86.0, 112.4
"""When the wearer next keeps still in a pose that is known, from the recording's beginning."""


@lru_cache(maxsize=1)
def truth() -> SimulatedSession:
    """What the wearer really did."""
    return simulated("range_test", SEED)


def true_inclination_deg(sensor: int) -> FloatArray:
    """(N,) how far the skin's long axis is from the vertical, 100 times a second from the session's beginning."""
    up = quat.rotate(truth().truth.earth_from_skin[sensor], np.array([0.0, 1.0, 0.0]))
    return np.rad2deg(np.arccos(np.clip(up[:, 2], -1, 1)))


@dataclass(frozen=True)
class Shown:
    """What live showed of a session."""

    block: HipBlock
    begins_s: float
    """Where the wearer's session begins."""

    def off_deg(self, sensor: int, start_s: float, end_s: float) -> FloatArray:
        """(N,) error of an inclination against the truth; NaN where it is not shown."""
        part = slice(round(start_s * 100), round(end_s * 100))
        time_s = np.arange(len(self.block))[part] / 100 - self.begins_s
        true = np.interp(time_s, truth().truth.time_s, true_inclination_deg(sensor))
        return np.abs(self.block.inclination_deg(sensor)[part] - true)

    def adduction_off_deg(self, start_s: float, end_s: float) -> FloatArray:
        """(N,) error of the adduction against the bone's; NaN where it is not shown."""
        part = slice(round(start_s * 100), round(end_s * 100))
        time_s = np.arange(len(self.block))[part] / 100 - self.begins_s
        true = np.interp(time_s, truth().truth.time_s, truth().truth.hips["right"].bone_deg[:, 1])
        return np.abs(self.block.sides["right"].adduction_deg[part] - true)

    def known(self, angle: str, start_s: float, end_s: float) -> float:
        """How much of an angle is shown."""
        values = getattr(self.block.sides["right"], angle)
        return float(np.isfinite(values[round(start_s * 100) : round(end_s * 100)]).mean())


def shown_live(played: Played) -> Shown:
    block = join(analyze(played.path, causal=True).blocks)
    assert block.start_index == 0
    first = truth().marks[0].start_ns - int(truth().truth.host_ns[0])
    return Shown(block, recording_info(played.path)["marks"][0]["start_s"] - first * 1e-9)


def arrivals_s(played: Played, sensor: int) -> FloatArray:
    """(N,) when its notifications arrived, from the recording's beginning."""
    block = Recording.open(played.path).notifications()
    return (block.arrival_ns[block.sensor == sensor] - block.arrival_ns[0]) * 1e-9


def under(fault: FaultKind, path: Path) -> Played:
    return play(path, after(FAULT_S, fault.act), seconds=SECONDS, scenario="range_test", **fault.options)


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.name)
def test_gravity_is_right_five_seconds_later_and_headings_come_back_in_a_pose(fault: FaultKind, tmp_path: Path) -> None:
    played = under(fault, tmp_path / "a.mcap")
    shown, back_s = shown_live(played), FAULT_S + fault.back_s
    least, most = fault.lost
    assert least <= played.sensors[THIGH]["lost"] <= most
    assert played.sensors["pelvis"]["lost"] == 0
    came_s = arrivals_s(played, 1)
    assert set(range(math.ceil(back_s), int(SECONDS) - 1)) <= set(np.floor(came_s).astype(int).tolist())
    for sensor in range(2):
        assert np.max(shown.off_deg(sensor, back_s + 5, SECONDS - 2)) < 2, "and it is known all the time"
    if fault.loses_heading:
        gone = int(np.argmax(np.diff(came_s)))
        assert shown.known("flexion_deg", came_s[gone] + 0.3, came_s[gone + 1] - 0.3) == 0, "also what is filled later"
        pose_s = next(start_s for start_s in POSES_S if start_s > back_s)
        assert shown.known("adduction_deg", FAULT_S + 1, back_s) == 0
        off_deg = shown.adduction_off_deg(back_s, pose_s)
        assert np.max(off_deg[np.isfinite(off_deg)], initial=0.0) < 5, (
            "a return to a pose of the same set tells it, too"
        )
        assert shown.known("adduction_deg", pose_s + 5, SECONDS - 2) > 0.98
    else:
        assert shown.known("adduction_deg", back_s, SECONDS - 2) > 0.98


def test_without_one_of_its_sensors_a_recording_says_which_and_shows_no_angle(tmp_path: Path) -> None:
    async def faults(world: World, _: LiveSession) -> None:
        await world.sensors[THIGH].peripheral.power_off()

    faults.before = True  # type: ignore[attr-defined]
    known = {THIGH: encode_descriptor(descriptor(100.0))}
    played = play(tmp_path / "a.mcap", faults, seconds=40, scenario="range_test", descriptors=known)
    assert (played.sensors["pelvis"]["lost"], played.sensors[THIGH]["samples"]) == (0, 0)
    for causal in (True, False):
        measured = analyze(played.path, causal=causal)
        assert "Nothing came from the sensor on the thigh right" in measured.results["calibration"][0]["warnings"][0]
        assert not np.isfinite(measured.table.columns["hip_right_flexion_deg"]).any()


def test_thirty_seconds_out_of_range_change_no_refined_result(tmp_path: Path) -> None:
    (away,) = (fault for fault in FAULTS if fault.name == "thirty seconds out of range")
    filled, without = analyze(under(away, tmp_path / "a.mcap").path).table, undisturbed(tmp_path / "b.mcap")
    for angle in ("flexion", "adduction"):
        column = f"hip_right_{angle}_deg"
        one, other = (table.columns[column][1000 : round(SECONDS * 100) - 500] for table in (filled, without))
        assert np.array_equal(np.isfinite(one), np.isfinite(other))
        assert np.nanmax(np.abs(one - other)) < 0.5


def undisturbed(path: Path) -> AngleTable:
    """What the same session measures without a fault."""
    play(path, seconds=SECONDS, scenario="range_test")
    return analyze(path).table
