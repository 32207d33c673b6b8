"""Breaths are slower than the edge speed of every other phase: they are told by their turning points."""

import numpy as np
import pytest

from imuhip.exercises.phases import find_breath, find_phases, speed_of

RATE_HZ = 100.0


def breath(inhale_s, exhale_s, size_deg=4.0):
    rise = np.arange(round(inhale_s * RATE_HZ)) / (inhale_s * RATE_HZ)
    fall = np.arange(round(exhale_s * RATE_HZ) + 1) / (exhale_s * RATE_HZ)
    return size_deg / 2 * np.concatenate([1 - np.cos(np.pi * rise), 1 + np.cos(np.pi * fall)])


@pytest.mark.parametrize(("inhale_s", "exhale_s"), [(6.0, 6.0), (6.0, 10.0), (10.0, 8.0)])
def test_a_paced_breath_has_the_lengths_of_its_pace(inhale_s, exhale_s):
    angle = breath(inhale_s, exhale_s)
    phases = find_breath(angle, RATE_HZ)
    assert phases is not None
    assert (phases.top - phases.start) / RATE_HZ == pytest.approx(inhale_s, abs=0.2)
    assert (phases.end - phases.leave) / RATE_HZ == pytest.approx(exhale_s, abs=0.2)
    by_speed = find_phases(angle, phases.top, speed_of(angle, RATE_HZ))
    assert by_speed is None or (by_speed.top - by_speed.start) / RATE_HZ < 0.7 * inhale_s


def test_a_heartbeat_does_not_move_the_turns_far():
    angle = breath(7.0, 8.0)
    beats = 0.1 * np.sin(2 * np.pi * 1.2 * np.arange(len(angle)) / RATE_HZ)
    phases = find_breath(angle + beats, RATE_HZ)
    assert phases is not None
    assert phases.top / RATE_HZ == pytest.approx(7.0, abs=0.4)


def test_a_belly_that_only_rises_is_no_breath():
    assert find_breath(np.linspace(0.0, 5.0, 500), RATE_HZ) is None
