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
