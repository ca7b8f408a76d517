"""A file that is handed on while it is written: its beginning stays open, everything behind it is final at once.

What muxers of WebM write again when they end (the length, where the index lies) is in the first kilobytes.
"""

from __future__ import annotations

import os
from typing import Final

import numpy as np
import numpy.typing as npt

PIECE_BYTES: Final = 8 * 2**20
"""A part of an upload; S3 takes none below 5 MiB but the last."""

Bytes = npt.NDArray[np.uint8]


class GrowingFile:
    """What a muxer writes into: `take` gives whole pieces in order from the second on, `end` the last and the first.

    Raises OSError where something behind the beginning is written again.
    """

    def __init__(self, piece_bytes: int = PIECE_BYTES) -> None:
        self._piece = piece_bytes
        self._head, self._tail = bytearray(), bytearray()
        self._place = self._end = 0

    def write(self, data: bytes) -> int:
        if not data:
            return 0
        rest = memoryview(data)
        if self._place < self._piece:
            inside = rest[: self._piece - self._place]
            self._head[self._place : self._place + len(inside)] = inside
            self._place += len(inside)
            rest = rest[len(inside) :]
        if rest:
            if self._place != max(self._end, self._piece):
                raise OSError("only the beginning of the file can be written again")
            self._tail += rest
            self._place += len(rest)
        self._end = max(self._end, self._place)
        return len(data)

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        self._place = offset + {os.SEEK_SET: 0, os.SEEK_CUR: self._place, os.SEEK_END: self._end}[whence]
        return self._place

    def tell(self) -> int:
        return self._place

    def seekable(self) -> bool:
        return True

    def take(self) -> list[Bytes]:
        """Pieces that are full and were not taken."""
        pieces = []
        while len(self._tail) >= self._piece:
            pieces.append(np.frombuffer(bytes(self._tail[: self._piece]), dtype=np.uint8))
            del self._tail[: self._piece]
        return pieces

    def end(self) -> tuple[Bytes, Bytes]:
        """What is left behind the last piece that was taken, which may be nothing, and the first piece."""
        return np.frombuffer(bytes(self._tail), dtype=np.uint8), np.frombuffer(bytes(self._head), dtype=np.uint8)
