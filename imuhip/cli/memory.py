"""How a process that measures keeps its memory."""

from __future__ import annotations

import gc

_TRIM_THRESHOLD, _MMAP_THRESHOLD = -1, -3  # malloc.h of glibc
_LARGE_BYTES, _SPARE_BYTES = 1 << 25, 1 << 28


def keep_memory() -> None:
    """Spare a run that ends soon what a process of days needs: together a tenth of its time.

    What is made is freed by its references, so nobody looks for cycles. And what is freed serves the next array, which
    glibc would give back to the system and take again page by page; other C libraries have no such switch and need
    none.
    """
    import ctypes

    gc.disable()
    try:
        mallopt = ctypes.CDLL(None).mallopt
    except (AttributeError, TypeError, OSError):
        return
    mallopt(_MMAP_THRESHOLD, _LARGE_BYTES)
    mallopt(_TRIM_THRESHOLD, _SPARE_BYTES)
