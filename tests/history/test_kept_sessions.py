"""Sessions in the history: whatever the order they come in, the same history."""

from __future__ import annotations

import itertools
import json
from pathlib import Path

import pytest
from judged_sessions import CONTROLS, ache, exercise_set, level, session, usual
from kept_sessions import dated, keep

from imuhip.errors import HistoryError
from imuhip.flags.judge import judge
from imuhip.history.database import reading
from imuhip.history.dates import epoch_s
from imuhip.history.overview import overview
from imuhip.history.sessions import earlier, flags_of, rows_of, wearers
from imuhip.history.wearer import delete, export


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "history.sqlite3"


def growing() -> list[dict]:
    """Sessions whose range outgrows the controlled one, with pain in the last."""
    values = [10.0, 11.0, 9.0, 18.0, 24.0]
    return [dated(usual(value, pain=(ache(),) if i == 4 else ()), 4 * i) for i, value in enumerate(values)]


def held(path: Path) -> str:
    """All that a history holds, without what depends on the order of rows."""
    return json.dumps(export(path, "anna"))


def test_any_order_of_dates_gives_the_same_history(tmp_path: Path) -> None:
    sessions = growing()
    orders = [sessions, sessions[::-1], [sessions[i] for i in (3, 0, 4, 2, 1)]]
    found = []
    for i, order in enumerate(orders):
        path = tmp_path / f"{i}.sqlite3"
        for one in order:
            keep(path, one)
        found.append(held(path))
    assert found[0] == found[1] == found[2]


def test_flags_kept_are_those_that_judging_the_recording_with_its_history_gives(path: Path) -> None:
    sessions = growing()
    for one in sessions:
        keep(path, one)
    with reading(path) as connection:
        ids, _ = rows_of(connection, "anna")
        for session_id, one in zip(ids, sessions, strict=True):
            started_s = epoch_s(one["recording"]["started_utc"])
            before = earlier(connection, "anna", started_s)
            assert flags_of(connection, session_id) == judge(one, CONTROLS, earlier=before, started_s=started_s)
        levels = [{f["rule"]: f["level"] for f in flags_of(connection, i)} for i in ids]
    assert [found.get("A") for found in levels] == ["green", "green", "green", "amber", "red"]
    assert levels[-1]["pain"] == "red"


def test_an_older_session_that_comes_late_changes_what_is_said_of_later_ones(path: Path) -> None:
    late, *others = growing()[:4]
    for one in others:
        keep(path, one)
    with reading(path) as connection:
        before = flags_of(connection, rows_of(connection, "anna")[0][-1])
    keep(path, late)
    with reading(path) as connection:
        after = flags_of(connection, rows_of(connection, "anna")[0][-1])
    assert before[0]["evidence"]["verdict"] == "not_enough_sessions"
    assert after[0]["evidence"]["verdict"] == "confirmed"


def test_the_same_recording_twice_is_kept_once(path: Path) -> None:
    one = growing()[0]
    assert keep(path, one, sha256="abc") == "added"
    before = held(path)
    assert keep(path, one, sha256="abc") == "measured anew"
    assert held(path) == before


def test_another_import_of_the_same_moment_replaces_the_first(path: Path) -> None:
    keep(path, dated(usual(10), 0), sha256="abc")
    assert keep(path, dated(usual(12), 0), sha256="def") == "replaced"
    with reading(path) as connection:
        assert wearers(connection)[0][1] == 1


def test_a_date_given_by_hand_never_replaces_another_session(path: Path) -> None:
    keep(path, dated(usual(10), 0), sha256="abc")
    with pytest.raises(HistoryError, match="another session"):
        keep(path, dated(usual(12), 0), sha256="def", given=True)
    assert len(export(path, "anna")["sessions"]) == 1


def test_a_recording_with_a_corrected_date_moves(path: Path) -> None:
    keep(path, dated(usual(10), 0), sha256="abc")
    keep(path, dated(usual(10), 5), sha256="abc", given=True)
    (only,) = export(path, "anna")["sessions"]
    assert only["started_utc"].startswith("2026-01-06")


def test_a_session_with_an_impossible_date_is_kept_but_compared_with_nothing(path: Path) -> None:
    for one in growing()[:3]:
        keep(path, one)
    keep(path, dated(usual(40), 300), doubtful=True)
    with reading(path) as connection:
        about = overview(connection, "anna")
        assert len(rows_of(connection, "anna")[0]) == 3
    assert [s["date_doubtful"] for s in about["sessions"]] == [False, False, False, True]
    assert all(len(motion["points"]) == 3 for motion in about["motions"])
    assert export(path, "anna")["sessions"][-1]["flags"] == []


def test_an_export_gives_back_all_that_the_results_said(path: Path) -> None:
    results = session(
        level("extension", 10.0),
        exercise_set(peaks=(5.0, 6.0)),
        exercise_set("clamshell", good=False, start_s=500.0),
        pain=(ache(),),
        mobilise=((100.0, 160.0),),
    )
    results["tests"][0]["new_key"] = {"deep": [1, None]}
    results["sets"][0]["reps"][1]["newer_key"] = "x"
    results["newest_key"] = [1, 2]
    keep(path, results)
    (kept,) = export(path, "anna")["sessions"]
    for key in ("tests", "sets", "pain", "mobilise", "calibration", "newest_key"):
        assert kept[key] == results[key], key
    assert kept["recording"]["sensors"] == results["recording"]["sensors"]
    assert kept["started_utc"] == results["recording"]["started_utc"]
    assert kept["duration_s"] == 900.0


def test_export_of_an_unknown_wearer_says_who_is_there(path: Path) -> None:
    keep(path, growing()[0])
    with pytest.raises(HistoryError, match="It knows anna"):
        export(path, "ben")


def test_deleting_a_wearer_leaves_no_trace_in_any_file_and_others_untouched(path: Path) -> None:
    secret = {"wearer": "zebra-pseudonym", "pain": (ache("zebra-site"),)}
    for day in range(8):
        keep(path, dated(usual(10 + day, **secret), day))
        keep(path, dated(usual(10 + day), day))
    backup = path.with_name(f"{path.name}.version1-1.backup")
    backup.write_bytes(path.read_bytes())
    others = export(path, "anna")
    assert b"zebra" in path.read_bytes() + backup.read_bytes()
    assert delete(path, "zebra-pseudonym") == 8
    for file in path.parent.iterdir():
        assert b"zebra" not in file.read_bytes(), file.name
    assert export(path, "anna") == others
    assert export(backup, "anna") == others


def test_deleting_while_another_reads_says_what_is_left_to_do(path: Path, monkeypatch) -> None:
    monkeypatch.setattr("imuhip.history.database.BUSY_S", 0.05)
    keep(path, dated(usual(wearer="zebra"), 0))
    keep(path, dated(usual(), 0))
    with reading(path) as connection:
        connection.execute("SELECT count(*) FROM sessions").fetchall()
        with pytest.raises(HistoryError, match="still in the log"):
            delete(path, "zebra")
    keep(path, dated(usual(), 1))
    for file in path.parent.iterdir():
        assert b"zebra" not in file.read_bytes(), file.name


def test_wearers_are_told_apart(path: Path) -> None:
    for wearer, day in itertools.product(("anna", "ben"), (0, 4, 8)):
        keep(path, dated(usual(10 if wearer == "anna" else 20, wearer=wearer), day), sha256=f"{wearer}{day}")
    with reading(path) as connection:
        assert [(name, count) for name, count, _ in wearers(connection)] == [("anna", 3), ("ben", 3)]
        for wearer, expected in (("anna", 10), ("ben", 20)):
            (motion,) = overview(connection, wearer)["motions"]
            assert {point["range_deg"] for point in motion["points"]} == {expected}


def test_an_overview_shows_range_control_gap_and_change(path: Path) -> None:
    for one in growing():
        keep(path, one)
    with reading(path) as connection:
        (motion,) = overview(connection, "anna")["motions"]
    assert (motion["motion"], motion["position"], motion["side"]) == ("extension", "prone", "right")
    assert [p["range_deg"] for p in motion["points"]] == [10, 11, 9, 18, 24]
    assert [p["gap_deg"] for p in motion["points"]] == [6, 7, 5, 14, 20]
    assert [p["level"] for p in motion["points"]] == ["green", "green", "green", "amber", "red"]
    assert (motion["change_deg"], motion["change_real"], motion["mdc_deg"]) == (14, True, 5.5)
    assert (motion["controlled_change_deg"], motion["controlled_change_real"]) == (0, False)


def test_an_overview_tells_where_it_hurt_and_how_much(path: Path) -> None:
    third = (ache("knee", 1.0), ache("knee", 0.0, "left"))
    marks = [(ache("knee", 2.0), ache("knee", 6.0)), (ache("groin", None),), third]
    for i, pain in enumerate(marks):
        keep(path, dated(usual(10, pain=pain), 4 * i))
    with reading(path) as connection:
        groin, knee = overview(connection, "anna")["pain"]
    assert (groin["site"], [point["value"] for point in groin["points"]]) == ("groin", [None])
    assert (knee["site"], knee["side"], [point["value"] for point in knee["points"]]) == ("knee", "right", [6.0, 1.0])
