"""Rotations of a few at a time against those of any number."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.testing import assert_allclose

from imuhip import rotation
from imuhip.calibration import few
from imuhip.units import FloatArray


def random_quats(*shape: int) -> FloatArray:
    return rotation.normalise(np.random.default_rng(7).standard_normal((*shape, 4)))


@pytest.mark.parametrize("shape", [(), (5,), (3, 7), (0,)])
def test_they_are_the_same(shape: tuple[int, ...]) -> None:
    a, b = random_quats(*shape), random_quats(*shape)[..., ::-1]
    v = a[..., :3]
    assert_allclose(few.multiply(a, b), rotation.multiply(a, b), atol=1e-15)
    assert_allclose(few.matrix(a), rotation.matrix(a), atol=1e-14)
    assert_allclose(few.rotate(a, v), rotation.rotate(a, v), atol=1e-14)


def test_they_broadcast() -> None:
    a, b = random_quats(3, 1), random_quats(6)
    assert_allclose(few.multiply(a, b), rotation.multiply(a, b), atol=1e-15)
    assert_allclose(few.rotate(a, b[..., 1:]), rotation.rotate(a, b[..., 1:]), atol=1e-14)
