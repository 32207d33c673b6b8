"""One clear line with the remedy and a non-zero exit, and nothing half done left behind."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner

from imuhip.cli.app import app
from imuhip.errors import ImuhipError
from imuhip.radio.paired import PairedSensor, PairedSensors


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("IMUHIP_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("DBUS_SYSTEM_BUS_ADDRESS", f"unix:path={tmp_path / 'no-bus'}")
    return tmp_path / "home"


def told(*arguments: str) -> str:
    """What the command says when it refuses."""
    done = CliRunner().invoke(app, list(arguments))
    assert done.exit_code != 0
    assert isinstance(done.exception, ImuhipError | SystemExit), done.exception
    return str(done.exception) if isinstance(done.exception, ImuhipError) else done.output


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (("record", "-o", "x.mcap"), "no sensor is paired. Run: imuhip pair pelvis thigh_right, or give --virtual."),
        (("record", "--virtual", "dancing", "-o", "x.mcap"), "there is no scenario 'dancing'. Choose one of"),
        (("record", "--virtual", "--speed", "0", "-o", "x.mcap"), "0 is not possible. Give a number above 0"),
        (("record", "--virtual", "--speed", "nan", "-o", "x.mcap"), "nan is not possible"),
        (("record", "--virtual", "--speed", "inf", "-o", "x.mcap"), "inf is not possible"),
        (("record", "--virtual", "--minutes", "nan", "-o", "x.mcap"), "nan is not possible"),
        (("record", "--virtual", "--minutes", "-1", "-o", "x.mcap"), "-1 is not possible"),
        (("record", "--virtual", "--wait", "0", "-o", "x.mcap"), "0 is not possible"),
        (("scan", "--seconds", "nan"), "nan is not possible"),
        (("pair", "pelvis", "--timeout", "-1"), "-1 is not possible"),
        (("record", "--speed", "4", "-o", "x.mcap"), "real sensors know real time only"),
        (("record", "--virtual", "--speed", "fast", "-o", "x.mcap"), "neither a number nor max"),
        (("pair", "tail"), "'tail' is no role. Choose one of pelvis"),
        (("pair", "pelvis", "pelvis"), "pelvis is named twice"),
        (("forget", "chest"), "no sensor is paired as chest. imuhip sensors lists them."),
        (("scan", "--radio", "walkie-talkie"), "names no radio. Give hci0, hci1, ... or bumble:TRANSPORT."),
        (("scan", "--radio", "bumble:carrier-pigeon:1"), "carrier-pigeon:1 cannot be opened"),
        (("scan", "--radio", "bumble:tcp-client:127.0.0.1:1"), "cannot be opened"),
    ],
)
def test_what_cannot_be_is_refused_with_the_remedy(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, arguments: tuple[str, ...], reason: str
) -> None:
    monkeypatch.chdir(tmp_path)
    assert reason in told(*arguments)
    assert not (tmp_path / "x.mcap").exists()
    assert PairedSensors().load() == []


@pytest.mark.skipif("sys.platform != 'linux'")
@pytest.mark.parametrize("arguments", [("scan",), ("pair", "pelvis")])
def test_a_machine_without_bluetooth_is_sent_to_the_doctor(arguments: tuple[str, ...]) -> None:
    assert "Run `imuhip doctor`" in told(*arguments)


@pytest.mark.skipif("sys.platform != 'linux'")
def test_the_doctor_says_the_one_thing_to_do_next() -> None:
    done = CliRunner().invoke(app, ["doctor"])
    assert done.exit_code == 1
    assert "PROBLEM D-Bus: the system bus cannot be reached" in done.output
    assert done.output.splitlines()[-1].startswith("Next: Start D-Bus")


def test_a_sensor_of_a_model_that_is_unknown_is_named() -> None:
    PairedSensors().add(PairedSensor("pelvis", "C0:00:00:00:00:01", "x", "future", 100.0, b"", bonded=False))
    assert "the model 'future' of the pelvis is unknown. Update imuhip." in told("record", "-o", "x.mcap")
    assert "future" in CliRunner().invoke(app, ["sensors"]).output


def test_an_existing_recording_is_not_overwritten(tmp_path: Path) -> None:
    (tmp_path / "a.mcap").write_text("precious")
    assert "exists already" in told("record", "--virtual", "-o", str(tmp_path / "a.mcap"))
    assert (tmp_path / "a.mcap").read_text() == "precious"
