from pathlib import Path

import pytest

from imuhip.errors import ImportLayoutError
from imuhip.marks import Mark
from imuhip.recording.import_layout import read_session
from imuhip.recording.import_marks import earliest_s, read_marks

ROLES = ("pelvis", "thigh_left", "thigh_right")
HEADER = "start_s,end_s,kind,name,side,mode,position,value,note"


def read(tmp_path: Path, text: str, roles: tuple[str, ...] = ROLES, units_per_s: float = 1.0) -> tuple[Mark, ...]:
    (tmp_path / "marks.csv").write_text(text)
    return read_marks(tmp_path / "marks.csv", roles, units_per_s=units_per_s, offset_ns=7_000_000_000)


def test_no_file_means_no_marks(tmp_path: Path) -> None:
    assert read_marks(tmp_path / "none.csv", ROLES, units_per_s=1.0, offset_ns=0) == ()
    assert earliest_s(tmp_path / "none.csv", units_per_s=1.0) == float("inf")


def test_every_column_is_read(tmp_path: Path) -> None:
    (mark,) = read(tmp_path, f'{HEADER}\n1.5,2.5,test,flexion,left,passive,supine,4.5,"slow, with a pause"\n')
    assert mark == Mark(
        0, "test", 8_500_000_000, 9_500_000_000, "flexion", "left", "passive", "supine", 4.5, "slow, with a pause"
    )


def test_times_follow_the_unit_of_the_import(tmp_path: Path) -> None:
    (mark,) = read(tmp_path, "start_s,kind\n1500,rest\n", units_per_s=1e3)
    assert (mark.start_ns, mark.end_ns) == (8_500_000_000, 8_500_000_000)
    assert earliest_s(tmp_path / "marks.csv", units_per_s=1e3) == 1.5


def test_wear_mark_finds_the_sensor_that_moved(tmp_path: Path) -> None:
    two = ("pelvis", "thigh_left")
    moves = read(tmp_path, "start_s,kind,name\n1,wear,thigh_right\n2,wear,shank_right\n3,wear,pelvis\n", two)
    assert [mark.sensor for mark in moves] == [1, 1, 0]
    named = read(tmp_path, "start_s,kind,name,sensor\n1,wear,shank_left,thigh_left\n2,wear,thigh_right,\n")
    assert [mark.sensor for mark in named] == [1, 2]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("start_s\n1\n", "line 1, column kind: is missing"),
        ("kind\nrest\n", "line 1, column start_s: is missing"),
        (f"{HEADER}\n1,2,stil,,,,,,\n", "line 2, column kind: 'stil' is not known. Use one of still, calibration"),
        (f"{HEADER}\n1,2,test,,port,,,,\n", "line 2, column side: 'port' is not known. Use one of left, right, both"),
        (f"{HEADER}\n1,2,test,,,,sitting,,\n", "line 2, column position: 'sitting' is not known"),
        (f"{HEADER}\n\n1,2,test,,,maybe,,,\n", "line 3, column mode: 'maybe' is not known"),
        (f"{HEADER}\n3,2,rest,,,,,,\n", "line 2, column end_s: the end 2 is before the start 3"),
        (f"{HEADER}\n,2,rest,,,,,,\n", "line 2, column start_s: is empty"),
        (f"{HEADER}\n1,inf,rest,,,,,,\n", "line 2, column end_s: is not a number"),
        (f"{HEADER}\nsoon,2,rest,,,,,,\n", "line 2, column start_s: 'soon' is not a number"),
        (f"{HEADER}\n1,2,pain,,,,,bad,\n", "line 2, column value: 'bad' is not a number"),
        (f"{HEADER}\n1,2,rest\n", "line 2: has 3 values where the header has 9"),
        (f"{HEADER}\n1,2,wear,knee,,,,,\n", "line 2, column name: 'knee' is not a place"),
        (f"{HEADER}\n1,2,wear,shank_left,,,,,\n", "line 2, column name: does not tell which sensor was moved"),
        ("start_s,kind,name,sensor\n1,wear,chest,abdomen\n", "line 2, column sensor: no sensor is worn at 'abdomen'"),
        ("a,b\n1,2\n", "line 1: has no header line"),
    ],
)
def test_bad_marks_are_refused_with_their_place(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(ImportLayoutError, match=message):
        read(tmp_path, text)


def test_session_may_be_missing(tmp_path: Path) -> None:
    assert read_session(tmp_path) == ("", None)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('{"wearer": "x",\n!}', "session.json, line 2: is not JSON"),
        ("[1]", "is not an object like"),
        ('{"wearer": 7}', "wearer: is not text"),
        ('{"started_utc": "yesterday"}', "started_utc: 'yesterday' is not a date and time. Write 2025"),
        ('{"started_utc": 7}', "started_utc: 7 is not a date and time"),
        ('{"started_utc": "1969-01-01T00:00:00Z"}', "is before 1970"),
        ("\xff", "cannot be read"),
    ],
)
def test_bad_session_is_refused_with_its_place(tmp_path: Path, text: str, message: str) -> None:
    (tmp_path / "session.json").write_bytes(text.encode("latin-1"))
    with pytest.raises(ImportLayoutError, match=message):
        read_session(tmp_path)


def test_time_without_a_zone_is_utc(tmp_path: Path) -> None:
    (tmp_path / "session.json").write_text('{"started_utc": "2025-03-01T09:30:00"}')
    assert read_session(tmp_path) == ("", 1_740_821_400_000_000_000)
