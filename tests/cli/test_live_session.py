"""Recording and publishing at once, and publishing from paired sensors: whole sessions against real brokers."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from hostile import Behaviour, reset_after_welcome, serving, stall, trickle
from jsonschema import Draft202012Validator
from mosquitto import PATIENCE_S, Mosquitto, free_port, publish, reading, running, wait_for
from sensors_process import World

from imuhip.cli.live_session import Wishes, record_session
from imuhip.cli.publishing import Target
from imuhip.radio.pace import run
from imuhip.recording import Recording
from imuhip.session import analyze
from imuhip.sinks.mqtt.schemas import load_schema

ANCHOR_NS = 1_763_704_800_000_000_000
BASE = "imuhip/v1/home/otter"


@pytest.fixture
def mosquitto(tmp_path: Path) -> Iterator[Mosquitto]:
    with running(tmp_path / "broker") as broker:
        yield broker


@pytest.fixture(autouse=True)
def own_folders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("XDG_DATA_HOME", "XDG_CONFIG_HOME", "IMUHIP_HOME"):
        monkeypatch.setenv(name, str(tmp_path / name))
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(sys.path))


class StoppedCalendar:
    """The clock, but always the same date: it is all that differs between two recordings from one seed."""

    time_ns = staticmethod(lambda: ANCHOR_NS)
    monotonic = staticmethod(time.monotonic)


def recorded(path: Path, url: str | None, monkeypatch: pytest.MonkeyPatch) -> bytes:
    """Record a virtual wearer as fast as it goes."""
    monkeypatch.setattr("imuhip.cli.live_session.time", StoppedCalendar)
    target = None if url is None else Target(url)
    wishes = Wishes(path, scenario="short", seed=3, speed=None, calibrate=False, wearer="otter", mqtt=target)
    run(record_session(wishes), speed=None)
    return path.read_bytes()


def start(*arguments: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "imuhip", *arguments],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    )


def ended(process: subprocess.Popen[str]) -> str:
    """What it said; it must have ended well."""
    _, said = process.communicate(timeout=PATIENCE_S)
    assert process.returncode == 0, said
    assert "Traceback" not in said
    return said


def test_a_recording_is_published_while_it_is_made_and_is_the_same_to_the_byte(
    mosquitto: Mosquitto, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    alone = recorded(tmp_path / "alone.mcap", None, monkeypatch)
    with reading(mosquitto, f"{BASE}/#") as reader:
        assert recorded(tmp_path / "published.mcap", mosquitto.url, monkeypatch) == alone
        wait_for(lambda: reader.payloads("/status") and reader.payloads("/status")[-1]["state"] == "offline")
        messages = reader.messages()
    names = [message["topic"].removeprefix(f"{BASE}/") for message in messages]
    assert set(names) == {"angles", "summary", "range", "status", "meta"}
    for message, name in zip(messages, names, strict=True):
        Draft202012Validator(load_schema(name)).validate(message["payload"])
        assert set(message["payload"]) <= set(load_schema(name)["properties"])  # nothing that is not described
    first, *_, last = reader.payloads("/status")
    assert (first["state"], first["source"]) == ("online", "virtual")
    for sensor in last["sensors"].values():
        assert sensor["streaming"]
        assert 0 < sensor["battery_percent"] <= 100
        assert sensor["signal_dbm"] < 0
    (expected,) = analyze(tmp_path / "published.mcap", causal=True).results["tests"]
    (result,) = reader.payloads("/range")
    assert {key: result[key] for key in expected} == expected
    assert "1 result acknowledged" in capfd.readouterr().err


@pytest.mark.parametrize(
    "behaviour", [stall, trickle, reset_after_welcome, None], ids=lambda b: getattr(b, "__name__", "refuse")
)
def test_whatever_the_broker_does_the_recording_is_the_same_to_the_byte(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, behaviour: Behaviour | None, alone: bytes
) -> None:
    for name in ("connection.ANSWER_S", "connection.FIRST_ANSWER_S", "courier.GRACE_S", "courier.LAST_S"):
        monkeypatch.setattr(f"imuhip.sinks.mqtt.{name}", 0.2)
    with ExitStack() as stack:
        port = 9 if behaviour is None else stack.enter_context(serving(behaviour))
        assert recorded(tmp_path / "s.mcap", f"mqtt://127.0.0.1:{port}", monkeypatch) == alone


@pytest.fixture(scope="module")
def alone(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """The recording without a broker."""
    with pytest.MonkeyPatch.context() as patch:
        return recorded(tmp_path_factory.mktemp("alone") / "s.mcap", None, patch)


def test_commands_set_a_mark_in_the_recording_and_end_it(mosquitto: Mosquitto, tmp_path: Path) -> None:
    path = tmp_path / "s.mcap"
    process = start("record", "--virtual", "short", "--wearer", "otter", "--mqtt", mosquitto.url, "-o", str(path))
    with reading(mosquitto, f"{BASE}/#") as reader:
        reader.wait("/angles", 10)
        publish(mosquitto, f"{BASE}/cmd/mark", '{"kind":"pain","name":"groin","side":"right","value":3}')
        publish(mosquitto, f"{BASE}/cmd/mark", '{"action":"start","kind":"rest","note":"forgotten"}')
        (flag,) = reader.wait("/flag")  # at once, and not at the end
        assert (flag["rule"], flag["level"], flag["source"]) == ("pain", "amber", "virtual")
        publish(mosquitto, f"{BASE}/cmd/stop", "{}")
        said = ended(process)
        wait_for(lambda: reader.payloads("/status")[-1]["state"] == "offline")
    assert f"Wrote {path}" in said
    marks = {mark.kind: mark for mark in Recording.open(path).marks}
    assert (marks["pain"].name, marks["pain"].side, marks["pain"].value) == ("groin", "right", 3.0)
    assert marks["rest"].end_ns is not None  # what nobody ended ends with the session


def test_a_broker_that_is_away_is_said_once_and_the_results_are_kept(tmp_path: Path) -> None:
    url = f"mqtt://127.0.0.1:{free_port()}"
    said = ended(start("record", "--virtual", "short", "--speed", "max", "--mqtt", url, "-o", str(tmp_path / "s.mcap")))
    assert said.count(f"MQTT: nothing listens at {url}") == 1
    assert f"1 wait on the disk and are sent with the next session of this wearer (nothing listens at {url}" in said


def test_a_recording_is_complete_before_a_broker_that_hangs_is_waited_for(tmp_path: Path) -> None:
    path = tmp_path / "s.mcap"
    with serving(stall) as port:
        process = start(
            "record", "--virtual", "short", "--speed", "max", "--mqtt", f"mqtt://127.0.0.1:{port}", "-o", str(path)
        )
        wait_for(lambda: path.exists() and path.read_bytes()[-8:] == b"\x89MCAP0\r\n" and path.stat().st_size > 100_000)
        assert process.poll() is None
        process.kill()
        process.communicate()
    assert analyze(path).results["tests"]


@pytest.mark.slow
def test_paired_sensors_are_published_without_a_recording(mosquitto: Mosquitto, tmp_path: Path) -> None:
    world = World(Path(os.environ["IMUHIP_HOME"]))
    try:
        assert world.pair("pelvis", "thigh_right").returncode == 0
        process = start("publish", mosquitto.url, "--radio", world.radio, "--wearer", "otter")
        with reading(mosquitto, "#") as reader:
            reader.wait("/config")
            reader.wait("/meta")
            reader.wait("/angles", 10)
            process.send_signal(signal.SIGINT)
            said = ended(process)
            wait_for(lambda: reader.payloads("/status")[-1]["state"] == "offline")
            online, status = reader.payloads("/status")
    finally:
        world.close()
    assert (online["state"], online["source"]) == ("online", "live")
    assert {sensor["battery_percent"] for sensor in status["sensors"].values()} == {87}
    assert "Nothing was recorded" in said
    assert not list(tmp_path.glob("**/*.mcap"))
    sent = "\n".join(str(message) for message in reader.messages())
    assert "C0:1A:B0" not in sent + said  # no sensor's address leaves this computer
