"""What a silent or rebooting sensor costs, live and refined."""

from __future__ import annotations

import itertools

import numpy as np
import played
import pytest
from played import Event

from imuhip.simulation.script import STANCE, SWINGS, Session, Step
from imuhip.simulation.sensors import SensorErrors
from imuhip.simulation.simulate import SimulatedSession, simulate

S = 1_000_000_000
SESSION = Session(
    "gaps",
    "right",
    (
        STANCE,
        SWINGS,
        Step("still", "second_pose", "supine", still_s=4.0),
        Step("test", "flexion", "supine", 3),
        Step("test", "straight_leg_raise", "supine", 3),
    ),
)


@pytest.fixture(scope="module")
def made() -> SimulatedSession:
    return simulate(SESSION, seed=2, errors=SensorErrors(loss=0.0))


@pytest.fixture(scope="module")
def gap_ns(made: SimulatedSession) -> int:
    """A gap starts while the leg goes up."""
    return next(mark.start_ns for mark in made.marks if mark.kind == "test") + S


def rest_after_ns(made: SimulatedSession, time_ns: float) -> float:
    """When the wearer is next back in the start pose of a repetition."""
    start = int(made.truth.host_ns[0])
    return min(t for rep in made.truth.repetitions if (t := start + rep.back_s * S) > time_ns)


@pytest.fixture(scope="module")
def next_pose_ns(made: SimulatedSession) -> int:
    """The next known pose: the marked still before the second test."""
    return next(mark.start_ns for mark in made.marks if mark.kind == "still" and mark.name == "straight_leg_raise")


def cut(made: SimulatedSession, sensor: int, start_ns: int, seconds: float) -> list[Event]:
    return played.silence(played.events_of(made), sensor, start_ns, start_ns + round(seconds * S))


@pytest.mark.parametrize("seconds", [3.0, 10.0])
@pytest.mark.parametrize("sensor", [0, 1], ids=["pelvis", "thigh"])
def test_live_flexion_is_right_again_within_five_seconds_of_a_gap(
    made: SimulatedSession, gap_ns: int, next_pose_ns: int, sensor: int, seconds: float
) -> None:
    live = played.play(made.sensors, cut(made, sensor, gap_ns, seconds))
    hip, time_ns = live.hips.sides["right"], live.time_ns
    error = played.angles_of(hip) - played.truth_at(made, time_ns, "right")
    back_ns = gap_ns + seconds * S
    inside = (time_ns > gap_ns + 0.2 * S) & (time_ns < back_ns - 0.2 * S)
    assert not hip.valid[inside].any(), "nothing is known inside the gap"
    after = (time_ns > back_ns + 5 * S) & (time_ns < time_ns[-1] - S)
    assert hip.valid[after].all()
    assert np.nanmax(np.abs(error[time_ns > back_ns, 0])) < 5.0
    rest_ns = rest_after_ns(made, back_ns)
    waiting = (time_ns > back_ns) & (time_ns < rest_ns)
    assert not np.isfinite(error[waiting, 1:]).any(), "the heading is not known before the wearer is back in a pose"
    returned = (time_ns > rest_ns + 8 * S) & (time_ns < next_pose_ns)
    assert hip.heading_known[returned].all(), "the start pose of the same set tells it, before the next marked pose"
    assert np.abs(error[returned]).max(initial=0.0) < 3.0
    posed = (time_ns > next_pose_ns + 8 * S) & after
    assert hip.heading_known[posed].all()
    assert np.abs(error[posed]).max() < 5.0


def _due(of: played.Played) -> list[tuple[int, dict[str, object]]]:
    return [(due.from_frame, played.calibration_bits(due.calibration)) for due in of.pipeline.calibrations]


@pytest.mark.parametrize("size", [1, 37])
def test_a_heading_is_sought_at_the_same_moments_in_any_cut(made: SimulatedSession, gap_ns: int, size: int) -> None:
    events = cut(made, 1, gap_ns, 3.0)
    whole, other = (played.play(made.sensors, played.recut(events, itertools.repeat(n))) for n in (1 << 40, size))
    assert _due(whole) == _due(other)
    assert played.bits(whole.hips) == played.bits(other.hips)


@pytest.mark.parametrize("seconds", [3.0, 10.0])
@pytest.mark.parametrize("sensor", [0, 1], ids=["pelvis", "thigh"])
def test_refined_angles_are_right_on_both_sides_of_a_gap(
    made: SimulatedSession, gap_ns: int, sensor: int, seconds: float
) -> None:
    hips, time_ns = played.play_refined(made.sensors, cut(made, sensor, gap_ns, seconds))
    hip = hips.sides["right"]
    error = played.angles_of(hip) - played.truth_at(made, time_ns, "right")
    back_ns = gap_ns + seconds * S
    inside = (time_ns > gap_ns + 0.2 * S) & (time_ns < back_ns - 0.2 * S)
    assert not hip.valid[inside].any()
    after = (time_ns > back_ns + 5 * S) & (time_ns < time_ns[-1] - S)
    assert hip.valid[after].all()
    assert np.nanmax(np.abs(error[time_ns > back_ns + 5 * S])) < 4.0
    assert max(played.rmse(error[:, axis]) for axis in range(3)) < 1.5


@pytest.mark.parametrize("silent_s", [0.0, 2.5])
def test_reboot_of_a_sensor_costs_its_heading_only(
    made: SimulatedSession, gap_ns: int, next_pose_ns: int, silent_s: float
) -> None:
    back_ns = gap_ns + round(silent_s * S)
    events = played.reboot(cut(made, 1, gap_ns, silent_s), 1, back_ns)
    live = played.play(made.sensors, events)
    assert live.pipeline.health()[1].stats.reboots == 1
    hips, time_ns = played.play_refined(made.sensors, events)
    error = played.angles_of(hips.sides["right"]) - played.truth_at(made, time_ns, "right")
    assert np.nanmax(np.abs(error[time_ns > back_ns + 5 * S])) < 4.0
    assert np.nanmax(np.abs(error)) < 10.0, "a filter that starts anew in motion takes force for gravity"
    assert hips.sides["right"].valid[time_ns > back_ns + 5 * S][:-100].all()
    hip, time_ns = live.hips.sides["right"], live.time_ns
    error = played.angles_of(hip) - played.truth_at(made, time_ns, "right")
    posed = (time_ns > next_pose_ns + 8 * S) & (time_ns < time_ns[-1] - S)
    assert hip.heading_known[posed].all()
    assert np.abs(error[posed]).max() < 5.0


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_live_angles_never_jump(seed: int) -> None:
    moved = simulate(SESSION, seed=seed, errors=SensorErrors(loss=0.03))
    start = int(moved.truth.host_ns[0])
    events = played.silence(played.events_of(moved), 1, start + 50 * S, start + 51 * S)
    live = played.play(moved.sensors, events)
    hip = live.hips.sides["right"]
    error = played.angles_of(hip) - played.truth_at(moved, live.time_ns, "right")
    step = np.abs((np.diff(error, axis=0) + 180.0) % 360.0 - 180.0)
    assert np.nanmax(step) < 1.5
