"""Looking for small faces in enlarged parts of a frame."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np

from chassis.domain.faces import FaceDetections
from services.detector.looks.faces import Detect, Pixels, chosen, look_at
from services.detector.rules import DetectorProfile

OVERLAP_OF_PARTS: Final = 0.1
"""Neighbouring parts share this fraction of the frame, so a small face lies whole in at least one of them."""


@dataclass(frozen=True, slots=True)
class Part:
    """A quarter of a frame, and a bit: its first and last column and row in the frame's pixels."""

    left: int
    top: int
    right: int
    bottom: int


async def look_at_parts(frame: Pixels, detect: Detect, profile: DetectorProfile) -> list[FaceDetections]:
    """The small faces of each enlarged quarter of `frame` [H,W,3], in its pixels. Raises what `detect` raises."""
    return await asyncio.gather(*(_look_at_part(frame, part, detect, profile) for part in _quarters(frame)))


def parts_scale(frame: Pixels, profile: DetectorProfile) -> float:
    """Analysed pixels for one of the frame in a look at its parts."""
    part = _quarters(frame)[0]
    return min(profile.parts_zoom, profile.parts_long_side / max(part.right - part.left, part.bottom - part.top))


def _quarters(frame: Pixels) -> list[Part]:
    height, width = frame.shape[:2]
    reach = (1 + OVERLAP_OF_PARTS) / 2
    columns = ((0, round(reach * width)), (width - round(reach * width), width))
    rows = ((0, round(reach * height)), (height - round(reach * height), height))
    return [Part(left, top, right, bottom) for top, bottom in rows for left, right in columns]


async def _look_at_part(frame: Pixels, part: Part, detect: Detect, profile: DetectorProfile) -> FaceDetections:
    """Small faces of a part, in pixels of the frame. What the part's border may cut off is left to the other looks."""
    enlarged, zoom = await asyncio.to_thread(_enlarged, frame, part, profile)
    faces = (await look_at([enlarged], detect, long_side=max(enlarged.shape[:2])))[0]
    corner = np.array([part.left, part.top], dtype=np.float32)
    boxes = faces.boxes / zoom + np.tile(corner, 2)
    landmarks = faces.landmarks / zoom + np.tile(corner, 5)
    sizes = boxes[:, 2:] - boxes[:, :2]
    height, width = frame.shape[:2]
    whole = (
        (boxes[:, 0] > part.left) | (part.left == 0),
        (boxes[:, 1] > part.top) | (part.top == 0),
        (boxes[:, 2] < part.right) | (part.right == width),
        (boxes[:, 3] < part.bottom) | (part.bottom == height),
        sizes.max(axis=1, initial=0.0) < OVERLAP_OF_PARTS * min(width, height),
    )
    return chosen(FaceDetections(boxes, faces.scores, landmarks), np.logical_and.reduce(whole))


def _enlarged(frame: Pixels, part: Part, profile: DetectorProfile) -> tuple[Pixels, float]:
    """The part's pixels, enlarged towards the analysed size, and by how much."""
    pixels = frame[part.top : part.bottom, part.left : part.right]
    zoom = parts_scale(frame, profile)
    if zoom <= 1:
        return np.ascontiguousarray(pixels), 1.0
    return np.asarray(cv2.resize(pixels, None, fx=zoom, fy=zoom, interpolation=cv2.INTER_LINEAR), dtype=np.uint8), zoom
