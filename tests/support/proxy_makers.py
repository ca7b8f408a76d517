"""What a child does instead of encoding a proxy, for tests of those who have it made."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Generator, Sequence

import numpy as np

from chassis.errors import BadInput, DependencyUnavailable
from services.ingest.video.clips import ClipPart
from services.ingest.video.growing_file import PIECE_BYTES, Bytes
from services.ingest.video.proxy import ProxyPiece

Making = Generator[ProxyPiece, None, tuple[Bytes, Bytes]]


def of(letter: str, size: int) -> Bytes:
    return np.full(size, ord(letter), dtype=np.uint8)


def in_pieces(_parts: Sequence[ClipPart]) -> Making:
    """A file of A, B, C and D."""
    yield ProxyPiece(1.0)
    yield ProxyPiece(2.0, of("B", PIECE_BYTES))
    yield ProxyPiece(4.0, of("C", PIECE_BYTES))
    return of("D", 100), of("A", PIECE_BYTES)


def for_ever(_parts: Sequence[ClipPart]) -> Making:
    yield ProxyPiece(3.0, of("B", PIECE_BYTES))
    while True:
        time.sleep(0.05)
        yield ProxyPiece(3.0)


def refused(_parts: Sequence[ClipPart]) -> Making:
    yield ProxyPiece(1.0)
    raise BadInput("no_picture", "Nothing of it can be shown.")


def crashing(_parts: Sequence[ClipPart]) -> Making:
    yield ProxyPiece(1.0, of("B", PIECE_BYTES))
    os.kill(os.getpid(), signal.SIGSEGV)
    raise AssertionError("nobody outlives that")


def away(_parts: Sequence[ClipPart]) -> Making:
    yield ProxyPiece(1.0)
    raise DependencyUnavailable("s3", "gone")
