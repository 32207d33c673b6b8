"""One path for live and replay: any cut of the input gives the same bits."""

from __future__ import annotations

import itertools

import numpy as np
import played
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from played import Event, Played

from imuhip.hip.stage import join
from imuhip.pipeline import refine
from imuhip.simulation.script import short_session
from imuhip.simulation.sensors import SensorErrors
from imuhip.simulation.simulate import SimulatedSession, simulate

HUGE = 1 << 40


@pytest.fixture(scope="module")
def made() -> SimulatedSession:
    return simulate(short_session(), seed=3, both_thighs=True, errors=SensorErrors(loss=0.03))


@pytest.fixture(scope="module")
def events(made: SimulatedSession) -> list[Event]:
    """With a gap of 1.5 s, which starts a filter anew, and one of 0.4 s, which is carried over."""
    start = int(made.truth.host_ns[0])
    cut = played.silence(played.events_of(made), 1, start + 24_000_000_000, start + 25_500_000_000)
    return played.silence(cut, 0, start + 14_000_000_000, start + 14_400_000_000)


@pytest.fixture(scope="module")
def whole(made: SimulatedSession, events: list[Event]) -> Played:
    return played.play(made.sensors, played.recut(events, itertools.repeat(HUGE)))


def assert_same(one: Played, other: Played) -> None:
    left, right = played.bits(one.hips), played.bits(other.hips)
    assert left.keys() == right.keys()
    assert [name for name in left if left[name] != right[name]] == []
    assert [due.from_frame for due in one.pipeline.calibrations] == [
        due.from_frame for due in other.pipeline.calibrations
    ]
    for a, b in zip(one.pipeline.calibrations, other.pipeline.calibrations, strict=True):
        assert played.calibration_bits(a.calibration) == played.calibration_bits(b.calibration)
    assert one.pipeline.health() == other.pipeline.health()
    assert one.pipeline.start_ns == other.pipeline.start_ns


def test_session_is_worth_cutting(whole: Played) -> None:
    assert len(whole.pipeline.calibrations) >= 3
    assert np.isfinite(whole.hips.sides["right"].internal_rotation_deg).sum() > 1000
    assert sum(health.lost for health in whole.pipeline.health()) > 0
    assert len(whole.blocks) < 100


def test_one_notification_at_a_time_gives_the_bits_of_whole_blocks(
    made: SimulatedSession, events: list[Event], whole: Played
) -> None:
    single = played.play(made.sensors, played.recut(events, itertools.repeat(1)))
    assert_same(single, whole)


@settings(max_examples=5)
@given(sizes=st.lists(st.sampled_from([1, 2, 3, 7, 20, 150, 1000]), min_size=1, max_size=12))
def test_any_chunking_gives_the_same_bits(
    made: SimulatedSession, events: list[Event], whole: Played, sizes: list[int]
) -> None:
    assert_same(played.play(made.sensors, played.recut(events, itertools.cycle(sizes))), whole)


@settings(max_examples=2)
@given(sizes=st.lists(st.sampled_from([1, 5, 40, 700]), min_size=1, max_size=6))
def test_refined_does_not_depend_on_the_cut_either(
    made: SimulatedSession, events: list[Event], sizes: list[int]
) -> None:
    one = refine(made.sensors, played.recut(events, itertools.repeat(HUGE)))
    other = refine(made.sensors, played.recut(events, itertools.cycle(sizes)))
    assert played.bits(join(one.blocks)) == played.bits(join(other.blocks))
    assert one.calibration is not None
    assert other.calibration is not None
    assert played.calibration_bits(one.calibration) == played.calibration_bits(other.calibration)
    assert one.health == other.health
