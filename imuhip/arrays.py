"""What numpy does with arrays more slowly."""

from __future__ import annotations

import numpy as np

from imuhip.units import FloatArray


def median_rows(values: FloatArray) -> FloatArray:
    """Medians of the columns of rows, (..., N, D) -> (..., D); there must be a row.

    numpy's own imports its masked arrays first.
    """
    ordered, rows = np.sort(values, axis=-2), values.shape[-2]
    out: FloatArray = 0.5 * (ordered[..., (rows - 1) // 2, :] + ordered[..., rows // 2, :])
    return out
