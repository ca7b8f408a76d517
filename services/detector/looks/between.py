"""Faces between two looks of a calm stretch: their boxes are interpolated, and the pictures say whether that is true.

**A face is followed over frames that nobody looked at only where both looks saw the same faces and every frame in between
shows them there, and nothing new elsewhere.** Whatever else happens in between (somebody comes, goes, turns away, is
covered; the camera moves) is seen by looking at every frame, as before.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import cv2
import numpy as np
import numpy.typing as npt
from scipy.optimize import linear_sum_assignment

from chassis.domain.faces import FaceDetections, box_overlaps
from services.detector.looks.faces import Floats, Pixels, chosen
from services.detector.pictures.alignment import APPEARANCE_SIDE, appearance, cut_patch, likeness
from services.detector.rules import CalmRules

_SMALL: Final = (64, 36)
"""Columns and rows of the picture in small that a change elsewhere is seen in."""
_BLOCK: Final = 4
"""Pixels of the small picture on a side of the blocks that are compared."""
_BLOCKS: Final = (_SMALL[0] // _BLOCK, _SMALL[1] // _BLOCK)
"""Columns and rows of them."""


def is_calm(frames: Sequence[Pixels], faces: FaceDetections, rules: CalmRules) -> bool:
    """Whether every frame [H,W,3] between the first and the last is like one of them, beside the people whose `faces`
    are known: whoever walks in comes with a head, at the height of others' or above, where no body of theirs moves.
    """
    beside = beside_people(faces, frames[0].shape, _BLOCKS, body=rules.body)
    small = [_small(frame) for frame in frames]
    return all(
        float(np.minimum(_change(now, small[0]), _change(now, small[-1]))[beside].max(initial=0.0)) <= rules.most_change
        for now in small[1:-1]
    )


def faces_between(
    frames: Sequence[Pixels], times_s: Sequence[float], first: FaceDetections, last: FaceDetections, rules: CalmRules
) -> list[FaceDetections] | None:
    """The faces of `frames[1:-1]` [H,W,3], in their pixels, from those of the first frame and the last.

    None where these are not the same faces at about the same places, or a frame in between does not show them.
    """
    pairs = _same_faces(first, last, rules)
    if pairs is None:
        return None
    last = chosen(last, pairs)
    whole_s = times_s[-1] - times_s[0]
    between = [_mixed(first, last, (time_s - times_s[0]) / whole_s) for time_s in times_s[1:-1]]
    try:
        before, after = _patterns(frames[0], first), _patterns(frames[-1], last)
        patterns = [_patterns(frame, faces) for frame, faces in zip(frames[1:-1], between, strict=True)]
    except ValueError:  # a box outside the frame
        return None
    alike = [
        max(likeness(now, before[face]), likeness(now, after[face]))
        for found in patterns
        for face, now in enumerate(found)
    ]
    return between if min(alike, default=1.0) >= rules.least_likeness else None


def _same_faces(first: FaceDetections, last: FaceDetections, rules: CalmRules) -> npt.NDArray[np.intp] | None:
    """For each face of the first look its index in the last one; None where some have no other or are not sure."""
    if len(first.scores) != len(last.scores):
        return None
    if np.minimum(first.scores, last.scores).min(initial=1.0) < rules.least_score:
        return None
    overlaps = box_overlaps(first.boxes, last.boxes)
    rows, columns = linear_sum_assignment(-overlaps)
    if (overlaps[rows, columns] < rules.least_overlap).any():
        return None
    return np.asarray(columns, dtype=np.intp)


def _mixed(first: FaceDetections, last: FaceDetections, part: float) -> FaceDetections:
    """Boxes and landmarks `part` of the way; the score of the less sure look."""
    share = np.float32(part)
    return FaceDetections(
        first.boxes + share * (last.boxes - first.boxes),
        np.minimum(first.scores, last.scores),
        first.landmarks + share * (last.landmarks - first.landmarks),
    )


def _small(frame: Pixels) -> Pixels:
    """The frame in small, of every n-th row and column first: noise does not matter, time does."""
    step = max(1, min(frame.shape[1] // (2 * _SMALL[0]), frame.shape[0] // (2 * _SMALL[1])))
    thinned = np.ascontiguousarray(frame[::step, ::step])
    return np.asarray(cv2.resize(thinned, _SMALL, interpolation=cv2.INTER_AREA), dtype=np.uint8)


def _change(one: Pixels, other: Pixels) -> Floats:
    """Mean change of each block's pixels [9,16], in levels of 0..255."""
    levels = cv2.absdiff(one, other)
    return np.asarray(cv2.resize(levels, _BLOCKS, interpolation=cv2.INTER_AREA).max(axis=2), np.float32)


def beside_people(
    faces: FaceDetections, shape: Sequence[int], blocks: tuple[int, int], *, body: float
) -> npt.NDArray[np.bool_]:
    """Which blocks [rows,columns] of a frame of `shape` [H,W,…], given as columns and rows, show nothing of a head, which
    is a face and half its width and height around it, nor of what is below the chin, `body` widths of the face to either
    side.
    """
    columns, rows = blocks
    beside = np.ones((rows, columns), dtype=bool)
    places = faces.boxes / np.tile((shape[1] / columns, shape[0] / rows), 2)
    halves = (places[:, 2:] - places[:, :2]) / 2
    heads = np.floor(np.concatenate([places[:, :2] - halves, places[:, 2:] + halves], axis=1)).astype(int)
    for left, top, right, bottom in np.maximum(heads, 0):
        beside[top : bottom + 1, left : right + 1] = False
    middles, reach = (places[:, 0] + places[:, 2]) / 2, body * (places[:, 2] - places[:, 0])
    bodies = np.floor(np.column_stack([middles - reach, places[:, 3], middles + reach])).astype(int)
    for left, chin, right in np.maximum(bodies, 0):
        beside[chin:, left : right + 1] = False
    return beside


def _patterns(frame: Pixels, faces: FaceDetections) -> list[Floats]:
    """The appearance of each face. Raises ValueError where a box lies outside the frame."""
    return [appearance(cut_patch(frame, box, side=APPEARANCE_SIDE)) for box in faces.boxes]
