import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from made_folders import HEADER, csv_text, make_folder, rocking

from imuhip.errors import ImportLayoutError, OutputError
from imuhip.marks import Mark
from imuhip.packets.blocks import split_by_sensor
from imuhip.packets.drivers import DRIVERS
from imuhip.packets.import_codec import decode_import_descriptor
from imuhip.packets.notification import NotificationBlock
from imuhip.recording import Anchor, Recording, import_folder
from imuhip.units import FloatArray

PLAIN = rocking()
LINES = csv_text(PLAIN).splitlines()


def imported(recording: Recording) -> dict[str, FloatArray]:
    """(N, 7 or 10) values of each sensor as the driver decodes them."""
    values = {}
    blocks = split_by_sensor(recording.notifications(), len(recording.sensors))
    for sensor, block in zip(recording.sensors, blocks, strict=True):
        columns = DRIVERS[sensor.driver].decode(block)
        assert not columns.bad
        assert columns.time_s is not None
        parts = [columns.time_s[:, None], columns.motion]
        if len(columns.mag_row):
            parts.append(columns.mag)
        values[sensor.role] = np.concatenate(parts, axis=1)
    return values


def test_real_folders_are_kept_to_the_last_bit(shared_data: Path, tmp_path: Path) -> None:
    folders = sorted(path for path in (shared_data / "hip").iterdir() if path.is_dir())
    assert len(folders) == 16
    for folder in folders:
        out = tmp_path / f"{folder.name}.mcap"
        report = import_folder(folder, out)
        recording = Recording.open(out)
        assert recording.damage == ()
        values = imported(recording)
        files = {path.stem: path for path in folder.glob("*.csv") if path.stem not in ("marks", "reference")}
        assert set(values) == set(files)
        for role, path in files.items():
            expected = [[float(cell) for cell in line.split(",")] for line in path.read_text().splitlines()[1:] if line]
            assert values[role].tobytes() == np.array(expected).tobytes(), path
        marks = folder / "marks.csv"
        assert report.marks == len(recording.marks) == _count(marks)
        assert all(mark.end_ns is not None for mark in recording.marks)


def _count(path: Path) -> int:
    return sum(bool(line.strip()) for line in path.read_text().splitlines()) - 1 if path.exists() else 0


def test_notifications_arrive_when_their_last_sample_was_taken(tmp_path: Path) -> None:
    gappy = np.concatenate([PLAIN[:105], PLAIN[400:]])
    import_folder(make_folder(tmp_path / "in", {"pelvis.csv": gappy}), tmp_path / "a.mcap")
    recording = Recording.open(tmp_path / "a.mcap")
    block = split_by_sensor(recording.notifications(), 3)[0]
    columns = DRIVERS["import"].decode(block)
    assert columns.time_s is not None
    last = np.cumsum(columns.count) - 1
    assert np.array_equal(block.arrival_ns, np.rint(columns.time_s[last] * 1e9))
    assert columns.count[:12].tolist() == [10] * 10 + [5, 10]  # none spans the gap
    assert (np.diff(recording.notifications().arrival_ns) >= 0).all()


def test_marks_are_logged_when_they_open_and_close(tmp_path: Path) -> None:
    marks = "start_s,end_s,kind,name,side\n2,3,exercise,squat,\n1,,pain,,left\n3,4,rest,,\n"
    import_folder(make_folder(tmp_path / "in", {"marks.csv": marks}), tmp_path / "a.mcap")
    recording = Recording.open(tmp_path / "a.mcap")
    seen: list[tuple[float, int, bool]] = []
    now_ns = 0
    for event in recording.events():
        if isinstance(event, NotificationBlock):
            now_ns = int(event.arrival_ns[-1])
        elif isinstance(event, Mark):
            seen.append((round(now_ns / 1e9, 1), event.id, event.end_ns is not None))
    assert seen == [(1.0, 0, True), (2.0, 1, False), (3.0, 1, True), (3.0, 2, False), (4.0, 2, True)]
    assert [(mark.kind, mark.name, mark.side, mark.start_ns, mark.end_ns) for mark in recording.marks] == [
        ("pain", "", "left", 10**9, 10**9),
        ("exercise", "squat", None, 2 * 10**9, 3 * 10**9),
        ("rest", "", None, 3 * 10**9, 4 * 10**9),
    ]


def test_session_gives_wearer_and_date(tmp_path: Path) -> None:
    session = '{"started_utc": "2025-03-01T10:30:00.5+01:00", "wearer": "otter", "shoe": 42}'
    late = {f"{role}.csv": rocking(start_s=917.4) for role in ("pelvis", "thigh_left", "thigh_right")}
    import_folder(make_folder(tmp_path / "in", late | {"session.json": session}), tmp_path / "a.mcap")
    session_info = Recording.open(tmp_path / "a.mcap").session
    assert session_info.wearer == "otter"
    assert session_info.anchor == Anchor(1_740_821_400_500_000_000, 917_400_000_000)
    assert session_info.clock_offset_ns == 0


def test_times_before_zero_move_the_host_clock_only(tmp_path: Path) -> None:
    early = {f"{role}.csv": rocking(start_s=-3.25) for role in ("pelvis", "thigh_left", "thigh_right")}
    marks = {"marks.csv": "start_s,kind\n-4.5,rest\n"}
    import_folder(make_folder(tmp_path / "in", early | marks), tmp_path / "a.mcap")
    recording = Recording.open(tmp_path / "a.mcap")
    assert recording.session.clock_offset_ns == 5_000_000_000
    assert recording.marks[0].start_ns == 500_000_000
    assert imported(recording)["pelvis"][0, 0] == -3.25


@pytest.mark.parametrize(
    ("options", "factors"),
    [
        ({"time_unit": "ms"}, (1e3, 1, 1)),
        ({"time_unit": "us"}, (1e6, 1, 1)),
        ({"acc_unit": "g"}, (1, 1 / 9.80665, 1)),
        ({"acc_unit": "mg"}, (1, 1000 / 9.80665, 1)),
        ({"gyr_unit": "deg_s"}, (1, 1, 180 / np.pi)),
        ({"time_unit": "ms", "acc_unit": "g", "gyr_unit": "deg_s"}, (1e3, 1 / 9.80665, 180 / np.pi)),
    ],
)
def test_other_units_are_refused_until_they_are_stated(
    tmp_path: Path, options: dict[str, Any], factors: tuple[float, float, float]
) -> None:
    scaled = PLAIN * np.repeat(factors, (1, 3, 3))
    folder = make_folder(tmp_path / "in", {f"{role}.csv": scaled for role in ("pelvis", "thigh_left", "thigh_right")})
    option, unit = next(iter(options.items()))
    with pytest.raises(ImportLayoutError) as raised:
        import_folder(folder, tmp_path / "a.mcap")
    assert raised.value.path == folder / "pelvis.csv"
    assert raised.value.place in ("column time_s", "column acc_x_m_s2, acc_y_m_s2, acc_z_m_s2") or "gyr" in str(
        raised.value
    )
    assert raised.value.remedy == f"Say so with --{option.replace('_', '-')} {unit}"
    assert not (tmp_path / "a.mcap").exists()
    import_folder(folder, tmp_path / "a.mcap", **options)
    for values in imported(Recording.open(tmp_path / "a.mcap")).values():
        np.testing.assert_allclose(values, PLAIN, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("option", [{"time_unit": "ms"}, {"acc_unit": "g"}, {"gyr_unit": "deg_s"}])
def test_a_wrongly_stated_unit_is_refused(tmp_path: Path, option: dict[str, Any]) -> None:
    with pytest.raises(ImportLayoutError, match="looks like"):
        import_folder(make_folder(tmp_path / "in"), tmp_path / "a.mcap", **option)


def at_line(number: int, line: str) -> str:
    """The plain file with one line replaced."""
    return "\n".join([*LINES[: number - 1], line, *LINES[number:]]) + "\n"


def cells_at(number: int, **changed: str) -> str:
    """The plain file with some cells of a line replaced."""
    cells = dict(zip(HEADER.split(","), LINES[number - 1].split(","), strict=True)) | changed
    return at_line(number, ",".join(cells.values()))


BAD_FILES = {
    "empty": ("", "pelvis.csv: is empty"),
    "blank": ("\n \n", "is empty"),
    "header only": (HEADER + "\n", "has a header but no values"),
    "one line": ("\n".join(LINES[:2]), "has 1 samples"),
    "no header": ("\n".join(LINES[1:]), "line 1: has no header line"),
    "short line": (at_line(12, "0.1,1,2,3,4,5"), "line 12: has 6 values where the header has 7"),
    "long line": (at_line(12, LINES[11] + ",9"), "line 12: has 8 values where the header has 7"),
    "all lines long": ("\n".join([HEADER, *(line + ",1" for line in LINES[1:])]), "line 2: has 8 values"),
    "text": (cells_at(30, gyr_y_rad_s="n/a"), "line 30, column gyr_y_rad_s: 'n/a' is not a number"),
    "decimal comma": (
        csv_text(PLAIN, separator=";").replace(".", ",").replace("time,s", "time_s"),
        r"line 2, column time_s: '0,0' is not a number\. Export numbers with a decimal point",
    ),
    "NaN": (cells_at(7, acc_z_m_s2="nan"), "line 7, column acc_z_m_s2: is empty or not a number"),
    "empty cell": (cells_at(7, time_s=""), "line 7, column time_s: is empty or not a number.* --nan gap"),
    "infinite": (cells_at(9, gyr_x_rad_s="-inf"), "line 9, column gyr_x_rad_s: is empty or not a number"),
    "NaN after a blank line": (
        "\n" + cells_at(7, acc_z_m_s2="nan").replace("\n0.02", "\n\n0.02"),
        "line 9, column acc_z_m_s2",
    ),
    "time back": (cells_at(20, time_s="0.05"), "line 20, column time_s: time jumps back from 0.17 to 0.05"),
    "time twice": (cells_at(20, time_s="0.17"), "line 20, column time_s: the same time 0.17 twice"),
    "slow": (csv_text(rocking(rate_hz=10.0)), r"column time_s: has 10 samples a second; 20 to 2000 are needed"),
    "missing column": (csv_text(PLAIN[:, :6], HEADER.rsplit(",", 1)[0]), "line 1, column gyr_z_rad_s: is missing"),
    "unit in the header": (
        csv_text(PLAIN, HEADER.replace("acc_x_m_s2", "acc_x_g")),
        "column acc_x_m_s2: is missing. If acc_x_g is in another unit, .* with --acc-unit",
    ),
    "ms in the header": (csv_text(PLAIN, HEADER.replace("time_s", "time_ms")), "If time_ms is .* with --time-unit"),
    "column twice": (csv_text(PLAIN, HEADER.replace("acc_y", "acc_x")), "line 1, column acc_x_m_s2: appears twice"),
    "two of mag": (csv_text(np.c_[PLAIN, PLAIN[:, :2]], HEADER + ",mag_x_ut,mag_y_ut"), "column mag_z_ut: is missing"),
    "no gravity": (csv_text(PLAIN * ([1] + [0.001] * 3 + [1] * 3)), "holds no gravity"),
    "UTF-16": (csv_text(PLAIN).encode("utf-16"), "is written in UTF-16. Save it as UTF-8"),
    "binary": (b"\x00\xff\xfe" * 99, "is not UTF-8 text"),
    "absurd value": (
        cells_at(40, acc_x_m_s2="1e30"),
        "line 40, column acc_x_m_s2: 1e\\+30 is more than any sensor measures",
    ),
    "absurd time": (csv_text(PLAIN + np.array([1e11, 0, 0, 0, 0, 0, 0])), r"reaches 1e\+11 s"),
}


@pytest.mark.parametrize("case", BAD_FILES)
def test_bad_files_are_refused_with_their_place(tmp_path: Path, case: str) -> None:
    content, message = BAD_FILES[case]
    folder = make_folder(tmp_path / "in", {"pelvis.csv": content})
    with pytest.raises(ImportLayoutError, match=message) as raised:
        import_folder(folder, tmp_path / "a.mcap")
    assert raised.value.path == folder / "pelvis.csv"
    assert not (tmp_path / "a.mcap").exists()


@pytest.mark.parametrize(
    "content",
    [
        csv_text(PLAIN, separator=";"),
        csv_text(PLAIN, separator="\t"),
        b"\xef\xbb\xbf" + csv_text(PLAIN).encode(),
        csv_text(PLAIN).replace("\n", "\r\n"),
        csv_text(PLAIN).replace("\n", "\r"),
        csv_text(PLAIN).replace("\n", "\n\n"),
        csv_text(PLAIN, HEADER.upper()),
        csv_text(PLAIN, ",".join(f'"{name}"' for name in HEADER.split(","))),
        csv_text(PLAIN[:, ::-1], ",".join(reversed(HEADER.split(",")))),
    ],
    ids=["semicolon", "tab", "BOM", "CRLF", "CR", "blank lines", "capitals", "quotes", "order"],
)
def test_other_ways_to_write_the_same_table_are_read(tmp_path: Path, content: str | bytes) -> None:
    import_folder(make_folder(tmp_path / "in", {"pelvis.csv": content}), tmp_path / "a.mcap")
    assert imported(Recording.open(tmp_path / "a.mcap"))["pelvis"].tobytes() == PLAIN.tobytes()


def test_missing_values_may_count_as_gaps(tmp_path: Path) -> None:
    for content in (cells_at(7, acc_z_m_s2="nan"), cells_at(7, acc_z_m_s2="")):
        folder = make_folder(tmp_path / "in", {"pelvis.csv": content})
        report = import_folder(folder, tmp_path / "a.mcap", nan="gap", force=True)
        assert report.warnings == ("pelvis: lines with missing values count as gaps: 1",)
        values = imported(Recording.open(tmp_path / "a.mcap"))["pelvis"]
        assert values.tobytes() == np.delete(PLAIN, 5, axis=0).tobytes()


def test_magnetometer_may_be_missing_now_and_then(tmp_path: Path) -> None:
    mag = np.random.default_rng(0).normal(40, 5, (len(PLAIN), 3))
    mag[::2] = np.nan
    text = csv_text(np.c_[PLAIN, mag], HEADER + ",mag_x_ut,mag_y_ut,mag_z_ut")
    for content in (text, text.replace("nan", "")):
        import_folder(make_folder(tmp_path / "in", {"pelvis.csv": content}), tmp_path / "a.mcap", force=True)
        recording = Recording.open(tmp_path / "a.mcap")
        assert decode_import_descriptor(recording.sensors[0].descriptor).mag_unit == "ut"
        columns = DRIVERS["import"].decode(split_by_sensor(recording.notifications(), 3)[0])
        np.testing.assert_array_equal(columns.mag[~np.isnan(columns.mag).any(axis=1)], mag[1::2])


def test_bad_folders_are_refused(tmp_path: Path) -> None:
    twice = make_folder(tmp_path / "twice", {"Pelvis.csv": PLAIN})
    with pytest.raises(ImportLayoutError, match=r"Pelvis\.csv and pelvis\.csv are both the pelvis sensor"):
        import_folder(twice, tmp_path / "a.mcap")
    with pytest.raises(ImportLayoutError, match=r"'tigh_left' is not a place .* Rename it to thigh_left\.csv"):
        import_folder(make_folder(tmp_path / "typo", {"tigh_left.csv": PLAIN}), tmp_path / "a.mcap")
    with pytest.raises(ImportLayoutError, match="Name it after where it was worn: pelvis, thigh_left"):
        import_folder(make_folder(tmp_path / "other", {"imu7.csv": PLAIN}), tmp_path / "a.mcap")
    (tmp_path / "empty").mkdir()
    with pytest.raises(ImportLayoutError, match="holds no sensor's file"):
        import_folder(tmp_path / "empty", tmp_path / "a.mcap")
    with pytest.raises(ImportLayoutError, match="cannot be read: No such file"):
        import_folder(tmp_path / "none", tmp_path / "a.mcap")
    with pytest.raises(ImportLayoutError, match="are not on the other sensors' clock"):
        import_folder(make_folder(tmp_path / "clocks", {"pelvis.csv": rocking(start_s=900.0)}), tmp_path / "a.mcap")


def test_reference_and_other_files_are_never_read(tmp_path: Path) -> None:
    folder = make_folder(tmp_path / "in", {"reference.csv": b"\xff", "notes.txt": "x", "Reference.CSV": b"\xff"})
    assert import_folder(folder, tmp_path / "a.mcap").warnings == ()


def test_missing_pelvis_or_thigh_is_accepted_and_said(tmp_path: Path) -> None:
    folder = make_folder(tmp_path / "in")
    (folder / "pelvis.csv").rename(folder / "shank_left.csv")
    report = import_folder(folder, tmp_path / "a.mcap")
    assert [sensor.role for sensor in report.sensors] == ["thigh_left", "thigh_right", "shank_left"]
    assert [warning.split(",")[0] for warning in report.warnings] == ["there is no pelvis sensor"]
    for side in ("left", "right"):
        (folder / f"thigh_{side}.csv").unlink()
    report = import_folder(folder, tmp_path / "a.mcap", force=True)
    assert [warning.split(",")[0] for warning in report.warnings] == [
        "there is no pelvis sensor",
        "there is no thigh sensor",
    ]


def test_unknown_columns_and_marks_elsewhere_are_said(tmp_path: Path) -> None:
    files = {
        "pelvis.csv": csv_text(np.c_[PLAIN, PLAIN[:, 0]], HEADER + ",temperature_c"),
        "marks.csv": "start_s,end_s,kind\n1000,1001,rest\n1,2,rest\n",
    }
    report = import_folder(make_folder(tmp_path / "in", files), tmp_path / "a.mcap")
    assert report.warnings == (
        "pelvis: columns that the layout does not know are left out: temperature_c",
        "1 of 2 marks lie outside of the samples, as if they were on another clock",
    )


def test_existing_output_and_missing_folder_are_refused(tmp_path: Path) -> None:
    folder = make_folder(tmp_path / "in")
    (tmp_path / "a.mcap").write_text("precious")
    with pytest.raises(OutputError, match="exists already"):
        import_folder(folder, tmp_path / "a.mcap")
    with pytest.raises(OutputError, match="folder does not exist"):
        import_folder(folder, tmp_path / "no" / "a.mcap")
    assert (tmp_path / "a.mcap").read_text() == "precious"


def test_same_folder_gives_the_same_file(tmp_path: Path) -> None:
    folder = make_folder(tmp_path / "in")
    import_folder(folder, tmp_path / "a.mcap")
    import_folder(folder, tmp_path / "b.mcap")
    assert (tmp_path / "a.mcap").read_bytes() == (tmp_path / "b.mcap").read_bytes()


def test_a_long_file_is_read_by_numpy_and_not_line_by_line(tmp_path: Path) -> None:
    """Reading takes a small multiple of numpy's own time; line by line it would take ten times that."""
    text = csv_text(rocking(400.0))
    path = tmp_path / "long.csv"
    path.write_text(text)
    started = time.process_time()
    np.loadtxt(path, delimiter=",", skiprows=1)
    numpy_s = time.process_time() - started
    folder = make_folder(tmp_path / "in", {"pelvis.csv": text})
    for role in ("left", "right"):
        (folder / f"thigh_{role}.csv").unlink()
    started = time.process_time()
    import_folder(folder, tmp_path / "a.mcap")
    assert time.process_time() - started < 8 * numpy_s + 0.5


def test_file_that_cannot_be_read_is_refused(tmp_path: Path) -> None:
    folder = make_folder(tmp_path / "in")
    (folder / "chest.csv").mkdir()
    with pytest.raises(ImportLayoutError, match="cannot be read"):
        import_folder(folder, tmp_path / "a.mcap")


def test_descriptor_names_rate_and_file(tmp_path: Path) -> None:
    import_folder(make_folder(tmp_path / "in"), tmp_path / "a.mcap")
    sensor = Recording.open(tmp_path / "a.mcap").sensors[1]
    assert replace(sensor, descriptor=b"") == replace(sensor, role="thigh_left", driver="import", descriptor=b"")
    descriptor = decode_import_descriptor(sensor.descriptor)
    assert (descriptor.rate_hz, descriptor.mag_unit, descriptor.source) == (100.0, None, "thigh_left.csv")
