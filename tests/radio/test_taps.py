from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from imuhip.radio.taps import TapDetector

HZ = 100


def knocks(*times_s: float, length_s: float = 4.0) -> np.ndarray:
    """A sensor at rest that is knocked at these times."""
    rng = np.random.default_rng(5)
    acc = np.tile([0.0, 9.81, 0.0], (round(length_s * HZ), 1)) + rng.normal(0, 0.05, (round(length_s * HZ), 3))
    for time_s in times_s:
        acc[round(time_s * HZ), 2] += 25.0
    return acc


def felt(acc: np.ndarray, size: int = 8) -> bool:
    taps = TapDetector(HZ)
    return sum(taps.feed(acc[at : at + size]) for at in range(0, len(acc), size)) > 0


def test_two_taps_are_felt():
    assert felt(knocks(1.0, 1.3))


@pytest.mark.parametrize("times_s", [(), (1.0,), (1.0, 2.5), (1.0, 1.3, 1.6), (1.0, 1.3, 1.6, 1.9), (1.0, 1.05)])
def test_anything_else_is_not(times_s: tuple[float, ...]):
    assert not felt(knocks(*times_s))


def test_walking_about_with_a_sensor_is_no_tap():
    time_s = np.arange(400) / HZ
    step = 9.81 + 6.0 * np.sin(2 * np.pi * 2 * time_s)
    assert not felt(np.stack([np.zeros(400), step, np.zeros(400)], axis=1))


@given(size=st.integers(1, 60))
def test_any_cut_feels_the_same(size: int):
    assert felt(knocks(1.0, 1.35), size)
    assert not felt(knocks(1.0, 1.3, 1.7), size)
