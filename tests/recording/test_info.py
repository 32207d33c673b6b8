import json
from dataclasses import replace
from pathlib import Path

import pytest
from made_folders import make_folder, rocking
from made_recordings import SESSION, make_block, write_eventful, write_recording

from imuhip.errors import RecordingError
from imuhip.recording import import_folder, recording_info
from imuhip.recording.info import utc_text
from imuhip.recording.scan import find_chunks
from imuhip.session import analyze


def test_import_is_described(tmp_path: Path) -> None:
    files = {
        "marks.csv": "start_s,end_s,kind,name\n3,4,exercise,squat\n",
        "session.json": '{"started_utc": "2025-03-01T09:30:00Z", "wearer": "otter"}',
    } | {f"{role}.csv": rocking(start_s=2.0) for role in ("pelvis", "thigh_left", "thigh_right")}
    import_folder(make_folder(tmp_path / "in", files), tmp_path / "a.mcap")
    about = recording_info(tmp_path / "a.mcap")
    assert json.loads(json.dumps(about, allow_nan=False)) == about
    assert about["started_utc"] == "2025-03-01T09:30:00.000Z"
    assert (about["wearer"], about["source"]) == ("otter", "import")
    assert about["duration_s"] == pytest.approx(8.0)
    assert about["time_offset_s"] == 2.0
    assert about["size_bytes"] == (tmp_path / "a.mcap").stat().st_size
    assert about["sensors"][1] == {
        "role": "thigh_left", "model": "CSV import", "driver": "import", "rate_hz": 100.0, "samples": 800,
        "lost": 0, "lost_in_sensor": 0, "filled": 0, "gaps_s": 0.0, "loss_visible": False, "notifications": 80,
        "lost_notifications": {},
    }  # fmt: skip
    (mark,) = about["marks"]
    assert (mark["start_s"], mark["end_s"], mark["kind"], mark["name"]) == (1.0, 2.0, "exercise", "squat")
    assert about["damage"] == []


def test_losses_and_damage_are_described(tmp_path: Path) -> None:
    raw = write_eventful(tmp_path / "a.mcap", make_block(8.0))
    (tmp_path / "a.mcap").write_bytes(raw[: len(raw) // 2])
    about = recording_info(tmp_path / "a.mcap")
    assert about["sensors"][1]["lost_notifications"] == {}
    assert len(about["damage"]) == 1
    (tmp_path / "a.mcap").write_bytes(raw)
    assert recording_info(tmp_path / "a.mcap")["sensors"][1]["lost_notifications"] == {"queue_full": 2}
    bad = bytearray(raw)
    bad[list(find_chunks(raw))[3].end - 100] ^= 1
    (tmp_path / "a.mcap").write_bytes(bad)
    about = recording_info(tmp_path / "a.mcap")
    assert sum(sensor["lost_notifications"].get("unreadable", 0) for sensor in about["sensors"]) > 20


def test_start_length_and_losses_are_those_of_the_results() -> None:
    shipped = Path(__file__).parents[2] / "recordings" / "range_test.mcap"
    about, results = recording_info(shipped), analyze(shipped).results["recording"]
    for key in ("started_utc", "duration_s", "time_offset_s"):
        assert about[key] == results[key]
    for told, measured in zip(about["sensors"], results["sensors"], strict=True):
        assert told["lost"] > 100
        for key in ("role", "rate_hz", "samples", "lost", "gaps_s", "loss_visible"):
            assert told[key] == measured[key]


def test_unknown_driver_is_described_without_samples(tmp_path: Path) -> None:
    newer = replace(SESSION.sensors[2], driver="of tomorrow")
    session = replace(SESSION, sensors=(*SESSION.sensors[:2], newer))
    write_recording(tmp_path / "a.mcap", make_block(8.0), session=session)
    sensor = recording_info(tmp_path / "a.mcap")["sensors"][2]
    assert sensor["notifications"] == 100
    assert (sensor["rate_hz"], sensor["samples"], sensor["lost"]) == (None, None, None)


def test_empty_recording_is_described(tmp_path: Path) -> None:
    write_recording(tmp_path / "a.mcap", make_block(0.0))
    about = recording_info(tmp_path / "a.mcap")
    assert about["duration_s"] == 0.0
    assert [sensor["notifications"] for sensor in about["sensors"]] == [0, 0, 0]
    assert about["wearer"] == SESSION.wearer


def test_other_files_are_refused(tmp_path: Path) -> None:
    (tmp_path / "a.mcap").write_text("hello")
    with pytest.raises(RecordingError, match="this is not a recording"):
        recording_info(tmp_path / "a.mcap")


def test_utc_is_written_to_the_millisecond() -> None:
    assert utc_text(1_740_821_400_123_999_999) == "2025-03-01T09:30:00.123Z"
