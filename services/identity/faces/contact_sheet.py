"""One picture of many faces: squares in rows, each with its time below. Pure."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

Pixels = npt.NDArray[np.uint8]

SIDE_PX = 160
MARGIN_PX = 8
CAPTION_PX = 22
_BACKGROUND = 24
_EMPTY = 64
_INK = (230, 230, 230)
_LAYOUT = 1
"""Counts changes of how a sheet looks; part of its name."""


@dataclass(frozen=True)
class SheetSize:
    """How many rows and columns `pictures` squares take, and the pixels of all."""

    columns: int
    rows: int

    @classmethod
    def of(cls, pictures: int, *, columns: int) -> SheetSize:
        """No column stays empty. Raises ValueError without a picture or a column."""
        if pictures < 1 or columns < 1:
            raise ValueError(f"a sheet needs pictures and columns, got {pictures} and {columns}")
        used = min(columns, pictures)
        return cls(columns=used, rows=-(-pictures // used))

    @property
    def width_px(self) -> int:
        return MARGIN_PX + self.columns * (SIDE_PX + MARGIN_PX)

    @property
    def height_px(self) -> int:
        return MARGIN_PX + self.rows * (SIDE_PX + CAPTION_PX + MARGIN_PX)


def draw_sheet(pictures: Sequence[tuple[Pixels | None, float]], *, columns: int) -> Pixels:
    """RGB pictures [H,W,3] with their seconds, row by row: RGB [height,width,3]. None leaves a grey square."""
    size = SheetSize.of(len(pictures), columns=columns)
    sheet = np.full((size.height_px, size.width_px, 3), _BACKGROUND, dtype=np.uint8)
    for place, (picture, seconds) in enumerate(pictures):
        row, column = divmod(place, size.columns)
        top = MARGIN_PX + row * (SIDE_PX + CAPTION_PX + MARGIN_PX)
        left = MARGIN_PX + column * (SIDE_PX + MARGIN_PX)
        sheet[top : top + SIDE_PX, left : left + SIDE_PX] = _EMPTY if picture is None else square(picture)
        cv2.putText(
            sheet,
            caption(seconds),
            (left, top + SIDE_PX + CAPTION_PX - 7),
            cv2.FONT_HERSHEY_SIMPLEX,
            0.5,
            _INK,
            1,
            cv2.LINE_AA,
        )
    return sheet


def square(picture: Pixels) -> Pixels:
    """The middle of a picture as a square of `SIDE_PX`."""
    height, width = picture.shape[:2]
    side = min(height, width)
    top, left = (height - side) // 2, (width - side) // 2
    middle = picture[top : top + side, left : left + side]
    method = cv2.INTER_AREA if side > SIDE_PX else cv2.INTER_CUBIC
    return np.asarray(cv2.resize(middle, (SIDE_PX, SIDE_PX), interpolation=method), dtype=np.uint8)


def caption(seconds: float) -> str:
    """`0:01:02.5`"""
    tenths = round(seconds * 10)
    return f"{tenths // 36000}:{tenths // 600 % 60:02d}:{tenths // 10 % 60:02d}.{tenths % 10}"


def sheet_name(pictures: Sequence[str], *, columns: int) -> str:
    """File name of the sheet of these pictures, which are named by content: the same sheet has the same name."""
    said = "\n".join([f"layout {_LAYOUT}, {columns} columns, {SIDE_PX} px", *pictures])
    return f"contact-sheet-{hashlib.sha256(said.encode()).hexdigest()[:32]}.jpg"
