"""Some stretches of a file, read as if they were a file of their own: one recording of several that were joined."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from itertools import accumulate
from typing import Protocol

ByteRange = tuple[int, int]
"""First byte, and the one after the last."""


class SeekableFile(Protocol):
    """What is needed of a file object."""

    def read(self, count: int, /) -> bytes: ...
    def seek(self, offset: int, whence: int = 0, /) -> int: ...
    def close(self) -> None: ...


class ByteRanges:
    """A seekable file object for PyAV: `ranges` of `file`, one after the other. One thread at a time."""

    def __init__(self, file: SeekableFile, ranges: Sequence[ByteRange]) -> None:
        self._file = file
        self._ranges = tuple(ranges)
        self._ends = tuple(accumulate(end - start for start, end in self._ranges))
        self._position = 0

    @property
    def size(self) -> int:
        """Length in bytes."""
        return self._ends[-1] if self._ends else 0

    def read(self, count: int) -> bytes:
        """Up to `count` bytes of the range at the current position; empty at the end only."""
        if count <= 0 or self._position >= self.size:
            return b""
        number = bisect_right(self._ends, self._position)
        end = self._ranges[number][1]
        place = end - (self._ends[number] - self._position)
        self._file.seek(place)
        data = self._file.read(min(count, end - place))
        self._position += len(data)
        return data

    def seek(self, offset: int, whence: int = 0) -> int:
        """Set the position; `whence` as for files."""
        start = {0: 0, 1: self._position, 2: self.size}[whence]
        self._position = max(0, start + offset)
        return self._position

    def tell(self) -> int:
        return self._position

    def close(self) -> None:
        self._file.close()
