"""Measuring, tabulating and drawing from the command line."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from imuhip.cli.app import app
from imuhip.errors import OutputError, RecordingError


def imuhip(*arguments: str | Path) -> Result:
    return CliRunner().invoke(app, [str(argument) for argument in arguments])


@pytest.mark.parametrize("options", [[], ["--causal"]])
def test_json_is_one_object_with_the_keys_of_the_contract_and_nothing_else(recording: Path, options: list[str]) -> None:
    result = imuhip("analyze", recording, "--json", *options)
    results = json.loads(result.stdout)
    assert list(results)[:5] == ["recording", "calibration", "tests", "sets", "flags"]
    assert {"started_utc", "wearer", "duration_s", "time_offset_s", "sensors"} <= set(results["recording"])
    assert result.stderr == ""


def test_analyze_reads_as_a_page(recording: Path) -> None:
    page = imuhip("analyze", recording).stdout
    assert "not a medical device" in page
    assert "session.mcap, 0:05 long" in page


def test_angles_are_a_table_on_the_imports_clock(recording: Path, tmp_path: Path) -> None:
    assert imuhip("angles", recording, "-o", tmp_path / "angles.csv").exit_code == 0
    with (tmp_path / "angles.csv").open(newline="") as file:
        header, first, *_ = csv.reader(file)
    assert header[:3] == ["time_s", "hip_right_flexion_deg", "hip_right_adduction_deg"]
    assert header[-3:] == ["pelvis_tilt_deg", "pelvis_list_deg", "pelvis_rotation_deg"]
    assert float(first[0]) == pytest.approx(0.0)


def test_plot_writes_a_picture_also_with_a_reference(recording: Path, tmp_path: Path) -> None:
    reference = tmp_path / "reference.csv"
    reference.write_text("time_s,hip_right_flexion_deg\n1,2\n2,3\n3,2\n")
    assert imuhip("plot", recording, "-o", tmp_path / "x.png", "--reference", reference).exit_code == 0
    assert (tmp_path / "x.png").read_bytes().startswith(b"\x89PNG")


def test_a_picture_of_an_unknown_kind_is_refused_with_the_kinds_there_are(recording: Path, tmp_path: Path) -> None:
    result = imuhip("plot", recording, "-o", tmp_path / "x.mp3")
    assert isinstance(result.exception, OutputError)
    assert "png" in str(result.exception)
    assert not (tmp_path / "x.mp3").exists()


@pytest.mark.parametrize("command", ["analyze", "info", "replay"])
def test_what_is_not_a_recording_is_refused(tmp_path: Path, command: str) -> None:
    path = tmp_path / "notes.mcap"
    path.write_text("not a recording")
    for arguments in ((command, path), (command, tmp_path / "missing.mcap")):
        assert isinstance(imuhip(*arguments).exception, RecordingError)


def test_replay_without_a_terminal_prints_lines_and_ends(recording: Path) -> None:
    result = imuhip("replay", recording, "--speed", "max")
    assert result.exit_code == 0
    assert "provisional" in result.stdout
    *_, last, why = result.stdout.splitlines()
    assert last.endswith("0:00 left")
    assert why.startswith("No angle was known at any time: `imuhip analyze")
    assert "sensor faces is not known" in imuhip("analyze", recording, "--causal").stdout
