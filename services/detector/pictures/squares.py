"""Square pictures around faces: what thumbnails and chips are made of, and what is looked at again from close by."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from chassis.domain.faces import resized

Floats = npt.NDArray[np.float32]
Pixels = npt.NDArray[np.uint8]


@dataclass(frozen=True, slots=True)
class Square:
    """A square part of a frame, `side` of the frame's pixels wide, as a picture [S,S,3] that may be smaller."""

    left: int
    top: int
    side: int
    picture: Pixels

    @property
    def scale(self) -> float:
        """Pixels of the picture for one of the frame."""
        return float(self.picture.shape[0]) / self.side

    def from_frame(self, points: npt.ArrayLike) -> Floats:
        """Pairs of x, y in pixels of the frame ([...,4] or [...,10]) to pixels of the picture."""
        values = np.asarray(points, dtype=np.float32)
        return ((values - self._corner(values)) * np.float32(self.scale)).astype(np.float32)

    def to_frame(self, points: npt.ArrayLike) -> Floats:
        """The way back."""
        values = np.asarray(points, dtype=np.float32)
        return (values / np.float32(self.scale) + self._corner(values)).astype(np.float32)

    def _corner(self, values: Floats) -> Floats:
        return np.array([self.left, self.top] * (values.shape[-1] // 2), dtype=np.float32)


def cut_square(frame: Pixels, box: npt.ArrayLike, *, margin: float, largest: int) -> Square:
    """The square around a box [4] of `frame` [H,W,3]: its longer side plus `margin` of it all around.

    The square is moved, and shrunk where it must be, to lie inside the frame; its picture has at most `largest` pixels a
    side. Always a copy.
    """
    height, width = frame.shape[:2]
    x1, y1, x2, y2 = (float(value) for value in np.asarray(box))
    wanted = max(x2 - x1, y2 - y1) * (1 + 2 * margin)
    side = max(1, min(round(wanted), width, height))
    left = min(max(0, round((x1 + x2 - side) / 2)), width - side)
    top = min(max(0, round((y1 + y2 - side) / 2)), height - side)
    region = frame[top : top + side, left : left + side]
    if side <= largest:
        return Square(left, top, side, region.copy())
    return Square(left, top, side, resized(region, width=largest, height=largest))
