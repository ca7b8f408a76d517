"""How a stored picture is to be seen: which way up, mirrored or not, and with how wide a pixel."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt
from av.sidedata.sidedata import Type
from av.video.frame import VideoFrame

from chassis.video.side_data import side_data_of

Pixels = npt.NDArray[np.uint8]

WIDEST_PIXEL: Final = 10.0
"""A pixel this many times wider than high, or higher than wide, is a mistake of whoever wrote the header."""

_FIXED_POINT: Final = 65536


@dataclass(frozen=True, slots=True)
class Orientation:
    """What makes a stored picture upright: a mirror, left for right, and then quarter turns counter-clockwise."""

    mirrored: bool = False
    quarter_turns: int = 0

    @property
    def swaps_sides(self) -> bool:
        """Whether width and height change places."""
        return self.quarter_turns % 2 == 1

    @property
    def rotation(self) -> int:
        """The turn in degrees counter-clockwise, 0..270."""
        return 90 * (self.quarter_turns % 4)

    def apply(self, pixels: Pixels) -> Pixels:
        """The stored picture [H,W,...] as it is to be seen."""
        flipped = pixels[:, ::-1] if self.mirrored else pixels
        return np.ascontiguousarray(np.rot90(flipped, self.quarter_turns), dtype=np.uint8)


AS_STORED: Final = Orientation()


def orientation_of(picture: VideoFrame) -> Orientation | None:
    """What the display matrix says that came with a picture, from its container or its codec; None without one."""
    try:
        matrix = side_data_of(picture, Type.DISPLAYMATRIX)
    except ValueError:  # a kind of side data that is newer than PyAV
        return Orientation(quarter_turns=round(picture.rotation / 90) % 4)
    return None if matrix is None else orientation_from(np.frombuffer(matrix, np.int32))


def orientation_from(matrix: npt.NDArray[np.int32]) -> Orientation:
    """The orientation nearest to a display matrix: nine numbers, row by row, as in the movie header of QuickTime.

    A point (x, y) of the stored picture is shown at (x, y, 1) times the matrix, y growing downwards. Sizes and shears
    are left out of account; a matrix that leads nowhere (all zero, too short) shows the picture as it is stored.
    """
    if matrix.size < 5:
        return AS_STORED
    along_x, along_y = (float(value) / _FIXED_POINT for value in matrix[0:2])
    down_x, down_y = (float(value) / _FIXED_POINT for value in matrix[3:5])
    mirrored = along_x * down_y - along_y * down_x < 0
    if mirrored:  # what is left without the mirror is a turn
        along_x, along_y = -along_x, -along_y
    cosine, sine = along_x + down_y, along_y - down_x
    if math.hypot(cosine, sine) < 1e-6:
        return AS_STORED
    clockwise = math.atan2(sine, cosine) / (math.pi / 2)
    return Orientation(mirrored=mirrored, quarter_turns=-round(clockwise) % 4)


def displayed(width: int, height: int, pixel_aspect: object, *, orientation: Orientation) -> tuple[int, int]:
    """Width and height of a picture as it is shown: pixels made square, upright.

    `pixel_aspect` is the width of one pixel divided by its height (None or 0: square).
    """
    aspect = float(pixel_aspect) if pixel_aspect else 1.0  # type: ignore[arg-type]
    if not 1 / WIDEST_PIXEL < aspect < WIDEST_PIXEL:
        aspect = 1.0
    shown = (max(1, round(width * aspect)), height)
    return (shown[1], shown[0]) if orientation.swaps_sides else shown
