"""How much memory this process and its children hold while something goes on."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass

import psutil

EVERY_S = 0.01


@dataclass
class MemorySeen:
    """Most bytes of one child, and how many more than before this process had; both resident."""

    child: int = 0
    grown: int = 0


@contextmanager
def watch_memory() -> Iterator[MemorySeen]:
    """Looks every few milliseconds until the block is left."""
    seen, ended, own = MemorySeen(), threading.Event(), psutil.Process()
    before = own.memory_info().rss

    def look() -> None:
        while not ended.wait(EVERY_S):
            seen.grown = max(seen.grown, own.memory_info().rss - before)
            for child in own.children(recursive=True):
                with suppress(psutil.Error):
                    seen.child = max(seen.child, child.memory_info().rss)

    watching = threading.Thread(target=look)
    watching.start()
    try:
        yield seen
    finally:
        ended.set()
        watching.join()
