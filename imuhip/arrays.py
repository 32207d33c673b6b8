"""What numpy does with arrays more slowly."""

from __future__ import annotations

import numpy as np

from imuhip.units import FloatArray


def median_rows(values: FloatArray) -> FloatArray:
    """Medians of the columns of rows, (..., N, D) -> (..., D); there must be a row.

    numpy's own imports its masked arrays first.
    """
    rows = values.shape[-2]
    middle = (rows - 1) // 2, rows // 2
    ordered = np.partition(values, middle, axis=-2)
    out: FloatArray = 0.5 * (ordered[..., middle[0], :] + ordered[..., middle[1], :])
    return out
