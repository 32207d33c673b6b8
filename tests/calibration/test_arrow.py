"""Arrow-shaped least squares against dense linear algebra."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from imuhip.calibration import arrow
from imuhip.units import FloatArray

sizes = st.tuples(st.integers(1, 9), st.integers(1, 5), st.integers(1, 6))
seeds = st.integers(0, 2**32 - 1)


def random_system(nodes: int, n: int, p: int, seed: int) -> arrow.ArrowSystem:
    """Normal equations of random residuals that touch two neighbouring nodes and the shared unknowns."""
    rng = np.random.default_rng(seed)
    system = arrow.ArrowSystem(nodes, n, p)
    for j in range(nodes):
        last = j == nodes - 1
        rows = rng.standard_normal((n + p, n + p if last else 2 * n + p))
        residual = rng.standard_normal(n + p)
        here, shared = rows[:, :n], rows[:, -p:]
        system.diagonal[j] += here.T @ here + np.eye(n)
        system.border[j] += here.T @ shared
        system.right[j] += here.T @ residual
        system.corner[:] += shared.T @ shared
        system.right_shared[:] += shared.T @ residual
        if not last:
            after = rows[:, n : 2 * n]
            system.diagonal[j + 1] += after.T @ after
            system.upper[j] += here.T @ after
            system.border[j + 1] += after.T @ shared
            system.right[j + 1] += after.T @ residual
    system.corner[:] += np.eye(p)
    return system


def part_of(system: arrow.ArrowSystem, start: int, stop: int) -> arrow.ArrowSystem:
    """The equations of some nodes, without the shared unknowns' own."""
    _, n, p = system.border.shape
    part = arrow.ArrowSystem(stop - start, n, p)
    part.diagonal[:], part.border[:] = system.diagonal[start:stop], system.border[start:stop]
    part.upper[:], part.right[:] = system.upper[start : stop - 1], system.right[start:stop]
    return part


def dense(system: arrow.ArrowSystem) -> tuple[FloatArray, FloatArray]:
    """The same as one matrix and one right-hand side."""
    nodes, n, p = system.border.shape
    size = nodes * n
    matrix = np.zeros((size + p, size + p))
    for j in range(nodes):
        here = slice(j * n, (j + 1) * n)
        matrix[here, here] = system.diagonal[j]
        matrix[here, size:] = system.border[j]
        matrix[size:, here] = system.border[j].T
        if j + 1 < nodes:
            after = slice((j + 1) * n, (j + 2) * n)
            matrix[here, after] = system.upper[j]
            matrix[after, here] = system.upper[j].T
    matrix[size:, size:] = system.corner
    return matrix, np.concatenate([system.right.ravel(), system.right_shared])


@given(size=sizes, seed=seeds)
def test_the_solution_is_that_of_the_dense_system(size: tuple[int, int, int], seed: int) -> None:
    system = random_system(*size, seed)
    matrix, right = dense(system)
    nodes, shared = arrow.substitute(arrow.eliminate(system))
    expected = np.linalg.solve(matrix, right)
    np.testing.assert_allclose(np.concatenate([nodes.ravel(), shared]), expected, rtol=1e-7, atol=1e-8)


@given(size=sizes, seed=seeds)
def test_covariances_are_blocks_of_the_dense_inverse(size: tuple[int, int, int], seed: int) -> None:
    count, n, _ = size
    system = random_system(*size, seed)
    inverse = np.linalg.inv(dense(system)[0])
    found = arrow.covariance(arrow.eliminate(system))
    for j in range(count):
        here = slice(j * n, (j + 1) * n)
        np.testing.assert_allclose(found.node[j], inverse[here, here], rtol=1e-7, atol=1e-8)
        np.testing.assert_allclose(found.node_shared[j], inverse[here, count * n :], rtol=1e-7, atol=1e-8)
    np.testing.assert_allclose(found.shared, inverse[count * n :, count * n :], rtol=1e-7, atol=1e-8)


@given(size=sizes, seed=seeds)
def test_the_covariance_of_the_last_node_alone_is_the_same(size: tuple[int, int, int], seed: int) -> None:
    factors = arrow.eliminate(random_system(*size, seed))
    last = arrow.last_covariance(factors.last_information(), size[1])
    every = arrow.covariance(factors)
    np.testing.assert_allclose(last.node[0], every.node[-1], rtol=1e-7, atol=1e-8)
    np.testing.assert_allclose(last.node_shared[0], every.node_shared[-1], rtol=1e-7, atol=1e-8)
    np.testing.assert_allclose(last.shared, every.shared, rtol=1e-7, atol=1e-8)


@given(size=sizes, seed=seeds)
def test_the_last_information_is_the_inverse_of_the_last_covariance(size: tuple[int, int, int], seed: int) -> None:
    count, n, p = size
    system = random_system(*size, seed)
    covariance = np.linalg.inv(dense(system)[0])[(count - 1) * n :, (count - 1) * n :]
    information = arrow.eliminate(system).last_information()
    np.testing.assert_allclose(information @ covariance, np.eye(n + p), atol=1e-7)


@pytest.mark.parametrize("cut", [1, 4, 7])
def test_a_chain_solved_in_two_pieces_ends_like_the_whole(cut: int) -> None:
    system = random_system(8, 4, 3, seed=cut)
    whole_nodes, whole_shared = arrow.substitute(arrow.eliminate(random_system(8, 4, 3, seed=cut)))
    # What the first piece tells of its last node and the shared unknowns, and the right-hand side that goes with it.
    first = part_of(system, 0, cut + 1)
    first.corner[:], first.right_shared[:] = system.corner, system.right_shared
    first.diagonal[-1] += 5.0 * np.eye(4)
    factors = arrow.eliminate(first)
    nodes, shared = arrow.substitute(factors)
    information = factors.last_information()
    right = information @ np.concatenate([nodes[-1], shared])
    second = part_of(system, cut, 8)
    second.corner[:], second.right_shared[:] = information[4:, 4:], right[4:]
    second.diagonal[0] = information[:4, :4] - 5.0 * np.eye(4)
    second.border[0] = information[:4, 4:]
    second.right[0] = right[:4]
    nodes, shared = arrow.substitute(arrow.eliminate(second))
    np.testing.assert_allclose(nodes, whole_nodes[cut:], atol=1e-9)
    np.testing.assert_allclose(shared, whole_shared, atol=1e-9)
