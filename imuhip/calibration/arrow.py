"""Least squares whose unknowns are a chain of nodes plus a few that all nodes share.

The normal matrix is block tridiagonal in the nodes with a border for the shared unknowns. Eliminating along the chain
costs the same for every node, so an hour costs ten times six minutes, and the same factors give the covariance of each
node and of the shared unknowns.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from imuhip.units import FloatArray


@dataclass(frozen=True, slots=True)
class ArrowSystem:
    """Normal equations: J nodes of n unknowns, p shared unknowns.

    Attributes:
        diagonal: (J, n, n).
        upper: (J - 1, n, n) between node j (rows) and node j + 1 (columns).
        border: (J, n, p) between node j and the shared unknowns.
        corner: (p, p).
        right: (J, n) right-hand side of the nodes.
        right_shared: (p,).
    """

    diagonal: FloatArray
    upper: FloatArray
    border: FloatArray
    corner: FloatArray
    right: FloatArray
    right_shared: FloatArray

    @staticmethod
    def zeros(nodes: int, n: int, p: int) -> ArrowSystem:
        """A system without any equation."""
        return ArrowSystem(
            np.zeros((nodes, n, n)),
            np.zeros((max(nodes - 1, 0), n, n)),
            np.zeros((nodes, n, p)),
            np.zeros((p, p)),
            np.zeros((nodes, n)),
            np.zeros(p),
        )


@dataclass(frozen=True, slots=True)
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


@dataclass(frozen=True, slots=True)
class ArrowCovariance:
    """Covariances: (J, n, n) of each node, (J, n, p) between node and shared, (p, p) of the shared unknowns."""

    node: FloatArray
    node_shared: FloatArray
    shared: FloatArray


def eliminate(system: ArrowSystem) -> ArrowFactors:
    """Forward elimination along the chain."""
    nodes, n, _ = system.diagonal.shape
    p = system.border.shape[2]
    pivot = system.diagonal.copy()
    x = np.zeros((nodes, n, n + p + 1))
    taken = np.zeros((p, p + 1))
    row = np.concatenate([system.border[0], system.right[0, :, None]], axis=1)
    for j in range(nodes - 1):
        upper = system.upper[j]
        x[j] = np.linalg.solve(pivot[j], np.concatenate([upper, row], axis=1))
        taken += row[:, :p].T @ x[j, :, n:]
        down = upper.T @ x[j]
        pivot[j + 1] -= down[:, :n]
        row = np.concatenate([system.border[j + 1], system.right[j + 1, :, None]], axis=1) - down[:, n:]
    x[-1, :, n:] = np.linalg.solve(pivot[-1], row)
    taken += row[:, :p].T @ x[-1, :, n:]
    return ArrowFactors(
        pivot,
        x[..., :n],
        x[..., n : n + p],
        x[..., n + p],
        system.corner - taken[:, :p],
        system.right_shared - taken[:, p],
        row[:, :p],
    )


def substitute(factors: ArrowFactors) -> tuple[FloatArray, FloatArray]:
    """Solution: nodes (J, n) and shared unknowns (p,)."""
    shared = np.asarray(np.linalg.solve(factors.corner, factors.right_shared), dtype=np.float64)
    nodes = factors.x_right - factors.x_shared @ shared
    for j in range(len(nodes) - 2, -1, -1):
        nodes[j] -= factors.x_next[j] @ nodes[j + 1]
    return nodes, shared


def last_covariance(factors: ArrowFactors) -> ArrowCovariance:
    """Covariance of the last node only, at a cost that does not grow with the chain."""
    n = factors.pivot.shape[1]
    both = inverse(factors.last_information())
    return ArrowCovariance(both[None, :n, :n], both[None, :n, n:], both[n:, n:])


def inverse(m: FloatArray) -> FloatArray:
    """Inverse of one matrix or of many."""
    out: FloatArray = np.asarray(np.linalg.inv(m), dtype=np.float64)
    return out


def covariance(factors: ArrowFactors) -> ArrowCovariance:
    """Covariance of every node and of the shared unknowns, the inverse of the normal matrix."""
    shared, node = inverse(factors.corner), inverse(factors.pivot)
    border = factors.x_shared.copy()
    for j in range(len(node) - 2, -1, -1):
        node[j] += factors.x_next[j] @ node[j + 1] @ factors.x_next[j].T
        border[j] -= factors.x_next[j] @ border[j + 1]
    node_shared = -border @ shared
    return ArrowCovariance(node - node_shared @ np.swapaxes(border, 1, 2), node_shared, shared)
