"""The program as a whole: its manual, its start, its errors."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

import imuhip
from imuhip.cli.app import app, main
from imuhip.errors import OutputError

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
    "typer",
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


def test_the_manual_with_all_commands_loads_nothing_heavy() -> None:
    code = (
        "import sys; from imuhip.cli.app import app\n"
        "app(['--help'], standalone_mode=False)\n"
        f"print([name for name in {HEAVY!r} if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "[]"


def test_a_command_loads_no_other_commands_modules() -> None:
    code = (
        "import sys; from imuhip.cli.app import main\n"
        "sys.argv = ['imuhip', 'analyze', 'missing.mcap', '--causal', '--json']\n"
        "try: main()\n"
        "except SystemExit: pass\n"
        "print(*sorted(name for name in sys.modules if name.startswith('imuhip.cli.')))\n"
        "print([name for name in ('typer', 'pydantic', 'rich', 'scipy', 'matplotlib') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    loaded, heavy = done.stdout.splitlines()
    own = {name.removeprefix("imuhip.cli.") for name in loaded.split()}
    assert own == {"app", "manual", "measuring", "memory", "options", "output", "progress"}
    assert heavy == "[]"


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


def test_a_mistyped_command_is_answered_with_those_that_are_like_it() -> None:
    result = CliRunner().invoke(app, ["analyse", "session.mcap"])
    assert result.exit_code == 2
    assert "'analyze'" in result.stderr


@pytest.mark.parametrize("seconds", ["0", "-1", "nan", "inf", "soon"])
def test_what_is_no_amount_of_time_is_refused_where_it_stands(seconds: str) -> None:
    result = CliRunner().invoke(app, ["scan", "--seconds", seconds])
    assert result.exit_code == 2
    assert "Invalid value for '--seconds'" in result.stderr


@pytest.mark.parametrize("words", [["--virtual", "--speed", "max"], ["--speed", "max", "--virtual"]])
def test_virtual_sensors_need_no_scenario(tmp_path: Path, words: list[str]) -> None:
    mine = tmp_path / "session.mcap"
    mine.write_text("mine")
    result = CliRunner().invoke(app, ["record", "-o", str(mine), *words])
    assert isinstance(result.exception, OutputError), "everything was understood, up to the output that exists"


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="needs a file that a command waits for")
def test_ctrl_c_ends_a_command_without_a_word_and_with_the_status_that_shells_know(tmp_path: Path) -> None:
    waited_for = tmp_path / "mine.toml"
    os.mkfifo(waited_for)
    command = [sys.executable, "-m", "imuhip", "catalogue", "--catalogue", str(waited_for)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as running:
        with waited_for.open("wb"):  # opens once the command has, which then waits for bytes
            running.send_signal(signal.SIGINT)
            assert running.communicate(timeout=30) == (b"", b"")
        assert running.returncode == 130


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


@pytest.mark.parametrize("given", ["x", "0", "65536", "-1", "80.5"])
def test_what_is_no_port_is_refused_with_what_is(given: str) -> None:
    done = CliRunner().invoke(app, ["broker", "--port", given])
    assert done.exit_code == 2
    assert "Give a number from 1 to 65535" in done.output
