"""Decodes the base64 of many texts at once, in half the time that :mod:`binascii` takes."""

from __future__ import annotations

from functools import cache

import numpy as np
import numpy.typing as npt

from imuhip.units import ByteArray

_ALPHABET = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"  # RFC 4648, table 1
_STRANGER = 1 << 24  # beside the three bytes that four characters stand for

Table = npt.NDArray[np.uint32]


def decode_texts(text: ByteArray) -> ByteArray | None:
    """Decode base64 texts of one size, without padding.

    Args:
        text: (N, 4 k) characters, contiguous.

    Returns:
        (N, 3 k) bytes, or None where a character is not one of base64.
    """
    first, second = _tables()
    pairs = text.view("<u2")
    four = first.take(pairs[:, 0::2])
    four |= second.take(pairs[:, 1::2])
    if np.bitwise_or.reduce(four, axis=None) & _STRANGER:
        return None
    threes = np.ndarray((four.size,), dtype=(np.void, 3), buffer=four.data, strides=(4,))
    return threes.copy().view(np.uint8).reshape(len(text), -1)


@cache
def _tables() -> tuple[Table, Table]:
    """Return what the first and the last two of four characters stand for, by the characters as one number."""
    value = np.full(256, _STRANGER, dtype="<u4")
    value[np.frombuffer(_ALPHABET, dtype=np.uint8)] = np.arange(64)
    pair = (value[None, :] << 6 | value[:, None]).ravel()
    strange = (value[None, :] | value[:, None]).ravel() & _STRANGER
    bits = pair & 0xFFF
    # As they lie in memory: 8 bits of the first pair, its 4 others with 4 of the second's, the second's 8 others.
    return bits >> 4 | (bits & 0xF) << 12 | strange, bits & 0xF00 | (bits & 0xFF) << 16 | strange
