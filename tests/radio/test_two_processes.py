"""The commands against virtual sensors in a process of their own, as a user without hardware has them."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from sensors_process import World

from imuhip.recording import recording_info

pytest.importorskip("pty", reason="pipes and terminals are a POSIX matter")
pytestmark = pytest.mark.slow


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    made = World(tmp_path / "home")
    yield made
    made.close()


def test_scan_pair_record_and_forget(world: World, tmp_path: Path) -> None:
    for wish, answer in (
        ("away pelvis soon", "soon is no number of seconds"),
        ("begin", "begins in 3 s"),
        ("x", "which"),
    ):
        world.tell(wish)
        assert world.process.stdout is not None
        assert answer in world.process.stdout.readline()

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

    world.tell("begin")
    recorded = world.imuhip(
        "record", "--radio", world.radio, "-o", str(tmp_path / "a.mcap"), "--minutes", "0.05", "--no-calibrate"
    )
    assert recorded.returncode == 0, recorded.stderr
    sensors = recording_info(tmp_path / "a.mcap")["sensors"]
    assert [(each["role"], each["lost"]) for each in sensors] == [("pelvis", 0), ("thigh_right", 0)]
    assert b"C0:1A:B0" not in (tmp_path / "a.mcap").read_bytes()
    assert "C0:1A:B0" not in recorded.stderr + recorded.stdout + paired.stderr

    keyed = tmp_path / "keys.mcap"
    screen = world.typed(
        "record", "--radio", world.radio, "-o", str(keyed), keys={"1-9": "p", "hurts": "w", "thigh left": "q"}
    )
    assert b"\x1b[?25h" in screen, "the cursor is back"
    marks = recording_info(keyed)["marks"]
    assert [mark["kind"] for mark in marks] == ["pain", "wear"]

    cut = tmp_path / "b.mcap"
    arguments = ["record", "--radio", world.radio, "-o", str(cut), "--minutes", "0.12", "--no-calibrate"]
    running = subprocess.Popen(
        [sys.executable, "-m", "imuhip", *arguments],
        env=world.environment, stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, stdin=subprocess.DEVNULL, text=True,
    )  # fmt: skip
    for _ in range(200):
        if cut.exists() and cut.stat().st_size > 8_000:
            break
        time.sleep(0.05)
    world.tell("away pelvis 60")
    _, said = running.communicate(timeout=60)
    assert running.returncode == 0, said
    assert "Not there at the end: pelvis (" in said
    assert recording_info(cut)["damage"] == []

    assert world.imuhip("forget", "pelvis", "--radio", world.radio).returncode == 0
    assert [each["role"] for each in json.loads(world.imuhip("sensors", "--json").stdout)["sensors"]] == ["thigh_right"]
