"""One path for live and replay: any cut of the input gives the same bits."""

from __future__ import annotations

import itertools
from dataclasses import replace

import numpy as np
import played
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from played import Event, Played

from imuhip.hip.stage import join
from imuhip.marks import MARK_KINDS, Mark
from imuhip.packets.blocks import block_from_notifications
from imuhip.pipeline import Pipeline, refine
from imuhip.simulation.script import STANCE, SWINGS, Session, short_session
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


WEAR_START = 1_000_000_000


def test_moved_strap_gives_the_same_bits_in_any_cut() -> None:
    made = simulate(short_session(), seed=5)
    swing = next(mark for mark in made.marks if mark.name == "swing")
    wear = Mark(50, "wear", swing.end_ns or 0, (swing.end_ns or 0) + WEAR_START, "thigh_left", sensor=1)
    events = played.events_of(made, marks=[*made.marks, wear])
    whole = played.play(made.sensors, played.recut(events, itertools.repeat(HUGE)))
    assert set(whole.hips.sides) == {"right", "left"}
    assert_same(played.play(made.sensors, played.recut(events, itertools.cycle([3, 1, 11]))), whole)


def test_strap_moved_before_the_first_sample_counts() -> None:
    made = simulate(short_session(), seed=5)
    wear = Mark(50, "wear", int(made.truth.host_ns[0]) - 1, int(made.truth.host_ns[0]), "thigh_left", sensor=1)
    live = played.play(made.sensors, played.events_of(made, marks=[*made.marks, wear]))
    assert set(live.hips.sides) == {"left"}
    hips, _ = played.play_refined(made.sensors, played.events_of(made, marks=[*made.marks, wear]))
    assert set(hips.sides) == {"left"}


marks = st.builds(
    Mark,
    id=st.integers(0, 3),
    kind=st.sampled_from(MARK_KINDS),
    start_ns=st.integers(-(10**10), 4 * 10**10),
    end_ns=st.none() | st.integers(-(10**10), 4 * 10**10),
    name=st.sampled_from(["", "stance", "swing", "flexion", "thigh_left", "shank_right", "pelvis", "nonsense"]),
    side=st.sampled_from([None, "left", "right", "both"]),
    position=st.sampled_from([None, "", "standing", "supine", "on the moon"]),
    sensor=st.sampled_from([None, -1, 0, 1, 7]),
)
payloads = st.tuples(st.integers(0, 1), st.binary(max_size=40))


PLAIN = Session("plain", "right", (STANCE, SWINGS))


@pytest.fixture(scope="module")
def plain() -> SimulatedSession:
    return simulate(PLAIN, seed=1)


@settings(max_examples=10)
@given(st.lists(st.tuples(st.integers(0, 599), marks | payloads), max_size=12))
def test_neither_bytes_nor_marks_raise(
    plain: SimulatedSession, odd: list[tuple[int, Mark | tuple[int, bytes]]]
) -> None:
    events = list(played.recut(played.events_of(plain), itertools.repeat(1)))
    start_ns = next(int(e.arrival_ns[0]) for e in events if not isinstance(e, Mark))
    for at, what in sorted(odd, key=lambda each: -each[0]):
        place = min(at, len(events) - 1)
        now_ns = next(int(e.arrival_ns[0]) for e in events[place:] + events[::-1] if not isinstance(e, Mark))
        if isinstance(what, Mark):
            end_ns = None if what.end_ns is None else start_ns + what.end_ns
            events.insert(place, replace(what, start_ns=start_ns + what.start_ns, end_ns=end_ns))
        else:
            events.insert(place, block_from_notifications([(now_ns, *what)]))
    pipeline = Pipeline(plain.sensors)
    for event in played.recut(events, itertools.repeat(HUGE)):
        _ = pipeline.mark(event) if isinstance(event, Mark) else pipeline.feed(event)
    pipeline.flush()
    refine(plain.sensors, events)
