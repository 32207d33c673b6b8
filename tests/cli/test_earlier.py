"""What a running session is compared with, and what it tells on the command line."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner
from judged_sessions import usual
from kept_sessions import dated, keep

from imuhip.cli.app import app
from imuhip.cli.earlier import earlier_than
from imuhip.errors import HistoryError
from imuhip.history.dates import epoch_s
from imuhip.recording import Anchor, SessionInfo


def begun(session: dict, wearer: str = "anna") -> SessionInfo:
    started_s = epoch_s(session["recording"]["started_utc"])
    return SessionInfo((), wearer=wearer, anchor=Anchor(utc_ns=round(started_s * 1e9), monotonic_ns=0))


def test_only_sessions_before_this_one_are_compared(tmp_path: Path) -> None:
    path = tmp_path / "history.sqlite3"
    sessions = [dated(usual(value), 4 * day) for day, value in enumerate((10.0, 11.0, 9.0, 18.0))]
    for one in sessions:
        keep(path, one)
    found = earlier_than(begun(sessions[2]), path)
    assert [row.started_s for row in found.sessions] == [epoch_s(s["recording"]["started_utc"]) for s in sessions[:2]]
    assert found.started_s == pytest.approx(epoch_s(sessions[2]["recording"]["started_utc"]))


def test_without_a_wearer_a_date_or_a_history_it_says_what_is_missing(tmp_path: Path) -> None:
    session = dated(usual(10.0), 0)
    with pytest.raises(HistoryError, match="--wearer"):
        earlier_than(begun(session, wearer=""), tmp_path / "h.sqlite3")
    with pytest.raises(HistoryError, match="date"):
        earlier_than(SessionInfo((), wearer="anna"), tmp_path / "h.sqlite3")
    with pytest.raises(HistoryError, match="no history yet"):
        earlier_than(begun(session), tmp_path / "h.sqlite3")


def test_a_recording_session_tells_every_test_once(tmp_path: Path) -> None:
    pytest.importorskip("bumble")
    command = ["record", "-o", str(tmp_path / "x.mcap"), "--virtual", "short", "--speed", "max"]
    result = CliRunner().invoke(app, command)
    assert result.exit_code == 0, result.output
    assert result.output.count("flexion, right, supine, active:") == 1
    assert f"Wrote {tmp_path / 'x.mcap'}" in result.output


def test_a_replay_with_history_needs_one(tmp_path: Path, recordings: Path) -> None:
    command = ["replay", str(recordings / "range_test.mcap"), "--history", "--database", str(tmp_path / "h.sqlite3")]
    assert isinstance(CliRunner().invoke(app, command).exception, HistoryError)
