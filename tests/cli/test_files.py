"""Importing, describing and recovering from the command line."""

from __future__ import annotations

import json
from pathlib import Path

from click.testing import CliRunner, Result

from imuhip.cli.app import app
from imuhip.errors import ImuhipError


def imuhip(*arguments: str | Path) -> Result:
    return CliRunner().invoke(app, [str(argument) for argument in arguments])


def test_import_says_what_it_wrote_on_stderr_only(folder: Path, tmp_path: Path) -> None:
    result = imuhip("import", folder, "-o", tmp_path / "x.mcap")
    assert result.stdout == ""
    assert result.stderr.endswith("x.mcap: pelvis 100 Hz, thigh right 100 Hz; 1 mark.\n")


def test_import_refuses_other_units_and_takes_the_option_it_names(folder: Path, tmp_path: Path) -> None:
    pelvis = folder / "pelvis.csv"
    pelvis.write_text(pelvis.read_text().replace(",9.8", ",0.99").replace(",0.1,", ",0.01,").replace(",0.2,", ",0.02,"))
    (folder / "thigh_right.csv").unlink()
    result = imuhip("import", folder, "-o", tmp_path / "x.mcap")
    assert isinstance(result.exception, ImuhipError)
    assert "--acc-unit g" in str(result.exception)
    assert imuhip("import", folder, "-o", tmp_path / "x.mcap", "--acc-unit", "g").exit_code == 0


def test_info_tells_sensors_and_marks_in_words(recording: Path) -> None:
    page = imuhip("info", recording).stdout
    assert "session.mcap, 0:05 long" in page
    assert "thigh right" in page
    assert "test  straight leg raise, right" in page
    assert "Damage" not in page


def test_info_as_json_is_one_object_and_nothing_else(recording: Path) -> None:
    about = json.loads(imuhip("info", recording, "--json").stdout)
    assert [sensor["role"] for sensor in about["sensors"]] == ["pelvis", "thigh_right"]


def test_recover_saves_a_truncated_recording_and_info_tells_the_damage(recording: Path, tmp_path: Path) -> None:
    broken = tmp_path / "broken.mcap"
    broken.write_bytes(recording.read_bytes()[: recording.stat().st_size * 2 // 3])
    assert "Damage" in imuhip("info", broken).stdout
    result = imuhip("recover", broken, "-o", tmp_path / "good.mcap")
    assert "notifications" in result.stderr
    assert "Damage" not in imuhip("info", tmp_path / "good.mcap").stdout


def test_nothing_is_overwritten_without_force(recording: Path, folder: Path) -> None:
    before = recording.read_bytes()
    for arguments in (("import", folder), ("recover", recording)):
        result = imuhip(*arguments, "-o", recording)
        assert isinstance(result.exception, ImuhipError)
        assert "--force" in str(result.exception)
    assert recording.read_bytes() == before
