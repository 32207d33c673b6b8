"""Live segments: what a new calibration or a gap does to the angles that are shown."""

from __future__ import annotations

import numpy as np
import played
import pytest

from imuhip.simulation.script import STANCE, SWINGS, Session, Step
from imuhip.simulation.sensors import SensorErrors
from imuhip.simulation.simulate import simulate

S = 1_000_000_000
SESSION = Session(
    "live",
    "right",
    (STANCE, SWINGS, Step("still", "second_pose", "supine", still_s=4.0), Step("test", "flexion", "supine", 3)),
)


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_angles_are_right_from_the_first_frame_in_which_they_are_shown(seed: int) -> None:
    made = simulate(SESSION, seed=seed, errors=SensorErrors(loss=0.0))
    live = played.play(made.sensors, played.events_of(made))
    error = played.angles_of(live.hips.sides["right"]) - played.truth_at(made, live.time_ns, "right")
    first = np.flatnonzero(np.isfinite(error).all(axis=1))[0]
    assert np.abs(error[first : first + 300]).max() < 5.0


def test_no_gap_comes_at_a_wrong_moment() -> None:
    made = simulate(SESSION, seed=1, errors=SensorErrors(loss=0.0))
    events = played.events_of(made)
    flexion = next(mark for mark in made.marks if mark.kind == "test")
    late = []
    for offset_s in np.arange(-3.0, 9.0, 1.5):
        start_ns = flexion.start_ns + round(offset_s * S)
        back_ns = start_ns + round(1.3 * S)
        live = played.play(made.sensors, played.silence(events, 1, start_ns, back_ns))
        after = (live.time_ns > back_ns + 5 * S) & (live.time_ns < live.time_ns[-1] - S)
        if not live.hips.sides["right"].valid[after].all():
            late.append(offset_s)
    assert late == []


@pytest.mark.parametrize("both_thighs", [False, True])
def test_shown_angles_of_both_hips_change_no_faster_than_the_hips(both_thighs: bool) -> None:
    made = simulate(SESSION, seed=4, both_thighs=both_thighs)
    live = played.play(made.sensors, played.events_of(made))
    assert len(live.hips.sides) == 1 + both_thighs
    for side, hip in live.hips.sides.items():
        error = played.angles_of(hip) - played.truth_at(made, live.time_ns, side)
        step = np.abs((np.diff(error, axis=0) + 180.0) % 360.0 - 180.0)
        assert np.nanmax(step) < 1.5


def test_pelvis_angles_do_not_jump_between_calibrations() -> None:
    made = simulate(SESSION, seed=4, errors=SensorErrors(loss=0.0))
    live = played.play(made.sensors, played.events_of(made))
    pelvis = live.hips.pelvis_deg()
    step = np.abs((np.diff(pelvis, axis=1) + 180.0) % 360.0 - 180.0)
    assert np.isfinite(step).any()
    assert np.nanmax(step) < 3.0, "the wearer itself turns at no more than 180 deg/s"


def test_a_heading_lost_on_the_side_comes_back_right_at_once() -> None:
    # Lying on the side flexion is heading: a heading that faded over from the wrong one would show it.
    steps = (STANCE, SWINGS, Step("still", "second_pose", "supine", still_s=4.0))
    session = Session("side", "right", (*steps, Step("exercise", "lateral_raise", "side_lying", 8)))
    for seed in range(4):
        made = simulate(session, seed=seed, errors=SensorErrors(loss=0.0))
        raised = next(mark for mark in made.marks if mark.kind == "exercise")
        start_ns = raised.start_ns - 7 * S  # asked at once when the gap ends, the estimator cannot know yet
        events = played.silence(played.events_of(made), 1, start_ns, start_ns + 2 * S)
        live = played.play(made.sensors, events)
        error = played.angles_of(live.hips.sides["right"]) - played.truth_at(made, live.time_ns, "right")
        back = (live.time_ns > start_ns + 2 * S) & np.isfinite(error).all(axis=1)
        assert back.any()
        off = np.abs((error[back] + 180.0) % 360.0 - 180.0)
        assert off[:300].max() < 6.0


def test_a_thigh_that_swings_late_is_not_taken_back_to_front() -> None:
    wait = tuple(Step("still", f"wait_{i}", "standing", still_s=8.0) for i in range(9))
    session = Session("late", "right", (STANCE, *wait, SWINGS, Step("test", "flexion", "supine", 3)))
    for seed in range(4):
        made = simulate(session, seed=seed, errors=SensorErrors(loss=0.0))
        live = played.play(made.sensors, played.events_of(made))
        error = played.angles_of(live.hips.sides["right"]) - played.truth_at(made, live.time_ns, "right")
        known = np.isfinite(error).all(axis=1)
        assert known.any()
        assert np.abs((error[known] + 180.0) % 360.0 - 180.0).max() < 15.0
