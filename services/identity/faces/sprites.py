"""Many faces in one picture without anything between them: a page shows cells of it. Pure."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Sequence

import cv2
import numpy as np
import numpy.typing as npt
from pydantic import BaseModel, Field

Pixels = npt.NDArray[np.uint8]

SPRITE_QUALITY = 82
SMALLEST_PX, USUAL_PX, LARGEST_PX = 32, 96, 192
MOST_CELLS = 100
_LAYOUT = 1
"""Counts changes of how a sheet looks; part of its name."""


class Sprite(BaseModel):
    """A sheet of square cells, row by row from the top left."""

    sprite: str = Field(description="Name, made from the pictures in it: the same sheet always has the same one.")
    cell_px: int
    columns: int
    rows: int
    pictures: tuple[str, ...]


def layout_of(pictures: Sequence[str], *, cell_px: int) -> Sprite:
    """The sheet of these pictures, about as wide as high. Raises ValueError without a picture."""
    if not pictures:
        raise ValueError("a sheet needs a picture")
    columns = math.ceil(math.sqrt(len(pictures)))
    said = "\n".join([f"layout {_LAYOUT}, {cell_px} px", *pictures])
    return Sprite(
        sprite=hashlib.sha256(said.encode()).hexdigest()[:32],
        cell_px=cell_px,
        columns=columns,
        rows=-(-len(pictures) // columns),
        pictures=tuple(pictures),
    )


def draw_sprite(pictures: Sequence[Pixels], sprite: Sprite) -> Pixels:
    """RGB pictures [H,W,3] as the sheet [rows*cell, columns*cell, 3]; empty cells are grey."""
    side = sprite.cell_px
    sheet = np.full((sprite.rows * side, sprite.columns * side, 3), 64, dtype=np.uint8)
    for place, picture in enumerate(pictures):
        row, column = divmod(place, sprite.columns)
        sheet[row * side : (row + 1) * side, column * side : (column + 1) * side] = _cell(picture, side)
    return sheet


def _cell(picture: Pixels, side: int) -> Pixels:
    height, width = picture.shape[:2]
    shorter = min(height, width)
    top, left = (height - shorter) // 2, (width - shorter) // 2
    middle = picture[top : top + shorter, left : left + shorter]
    method = cv2.INTER_AREA if shorter > side else cv2.INTER_CUBIC
    return np.asarray(cv2.resize(middle, (side, side), interpolation=method), dtype=np.uint8)
