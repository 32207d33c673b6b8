"""Publishing as a user does it: whole runs of the program against a real Mosquitto."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator
from mosquitto import PATIENCE_S, Mosquitto, free_port, publish, reading, running, wait_for
from played import UTC_NS, events_of, write

from imuhip.session import analyze
from imuhip.simulation.script import short_session
from imuhip.simulation.simulate import simulate
from imuhip.sinks.mqtt.schemas import load_schema


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    folders = {name: str(tmp_path / name) for name in ("XDG_DATA_HOME", "XDG_CONFIG_HOME")}
    return os.environ | folders | {"OPENBLAS_NUM_THREADS": "1", "PYTHONPATH": os.pathsep.join(sys.path)}


@pytest.fixture
def mosquitto(tmp_path: Path):
    with running(tmp_path / "broker") as broker:
        yield broker


@pytest.fixture(scope="module")
def short_recording(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = simulate(short_session(), seed=4)
    return write(tmp_path_factory.mktemp("recorded") / "short.mcap", made.sensors, events_of(made))


def run(environment: dict[str, str], *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "imuhip", *arguments],
        capture_output=True,
        text=True,
        check=False,
        timeout=90,
        env=environment,
    )


def test_a_replay_publishes_the_tests_that_the_causal_analysis_finds(
    mosquitto: Mosquitto, environment: dict[str, str], short_recording: Path
) -> None:
    session = str(short_recording)
    with reading(mosquitto, "imuhip/#") as reader:
        done = run(environment, "replay", session, "--speed", "max", "--mqtt", mosquitto.url)
        assert done.returncode == 0, done.stderr
        wait_for(lambda: reader.payloads("/status") and reader.payloads("/status")[-1]["state"] == "offline")
        ranges, angles = reader.payloads("/range"), reader.payloads("/angles")
    expected = json.loads(run(environment, "analyze", session, "--causal", "--json").stdout)["tests"]
    assert len(expected) == 1
    assert [{key: r[key] for key in test} for r, test in zip(ranges, expected, strict=True)] == expected
    assert {r["source"] for r in ranges} == {"replay"}
    assert abs(angles[0]["t_us"] - UTC_NS // 1000) < 60e6  # the recording's own date
    assert "1 result acknowledged" in done.stdout


@pytest.mark.slow
def test_a_replay_publishes_the_repetitions_that_the_causal_analysis_finds(
    mosquitto: Mosquitto, environment: dict[str, str]
) -> None:
    session = Path(__file__).resolve().parents[2] / "recordings" / "strengthening.mcap"
    with reading(mosquitto, "imuhip/#") as reader:
        done = run(environment, "replay", str(session), "--speed", "max", "--mqtt", mosquitto.url, "--no-discovery")
        assert done.returncode == 0, done.stderr
        wait_for(lambda: reader.payloads("/status")[-1]["state"] == "offline")
        reps = reader.payloads("/rep")
    expected = [
        (one["exercise"], one["side"], number, rep)
        for one in analyze(session, causal=True).results["sets"]
        for number, rep in enumerate(one["reps"], 1)
    ]
    assert len(expected) > 40
    found = [(r["exercise"], r["side"], r["number"], {key: r[key] for key in expected[0][3]}) for r in reps]
    assert found == expected
    assert [r["seq"] for r in reps] == list(range(len(reps)))
    for rep in reps:
        Draft202012Validator(load_schema("rep")).validate(rep)
    squats = [rep for rep in reps if rep["exercise"] == "squat"]
    assert [rep["controlled_range_deg"] for rep in squats[:2]] == [None, None]
    good_deg = sorted(rep["peak_deg"] for rep in squats if rep["good"])
    assert squats[-1]["controlled_range_deg"] == good_deg[-3]  # the third-highest, as its schema says


def test_a_virtual_session_takes_marks_and_a_stop_by_command(mosquitto: Mosquitto, environment: dict[str, str]) -> None:
    base = "imuhip/v1/clinic/heron"
    command = ["publish", mosquitto.url, "--virtual", "--session", "short", "--site", "clinic", "--wearer", "heron"]
    process = subprocess.Popen(
        [sys.executable, "-m", "imuhip", *command],
        env=environment,
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    with reading(mosquitto, f"{base}/#") as reader:
        reader.wait("/angles", 3)
        publish(mosquitto, f"{base}/cmd/mark", '{"action":"start","kind":"test","name":"flexion","side":"right"}')
        reader.wait("/angles", 30)
        publish(mosquitto, f"{base}/cmd/mark", '{"action":"end","kind":"test","name":"flexion"}')
        (result,) = reader.wait("/range")
        publish(mosquitto, f"{base}/cmd/mark", '{"action":"start","kind":"test","name":"extension","side":"right"}')
        reader.wait("/angles", len(reader.payloads("/angles")) + 30)
        publish(mosquitto, f"{base}/cmd/stop", "{}")  # which ends the test, too
        out, error = process.communicate(timeout=PATIENCE_S)
        wait_for(lambda: reader.payloads("/status")[-1]["state"] == "offline")
    assert process.returncode == 0, error
    assert (result["name"], result["side"]) == ("flexion", "right")
    assert 0.3 < result["end_s"] - result["start_s"] < 10
    assert [test["name"] for test in reader.payloads("/range")] == ["flexion", "extension"]
    assert "2 results acknowledged" in out


def test_an_interrupted_session_says_goodbye(mosquitto: Mosquitto, environment: dict[str, str]) -> None:
    process = subprocess.Popen(
        [sys.executable, "-m", "imuhip", "publish", mosquitto.url, "--virtual", "--session", "short"],
        env=environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    )
    with reading(mosquitto, "imuhip/#") as reader:
        reader.wait("/angles")
        process.send_signal(signal.SIGINT)
        _, error = process.communicate(timeout=PATIENCE_S)
        wait_for(lambda: reader.payloads("/status")[-1]["state"] == "offline")
    assert "Stopped." in error
    assert "Traceback" not in error


def test_a_replay_goes_on_without_a_broker_says_so_and_keeps_the_results(
    environment: dict[str, str], short_recording: Path
) -> None:
    session = str(short_recording)
    url = f"mqtt://127.0.0.1:{free_port()}"
    done = run(environment, "replay", session, "--speed", "max", "--mqtt", url)
    assert done.returncode == 0
    assert f"nothing listens at {url}" in done.stderr
    assert "1 wait on the disk" in done.stdout


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["publish"], "no broker is named"),
        (["publish", "mqtt://localhost"], "--virtual"),
        (["record", "-o", "never.mcap", "--mqtt", "mqtt://broker.example"], "--insecure"),
        (["record", "-o", "never.mcap", "--mqtt", "mqtt://localhost", "--wearer", "Jane Doe"], "pseudonym"),
        (["publish", "--virtual"], "no broker is named"),
        (["publish", "mqtt://u:hunter2@localhost", "--virtual"], "IMUHIP_MQTT_PASSWORD"),
        (["publish", "mqtt://broker.example", "--virtual"], "--insecure"),
        (["publish", "mqtt://localhost", "--virtual", "--wearer", "Jane Doe"], "pseudonym"),
        (["publish", "mqtt://localhost", "--virtual", "--rate", "0"], "cannot be published"),
        (["mqtt", "check", "localhost"], "not the address"),
        (["mqtt", "forget", "mqtt://localhost"], "--wearer"),
    ],
)
def test_what_cannot_work_is_refused_in_one_line(
    environment: dict[str, str], arguments: list[str], message: str
) -> None:
    done = run(environment, *arguments)
    assert done.returncode == 2
    assert message in done.stderr
    assert len(done.stderr.splitlines()) == 1
    assert "hunter2" not in done.stderr


def test_a_replay_leaves_this_computer_without_tls_only_when_asked_for(
    environment: dict[str, str], short_recording: Path
) -> None:
    done = run(environment, "replay", str(short_recording), "--mqtt", "mqtt://broker.example")
    assert done.returncode == 2
    assert "--insecure" in done.stderr
    done = run(
        environment, "replay", str(short_recording), "--speed", "max", "--mqtt", "mqtt://no.invalid", "--insecure"
    )
    assert done.returncode == 0, done.stderr
    assert "the name no.invalid is not known" in done.stderr


def test_check_says_what_works_and_what_does_not(mosquitto: Mosquitto, environment: dict[str, str]) -> None:
    good = run(environment, "mqtt", "check", mosquitto.url)
    assert good.returncode == 0
    assert [line.split()[0] for line in good.stdout.splitlines()] == ["ok"] * 5
    mosquitto.stop()
    bad = run(environment, "mqtt", "check", mosquitto.url)
    assert bad.returncode == 1
    assert bad.stdout.splitlines()[-1].split()[:2] == ["FAILED", "port"]


def test_a_forgotten_wearer_leaves_nothing_behind(mosquitto: Mosquitto, environment: dict[str, str]) -> None:
    run(environment, "publish", mosquitto.url, "--virtual", "--session", "short", "--speed", "max")
    spool = Path(environment["XDG_DATA_HOME"]) / "imuhip" / "mqtt" / "home.virtual.sqlite"
    assert spool.exists()
    done = run(environment, "mqtt", "forget", mosquitto.url, "--wearer", "virtual")
    assert done.returncode == 0, done.stderr
    assert not spool.exists()
    with reading(mosquitto, "#") as reader:
        publish(mosquitto, "sentinel", "{}")
        wait_for(reader.messages)
    assert [m["topic"] for m in reader.messages()] == ["sentinel"]
