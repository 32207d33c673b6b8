"""How far points of a movement are from each other: angles, directions, orientations."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from imuhip.units import FloatArray

Metric = Callable[[FloatArray, FloatArray], FloatArray]


def angle_distance(points: FloatArray, point: FloatArray) -> FloatArray:
    """Distance of angles (M, 1) in deg from one of them (1,), or each from its own."""
    distance: FloatArray = np.abs(points[:, 0] - point[..., 0])
    return distance


def direction_distance(points: FloatArray, point: FloatArray) -> FloatArray:
    """Angle in deg between unit vectors (M, 3) and one of them (3,), or each to its own."""
    return _arc(_squared(points - point))


def orientation_distance(points: FloatArray, point: FloatArray) -> FloatArray:
    """Angle in deg between unit quaternions (M, 4) and one of them (4,), or each to its own."""
    return 2.0 * _arc(np.minimum(_squared(points - point), _squared(points + point)))


def _squared(chord: FloatArray) -> FloatArray:
    squared: FloatArray = np.einsum("ij,ij->i", chord, chord)
    return squared


def _arc(squared: FloatArray) -> FloatArray:
    """Arcs in deg over chords of these squared lengths."""
    arc: FloatArray = np.rad2deg(2.0 * np.arcsin(np.sqrt(np.minimum(0.25 * squared, 1.0))))
    return arc
