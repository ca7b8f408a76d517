"""Whether memory that was freed goes back to the system, or is kept for the next picture."""

from __future__ import annotations

import ctypes
from contextlib import suppress
from typing import Final

_M_TRIM_THRESHOLD: Final = -1
_M_MMAP_THRESHOLD: Final = -3
_LARGEST: Final = 32 * 2**20
"""The most that glibc takes as a threshold (HEAP_MAX_SIZE / 2)."""
_KEPT: Final = 256 * 2**20


def keep_freed_memory() -> None:
    """Keeps up to 256 MiB that this process frees: for processes that take and free pictures without end.

    glibc gives large blocks back at once, and the system fills each page of a new one with zeros before it is used: a
    fifth of what decoding costs. Does nothing where the C library has no such settings.
    """
    with suppress(OSError, AttributeError):
        mallopt = ctypes.CDLL(None).mallopt
        mallopt(_M_MMAP_THRESHOLD, _LARGEST)
        mallopt(_M_TRIM_THRESHOLD, _KEPT)
