"""Faces too small for a full look, followed in enlarged pictures of themselves and their surroundings.

The cheap model needs a face 26 pixels high to be sure of it (0.95 and more of 83 faces of 14 to 45 px in a film of 1080p;
0.6 of those 18 high). A whole frame that large costs 70 to 290 ms of a core; a picture around one face costs half a
millisecond, so the whole frame is looked at now and then and those seen there are followed in their own pictures.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from chassis.domain.faces import FaceDetections, box_overlaps, resized
from services.detector.looks.faces import Detect, Floats, Pixels, chosen, heights, merged, no_faces
from services.detector.pictures.squares import Square, cut_square
from services.detector.rules import DetectorProfile


def small_faces(faces: FaceDetections, shape: Sequence[int], profile: DetectorProfile) -> FaceDetections:
    """Those of `faces` in a frame [H,W,…] of `shape` that full looks cannot be relied upon for, best first."""
    return chosen(faces, _are_small(faces, shape, profile))


def without_small(faces: FaceDetections, shape: Sequence[int], profile: DetectorProfile) -> FaceDetections:
    """The others."""
    return chosen(faces, ~_are_small(faces, shape, profile))


def _are_small(faces: FaceDetections, shape: Sequence[int], profile: DetectorProfile) -> npt.NDArray[np.bool_]:
    scale = min(1.0, profile.long_side / max(shape[:2]))
    return np.asarray(heights(faces) * scale < profile.small.below_px, dtype=bool)


async def follow_small(
    frames: Sequence[Pixels], known: FaceDetections, find: Detect, profile: DetectorProfile
) -> list[FaceDetections]:
    """For each frame [H,W,3] the small faces around where `known` ones were, in its pixels. Raises what `find` raises."""
    boxes, rules = known.boxes[: profile.small.most], profile.small
    if not len(boxes) or not frames:
        return [no_faces() for _ in frames]
    squares, pictures = await asyncio.to_thread(around, frames, boxes, margin=rules.crop_margin, side=rules.side)
    seen = await find(pictures)
    shape, found = frames[0].shape, iter(zip(squares, seen, strict=True))
    return [
        small_faces(
            merged(
                [in_frame(*next(found), side=rules.side) for _ in boxes],
                min_score=profile.tracking.weak_score,
                max_overlap=profile.merge_overlap,
            ),
            shape,
            profile,
        )
        for _ in frames
    ]


def preferring(surer: FaceDetections, others: FaceDetections, profile: DetectorProfile) -> FaceDetections:
    """One list of two: of the `others` those that are not among the `surer` ones.

    A face's box is larger or smaller by a quarter in pictures of other sizes, which would look as if it were covered.
    """
    if not len(surer.scores) or not len(others.scores):
        return others if len(others.scores) else surer
    new = box_overlaps(others.boxes, surer.boxes).max(axis=1) <= profile.merge_overlap
    return merged([surer, chosen(others, new)], min_score=0.0, max_overlap=profile.merge_overlap)


def around(frames: Sequence[Pixels], boxes: Floats, *, margin: float, side: int) -> tuple[list[Square], Pixels]:
    """Frame by frame the square around each box and `margin` of it, and all of them `side` pixels wide [N,S,S,3]."""
    squares = [cut_square(frame, box, margin=margin, largest=side) for frame in frames for box in boxes]
    return squares, np.stack([resized(square.picture, width=side, height=side) for square in squares])


def in_frame(square: Square, faces: FaceDetections, *, side: int) -> FaceDetections:
    """The faces in a square seen `side` pixels wide, without those that its border may cut off, in pixels of the frame."""
    whole = ((faces.boxes > 1) & (faces.boxes < side - 1)).all(axis=1)
    faces = chosen(faces, np.flatnonzero(whole))
    to_square = np.float32(square.picture.shape[0] / side)
    return FaceDetections(
        square.to_frame(faces.boxes * to_square), faces.scores, square.to_frame(faces.landmarks * to_square)
    )
