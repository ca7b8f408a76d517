"""Looking at faces again from close by, with the dearer model: for landmarks that are right, and to be sure of a face."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from chassis.domain.faces import FaceDetections, box_overlaps, resized
from services.detector.looks.faces import Detect, Pixels, chosen
from services.detector.pictures.squares import Square
from services.detector.rules import CloserRules

Boxes = Sequence[npt.ArrayLike]


async def look_closer(
    squares: Sequence[Square], boxes: Boxes, check: Detect, rules: CloserRules
) -> list[FaceDetections | None]:
    """For each square the one face that lies where `boxes` [4] (pixels of the frame) say, or None.

    What comes back is a single face in pixels of the frame. Raises what `check` raises.
    """
    found: list[FaceDetections | None] = []
    for start in range(0, len(squares), rules.at_once):
        part = squares[start : start + rules.at_once]
        pictures = await asyncio.to_thread(_pictures, part, rules.side)
        for square, box, faces in zip(part, boxes[start:], await check(pictures), strict=False):
            found.append(_face_at(square, box, faces, rules))
    return found


def _pictures(squares: Sequence[Square], side: int) -> Pixels:
    """The squares at one size [N,side,side,3]."""
    pictures = np.empty((len(squares), side, side, 3), dtype=np.uint8)
    for picture, square in zip(pictures, squares, strict=True):
        picture[:] = resized(square.picture, width=side, height=side)
    return pictures


def _face_at(square: Square, box: npt.ArrayLike, faces: FaceDetections, rules: CloserRules) -> FaceDetections | None:
    to_picture = np.float32(square.picture.shape[0] / rules.side)
    boxes = square.to_frame(faces.boxes * to_picture)
    overlaps = box_overlaps(boxes, box)[:, 0]
    fitting = overlaps >= rules.minimum_overlap
    if not fitting.any():
        return None
    best = int(np.argmax(np.where(fitting, overlaps * faces.scores, -1.0)))
    whole = FaceDetections(boxes, faces.scores, square.to_frame(faces.landmarks * to_picture))
    return chosen(whole, [best])
