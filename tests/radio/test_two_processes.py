"""The commands against virtual sensors in a process of their own, as a user without hardware has them."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from sensors_process import World

from imuhip.recording import recording_info

pytestmark = pytest.mark.slow


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    made = World(tmp_path / "home")
    yield made
    made.close()


def test_scan_pair_record_and_forget(world: World, tmp_path: Path) -> None:
    heard = json.loads(world.imuhip("scan", "--radio", world.radio, "--seconds", "1.5", "--json").stdout)["sensors"]
    assert {each["model"] for each in heard} == {"imuhip sensor"}
    assert all(each["battery_percent"] == 87 and each["signal_dbm"] < -30 for each in heard)
    assert all("address" not in each for each in heard)

    paired = world.pair("pelvis", "thigh_right")
    assert paired.returncode == 0, paired.stderr
    assert paired.stderr.count("its light blinks, bonded") == 2
    again = world.imuhip("pair", "pelvis", "--radio", world.radio)
    assert again.returncode == 2
    assert "has a sensor already. Run: imuhip forget pelvis" in again.stderr

    recorded = world.imuhip(
        "record", "--radio", world.radio, "-o", str(tmp_path / "a.mcap"), "--minutes", "0.05", "--no-calibrate"
    )
    assert recorded.returncode == 0, recorded.stderr
    sensors = recording_info(tmp_path / "a.mcap")["sensors"]
    assert [(each["role"], each["lost"]) for each in sensors] == [("pelvis", 0), ("thigh_right", 0)]
    assert b"C0:1A:B0" not in (tmp_path / "a.mcap").read_bytes()
    assert "C0:1A:B0" not in recorded.stderr + recorded.stdout + paired.stderr

    assert world.imuhip("forget", "pelvis", "--radio", world.radio).returncode == 0
    assert [each["role"] for each in json.loads(world.imuhip("sensors", "--json").stdout)["sensors"]] == ["thigh_right"]
