"""Reading pieces of many notifications at once, at the speed of memcpy."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from imuhip.units import ByteArray, IntArray


def gather_records(data: ByteArray, start: IntArray, size: int) -> npt.NDArray[np.void]:
    """Copy pieces of one size.

    Args:
        data: (B,) bytes, contiguous.
        start: (K,) where each piece begins; all of it must lie inside ``data``.
        size: Bytes in a piece, at least 1.

    Returns:
        (K,) records of ``size`` bytes; ``.view(dtype)`` gives them meaning.
    """
    if len(start) == 0:
        return np.empty(0, dtype=(np.void, size))
    return _overlapping(data, size)[start]


def gather_runs(data: ByteArray, start: IntArray, length: IntArray) -> ByteArray:
    """Copy pieces of various sizes, one after the other.

    Args:
        data: (B,) bytes, contiguous.
        start: (K,) where each piece begins; all of it must lie inside ``data``.
        length: (K,) bytes in each piece.

    Returns:
        (sum of ``length``,) bytes.
    """
    if len(start) == 0:
        return np.empty(0, dtype=np.uint8)
    size = int(length[0])
    if len(start) == 1:
        return data[int(start[0]) : int(start[0]) + size].copy()
    if size and (length == size).all():
        return gather_records(data, start, size).view(np.uint8)
    end = np.cumsum(length)
    out = np.empty(int(end[-1]), dtype=np.uint8)
    for size in np.unique(length[length > 0]).tolist():
        same = length == size
        _overlapping(out, size)[end[same] - size] = _overlapping(data, size)[start[same]]
    return out


def _overlapping(data: ByteArray, size: int) -> npt.NDArray[np.void]:
    """Return the view whose item i is the record of ``size`` bytes that begins at byte i."""
    return np.ndarray((len(data) - size + 1,), dtype=(np.void, size), buffer=data.data, strides=(1,))
