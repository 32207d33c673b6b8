"""The file under a history, and what it survives."""

from __future__ import annotations

import os
import signal
import sqlite3
import stat
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from imuhip.errors import HistoryDamagedError, HistoryError
from imuhip.history.database import check, reading, writing
from imuhip.history.schema import APPLICATION_ID, STEPS
from imuhip.history.wearer import backups, delete

NEXT = (*STEPS, ("ALTER TABLE sessions ADD COLUMN mood TEXT", "UPDATE sessions SET mood = 'fine'"))


def put(connection: sqlite3.Connection, name: str = "anna") -> None:
    connection.execute("INSERT INTO wearers (pseudonym) VALUES (?)", (name,))
    connection.execute(
        """INSERT INTO sessions (wearer_id, sha256, started_utc, started_s, date_doubtful, duration_s, program, more)
           SELECT id, pseudonym, '2026-01-01T00:00:00.000Z', 0, 0, 1, 'imuhip', '{}' FROM wearers
           WHERE pseudonym = ?""",
        (name,),
    )


def names(path: Path, steps=STEPS) -> list[str]:
    with reading(path, steps) as connection:
        return [name for (name,) in connection.execute("SELECT pseudonym FROM wearers ORDER BY pseudonym")]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "data" / "history.sqlite3"
    with writing(path) as connection:
        put(connection)
    return path


def test_only_its_owner_may_read_it_and_all_that_lies_beside_it(path: Path) -> None:
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    with writing(path) as connection:
        put(connection, "ben")
        beside = list(path.parent.iterdir())
        assert len(beside) > 1  # its log
        assert {stat.S_IMODE(file.stat().st_mode) for file in beside} == {0o600}


def test_a_file_that_others_may_read_is_closed_to_them(path: Path) -> None:
    path.chmod(0o644)
    with writing(path):
        pass
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_reading_makes_nothing(tmp_path: Path) -> None:
    with pytest.raises(HistoryError, match="history add"):
        names(tmp_path / "none.sqlite3")
    assert list(tmp_path.iterdir()) == []


def test_an_empty_file_is_a_history_that_was_never_begun(tmp_path: Path) -> None:
    path = tmp_path / "history.sqlite3"
    path.touch()
    with pytest.raises(HistoryError, match="no history yet"):
        names(path)
    with writing(path) as connection:
        put(connection)
    assert names(path) == ["anna"]


def test_what_fails_leaves_it_as_it_was(path: Path) -> None:
    def twice() -> None:
        with writing(path) as connection:
            put(connection, "ben")
            put(connection, "ben")

    with pytest.raises(HistoryError):
        twice()
    assert names(path) == ["anna"]


def damage_header(raw: bytearray) -> None:
    raw[:16] = b"not a data base!"


def damage_pages(raw: bytearray) -> None:
    raw[4096:] = os.urandom(len(raw) - 4096)


def damage_end(raw: bytearray) -> None:
    del raw[len(raw) // 2 :]


@pytest.mark.parametrize("damage", [damage_header, damage_pages, damage_end])
def test_a_damaged_file_is_refused_and_never_changed(path: Path, damage) -> None:
    raw = bytearray(path.read_bytes())
    damage(raw)
    path.write_bytes(raw)
    with pytest.raises(HistoryDamagedError, match="rebuild"), writing(path) as connection:
        put(connection, "ben")
    with pytest.raises(HistoryDamagedError):
        check(path)
    with pytest.raises(HistoryDamagedError):
        delete(path, "anna")
    assert path.read_bytes() == raw


def test_a_file_of_a_newer_version_is_refused_and_never_changed(path: Path) -> None:
    with writing(path, NEXT):
        pass
    raw = path.read_bytes()
    for attempt in (writing, reading):
        with pytest.raises(HistoryError, match="newer imuhip"), attempt(path):
            pass
    assert path.read_bytes() == raw


def test_another_programs_database_is_refused_and_never_changed(tmp_path: Path) -> None:
    path = tmp_path / "recipes.sqlite3"
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("CREATE TABLE soups (name TEXT)")
    raw = path.read_bytes()
    with pytest.raises(HistoryError, match="another program"), writing(path):
        pass
    assert path.read_bytes() == raw


def test_migrating_keeps_what_was_there_and_a_backup_of_it(path: Path) -> None:
    with writing(path, NEXT) as connection:
        assert connection.execute("SELECT mood FROM sessions").fetchall() == [("fine",)]
    (backup,) = backups(path)
    assert stat.S_IMODE(backup.stat().st_mode) == 0o600
    assert names(backup) == ["anna"]
    with writing(path, NEXT):
        pass
    assert backups(path) == [backup]  # once migrated there is nothing more to keep


def test_a_migration_that_fails_changes_nothing(path: Path) -> None:
    broken = (*STEPS, ("ALTER TABLE sessions ADD COLUMN mood TEXT", "UPDATE nothing SET mood = 1"))
    with pytest.raises(HistoryError), writing(path, broken):
        pass
    assert names(path) == ["anna"]
    with reading(path) as connection:
        assert connection.execute("PRAGMA user_version").fetchone() == (len(STEPS),)


def test_a_reader_of_an_older_version_sees_it_migrated_and_leaves_the_file_alone(path: Path) -> None:
    raw = path.read_bytes()
    with reading(path, NEXT) as connection:
        assert connection.execute("SELECT mood FROM sessions").fetchall() == [("fine",)]
    assert path.read_bytes() == raw
    assert backups(path) == []


def test_the_file_says_whose_it_is(path: Path) -> None:
    with reading(path) as connection:
        assert connection.execute("PRAGMA application_id").fetchone() == (APPLICATION_ID,)


def test_readers_read_while_one_writes(path: Path) -> None:
    with writing(path) as connection:
        put(connection, "ben")
        assert names(path) == ["anna"]
    assert names(path) == ["anna", "ben"]


WRITER = """
import sys
from pathlib import Path
from imuhip.history.database import writing
for i in range(10):
    with writing(Path(sys.argv[1])) as connection:
        connection.execute("INSERT INTO wearers (pseudonym) VALUES (?)", (f"{sys.argv[2]}{i}",))
"""
HALF_DONE = """
import sys
from pathlib import Path
from imuhip.history.database import writing
with writing(Path(sys.argv[1])) as connection:
    for i in range(2000):
        connection.execute("INSERT INTO wearers (pseudonym) VALUES (?)", (f"half done {i}",))
    print("now", flush=True)
    sys.stdin.read()
"""


def test_processes_that_begin_and_write_a_history_at_once_wait_for_each_other(tmp_path: Path) -> None:
    path = tmp_path / "history.sqlite3"
    running = [
        subprocess.Popen([sys.executable, "-c", WRITER, path, name], stderr=subprocess.PIPE, text=True)
        for name in ("a", "b", "c")
    ]
    for process in running:
        _, error = process.communicate(timeout=60)
        assert process.returncode == 0, error
    assert names(path) == sorted(f"{name}{i}" for name in "abc" for i in range(10))


def test_a_writer_that_is_killed_leaves_the_history_as_it_was(path: Path) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", HALF_DONE, path], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "now\n"
        process.send_signal(signal.SIGKILL)
        process.wait(timeout=30)
    assert names(path) == ["anna"]
    with writing(path) as connection:
        put(connection, "ben")
    assert names(path) == ["anna", "ben"]
