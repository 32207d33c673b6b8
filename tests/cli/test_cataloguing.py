"""The catalogue on the command line."""

from __future__ import annotations

import pytest
from click.testing import CliRunner

from imuhip.catalogue_files import load_catalogue
from imuhip.cli.app import app
from imuhip.errors import CatalogueError, InputError


def shown(*arguments: str) -> str:
    result = CliRunner().invoke(app, ["catalogue", *arguments])
    assert result.exit_code == 0, result.output
    return result.stdout


def test_everything_known_is_listed() -> None:
    known, page = load_catalogue(), shown()
    for name in (*known.exercises, *known.mobilise, *known.test_names()):
        assert f"  {name} " in page


def test_an_exercise_is_shown_with_cues_aims_limits_and_what_cannot_be_seen() -> None:
    page = shown("bridge")
    assert "Press through the heels" in page
    assert "aim for lift 2 s, hold 2 s, lower 3 s; 2 to 3 sets of 10 to 12" in page
    assert "controls the range of extension, prone" in page
    assert "pelvis_pitch_deg 5" in page
    assert "what the sensors cannot see" in page


def test_it_is_told_how_rotation_is_measured_and_what_stands_in_for_the_pelvis() -> None:
    page = shown("clamshell")
    assert "rotation: the turn about the thigh's long axis, from the start pose" in page
    assert "without a pelvis sensor: the thigh's angle against gravity" in page
    assert "it starts at 35 to 60 deg of flexion" in page
    assert shown("internal_rotation").count("the turn about the thigh's long axis") == 4
    assert "rotation" not in shown("seated_knee_extension")


def test_only_limits_that_an_exercise_is_judged_by_are_shown() -> None:
    assert "hold_s 20, hold_drift_deg 5" in shown("ninety_ninety_pails")
    assert "lift_s" not in shown("ninety_ninety_rails")
    assert "hold_s" not in shown("bike_pedals")
    breathing = shown("hooklying_breathing")
    assert "limits, by" not in breathing
    assert "breathe in for 6 to 10 s, out for 6 to 10 s; 5 breaths" in breathing


def test_a_test_is_shown_in_every_position_and_where_gravity_does_not_show_it() -> None:
    page = shown("abduction")
    assert page.count("(range test") == 3
    assert page.count("gravity does not show it") == 1


def test_mobilising_work_is_shown_with_its_cap() -> None:
    assert "1 to 3 minutes, at most 5" in shown("lateral_hip")


def test_every_entry_can_be_shown() -> None:
    known = load_catalogue()
    for name in (*known.exercises, *known.mobilise, *known.test_names()):
        assert name.replace("_", " ") in shown(name)


def test_an_unknown_name_is_told() -> None:
    result = CliRunner().invoke(app, ["catalogue", "juggling"])
    assert isinstance(result.exception, InputError)
    assert "juggling" in str(result.exception)


def test_a_file_of_ones_own_is_checked(tmp_path) -> None:
    own = tmp_path / "own.toml"
    own.write_text('[[exercise]]\nname = "bridge"\naxis = "up"\n')
    result = CliRunner().invoke(app, ["catalogue", "--catalogue", str(own)])
    assert isinstance(result.exception, CatalogueError)


@pytest.mark.parametrize("name", ["bridge", "squat"])
def test_words_stay_coaching(name: str) -> None:
    assert not any(word in shown(name).lower() for word in ("injur", "risk", "prevent", "diagnos"))
