"""How the process keeps its memory."""

from __future__ import annotations

_TRIM_THRESHOLD, _MMAP_THRESHOLD = -1, -3  # malloc.h of glibc
_LARGE_BYTES, _SPARE_BYTES = 1 << 25, 1 << 28


def keep_freed_memory() -> None:
    """Let freed memory serve the next array.

    Left alone, glibc gives it back to the system and takes it again page by page, which is a tenth of the time of an
    analysis. Other C libraries have no such switch and need none.
    """
    import ctypes

    try:
        mallopt = ctypes.CDLL(None).mallopt
    except (AttributeError, TypeError, OSError):
        return
    mallopt(_MMAP_THRESHOLD, _LARGE_BYTES)
    mallopt(_TRIM_THRESHOLD, _SPARE_BYTES)
