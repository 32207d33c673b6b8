"""The record command as a process: interrupted, killed, out of disk, under a clock that jumps."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from click.testing import CliRunner

from imuhip.cli.app import app
from imuhip.recording import Recording, recording_info

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(os.name == "nt", reason="signals are a POSIX matter"),
]


def command(path: Path, *options: str) -> list[str]:
    return [sys.executable, "-m", "imuhip", "record", "--virtual", "short", "-o", str(path), *options]


def started(path: Path, *options: str) -> subprocess.Popen[str]:
    return subprocess.Popen(command(path, *options), stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True)


def grown_to(path: Path, size: int, process: subprocess.Popen[str]) -> None:
    """Wait until the recording has this size."""
    for _ in range(600):
        if path.exists() and path.stat().st_size >= size:
            return
        assert process.poll() is None, process.stderr and process.stderr.read()
        time.sleep(0.05)
    raise AssertionError("the recording does not grow")


@pytest.mark.parametrize("moment_s", [0.0, 0.1, 0.5])
def test_ctrl_c_while_starting_leaves_nothing_or_a_good_file(tmp_path: Path, moment_s: float) -> None:
    process = started(tmp_path / "a.mcap", "--speed", "4")
    assert process.stderr is not None
    assert process.stderr.readline().startswith("Connecting")
    time.sleep(moment_s)
    process.send_signal(signal.SIGINT)
    _, told = process.communicate(timeout=20)
    assert "Traceback" not in told
    assert process.returncode == 0, told
    assert "Stopped before anything was recorded" in told or "Wrote" in told
    if (tmp_path / "a.mcap").exists():
        assert not recording_info(tmp_path / "a.mcap")["damage"]


def test_ctrl_c_while_recording_ends_it_in_order(tmp_path: Path) -> None:
    process = started(tmp_path / "a.mcap", "--speed", "4")
    grown_to(tmp_path / "a.mcap", 30_000, process)
    process.send_signal(signal.SIGINT)
    _, told = process.communicate(timeout=20)
    assert process.returncode == 0, told
    assert "Traceback" not in told
    assert "Wrote" in told
    about = recording_info(tmp_path / "a.mcap")
    assert about["damage"] == []
    assert about["duration_s"] > 4


def test_a_killed_recorder_loses_at_most_its_last_second(tmp_path: Path) -> None:
    process = started(tmp_path / "a.mcap", "--speed", "4")
    grown_to(tmp_path / "a.mcap", 30_000, process)
    before = Recording.open(tmp_path / "a.mcap").notifications().arrival_ns[-1]
    time.sleep(1.0)
    process.kill()
    process.communicate(timeout=20)
    recorded = Recording.open(tmp_path / "a.mcap").notifications().arrival_ns
    # What was on the disk a (fourfold) second ago must have been joined by three of its four seconds.
    assert (recorded[-1] - before) * 1e-9 > 4 - 1 - 1


def test_a_full_disk_stops_the_recording_loudly_and_leaves_what_was_written(tmp_path: Path) -> None:
    script = f"ulimit -f 60; exec {' '.join(command(tmp_path / 'a.mcap', '--speed', 'max'))}"
    done = subprocess.run(["bash", "-c", script], capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 2, done.stderr
    assert "the file may not grow further" in done.stderr
    assert "can be read" in done.stderr
    assert "Traceback" not in done.stderr
    assert recording_info(tmp_path / "a.mcap")["sensors"][0]["samples"] > 500


def test_a_wall_clock_set_back_changes_nothing_but_is_not_even_seen(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real_ns = time.time_ns
    calls = 0

    def jumping() -> int:
        nonlocal calls
        calls += 1
        return real_ns() - (0 if calls == 1 else 3_600_000_000_000)

    monkeypatch.setattr(time, "time_ns", jumping)
    done = CliRunner().invoke(
        app, ["record", "--virtual", "short", "--speed", "max", "--minutes", "0.2", "-o", str(tmp_path / "a.mcap")]
    )
    assert done.exit_code == 0, done.output
    about = recording_info(tmp_path / "a.mcap")
    assert about["duration_s"] == pytest.approx(12, abs=0.5)
    assert all(sensor["lost"] == 0 for sensor in about["sensors"])
