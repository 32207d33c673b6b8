"""The commands against virtual sensors in a process of their own, as a user without hardware has them."""

from __future__ import annotations

import contextlib
import json
import os
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from imuhip.recording import recording_info

pty = pytest.importorskip("pty", reason="pipes and terminals are a POSIX matter")
pytestmark = pytest.mark.slow
TOOL = Path(__file__).resolve().parents[2] / "tools" / "virtual_sensors.py"


class World:
    """The other process."""

    def __init__(self, home: Path, *options: str) -> None:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        self.radio = f"bumble:tcp-client:127.0.0.1:{port}"
        self.environment = {**os.environ, "IMUHIP_HOME": str(home)}
        arguments = [sys.executable, str(TOOL), "--scenario", "short", "--stand", *options]
        self.process = subprocess.Popen(
            [*arguments, "--transport", f"tcp-server:127.0.0.1:{port}"],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
        )  # fmt: skip
        assert self.process.stdout is not None
        assert "on the air" in self.process.stdout.readline()

    def tell(self, line: str) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write(f"{line}\n")
        self.process.stdin.flush()

    def imuhip(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "imuhip", *arguments]
        return subprocess.run(
            command,
            env=self.environment,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
            stdin=subprocess.DEVNULL,
        )

    def pair(self, *roles: str) -> subprocess.CompletedProcess[str]:
        """Pair, tapping each sensor when it is asked for."""
        command = [sys.executable, "-m", "imuhip", "pair", *roles, "--radio", self.radio, "--timeout", "20"]
        running = subprocess.Popen(
            command, env=self.environment, stderr=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        told: list[str] = []

        def listen() -> None:
            assert running.stderr is not None
            for line in running.stderr:
                told.append(line)
                if line.startswith("Tap the"):
                    self.tell(f"tap {line.removeprefix('Tap the ').split(' sensor')[0].replace(' ', '_')}")

        listening = threading.Thread(target=listen)
        listening.start()
        running.wait(timeout=60)
        listening.join()
        assert running.stdout is not None
        running.stdout.close()
        assert running.stderr is not None
        running.stderr.close()
        return subprocess.CompletedProcess(command, running.returncode, "", "".join(told))

    def typed(self, *arguments: str, keys: Mapping[str, str]) -> bytes:
        """Run a command on a terminal, typing each key once its cue is on the screen; returns all that was shown."""
        ours, theirs = pty.openpty()
        command = [sys.executable, "-m", "imuhip", *arguments]
        environment = {**self.environment, "TERM": "xterm", "COLUMNS": "100", "LINES": "30"}
        with subprocess.Popen(command, env=environment, stdin=theirs, stdout=theirs, stderr=theirs) as running:
            os.close(theirs)
            shown = b""
            for cue, key in keys.items():
                while cue.encode() not in shown:
                    shown += os.read(ours, 4096)
                os.write(ours, key.encode())
            with contextlib.suppress(OSError):  # how Linux ends a terminal
                while more := os.read(ours, 4096):
                    shown += more
        os.close(ours)
        assert running.returncode == 0, shown.decode()
        return shown

    def close(self) -> None:
        self.process.kill()
        self.process.wait()
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.close()
        self.process.stdout.close()


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
