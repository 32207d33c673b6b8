"""The accuracy tool must not flatter: what is wrong or missing has to show."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from accuracy_broad import broad, errors_deg
from accuracy_coverage import _covered
from accuracy_dropouts import After, _after, dropouts
from accuracy_gaps import gaps, over_gaps
from accuracy_real import _range, best_lag, real
from accuracy_sessions import SCRIPTS, WEARERS, Case, Peak, compare, measure, true_block
from accuracy_table import Section, at_most, markdown, missed, p90, verdict
from scipy.spatial.transform import Rotation

from imuhip.hip.stage import HipBlock
from imuhip.simulation.script import short_session
from imuhip.simulation.simulate import simulate
from imuhip.simulation.wearer import Wearer

TOOLS = Path(__file__).resolve().parents[2] / "tools"


@pytest.fixture
def short():
    """A short simulated session and its truth as if it had been measured."""
    made = simulate(short_session("left"), seed=1, wearer=Wearer.real(1))
    start_ns = int(made.truth.host_ns[0])
    frames = len(made.truth.time_s)
    nothing = true_block(made, "left", _of_length(made, frames), start_ns)
    return made, nothing, start_ns


def _of_length(made, frames):
    known, quat = np.ones((2, frames), dtype=np.bool_), np.zeros((2, frames, 4))
    return HipBlock(0, 100.0, made.truth.roles, {}, quat, known, quat, known)


def _changed(block, **angles):
    hip = replace(block.sides["left"], **angles)
    return replace(block, sides={"left": hip})


def test_the_truth_has_no_error(short):
    made, truth, start_ns = short
    way = compare(made, "left", truth, start_ns, [])
    assert max(way.rmse_deg) < 1e-9
    assert way.known == 1.0
    assert [peak.error_deg for peak in way.peaks] == [0.0]


def test_a_constant_error_shows_in_full_but_not_in_the_change_from_the_start_pose(short):
    made, truth, start_ns = short
    moved = _changed(truth, flexion_deg=truth.sides["left"].flexion_deg + 3.0)
    way = compare(made, "left", moved, start_ns, [])
    assert way.rmse_deg == pytest.approx((3.0, 0.0, 0.0), abs=1e-9)
    assert way.own_change_deg == pytest.approx(0.0, abs=1e-9)
    assert way.change_deg == pytest.approx((0.0, 0.0, 0.0), abs=1e-9)
    assert [peak.error_deg for peak in way.peaks] == pytest.approx([3.0])


def test_a_time_error_shows(short):
    made, truth, start_ns = short
    way = compare(made, "left", truth, start_ns + 50_000_000, [])
    assert way.rmse_deg[0] > 0.5


def test_angles_that_are_never_known_are_infinitely_wrong(short):
    made, truth, start_ns = short
    blind = _changed(truth, flexion_deg=np.full(len(truth), np.nan))
    way = compare(made, "left", blind, start_ns, [])
    assert way.rmse_deg[0] == float("inf")
    assert way.known == 0.0
    assert [peak.error_deg for peak in way.peaks] == [float("inf")]


def test_a_session_through_both_ways_is_measured(monkeypatch):
    monkeypatch.setitem(SCRIPTS, "short", short_session)
    outcome = measure(Case("short", WEARERS[0], "right", 3))
    assert outcome.live is not None
    assert max(outcome.refined.rmse_deg) < 5.0
    assert outcome.refined.known > 0.8


def test_one_value_above_its_target_fails_the_row():
    good, bad = at_most("a", "b", (1, 2), (1.0, 2.0)), at_most("a", "b", (1, 2), (0.1, 2.01))
    unknown = at_most("a", "b", (1,), (float("nan"),))
    assert (verdict(good), verdict(bad), verdict(unknown)) == ("PASS", "**FAIL**", "**FAIL**")
    assert missed([Section("t", (), (good, bad, unknown))]) == 2


def test_the_percentile_is_infinite_when_more_than_a_tenth_was_not_measured():
    assert p90([1.0] * 9 + [float("inf")] * 2) == float("inf")
    assert p90([1.0] * 19 + [float("inf")]) == 1.0


def test_coverage_counts_a_test_without_an_interval_as_missed():
    inside, outside = (
        Peak("flexion", "supine", 0.0, 100.0, 101.0, 2.0),
        Peak("flexion", "supine", 0.0, 100.0, 103.0, 2.0),
    )
    silent = replace(inside, peak_deg=float("nan"), half_width_deg=float("nan"))
    assert _covered([inside, outside])[0] == 0.5
    assert _covered([inside, silent])[0] == 0.5
    assert _covered([silent])[0] == 0.0


def test_the_lag_is_found_and_the_mean_does_not_count():
    time_s = np.arange(1000) / 100
    rmse, lag, known = best_lag(time_s, np.sin(time_s - 0.02) + 5.0, time_s[10:-10], np.sin(time_s[10:-10]))
    assert (lag, known) == (2, 1.0)
    assert rmse < 1e-3


def test_a_mostly_unknown_repetition_has_no_range():
    angle = np.where(np.arange(100) < 80, np.nan, 1.0)
    assert np.isnan(_range({"time_s": np.arange(100) / 100, "a": angle}, "a", 0.0, 1.0))


def test_a_turned_orientation_shows_as_inclination_but_heading_does_not():
    time_s = np.arange(500) / 100
    true = Rotation.from_euler("xyz", np.column_stack([np.sin(time_s), np.cos(time_s), time_s]))
    data = {"opt_quat": true.as_quat(scalar_first=True), "movement": np.ones((500, 1))}
    tilt = Rotation.from_euler("x", 2, degrees=True)
    heading = Rotation.from_euler("z", 70, degrees=True)
    turned = (heading * true).as_quat(scalar_first=True)
    tilted = (tilt * true).as_quat(scalar_first=True)
    assert errors_deg(time_s, turned, data, time_s) == pytest.approx((0.0, 0.0), abs=1e-6)
    assert errors_deg(time_s, tilted, data, time_s) == pytest.approx((2.0, 2.0), abs=1e-6)


def test_missing_data_is_said_and_fails_where_everything_is_required(tmp_path):
    for part in (real, broad):
        skipped = part(tmp_path / "data" / "none", required=False)
        assert "skipped" in markdown(skipped)
        assert missed([skipped]) == 0
        assert missed([part(tmp_path / "data" / "none", required=True)]) == 1


@pytest.mark.slow
@pytest.mark.usefixtures("shared_data")
def test_the_command_prints_a_table_writes_json_and_tells_misses_by_its_exit_code(tmp_path):
    out = tmp_path / "figures.json"
    command = [sys.executable, str(TOOLS / "accuracy.py"), "--only", "broad", "--json", str(out)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    (section,) = json.loads(out.read_text(encoding="utf-8"))
    misses = sum(figure["passed"] is False for figure in section["figures"])
    assert done.returncode == (1 if misses else 0), done.stderr
    assert "| figure" in done.stdout


def test_turning_over_gaps_is_held_against_what_was_turned():
    steady = np.tile([0.5, -1.0, 2.0], (1000, 1))
    error, slip = over_gaps(steady, 100.0, 0.3)
    assert len(error) == len(slip) == 9
    assert np.abs(error).max() < 1e-9
    assert (slip > 0).all()
    kicked = steady.copy()
    kicked[80, 1] += 10.0  # within the first gap, for one frame
    error, _ = over_gaps(kicked, 100.0, 0.3)
    assert np.linalg.norm(error[0]) == pytest.approx(0.1, rel=0.02)
    assert np.abs(error[1:]).max() < 1e-9


def test_gaps_without_recordings_say_so(tmp_path):
    assert [each.passed for each in gaps(tmp_path, required=False).figures] == [None]
    assert missed([gaps(tmp_path, required=True)]) == 1


def test_after_a_dropout_only_what_follows_it_counts(short):
    made, truth, start_ns = short
    second = 1_000_000_000
    spans = [(start_ns + 10 * second, start_ns + 12 * second), (start_ns + 20 * second, start_ns + 21 * second)]
    adduction = truth.sides["left"].adduction_deg.copy()
    adduction[1000:1200] += 4.0
    adduction[2000:2100] = np.nan
    adduction[3000:] += 90.0
    rmse, known = _after(made, "left", _changed(truth, adduction_deg=adduction), start_ns, spans)
    assert rmse == pytest.approx((0.0, 4.0, 0.0), abs=1e-6)
    assert known == pytest.approx(2 / 3, abs=0.01)
    adduction[1000:1200] = np.nan
    rmse, known = _after(made, "left", _changed(truth, adduction_deg=adduction), start_ns, spans)
    assert (rmse[1], known) == (np.inf, 0.0)


def test_a_refined_angle_that_a_dropout_spoils_misses():
    def run(_, cases):
        return [After(case, (1.0, 9.0, 1.0), 1.0, (np.inf,) * 3, 0.0) for case in cases]

    section = dropouts(run, 1)
    assert [figure.passed for figure in section.figures] == [False, None] * 4
