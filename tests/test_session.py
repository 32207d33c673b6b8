"""From a recording to results: the contract, saved calibrations, moved straps, and what may be missing."""

from __future__ import annotations

import csv
import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import played
import pytest
from played import Event

from imuhip.catalogue_files import load_catalogue
from imuhip.errors import CalibrationError
from imuhip.exercises.as_json import set_json
from imuhip.exercises.range_tests import DIRECTIONS
from imuhip.marks import MODES, POSITIONS, SIDES, Mark
from imuhip.packets.blocks import block_from_notifications, slice_block
from imuhip.packets.notification import NotificationBlock, SensorInfo
from imuhip.pipeline import Pipeline
from imuhip.recording import Anchor, Recording, RecordingWriter, SessionInfo
from imuhip.session import Analysis, analyze
from imuhip.simulation.script import Session, both_legs_session, shank_session, short_session
from imuhip.simulation.simulate import SimulatedSession, simulate
from imuhip.units import FloatArray

ANGLES = ("flexion", "adduction", "internal_rotation")
HIP = [*(f"{name}_deg" for name in ANGLES), "valid", "uncertainty_deg"]
PELVIS = ["pelvis_tilt_deg", "pelvis_list_deg", "pelvis_rotation_deg"]
SENSOR_KEYS = {"role", "samples", "rate_hz", "lost", "gaps_s", "loss_visible"}
TEST_KEYS = {
    "name", "side", "mode", "position", "phase", "start_s", "end_s", "trials_deg", "peak_deg", "uncertainty_deg",
    "relative_only", "start_deg", "pelvis_excursion_deg", "thigh_deg", "reference",
}  # fmt: skip


@pytest.fixture(scope="module")
def short() -> SimulatedSession:
    return simulate(short_session(), seed=3)


@pytest.fixture(scope="module")
def short_file(short: SimulatedSession, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return played.write(tmp_path_factory.mktemp("short") / "x.mcap", short.sensors, played.events_of(short))


def check_contract(results: dict[str, Any]) -> None:
    """Every key of the contract, with values that JSON can hold."""
    json.dumps(results, allow_nan=False)
    assert set(results) >= {"recording", "calibration", "tests", "sets", "flags"}
    recording = results["recording"]
    assert set(recording) >= {"started_utc", "wearer", "duration_s", "time_offset_s", "sensors"}
    for sensor in recording["sensors"]:
        assert set(sensor) >= SENSOR_KEYS
    assert results["calibration"]
    for entry in results["calibration"]:
        assert set(entry) >= {"start_s", "method", "quality", "warnings"}
        assert all(warning[0].isupper() and len(warning) > 20 for warning in entry["warnings"])
    for test in results["tests"]:
        assert set(test) >= TEST_KEYS
        assert test["name"] in DIRECTIONS
        assert test["side"] in SIDES
        assert test["mode"] in (None, *MODES)
        assert test["position"] in (None, *POSITIONS)
        assert test["phase"] in ("pre", "post")
        assert 0 <= test["start_s"] < test["end_s"] <= recording["duration_s"]
        assert test["reference"] in ("pelvis", "gravity")
        assert (test["peak_deg"] is None) == (test["uncertainty_deg"] is None) == (not test["trials_deg"])


def same(left: FloatArray, right: FloatArray) -> bool:
    return left.tobytes() == right.tobytes()


def sensors_of(made: SimulatedSession, *roles: str) -> tuple[list[SensorInfo], list[Event]]:
    """Only some of the sensors."""
    kept = [sensor for sensor in made.sensors if sensor.role in roles]
    number = {sensor.index: new for new, sensor in enumerate(kept)}
    events: list[Event] = []
    for event in played.events_of(made):
        if isinstance(event, Mark):
            moved = event.sensor is not None and event.sensor not in number
            events += [] if moved else [replace(event, sensor=None if event.sensor is None else number[event.sensor])]
            continue
        rows = [row for row in range(len(event)) if int(event.sensor[row]) in number]
        events.append(
            block_from_notifications(
                [
                    (
                        int(event.arrival_ns[row]),
                        number[int(event.sensor[row])],
                        event.data[event.offset[row] : event.offset[row + 1]].tobytes(),
                    )
                    for row in rows
                ]
            )
        )
    return [replace(sensor, index=new) for new, sensor in enumerate(kept)], events


# --- live equals replay ---


def check_causal_is_the_replay(path: Path) -> None:
    """What a replay in blocks of 50 ms, cut at every mark, shows, to the last bit."""
    recording = Recording.open(path)
    pipeline = Pipeline(recording.sensors)
    blocks = []
    for event in recording.events(0.05):
        if isinstance(event, Mark):
            blocks += pipeline.mark(event)
        elif isinstance(event, NotificationBlock):
            blocks += pipeline.feed(event)
    blocks += pipeline.flush()
    columns = analyze(path, causal=True).table.columns
    for name in HIP:
        shown = np.concatenate([getattr(block.sides["right"], name) for block in blocks if block.sides])
        assert same(columns[f"hip_right_{name}"], shown.astype(np.float64)), name
    for name, shown in zip(PELVIS, np.concatenate([block.pelvis_deg() for block in blocks], axis=1), strict=True):
        assert same(columns[name], shown), name


def test_causal_analysis_is_what_a_replay_shows(short_file: Path) -> None:
    check_causal_is_the_replay(short_file)


@pytest.mark.parametrize("most_s", [0.12, 4.0])
def test_causal_analysis_is_what_a_replay_shows_where_marks_are_logged_late(
    short: SimulatedSession, tmp_path: Path, most_s: float
) -> None:
    late = np.random.default_rng(1)
    messages: list[tuple[int, Mark]] = []
    for mark in short.marks:
        for ns, told in ((mark.start_ns, replace(mark, end_ns=None)), (mark.end_ns or mark.start_ns, mark)):
            messages.append((ns + round(late.uniform(0.0, most_s) * 1e9), told))
    block, events, done = short.notifications(), [], 0
    for ns, mark in sorted(messages, key=lambda message: message[0]):
        row = int(np.searchsorted(block.arrival_ns, ns))
        events += [slice_block(block, done, row), mark] if row > done else [mark]
        done = row
    path = played.write(tmp_path / "x.mcap", short.sensors, [*events, slice_block(block, done, len(block))])
    check_causal_is_the_replay(path)


def test_analysis_is_a_pure_function_of_the_recording(short_file: Path) -> None:
    one, other = analyze(short_file), analyze(short_file)
    assert one.results == other.results
    assert all(same(one.table.columns[name], other.table.columns[name]) for name in one.table.columns)


def test_progress_ends_at_one_and_never_goes_back(short_file: Path) -> None:
    for causal in (False, True):
        seen: list[float] = []
        analyze(short_file, causal=causal, progress=seen.append)
        assert seen == sorted(seen)
        assert seen[-1] == 1.0


# --- the contract ---


@pytest.mark.parametrize("causal", [False, True])
@pytest.mark.parametrize("name", ["range_test", "strengthening"])
def test_shipped_recordings_give_the_contract(recordings: Path, name: str, causal: bool) -> None:
    analysis = analyze(recordings / f"{name}.mcap", causal=causal)
    check_contract(analysis.results)
    side = "right" if name == "range_test" else "left"
    assert list(analysis.table.columns) == ["time_s", *(f"hip_{side}_{column}" for column in HIP), *PELVIS]
    assert analysis.results["recording"]["wearer"] == "demo"
    assert analysis.results["calibration"][0]["quality"] == "good"


@pytest.mark.parametrize("causal", [False, True])
def test_peaks_of_the_shipped_range_test_lie_within_their_stated_uncertainty(recordings: Path, causal: bool) -> None:
    with (recordings / "range_test_truth.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    time_s = np.array([float(row["time_s"]) for row in rows])
    tests = analyze(recordings / "range_test.mcap", causal=causal).results["tests"]
    assert len(tests) == 9
    for test in tests:
        axis, sign = DIRECTIONS[test["name"]]
        column = ("hip_right_flexion_deg", "hip_right_adduction_deg", "hip_right_skin_internal_rotation_deg")[axis]
        inside = (time_s >= test["start_s"]) & (time_s <= test["end_s"])
        truth = sign * np.array([float(row[column]) for row in rows])[inside]
        if test["relative_only"]:
            truth = truth - np.median(truth[:16])
        trials = np.array(test["trials_deg"])
        assert len(trials) == 3, test["name"]
        assert np.abs(trials.max() - truth.max()) < test["uncertainty_deg"], test["name"]


def test_angles_as_a_table_leave_unknown_fields_empty(short_file: Path, tmp_path: Path) -> None:
    table = analyze(short_file, causal=True).table
    table.write_csv(tmp_path / "out.csv")
    with (tmp_path / "out.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == len(table.columns["time_s"])
    assert rows[0]["hip_right_flexion_deg"] == ""
    assert rows[0]["hip_right_valid"] == "0"
    valid = [row for row in rows if row["hip_right_valid"] == "1"]
    assert len(valid) > 500
    assert all(row["hip_right_flexion_deg"] and row["hip_right_uncertainty_deg"] for row in valid)


def test_tests_after_the_first_mobilisation_are_post(short: SimulatedSession, tmp_path: Path) -> None:
    test = next(mark for mark in short.marks if mark.kind == "test")
    mobilised = Mark(90, "mobilise", test.end_ns or 0, test.end_ns, "hip")
    after = replace(test, id=91, start_ns=(test.end_ns or 0) + 10**9, end_ns=(test.end_ns or 0) + 3 * 10**9)
    events = played.events_of(short, marks=[*short.marks, mobilised, after])
    tests = analyze(played.write(tmp_path / "x.mcap", short.sensors, events)).results["tests"]
    assert [test["phase"] for test in tests] == ["pre", "post"]


# --- a strap that is moved ---


def true_peaks(made: SimulatedSession, mark: Mark) -> FloatArray:
    """Peak of each repetition in the test's direction, deg."""
    axis, sign = DIRECTIONS[mark.name]
    truth, start_ns = made.truth.hips[mark.side], int(made.truth.host_ns[0])  # type: ignore[index]
    spans = [
        slice(
            made.truth.index(start_ns + round(rep.start_s * 1e9)), made.truth.index(start_ns + round(rep.end_s * 1e9))
        )
        for rep in made.truth.repetitions
        if rep.mark_id == mark.id
    ]
    return np.array([(sign * truth.bone_deg[span, axis]).max() for span in spans])


def analyse_moved(session: Session, seed: int, folder: Path, *, causal: bool) -> tuple[SimulatedSession, Analysis]:
    made = simulate(session, seed=seed)
    path = played.write(folder / "x.mcap", made.sensors, played.events_of(made))
    return made, analyze(path, causal=causal)


@pytest.mark.parametrize("side", ["left", "right"])
def test_other_leg_is_right_after_the_strap_has_moved_there(tmp_path: Path, side: Any) -> None:
    made, analysis = analyse_moved(both_legs_session(side), 1, tmp_path, causal=False)
    check_contract(analysis.results)
    assert len(analysis.results["calibration"]) == 2
    columns = analysis.table.columns
    start_ns = Recording.open(tmp_path / "x.mcap").notifications().arrival_ns[0]  # within 0.2 s of the first sample
    assert abs(start_ns - made.truth.host_ns[0]) < 2e8
    pipeline_start = analysis.results["recording"]["duration_s"] - len(columns["time_s"]) / 100.0
    assert abs(pipeline_start) < 0.01
    for each in ("left", "right"):
        angles = np.column_stack([columns[f"hip_{each}_{name}_deg"] for name in ANGLES])
        time_ns = played.play_refined(made.sensors, played.events_of(made))[1]
        error = angles - played.truth_at(made, time_ns, each)
        tested = played.during(made, time_ns, "test")
        assert max(played.rmse(error[tested, axis]) for axis in range(3)) < 5.0
        assert 0.4 < columns[f"hip_{each}_valid"][tested].mean() < 0.55, "one leg at a time wears the sensor"
    marks = [mark for mark in made.marks if mark.kind == "test"]
    assert [test["side"] for test in analysis.results["tests"]] == [mark.side for mark in marks]
    for mark, test in zip(marks, analysis.results["tests"], strict=True):
        assert test["trials_deg"] == pytest.approx(true_peaks(made, mark), abs=5.0)


@pytest.mark.parametrize("causal", [False, True])
@pytest.mark.parametrize("side", ["left", "right"])
def test_shank_gives_rotation_tests_after_the_strap_has_moved_there(tmp_path: Path, side: Any, causal: bool) -> None:
    made, analysis = analyse_moved(shank_session(side), 2, tmp_path, causal=causal)
    check_contract(analysis.results)
    marks = [mark for mark in made.marks if mark.kind == "test" and mark.name.endswith("rotation")]
    tests = [test for test in analysis.results["tests"] if test["name"].endswith("rotation")]
    assert len(tests) == len(marks) == 4
    for mark, test in zip(marks, tests, strict=True):
        assert test["side"] == side
        assert test["relative_only"]
        assert test["trials_deg"] == pytest.approx(true_peaks(made, mark), abs=5.0)


# --- a calibration from another recording ---


def part(made: SimulatedSession, path: Path, start_ns: int, end_ns: int) -> Path:
    """A recording of a part of the session."""
    inside = [mark for mark in made.marks if mark.start_ns >= start_ns and (mark.end_ns or 0) <= end_ns]
    events: list[Event] = []
    for event in played.events_of(made, marks=inside):
        if isinstance(event, Mark):
            events.append(event)
            continue
        rows = np.flatnonzero((event.arrival_ns > start_ns) & (event.arrival_ns < end_ns))
        events += [slice_block(event, int(rows[0]), int(rows[-1]) + 1)] if len(rows) else []
    return played.write(path, made.sensors, events)


def mark_of(made: SimulatedSession, kind: str, name: str = "") -> Mark:
    return next(mark for mark in made.marks if mark.kind == kind and name in mark.name)


@pytest.mark.parametrize("causal", [False, True])
def test_calibration_of_an_earlier_recording_serves_a_later_one(
    short: SimulatedSession, short_file: Path, tmp_path: Path, causal: bool
) -> None:
    swings_end_ns, test_end_ns = mark_of(short, "calibration", "swing").end_ns, mark_of(short, "test").end_ns
    assert swings_end_ns is not None
    assert test_end_ns is not None
    later = part(short, tmp_path / "later.mcap", swings_end_ns, test_end_ns + 10**9)
    with_it = analyze(later, causal=causal, calibration=short_file)
    check_contract(with_it.results)
    (test,) = with_it.results["tests"]
    assert test["trials_deg"][-1] == pytest.approx(true_peaks(short, mark_of(short, "test"))[-1], abs=5.0)
    alone = analyze(later, causal=causal)
    assert [test["peak_deg"] for test in alone.results["tests"]] == [None]
    assert any("stance" in warning for entry in alone.results["calibration"] for warning in entry["warnings"])


def test_calibration_of_other_places_is_refused(
    short_file: Path, recordings: Path, tmp_path: Path, short: SimulatedSession
) -> None:
    with pytest.raises(CalibrationError, match=r"thigh_left.*thigh_right"):
        analyze(short_file, calibration=recordings / "strengthening.mcap")
    stance_only = part(short, tmp_path / "stance.mcap", 0, mark_of(short, "calibration", "swing").start_ns)
    with pytest.raises(CalibrationError, match="is not calibrated"):
        analyze(short_file, calibration=stance_only)


# --- what may be missing ---


def made_file(path: Path, sensors: Sequence[SensorInfo], events: Sequence[Event]) -> Path:
    return played.write(path, sensors, events)


@pytest.mark.parametrize("causal", [False, True])
def test_without_a_pelvis_there_are_inclinations_and_tests_against_gravity(
    short: SimulatedSession, tmp_path: Path, causal: bool
) -> None:
    path = made_file(tmp_path / "x.mcap", *sensors_of(short, "thigh_right"))
    analysis = analyze(path, causal=causal)
    check_contract(analysis.results)
    assert list(analysis.table.columns) == ["time_s", "thigh_right_inclination_deg"]
    (test,) = analysis.results["tests"]
    assert test["reference"] == "gravity"
    mark = next(mark for mark in short.marks if mark.kind == "test")
    # Supine and without a pelvis that moves, the thigh's turn is the hip's flexion, folded at 180 degrees.
    assert test["trials_deg"] == pytest.approx(true_peaks(short, mark), abs=5.0)


@pytest.mark.parametrize("causal", [False, True])
def test_without_a_thigh_the_pelvis_alone_is_measured(short: SimulatedSession, tmp_path: Path, causal: bool) -> None:
    path = made_file(tmp_path / "x.mcap", *sensors_of(short, "pelvis"))
    analysis = analyze(path, causal=causal)
    check_contract(analysis.results)
    assert list(analysis.table.columns) == ["time_s", *PELVIS]
    assert analysis.results["tests"] == []
    (missing,) = analysis.results["not_measured"]
    assert (missing["name"], missing["why"]) == ("flexion", "no sensor was worn on the right leg")


def test_a_marked_test_that_gives_nothing_is_told_with_its_reason(short: SimulatedSession, tmp_path: Path) -> None:
    sensors, events = sensors_of(short, "pelvis", "thigh_right")
    first = next(mark for mark in short.marks if mark.kind == "test")
    assert first.end_ns is not None
    later_ns = first.end_ns + 10**12
    odd = [
        Mark(900, "test", first.start_ns, first.end_ns, "juggling", "right"),
        Mark(901, "test", first.start_ns, first.end_ns, "extension", "left"),
        Mark(902, "test", later_ns, later_ns + 10**9, "extension", "right"),
    ]
    path = made_file(tmp_path / "x.mcap", sensors, [*events, *odd])
    results = analyze(path).results
    assert [each["name"] for each in results["tests"]] == ["flexion"]
    assert [(each["name"], each["why"]) for each in results["not_measured"]] == [
        ("juggling", "no catalogue knows this test"),
        ("extension", "no sensor was worn on the left leg"),
        ("extension", "nothing was recorded then"),
    ]


@pytest.mark.parametrize("causal", [False, True])
def test_without_any_stillness_it_says_so(short: SimulatedSession, tmp_path: Path, causal: bool) -> None:
    swing = next(mark for mark in short.marks if mark.name == "swing")
    events: list[Event] = []
    for event in played.events_of(short):
        if isinstance(event, Mark):
            events += [event] if event.id == swing.id else []
            continue
        rows = np.flatnonzero(
            (event.arrival_ns > swing.start_ns + 10**9) & (event.arrival_ns < swing.end_ns - 2 * 10**9)
        )
        events += [slice_block(event, int(rows[0]), int(rows[-1]) + 1)] if len(rows) else []
    analysis = analyze(made_file(tmp_path / "x.mcap", short.sensors, events), causal=causal)
    check_contract(analysis.results)
    assert analysis.results["calibration"][0]["quality"] == "none"
    assert "never still" in analysis.results["calibration"][0]["warnings"][0]
    assert not any(np.nan_to_num(analysis.table.columns.get("hip_right_valid", np.zeros(1))))


@pytest.mark.parametrize("causal", [False, True])
def test_recording_without_any_notification_gives_an_empty_contract(
    short: SimulatedSession, tmp_path: Path, causal: bool
) -> None:
    path = tmp_path / "x.mcap"
    info = SessionInfo(tuple(short.sensors), wearer="", anchor=Anchor(played.UTC_NS, 10**12), source="simulation")
    with RecordingWriter(path, info, durable=False) as writer:
        for mark in short.marks:
            writer.mark(mark)
    analysis = analyze(path, causal=causal)
    check_contract(analysis.results)
    assert analysis.results["recording"]["duration_s"] == 0
    assert analysis.results["recording"]["wearer"] is None
    assert len(analysis.table.columns["time_s"]) == 0


@pytest.mark.parametrize("causal", [False, True])
def test_sensor_that_never_sends_is_no_catastrophe(short: SimulatedSession, tmp_path: Path, causal: bool) -> None:
    events = played.silence(played.events_of(short), 1, 0, 1 << 62)
    analysis = analyze(made_file(tmp_path / "x.mcap", short.sensors, events), causal=causal)
    check_contract(analysis.results)
    assert analysis.results["recording"]["sensors"][1]["samples"] == 0
    assert all(test["peak_deg"] is None for test in analysis.results["tests"])


def test_repetitions_are_found_graded_and_the_same_live_whatever_the_cut(recordings):
    results = analyze(recordings / "strengthening.mcap").results
    assert [one["exercise"] for one in results["sets"]][:3] == ["bridge", "bike_pedals", "clamshell"]
    assert [len(one["reps"]) for one in results["sets"]] == [8] * 7
    json.dumps(results, allow_nan=False)
    source = Recording.open(recordings / "strengthening.mcap")
    live = []
    for slice_s in (None, 0.4):
        pipeline = Pipeline(source.sensors, catalogue=load_catalogue())
        for event in source.events() if slice_s is None else source.events(slice_s):
            if isinstance(event, Mark):
                pipeline.mark(event)
            elif isinstance(event, NotificationBlock):
                pipeline.feed(event)
        pipeline.flush()
        live.append(pipeline.sets())
    assert live[0] == live[1]
    causal = analyze(recordings / "strengthening.mcap", causal=True).results["sets"]
    assert causal == [set_json(one) for one in live[0]]


@pytest.mark.parametrize("causal", [False, True])
def test_results_do_not_depend_on_whether_angles_are_asked_for(short_file: Path, causal: bool) -> None:
    with_angles, without = (analyze(short_file, causal=causal, angles=angles) for angles in (True, False))
    assert without.results == with_angles.results
    assert with_angles.results["tests"]
    assert len(with_angles.table.columns["time_s"]) > 0
    with pytest.raises(ValueError, match="angles"):
        _ = without.table
