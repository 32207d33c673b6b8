import json
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from imuhip.exercises.smoothness import sparc


def minimum_jerk_speed(time_s, start_s, duration_s, angle_deg):
    s = np.clip((time_s - start_s) / duration_s, 0, 1)
    return 30 * angle_deg / duration_s * (s**2 - 2 * s**3 + s**4)


def sampled(fs, count):
    return np.arange(count) / fs


def tremor(vector):
    """Parse ``x=|mj(T=3,A=40)+2*pi*F*D*cos(2*pi*F*t)|``."""
    hz, deg = (float(part) for part in vector["formula"].split("2*pi*")[1].split("*cos")[0].split("*"))
    time_s = sampled(100, 300)
    shaken = minimum_jerk_speed(time_s, 0, 3, 40) + 2 * np.pi * hz * deg * np.cos(2 * np.pi * hz * time_s)
    return np.abs(shaken)


def repetition(time_s):
    return minimum_jerk_speed(time_s, 0, 2, 40) - minimum_jerk_speed(time_s, 3, 3, 40)


def pieces(time_s, duration_s, angle_deg, starts_s):
    return sum(minimum_jerk_speed(time_s, start_s, duration_s, angle_deg) for start_s in starts_s)


SHAPES = {
    "gauss_doctest": lambda t: np.exp(-5 * np.arange(-1, 1, 0.01) ** 2),
    "halfsine_T3": lambda t: np.sin(np.pi * t / 3),
    "sin2_T3": lambda t: np.sin(np.pi * t / 3) ** 2,
    "trapezoid_T3": lambda t: np.clip(np.minimum(t, 3 - t) / 0.3, 0, 1),
    "two_sub_gap0": lambda t: pieces(t, 1.5, 20, (0, 1.5)),
    "two_sub_gap0.5": lambda t: pieces(t, 1.5, 20, (0, 2)),
    "two_sub_gap1": lambda t: pieces(t, 1.5, 20, (0, 2.5)),
    "three_sub": lambda t: pieces(t, 1, 40 / 3, (0, 1, 2)),
    "five_sub": lambda t: pieces(t, 0.6, 8, (0, 0.6, 1.2, 1.8, 2.4)),
    "rep_2-1-3_abs_whole": lambda t: np.abs(repetition(t)),
    "rep_2-1-3_signed_whole": repetition,
    "minjerk_T3_pad1s_each_side": lambda t: minimum_jerk_speed(t, 1, 3, 40),
    "minjerk_T3_noise0.5_rng0": lambda t: np.abs(
        minimum_jerk_speed(t, 0, 3, 40) + 0.5 * np.random.default_rng(0).standard_normal(300)
    ),
}


def signal(vector):
    name = vector["name"]
    time_s = sampled(vector["fs"], vector["n"])
    if name in SHAPES:
        return SHAPES[name](time_s)
    if name.startswith("tremor"):
        return np.abs(minimum_jerk_speed(time_s, 0, 3, 40) + 2 * np.pi * 5 * 0.2 * np.cos(2 * np.pi * 5 * time_s))
    if "tremor" in name:
        return tremor(vector)
    duration_s = vector["n"] / vector["fs"]
    return minimum_jerk_speed(time_s, 0, duration_s, 40)


def test_agrees_with_the_reference_on_every_vector_that_states_it(shared_data):
    vectors = json.loads((shared_data.parent / "facts" / "sparc_vectors.json").read_text(encoding="utf-8"))["vectors"]
    stated = [vector for vector in vectors if "sparc" in vector]
    assert len(stated) == 38
    for vector in stated:
        speed = signal(vector)
        assert speed[:5] == pytest.approx(vector["first5"], abs=1e-9), vector["name"]
        assert speed.sum() == pytest.approx(vector["sum"], abs=1e-6), vector["name"]
        chosen = vector["params"]
        measured = sparc(
            speed,
            vector["fs"],
            pad_level=chosen["padlevel"],
            cutoff_hz=chosen["fc"],
            threshold=chosen["amp_th"],
        )
        assert measured == pytest.approx(vector["sparc"], abs=1e-6), vector["name"]


def test_a_movement_in_pieces_scores_worse_than_one_in_a_single_go():
    time_s = sampled(100, 300)
    whole = sparc(minimum_jerk_speed(time_s, 0, 3, 40), 100)
    two = sparc(pieces(time_s, 1.5, 20, (0, 1.5)), 100)
    five = sparc(pieces(time_s, 0.6, 8, (0, 0.6, 1.2, 1.8, 2.4)), 100)
    assert whole == pytest.approx(-1.402541, abs=1e-6)
    assert two == pytest.approx(-2.266398, abs=1e-6)
    assert five == pytest.approx(-3.362967, abs=1e-6)


def test_does_not_tell_a_flung_movement_from_a_slow_one():
    flung = sparc(minimum_jerk_speed(sampled(100, 60), 0, 0.6, 40), 100)
    slow = sparc(minimum_jerk_speed(sampled(100, 300), 0, 3, 40), 100)
    assert flung == pytest.approx(slow, abs=0.02)


@given(st.floats(1e-3, 1e3), st.integers(25, 200))
def test_size_does_not_count_and_the_rate_barely_does(factor, rate_hz):
    speed = minimum_jerk_speed(sampled(rate_hz, 3 * rate_hz), 0, 3, 40)
    assert sparc(factor * speed, rate_hz) == pytest.approx(sparc(speed, rate_hz), abs=1e-9)
    # The band ends at a whole bin, and bins fall differently at each rate.
    assert sparc(speed, rate_hz) == pytest.approx(-1.4025, abs=0.02)


def test_is_unknown_where_there_is_no_movement_or_a_gap():
    gap = minimum_jerk_speed(sampled(100, 300), 0, 3, 40)
    gap[100] = np.nan
    assert all(math.isnan(sparc(speed, 100)) for speed in (np.zeros(0), np.ones(1), np.zeros(100), gap))
