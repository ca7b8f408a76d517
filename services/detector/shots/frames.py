"""What shots are found on: the time of a frame and the picture in small."""

from __future__ import annotations

from typing import Protocol, TypeVar

import numpy as np
import numpy.typing as npt

Signature = npt.NDArray[np.uint8]
"""A frame in small, as stored (not rotated): Y, U and V as uint8 [3,36,64]."""


class SignedFrame(Protocol):
    """A decoded frame: `ts_s` is its presentation time in seconds from the first frame of the video."""

    @property
    def ts_s(self) -> float: ...

    @property
    def signature(self) -> Signature: ...


FrameT = TypeVar("FrameT", bound=SignedFrame)


LEAST_LIT = 1 / 3
"""Of either side. Where less was ever lit, the whole picture is compared: there is little in it yet."""


class LitArea:
    """The part of the pictures that was ever lit: not the bars around a picture of another shape.

    Bars would lessen every difference and make unlike pictures explain each other. The part only grows, so that what is
    black for a while stays in it.
    """

    def __init__(self, *, black_luma: float) -> None:
        self._black_luma = black_luma
        self._lit: tuple[npt.NDArray[np.bool_], npt.NDArray[np.bool_]] | None = None
        self._part = (slice(None), slice(None))

    def see(self, signature: Signature) -> None:
        """Note what is lit in the next picture."""
        if self._lit is not None and all(side[0] and side[-1] for side in self._lit):
            return  # the whole picture already
        lit = signature[0] > self._black_luma
        seen = (lit.any(axis=1), lit.any(axis=0))
        if self._lit is not None:
            seen = (seen[0] | self._lit[0], seen[1] | self._lit[1])
        self._lit = seen
        self._part = (_from_first_to_last(seen[0]), _from_first_to_last(seen[1]))

    def of(self, signature: Signature) -> Signature:
        """That part of a picture."""
        rows, columns = self._part
        return signature[:, rows, columns]


def _from_first_to_last(lit: npt.NDArray[np.bool_]) -> slice:
    places = np.flatnonzero(lit)
    if not places.size or places[-1] - places[0] + 1 < LEAST_LIT * lit.size:
        return slice(None)
    return slice(int(places[0]), int(places[-1]) + 1)
