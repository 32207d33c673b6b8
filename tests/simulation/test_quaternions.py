import numpy as np
from numpy.testing import assert_allclose
from scipy.spatial.transform import Rotation

from imuhip.simulation import quaternions as quat


def _scipy(q: np.ndarray) -> Rotation:
    return Rotation.from_quat(q, scalar_first=True)


def _random(count: int) -> np.ndarray:
    rng = np.random.default_rng(1)
    return np.stack([quat.uniform(rng) for _ in range(count)])


def test_product_chains_frames_as_rotation_matrices_do() -> None:
    a, b = _random(50), _random(50)[::-1]
    assert_allclose(quat.matrix(quat.multiply(a, b)), (_scipy(a) * _scipy(b)).as_matrix(), atol=1e-14)


def test_rotation_vectors_survive_exp_and_log_down_to_zero() -> None:
    vectors = np.array([[0.0, 0.0, 0.0], [1e-12, 0, 0], [0.3, -2.0, 1.0], [0, 3.1, 0]])
    assert_allclose(quat.log(quat.exp(vectors)), vectors, atol=1e-14)
    assert_allclose(quat.log(-quat.exp(vectors)), vectors, atol=1e-14)


def test_turning_about_an_axis_is_right_handed() -> None:
    quarter = np.pi / 2
    assert_allclose(quat.rotate(quat.about_axis("z", quarter), np.array([1.0, 0, 0])), [0, 1, 0], atol=1e-15)
    assert_allclose(quat.rotate(quat.about_axis("x", quarter), np.array([0, 1.0, 0])), [0, 0, 1], atol=1e-15)
    assert_allclose(quat.rotate(quat.about_axis("y", quarter), np.array([0, 0, 1.0])), [1, 0, 0], atol=1e-15)


def test_uniform_orientations_prefer_no_direction() -> None:
    rotated = quat.rotate(_random(4000), np.array([0.0, 0.0, 1.0]))
    assert_allclose(rotated.mean(axis=0), 0.0, atol=0.03)
    assert_allclose(np.einsum("ni,nj->ij", rotated, rotated) / 4000, np.eye(3) / 3, atol=0.03)
