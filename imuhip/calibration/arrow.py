"""Least squares whose unknowns are a chain of nodes plus a few that all nodes share.

The normal matrix is block tridiagonal in the nodes with a border for the shared unknowns. Eliminating along the chain
costs the same for every node, so an hour costs ten times six minutes, and the same factors give the covariance of each
node and of the shared unknowns.
"""

from __future__ import annotations

import math

import numpy as np

from imuhip.records import record
from imuhip.units import FloatArray, IntArray

TOGETHER = 64
"""Nodes that one product works on."""


class ArrowSystem:
    """Normal equations: J nodes of n unknowns, p shared unknowns.

    Everything lies in one array, so that equations of any kind can be added by their places in it.

    Args:
        nodes: J.
        n: Unknowns of a node.
        p: Shared unknowns.

    Attributes:
        flat: All of it in a row.
        diagonal: (J, n, n).
        wide: (J, n, n + p + 1) what else is in a node's rows: upper, border and right.
        upper: (J - 1, n, n) between node j (rows) and node j + 1 (columns).
        border: (J, n, p) between node j and the shared unknowns.
        right: (J, n) right-hand side of the nodes.
        corner: (p, p).
        right_shared: (p,).
    """

    def __init__(self, nodes: int, n: int, p: int) -> None:
        shapes = (nodes, n, n), (nodes, n, n + p + 1), (p, p + 1)
        sizes = [math.prod(shape) for shape in shapes]
        self.flat: FloatArray = np.zeros(sum(sizes))
        starts = [0, sizes[0], sizes[0] + sizes[1]]
        self.diagonal, self.wide, wide_corner = (
            self.flat[start : start + size].reshape(shape)
            for start, size, shape in zip(starts, sizes, shapes, strict=True)
        )
        self.upper, self.border, self.right = self.wide[:-1, :, :n], self.wide[..., n:-1], self.wide[..., -1]
        self.corner, self.right_shared = wide_corner[:, :-1], wide_corner[:, -1]

    @staticmethod
    def places(size: tuple[int, int, int], node: IntArray, own: IntArray, shared: IntArray) -> IntArray:
        """Where in :attr:`flat` equations of one node and some shared unknowns go.

        Args:
            size: J, n and p.
            node: (B,) node of each.
            own: (B, a) unknowns of the node.
            shared: (B, b) shared unknowns.

        Returns:
            (B, a (a + b + 1) + b (b + 1)): the a rows with all columns, then the b rows with the shared ones; the last
            column is the right-hand side.
        """
        nodes, n, p = size
        row = node[:, None] * n + own
        wide = nodes * n * n + row * (n + p + 1) + n
        corner = nodes * n * (n + n + p + 1) + shared * (p + 1)
        return np.concatenate(
            [
                np.concatenate(
                    [row[..., None] * n + own[:, None], wide[..., None] + shared[:, None], wide[..., None] + p], axis=2
                ).reshape(len(node), -1),
                np.concatenate([corner[..., None] + shared[:, None], corner[..., None] + p], axis=2).reshape(
                    len(node), -1
                ),
            ],
            axis=1,
        )


@record
class ArrowFactors:
    """An eliminated system.

    Attributes:
        pivot: (J, n, n) diagonal blocks when their turn came.
        x_next: (J, n, n), x_shared: (J, n, p), x_right: (J, n): each pivot's solution for the next node, the shared
            unknowns and the right-hand side.
        corner: (p, p), right_shared: (p,): what is left for the shared unknowns.
        last_border: (n, p) between the last node and the shared unknowns when its turn came.
    """

    pivot: FloatArray
    x_next: FloatArray
    x_shared: FloatArray
    x_right: FloatArray
    corner: FloatArray
    right_shared: FloatArray
    last_border: FloatArray

    def last_information(self) -> FloatArray:
        """Information (n + p, n + p) on the last node and the shared unknowns, everything before it taken in."""
        corner = self.corner + self.last_border.T @ self.x_shared[-1]
        return np.block([[self.pivot[-1], self.last_border], [self.last_border.T, corner]])


@record
class ArrowCovariance:
    """Covariances: (J, n, n) of each node, (J, n, p) between node and shared, (p, p) of the shared unknowns."""

    node: FloatArray
    node_shared: FloatArray
    shared: FloatArray


def eliminate(system: ArrowSystem) -> ArrowFactors:
    """Forward elimination along the chain, in place: the system is used up."""
    nodes, n, p = system.border.shape
    pivot, rest = system.diagonal, system.wide
    last_border, taken = np.zeros((n, p)), np.zeros((p, p + 1))
    for first in range(0, nodes, TOGETHER):
        some = rest[first : first + TOGETHER]
        x = np.empty_like(some)
        for j, own in enumerate(some, first):
            # A node has many right-hand sides: with its inverse they are one product, half as long as solving for them.
            solved = np.matmul(np.linalg.inv(pivot[j]), own, out=x[j - first])
            if j + 1 < nodes:
                down = own[:, :n].T @ solved
                pivot[j + 1] -= down[:, :n]
                rest[j + 1, :, n:] -= down[:, n:]
        border = some[..., n:-1]
        taken += border.reshape(len(x) * n, p).T @ x[..., n:].reshape(len(x) * n, p + 1)
        last_border = border[-1].copy()
        some[:] = x
    return ArrowFactors(
        pivot.copy(),
        rest[..., :n],
        rest[..., n:-1],
        rest[..., -1],
        system.corner - taken[:, :-1],
        system.right_shared - taken[:, -1],
        last_border,
    )


def substitute(factors: ArrowFactors) -> tuple[FloatArray, FloatArray]:
    """Solution: nodes (J, n) and shared unknowns (p,)."""
    shared = np.asarray(np.linalg.solve(factors.corner, factors.right_shared), dtype=np.float64)
    nodes = factors.x_right - factors.x_shared @ shared
    for j in range(len(nodes) - 2, -1, -1):
        nodes[j] -= factors.x_next[j] @ nodes[j + 1]
    return nodes, shared


def last_covariance(information: FloatArray, n: int) -> ArrowCovariance:
    """Covariance of the last node only, of what :meth:`ArrowFactors.last_information` tells of its n unknowns."""
    both = inverse(information)
    return ArrowCovariance(both[None, :n, :n], both[None, :n, n:], both[n:, n:])


def inverse(m: FloatArray) -> FloatArray:
    """Inverse of one matrix or of many."""
    out: FloatArray = np.asarray(np.linalg.inv(m), dtype=np.float64)
    return out


def covariance(factors: ArrowFactors) -> ArrowCovariance:
    """Covariance of every node and of the shared unknowns, the inverse of the normal matrix; uses the factors up."""
    shared, node = inverse(factors.corner), inverse(factors.pivot)
    border = factors.x_shared
    for j in range(len(node) - 2, -1, -1):
        node[j] += factors.x_next[j] @ node[j + 1] @ factors.x_next[j].T
        border[j] -= factors.x_next[j] @ border[j + 1]
    for first in range(0, len(node), TOGETHER):
        some = border[first : first + TOGETHER]
        node_shared = -some @ shared
        node[first : first + TOGETHER] -= node_shared @ np.swapaxes(some, 1, 2)
        some[:] = node_shared
    return ArrowCovariance(node, border, shared)
