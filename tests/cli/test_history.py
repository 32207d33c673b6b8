"""The commands of the history, as a wearer types them."""

from __future__ import annotations

import json
import stat
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from judged_sessions import ache, session, usual
from kept_sessions import dated, keep

from imuhip.cli.app import app
from imuhip.cli.history_text import binned, overview_text
from imuhip.errors import HistoryDamagedError, HistoryError
from imuhip.history.database import reading
from imuhip.history.overview import overview
from imuhip.history.wearer import export
from imuhip.recording import import_folder


@pytest.fixture
def database(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    path = tmp_path / "data" / "history.sqlite3"
    monkeypatch.setenv("IMUHIP_HISTORY", str(path))
    return path


def made(folder: Path, out: Path, **about: str) -> Path:
    """The recording of a folder, with what its session.json says."""
    (folder / "session.json").write_text(json.dumps(about))
    import_folder(folder, out, force=True)
    return out


@pytest.fixture
def dated_recording(folder: Path, tmp_path: Path) -> Path:
    return made(folder, tmp_path / "day.mcap", wearer="anna", started_utc="2026-01-12T10:00:00Z")


def imuhip(*arguments: str | Path) -> Result:
    return CliRunner().invoke(app, ["history", *map(str, arguments)])


def filled(database: Path, values: tuple[float, ...] = (10.0, 11.0, 9.0, 18.0, 24.0)) -> Path:
    for i, value in enumerate(values):
        keep(database, dated(usual(value), 4 * i))
    return database


def test_no_history_says_how_to_begin_one(database: Path) -> None:
    result = imuhip()
    assert isinstance(result.exception, HistoryError)
    assert "imuhip history add" in str(result.exception)
    assert not database.exists()


def test_a_recording_is_added_measured_anew_and_shown(database: Path, dated_recording: Path) -> None:
    assert imuhip("add", dated_recording).stderr == "day.mcap: added; anna, 2026-01-12.\n"
    assert imuhip("add", dated_recording).stderr == "day.mcap: measured anew; anna, 2026-01-12.\n"
    assert stat.S_IMODE(database.stat().st_mode) == 0o600
    assert imuhip().stdout.startswith("anna: 1 session, 2026-01-12\n")
    (kept,) = export(database, "anna")["sessions"]
    assert [test["name"] for test in kept["tests"]] == ["straight_leg_raise"]


@pytest.mark.parametrize("after", [False, True])
def test_a_database_that_is_named_outranks_the_one_of_the_environment(
    database: Path, dated_recording: Path, tmp_path: Path, after: bool
) -> None:
    own, other = filled(database).read_bytes(), tmp_path / "other.sqlite3"
    named = ["--database", other]
    added = imuhip("add", dated_recording, *named) if after else imuhip(*named, "add", dated_recording)
    assert added.exit_code == 0
    assert imuhip(*named).stdout.startswith("anna: 1 session")
    deleted = imuhip("delete", "anna", *named) if after else imuhip(*named, "delete", "anna")
    assert deleted.stderr.startswith("Deleted 1 session of anna")
    assert imuhip().stdout.startswith("anna: 5 sessions")
    assert database.read_bytes() == own


def test_without_wearer_or_date_it_says_what_to_give(database: Path, folder: Path, tmp_path: Path) -> None:
    nobody = made(folder, tmp_path / "nobody.mcap", started_utc="2026-01-12T10:00:00Z")
    assert "--wearer" in str(imuhip("add", nobody).exception)
    never = made(folder, tmp_path / "never.mcap", wearer="anna")
    assert "--date" in str(imuhip("add", never).exception)
    assert imuhip("add", nobody, "--wearer", "ben").exit_code == 0
    assert imuhip("add", never, "--date", "2026-02-03T18:30").stderr == "never.mcap: added; anna, 2026-02-03.\n"
    assert "is not a date" in str(imuhip("add", never, "--date", "yesterday").exception)


def test_what_was_said_once_need_not_be_said_again(database: Path, folder: Path, tmp_path: Path) -> None:
    recording = made(folder, tmp_path / "bare.mcap")
    imuhip("add", recording, "--wearer", "ben", "--date", "2026-02-03")
    assert imuhip("add", recording).stderr == "bare.mcap: measured anew; ben, 2026-02-03.\n"
    assert imuhip("rebuild", tmp_path, "--wearer", "anna").exit_code == 0
    assert [s["started_utc"][:10] for s in export(database, "ben")["sessions"]] == ["2026-02-03"]


@pytest.mark.parametrize(("date", "why"), [("1970-01-01", "never set"), ("2199-05-01", "in the future")])
def test_a_clock_wrong_by_years_is_said_and_the_session_not_compared(
    database: Path, folder: Path, tmp_path: Path, date: str, why: str
) -> None:
    recording = made(folder, tmp_path / "clock.mcap", wearer="anna", started_utc=f"{date}T00:10:00Z")
    said = imuhip("add", recording).stderr
    assert why in said
    assert "--date" in said
    assert f"date cannot be right: {date}" in imuhip().stdout
    assert why not in imuhip("add", recording, "--date", "2026-01-12").stderr
    assert "cannot be right" not in imuhip().stdout


def test_a_date_years_from_all_others_is_pointed_out(database: Path, folder: Path, tmp_path: Path) -> None:
    filled(database)
    recording = made(folder, tmp_path / "clock.mcap", wearer="anna", started_utc="2019-01-12T10:00:00Z")
    assert "7.0 years from any other session" in imuhip("add", recording).stderr


def test_the_overview_shows_every_number_with_its_development_and_what_to_do(database: Path) -> None:
    page = imuhip("--database", filled(database)).stdout
    lines = page.splitlines()
    assert lines[0] == "anna: 5 sessions, 2026-01-01 to 2026-01-17"
    assert lines[2] == "Right hip extension on your front"
    assert lines[3].split(maxsplit=2) == [
        "range", "\u2583\u2583\u2583\u2586\u2588", "10 to 24 deg  +14 \u00b1 6, a real change"
    ]  # fmt: skip
    assert "4 to 4 deg" in lines[4]
    assert "6 to 20 deg" in lines[5]
    assert "red: Your right hip extension on your front grew" in page


def test_the_chart_of_a_motion_has_both_ranges_and_dates(database: Path) -> None:
    filled(database)
    page = imuhip("--motion", "extension").stdout
    assert page.count("\u25cf") >= 5
    assert page.count("\u25cb") >= 5
    assert "2026-01-01" in page
    assert "has not been tested" in str(imuhip("--motion", "flexion").exception)


def test_a_chart_is_as_high_as_its_degrees_and_as_wide_as_its_sessions(database: Path) -> None:
    filled(database, (10.0,))
    rows = [line for line in imuhip("--motion", "extension").stdout.splitlines() if " |" in line]
    assert [int(row.split("|")[0]) for row in rows] == [10, 9, 8, 7, 6, 5, 4]
    filled(database, (10.0, 11.0, 9.0, 18.0, 24.0))
    rows = [line for line in imuhip("--motion", "extension").stdout.splitlines() if " |" in line]
    assert len(rows) == 10
    assert {line.index("\u25cf") - line.index("|") for line in rows if "\u25cf" in line} <= {1, 5, 9, 13, 17}


def test_no_change_reads_zero_without_a_sign(database: Path) -> None:
    filled(database, (10.0, 11.0, 9.7))
    assert "  0 \u00b1 6, no real change" in imuhip().stdout


def test_a_terminal_without_block_characters_gets_plain_ones(database: Path) -> None:
    with reading(filled(database)) as connection:
        about = overview(connection, "anna")
    for large in (False, True):
        text = overview_text(about, large=large, encoding="latin-1")
        text.encode("latin-1")


def test_json_is_one_object_with_points_by_date(database: Path) -> None:
    filled(database)
    about = json.loads(imuhip("--json").stdout)
    assert [point["range_deg"] for point in about["motions"][0]["points"]] == [10, 11, 9, 18, 24]
    assert list(about) == ["wearer", "sessions", "motions", "pain", "flags"]


def test_of_several_wearers_one_must_be_chosen(database: Path) -> None:
    filled(database)
    keep(database, dated(session(wearer="ben"), 3))
    listed = imuhip().stdout
    assert "anna  5 sessions" in listed
    assert "--wearer NAME" in listed
    assert [w["wearer"] for w in json.loads(imuhip("--json").stdout)["wearers"]] == ["anna", "ben"]
    assert imuhip("--wearer", "ben").stdout.startswith("ben: 1 session")
    assert "It knows anna, ben" in str(imuhip("--wearer", "zoe").exception)


def test_analyze_reads_history_only_when_asked_and_never_writes_it(database: Path, dated_recording: Path) -> None:
    filled(database)
    raw = database.read_bytes()
    runner = CliRunner()
    without = json.loads(runner.invoke(app, ["analyze", str(dated_recording), "--json"]).stdout)
    withit = json.loads(runner.invoke(app, ["analyze", str(dated_recording), "--json", "--history"]).stdout)
    assert {k: v for k, v in without.items() if k != "flags"} == {k: v for k, v in withit.items() if k != "flags"}
    assert database.read_bytes() == raw
    database.unlink()
    assert json.loads(runner.invoke(app, ["analyze", str(dated_recording), "--json"]).stdout) == without


def test_analyze_with_history_says_why_a_session_has_no_place_in_it(database: Path, recording: Path) -> None:
    filled(database)
    result = CliRunner().invoke(app, ["analyze", str(recording), "--history"])
    assert isinstance(result.exception, HistoryError)
    assert "does not tell its wearer" in str(result.exception)


def test_rebuild_puts_a_damaged_history_aside_and_begins_anew(database: Path, dated_recording: Path) -> None:
    filled(database)
    damaged = b"not a history any more" * 1000
    database.write_bytes(damaged)
    assert isinstance(imuhip().exception, HistoryDamagedError)
    assert isinstance(imuhip("add", dated_recording).exception, HistoryDamagedError)
    (dated_recording.parent / "notes.mcap").write_text("no recording")
    result = imuhip("rebuild", dated_recording.parent)
    assert result.exit_code == 1
    assert "was put aside as" in result.stderr
    assert "notes.mcap" in result.stderr
    assert "1 recording in the history, 1 left out." in result.stderr
    (aside,) = database.parent.glob("*.damaged-*")
    assert aside.read_bytes() == damaged
    assert len(export(database, "anna")["sessions"]) == 1
    assert str(aside) in imuhip("delete", "anna").stderr


def test_rebuild_of_a_folder_without_recordings_is_refused(database: Path, tmp_path: Path) -> None:
    assert "no recording" in str(imuhip("rebuild", tmp_path).exception)
    assert "not a folder" in str(imuhip("rebuild", tmp_path / "none").exception)
    assert not database.exists()


def test_export_and_delete_take_all_of_a_wearer(database: Path, tmp_path: Path) -> None:
    keep(filled(database), dated(usual(12, pain=(ache("knee", 2.0),)), 40))
    out = tmp_path / "anna.json"
    assert "6 sessions of anna" in imuhip("export", "anna", "-o", out).stderr
    assert stat.S_IMODE(out.stat().st_mode) == 0o600
    assert json.loads(out.read_text()) == export(database, "anna")
    assert "exists already" in str(imuhip("export", "anna", "-o", out).exception)
    assert imuhip("delete", "anna").stderr.startswith("Deleted 6 sessions of anna.")
    assert "no wearer 'anna'" in str(imuhip("export", "anna", "-o", out, "--force").exception)
    assert out.exists()


def test_more_sessions_than_columns_share_a_column_by_their_median() -> None:
    assert binned([1.0, 2.0, None], 5) == [1.0, 2.0, None]
    assert binned([1.0, 3.0, 2.0, None, None, None], 2) == [2.0, None]
    assert len(binned([1.0] * 500, 48)) == 48


def test_showing_a_history_loads_nothing_heavy(database: Path) -> None:
    filled(database)
    code = (
        "import sys; from imuhip.cli.app import app; sys.argv = ['imuhip', 'history']\n"
        "try: app()\n"
        "except SystemExit: pass\n"
        "print([n for n in ('numpy', 'scipy', 'mcap', 'vqf', 'rich', 'zstandard') if n in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "[]"


def test_options_before_a_command_are_used_or_refused_but_never_ignored(
    tmp_path: Path, dated_recording: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "home"))
    other = tmp_path / "other.sqlite3"
    assert imuhip("--database", other, "add", dated_recording).exit_code == 0
    assert other.exists()
    assert not (tmp_path / "home").exists()
    assert imuhip("--wearer", "ben", "add", dated_recording).exit_code == 2


def test_the_history_lies_in_the_users_data_folder(
    tmp_path: Path, dated_recording: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("IMUHIP_HISTORY", raising=False)
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "home"))
    assert imuhip("add", dated_recording).exit_code == 0
    assert stat.S_IMODE((tmp_path / "home" / "imuhip").stat().st_mode) == 0o700
    assert imuhip().stdout.startswith("anna: 1 session")


def test_analyze_compares_a_session_of_an_impossible_date_with_nothing(
    database: Path, folder: Path, tmp_path: Path
) -> None:
    filled(database)
    recording = made(folder, tmp_path / "clock.mcap", wearer="anna", started_utc="2199-01-12T10:00:00Z")
    result = CliRunner().invoke(app, ["analyze", str(recording), "--history"])
    assert result.exit_code == 0
    assert "in the future" in result.stderr


def test_the_overview_tells_where_it_hurt(database: Path) -> None:
    keep(filled(database), dated(usual(10, pain=(ache("knee", 2.0), ache("locking", None))), 60))
    words = [line.split() for line in imuhip().stdout.splitlines()]
    at = words.index(["Pain", "sessions", "last", "on"])
    assert words[at + 1 : at + 3] == [
        ["right", "knee", "1", "2/10", "2026-03-05"],
        ["locking", "(right)", "1", "no", "number", "2026-03-05"],
    ]
