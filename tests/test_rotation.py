"""Quaternions and matrices obey the laws of rotations."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_allclose

from imuhip import rotation
from imuhip.units import FloatArray

components = st.floats(-10.0, 10.0, allow_nan=False)
vectors = st.tuples(components, components, components).map(np.array)
turns = st.tuples(*[st.floats(-1.7, 1.7)] * 3).map(np.array)
quats = st.integers(0, 2**32 - 1).map(lambda seed: rotation.normalise(np.random.default_rng(seed).standard_normal(4)))


@given(quats, quats, vectors)
def test_product_applies_the_right_factor_first(a: FloatArray, b: FloatArray, v: FloatArray) -> None:
    together = rotation.rotate(rotation.multiply(a, b), v)
    assert_allclose(together, rotation.rotate(a, rotation.rotate(b, v)), atol=1e-12)
    assert_allclose(rotation.matrix(rotation.multiply(a, b)), rotation.matrix(a) @ rotation.matrix(b), atol=1e-14)


@given(quats, vectors)
def test_matrix_and_quaternion_rotate_alike_and_keep_lengths(q: FloatArray, v: FloatArray) -> None:
    assert_allclose(rotation.rotate(q, v), rotation.matrix(q) @ v, atol=1e-12)
    assert np.linalg.norm(rotation.rotate(q, v)) == pytest.approx(np.linalg.norm(v), abs=1e-12)
    assert_allclose(rotation.rotate(rotation.conjugate(q), rotation.rotate(q, v)), v, atol=1e-12)


@given(quats)
def test_matrix_to_quaternion_and_back(q: FloatArray) -> None:
    again = rotation.from_matrix(rotation.matrix(q))
    assert again[0] >= 0
    assert_allclose(again * np.sign(again @ q), q, atol=1e-12)


@pytest.mark.parametrize("axis", np.eye(3))
def test_half_turns_survive_the_matrix(axis: FloatArray) -> None:
    q = np.array([0.0, *axis])
    assert_allclose(np.abs(rotation.from_matrix(rotation.matrix(q))), np.abs(q), atol=1e-12)


@given(turns)
def test_logarithm_undoes_the_exponential(v: FloatArray) -> None:
    q = rotation.exp(v)
    assert np.linalg.norm(q) == pytest.approx(1.0, abs=1e-15)
    assert_allclose(rotation.log(q), v, atol=1e-12)
    assert_allclose(rotation.log(-q), v, atol=1e-12)


@pytest.mark.parametrize("size", [0.0, 1e-300, 1e-12, 1e-9, 1e-6])
def test_small_turns_keep_their_digits(size: float) -> None:
    v = size * np.array([0.6, -0.8, 0.0])
    assert_allclose(rotation.log(rotation.exp(v)), v, rtol=1e-12, atol=0.0)


def test_exponential_turns_by_the_right_hand() -> None:
    quarter = rotation.exp(np.array([0.0, 0.0, np.pi / 2]))
    assert_allclose(rotation.rotate(quarter, np.array([1.0, 0.0, 0.0])), [0.0, 1.0, 0.0], atol=1e-15)
    assert_allclose(rotation.about_z(np.array(np.pi / 2)), quarter, atol=1e-15)


@given(st.floats(-3.1, 3.1))
def test_heading_of_a_turn_about_the_vertical_is_its_angle(angle: float) -> None:
    assert rotation.heading(rotation.about_z(np.array(angle))) == pytest.approx(angle, abs=1e-12)


@given(quats, quats)
def test_align_takes_one_direction_to_the_other_the_shortest_way(p: FloatArray, q: FloatArray) -> None:
    a, b = rotation.normalise(p[1:]), rotation.normalise(q[1:])
    turn = rotation.align(a, b)
    assert_allclose(rotation.rotate(turn, a), b, atol=1e-7)
    assert np.linalg.norm(rotation.log(turn)) == pytest.approx(np.arccos(np.clip(a @ b, -1, 1)), abs=1e-7)


@pytest.mark.parametrize("a", [*np.eye(3), *-np.eye(3)])
def test_align_takes_opposite_directions_to_each_other(a: FloatArray) -> None:
    assert_allclose(rotation.rotate(rotation.align(a, -a), a), -a, atol=1e-12)


@given(vectors, vectors)
def test_cross_and_skew_are_the_cross_product(a: FloatArray, b: FloatArray) -> None:
    assert_allclose(rotation.cross(a, b), np.cross(a, b), atol=1e-12)
    assert_allclose(rotation.skew(a) @ b, np.cross(a, b), atol=1e-12)


@given(quats)
def test_components_give_the_same_as_quaternions(q: FloatArray) -> None:
    parts = (q[0], q[1], q[2], q[3])
    assert_allclose(rotation.log_of_components(parts), rotation.log(q), rtol=1e-15)
    assert_allclose(rotation.matrix_components(parts).reshape(3, 3), rotation.matrix(q), rtol=1e-15)


@given(st.integers(1, 2 * rotation.FEW), st.integers(0, 40))
def test_transforming_is_a_matrix_product(count: int, seed: int) -> None:
    noise = np.random.default_rng(seed)
    m, v = noise.standard_normal((2, 3, 3)), noise.standard_normal((2, count, 3))
    out = rotation.transform(m, [v[..., i] for i in range(3)])
    assert_allclose(out, np.einsum("kij,knj->kni", m, v), atol=1e-13)


@given(st.integers(1, 40), st.integers(0, 40))
def test_bits_do_not_depend_on_the_block(size: int, seed: int) -> None:
    noise = np.random.default_rng(seed)
    q, p, v = noise.standard_normal((97, 4)), noise.standard_normal((97, 4)), noise.standard_normal((97, 3))
    m = noise.standard_normal((1, 4, 4))

    def all_of(rows: slice) -> list[FloatArray]:
        unit = rotation.normalise(q[rows])
        turned = rotation.multiply(unit, rotation.normalise(p[rows]))
        return [
            unit,
            turned,
            rotation.rotate(unit, v[rows]),
            rotation.matrix(unit),
            rotation.log(unit),
            rotation.cross(v[rows], v[rows] + 1),
            rotation.transform(m, [q[None, rows, i] for i in range(4)])[0],
        ]

    parts = [all_of(slice(start, start + size)) for start in range(0, 97, size)]
    for number, whole in enumerate(all_of(slice(None))):
        assert np.concatenate([part[number] for part in parts]).tobytes() == whole.tobytes()
