"""The program as a whole: its manual, its start, its errors."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

import imuhip
from imuhip.cli.app import app, main

COMMANDS = [
    "demo",
    "import",
    "info",
    "analyze",
    "angles",
    "plot",
    "replay",
    "history",
    "catalogue",
    "publish",
    "broker",
    "recover",
]
HEAVY = [
    "numpy",
    "scipy",
    "matplotlib",
    "mcap",
    "vqf",
    "pydantic",
    "rich",
    "zstandard",
    "asyncio",
    "aiomqtt",
    "paho",
    "sqlite3",
    "ssl",
]


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "imuhip", *arguments], capture_output=True, text=True, check=False, timeout=60
    )


def test_starting_the_command_line_loads_nothing_heavy() -> None:
    code = f"import sys, imuhip.cli.app; print([name for name in {HEAVY!r} if name in sys.modules])"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert loaded.strip() == "[]"


def test_version_is_one_line() -> None:
    assert run("--version").stdout == f"imuhip {imuhip.__version__}\n"


def test_manual_names_every_command_with_an_example_and_what_the_program_is_not() -> None:
    manual = CliRunner().invoke(app, ["--help"]).stdout
    for command in COMMANDS:
        assert f"\n  {command} " in manual
        assert f"$ imuhip {command}" in manual
    assert "not a medical device" in manual


def test_manual_appears_without_a_command() -> None:
    assert "Commands:" in run().stdout + run().stderr


@pytest.mark.parametrize("command", COMMANDS)
def test_help_of_a_command_ends_with_its_example(command: str) -> None:
    result = CliRunner().invoke(app, [command, "--help"])
    assert result.exit_code == 0
    assert result.stdout.rstrip().splitlines()[-1].strip().startswith(f"Example: imuhip {command}")


def test_examples_in_the_manual_are_accepted_by_their_commands() -> None:
    manual = CliRunner().invoke(app, ["--help"]).stdout
    for line in manual.splitlines():
        if "$ imuhip " in line:
            words = line.split("$ imuhip ")[1].split(" > ")[0].split()
            assert CliRunner().invoke(app, [*words, "--help"]).exit_code == 0


def test_existing_output_is_refused_in_one_line_without_a_traceback(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    output = tmp_path / "angles.csv"
    output.write_text("mine")
    monkeypatch.setattr(sys, "argv", ["imuhip", "angles", "session.mcap", "-o", str(output)])
    with pytest.raises(SystemExit) as stop:
        main()
    assert stop.value.code == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err == f"imuhip: {output}: exists already. Choose another name or give --force.\n"
    assert output.read_text() == "mine"
