"""Edges of lift, hold and lower, and what the speed of a phase shows."""

from __future__ import annotations

import moved
import numpy as np
import pytest

from imuhip.exercises.low_pass import Smoothed
from imuhip.exercises.phases import count_peaks, figures, find_phases, from_home, speed_of

RATE = moved.RATE_HZ


def phases_of(angle):
    return find_phases(angle, int(np.argmax(angle)), speed_of(angle, RATE))


def durations(angle):
    p = phases_of(angle)
    return (p.top - p.start) / RATE, (p.leave - p.top) / RATE, (p.end - p.leave) / RATE


def framed(*parts):
    return np.concatenate([moved.rest(0, 1.0), *parts, moved.rest(0, 1.0)])


@pytest.mark.parametrize("range_deg", [20, 40, 60])
def test_a_perfect_repetition_reads_as_the_rule_says(range_deg):
    lift, hold, lower = durations(framed(moved.rep(range_deg, lift_s=2.0, hold_s=1.0, lower_s=3.0)))
    assert 1.64 <= lift <= 1.76
    assert 2.3 <= lower <= 2.63
    assert hold == pytest.approx(1.0 + (2.0 - lift) / 2 + (3.0 - lower) / 2, abs=0.06)


def test_without_a_hold_lift_and_lower_meet_at_the_top():
    p = phases_of(framed(moved.move(0, 50, 2), moved.move(50, 0, 2)))
    assert p.leave - p.top < 40


@pytest.mark.parametrize("level", [0.45, 0.6, 0.8])
def test_a_stop_on_the_way_belongs_to_the_phase(level):
    way = [moved.move(0, 40 * level, 1), moved.rest(40 * level, 0.3), moved.move(40 * level, 40, 1)]
    lift, *_ = durations(framed(*way, moved.rest(40, 1.5), moved.move(40, 0, 3)))
    assert lift == pytest.approx(2.2, abs=0.2)


def test_a_phase_begins_at_the_last_rest_in_the_start_pose():
    angle = framed(moved.move(0, 12, 0.8), moved.rest(12, 1.5), moved.move(12, 50, 2), moved.move(50, 0, 3))
    p = phases_of(angle)
    assert p.start / RATE == pytest.approx(1.0 + 0.8 + 1.5 + 0.1, abs=0.1)


def test_a_hold_that_sways_is_no_part_of_the_lift():
    t = np.arange(200) / RATE
    sway = 40 + 4 * np.sin(2 * np.pi * 1.0 * t)
    lift, hold, lower = durations(framed(moved.move(0, 40, 2), moved.rest(40, 0.3), sway, moved.move(40, 0, 3)))
    assert lift < 2.3
    assert hold > 1.5
    assert lower < 3.4


def test_trembling_neither_begins_nor_ends_a_phase():
    angle = framed(moved.rep(40, lift_s=2.0, hold_s=1.0, lower_s=3.0))
    t = np.arange(len(angle)) / RATE
    plain, shaky = phases_of(angle), phases_of(angle + 0.1 * np.sin(2 * np.pi * 6 * t))
    for name in ("start", "top", "leave", "end"):
        assert abs(getattr(plain, name) - getattr(shaky, name)) <= 20


@pytest.mark.parametrize(
    "angle", [np.zeros(300), np.linspace(0, 40, 300), np.zeros(3), np.concatenate([moved.move(0, 40, 2)])]
)
def test_what_does_not_go_out_and_back_has_no_phases(angle):
    assert phases_of(angle) is None


def test_what_swings_past_the_start_pose_is_left_out():
    angle = framed(moved.move(0, -12, 0.5), moved.move(-12, 60, 1.5), moved.move(60, -12, 1.5), moved.move(-12, 0, 0.5))
    whole = phases_of(angle)
    clipped = from_home(whole, angle, 0.0)
    assert angle[whole.start] < -10
    assert angle[clipped.start] == pytest.approx(0.0, abs=1.5)
    assert angle[clipped.end] == pytest.approx(0.0, abs=1.5)
    assert from_home(whole, angle, 40.0) == whole, "a pose that far away is another one"


def figures_of(angle):
    p = phases_of(angle)
    return figures(speed_of(angle, RATE), p)[0]


def test_a_minimum_jerk_lift_has_one_peak_no_stop_and_no_ripple():
    seen = figures_of(framed(moved.rep(40)))
    assert seen.peak_to_mean == pytest.approx(1.64, abs=0.05)
    assert seen.speed_peaks == 1
    assert seen.stopped_share == 0.0
    assert seen.ripple < 0.06
    assert seen.sparc == pytest.approx(-1.41, abs=0.05)


def test_a_stop_shows_as_two_peaks_and_a_share_of_standstill():
    lift = [moved.move(0, 20, 1), moved.rest(20, 0.4), moved.move(20, 40, 1)]
    seen = figures_of(framed(*lift, moved.rest(40, 1), moved.move(40, 0, 3)))
    assert seen.speed_peaks == 2
    assert 0.1 < seen.stopped_share < 0.4


def test_trembling_shows_as_ripple_and_not_as_a_stop():
    angle = framed(moved.rep(40))
    trembling = (angle > 2) & (angle < 38)
    seen = figures_of(angle + trembling * 0.45 * np.sin(2 * np.pi * 6 * np.arange(len(angle)) / RATE))
    assert seen.ripple > 0.4
    assert seen.stopped_share <= 0.05


def test_a_fling_is_no_ripple():
    assert figures_of(framed(moved.rep(40, lift_s=0.5))).ripple < 0.1


def test_a_rush_after_a_crawl_stands_out_of_its_mean():
    angle = framed(moved.move(0, 8, 2.5), moved.move(8, 40, 0.4), moved.rest(40, 1), moved.move(40, 0, 3))
    assert figures_of(angle).peak_to_mean > 5


def test_peaks_are_counted_by_how_far_they_stand_out():
    t = np.linspace(0, 1, 500)
    hill = np.sin(np.pi * t)
    assert count_peaks(hill) == 1
    assert count_peaks(hill * (1 - 0.05 * np.cos(8 * np.pi * t))) == 1
    assert count_peaks(np.abs(np.sin(3 * np.pi * t))) == 3


def test_the_low_pass_keeps_slow_and_takes_fast_without_delay():
    t = np.arange(600) / RATE
    slow = np.sin(2 * np.pi * 0.5 * t)
    out, all_but_none = Smoothed(slow + np.sin(2 * np.pi * 15 * t), RATE).below(3.0, 300.0)
    assert np.abs(out - slow)[50:-50].max() < 0.05
    assert np.abs(all_but_none - slow).max() > 0.9


@pytest.mark.parametrize(("size", "held"), [(2, 2), (3, 3), (8, 8), (9, 9), (500, 500), (7, 8), (641, 648)])
def test_the_low_pass_weighs_the_spectrum_of_the_values_mirrored_at_both_ends(size, held):
    values = np.cumsum(np.random.default_rng(size).normal(size=size))
    longer = np.concatenate([values, np.full(held - size, values[-1])])
    spectrum = np.fft.rfft(np.concatenate([longer, longer[::-1]]))
    hz = np.fft.rfftfreq(2 * held, 1 / RATE)
    for cut_hz, out in zip((0.7, 6.0), Smoothed(values, RATE).below(0.7, 6.0), strict=True):
        mirrored = np.fft.irfft(spectrum / (1 + (hz / cut_hz) ** 4), 2 * held)
        assert out == pytest.approx(mirrored[:size], abs=1e-11)
