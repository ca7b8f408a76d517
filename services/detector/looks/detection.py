"""Looking for faces in one frame: the whole of it, and where the profile says so again smaller or in enlarged parts."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np
import numpy.typing as npt

from chassis.domain.faces import FaceDetections, fit_frame, non_maximum_suppression
from services.detector.rules import DetectorProfile

Floats = npt.NDArray[np.float32]
Pixels = npt.NDArray[np.uint8]

Detect = Callable[[Pixels], Awaitable[list[FaceDetections]]]
"""Frames uint8 [N,H,W,3] (RGB, sides divisible by 32) to the faces of each, in pixels of that frame."""

SMALLEST_LOOK: Final = 64
OVERLAP_OF_PARTS: Final = 0.1
"""Neighbouring parts share this fraction of the frame, so a small face lies whole in at least one of them."""


@dataclass(frozen=True, slots=True)
class Part:
    """A quarter of a frame, and a bit: its first and last column and row in the frame's pixels."""

    left: int
    top: int
    right: int
    bottom: int


async def find_faces(
    frame: Pixels,
    *,
    profile: DetectorProfile,
    detect: Detect,
    small_faces: bool,
    before: asyncio.Future[FaceDetections] | None = None,
) -> FaceDetections:
    """The faces of one frame [H,W,3], best first, in its pixels; those below the tracker's lowest score are left out.

    `small_faces` adds a search in enlarged quarters of the frame. `before` is the last full look at the same shot: when
    it saw large faces only, a look at reduced size follows them, and a full one is needed only if that loses one.
    Raises what `detect` raises.
    """
    if before is not None:
        followed = await _follow(frame, await asyncio.shield(before), profile, detect)
        if followed is not None:
            return followed
    found = [await _look(frame, detect, long_side=profile.long_side)]
    if profile.half_size_look and not (found[0].scores >= profile.sure_score).any():
        found.append(await _look(frame, detect, long_side=max(SMALLEST_LOOK, profile.long_side // 2)))
    if small_faces:
        found += await asyncio.gather(*(_look_at_part(frame, part, detect, profile) for part in _quarters(frame)))
    return _merged(found, profile)


async def _follow(
    frame: Pixels, known: FaceDetections, profile: DetectorProfile, detect: Detect
) -> FaceDetections | None:
    """The faces as a reduced look sees them; None when that cannot be trusted to see all that are known."""
    heights = known.boxes[:, 3] - known.boxes[:, 1]
    if (heights < profile.followed_face * max(frame.shape[:2])).any():
        return None
    found = _merged([await _look(frame, detect, long_side=profile.follow_long_side)], profile)
    sure_then = int((known.scores >= profile.sure_score).sum())
    sure_now = int((found.scores >= profile.sure_score).sum())
    return found if sure_now >= sure_then else None


async def _look(frame: Pixels, detect: Detect, *, long_side: int) -> FaceDetections:
    fit = fit_frame(frame.shape[1], frame.shape[0], long_side=long_side)
    analysed = await asyncio.to_thread(fit.apply, frame)
    faces = (await detect(analysed[None]))[0]
    return FaceDetections(fit.to_frame(faces.boxes), faces.scores, fit.to_frame(faces.landmarks))


def _quarters(frame: Pixels) -> list[Part]:
    height, width = frame.shape[:2]
    reach = (1 + OVERLAP_OF_PARTS) / 2
    columns = ((0, round(reach * width)), (width - round(reach * width), width))
    rows = ((0, round(reach * height)), (height - round(reach * height), height))
    return [Part(left, top, right, bottom) for top, bottom in rows for left, right in columns]


async def _look_at_part(frame: Pixels, part: Part, detect: Detect, profile: DetectorProfile) -> FaceDetections:
    """Small faces of a part, in pixels of the frame. What the part's border may cut off is left to the other looks."""
    enlarged, zoom = await asyncio.to_thread(_enlarged, frame, part, profile)
    faces = await _look(enlarged, detect, long_side=profile.long_side)
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
    keep = np.logical_and.reduce(whole)
    return FaceDetections(boxes[keep], faces.scores[keep], landmarks[keep])


def _enlarged(frame: Pixels, part: Part, profile: DetectorProfile) -> tuple[Pixels, float]:
    """The part's pixels, enlarged towards the analysed size, and by how much."""
    pixels = frame[part.top : part.bottom, part.left : part.right]
    zoom = min(profile.small_face_zoom, profile.long_side / max(pixels.shape[:2]))
    if zoom <= 1:
        return np.ascontiguousarray(pixels), 1.0
    return np.asarray(cv2.resize(pixels, None, fx=zoom, fy=zoom, interpolation=cv2.INTER_LINEAR), dtype=np.uint8), zoom


def _merged(found: Sequence[FaceDetections], profile: DetectorProfile) -> FaceDetections:
    """One list of faces out of several looks; of boxes that overlap much the surest stays."""
    boxes = np.concatenate([faces.boxes.reshape(-1, 4) for faces in found])
    scores = np.concatenate([faces.scores.reshape(-1) for faces in found])
    landmarks = np.concatenate([faces.landmarks.reshape(-1, 10) for faces in found])
    usable = (
        (scores >= profile.tracking.weak_score)
        & np.isfinite(boxes).all(axis=1)
        & np.isfinite(landmarks).all(axis=1)
        & (boxes[:, 2] > boxes[:, 0])
        & (boxes[:, 3] > boxes[:, 1])
    )
    boxes, scores, landmarks = boxes[usable], scores[usable], landmarks[usable]
    kept = non_maximum_suppression(boxes, scores, max_overlap=profile.merge_overlap)
    return FaceDetections(boxes[kept], scores[kept], landmarks[kept])
