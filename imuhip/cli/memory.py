"""How a process that measures keeps its memory."""

from __future__ import annotations

import gc
import mmap

_TRIM_THRESHOLD, _MMAP_MAX = -1, -4  # malloc.h of glibc
_SPARE_BYTES, _LARGE_PAGES_BYTES = 1 << 30, 1 << 28


def keep_memory() -> None:
    """Spare a run that ends soon what a process of days needs: together an eighth of its time.

    What is made is freed by its references, so nobody looks for cycles. What is freed serves the next array, which
    glibc would give back to the system and take again page by page; and the first of it comes in pages of 2 MB where
    the system has them. Other C libraries have no such switches and need none.
    """
    import ctypes

    gc.disable()
    try:
        libc = ctypes.CDLL(None)
        mallopt, malloc, free, madvise = libc.mallopt, libc.malloc, libc.free, libc.madvise
        large_pages = mmap.MADV_HUGEPAGE
    except (AttributeError, TypeError, OSError):
        return
    mallopt(_MMAP_MAX, 0)
    mallopt(_TRIM_THRESHOLD, _SPARE_BYTES)
    malloc.argtypes, malloc.restype = [ctypes.c_size_t], ctypes.c_void_p
    free.argtypes, madvise.argtypes = [ctypes.c_void_p], [ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int]
    block = malloc(_LARGE_PAGES_BYTES)  # nothing of it is touched, so nothing is taken yet
    if block:
        first = -(-block // mmap.PAGESIZE) * mmap.PAGESIZE
        madvise(first, _LARGE_PAGES_BYTES - mmap.PAGESIZE, large_pages)
        free(block)
