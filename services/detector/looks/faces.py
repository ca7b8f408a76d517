"""What all looks for faces have in common: the models that are asked, sizing, and making one list of several."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from chassis.domain.faces import FaceDetections, fit_frame, non_maximum_suppression

Floats = npt.NDArray[np.float32]
Pixels = npt.NDArray[np.uint8]

Detect = Callable[[Pixels], Awaitable[list[FaceDetections]]]
"""Frames uint8 [N,H,W,3] (RGB, sides divisible by 32) to the faces of each, best first, in pixels of that frame."""


@dataclass(frozen=True, slots=True)
class Detectors:
    """The two models. `find` is cheap and sees small faces, but loses heads that are tilted far and puts their landmarks
    wrongly; `check` is right there and six times as dear, so it looks at small pictures around faces only.
    """

    find: Detect
    check: Detect


def no_faces() -> FaceDetections:
    return FaceDetections(np.zeros((0, 4), np.float32), np.zeros((0,), np.float32), np.zeros((0, 10), np.float32))


def chosen(
    faces: FaceDetections, which: npt.NDArray[np.bool_] | npt.NDArray[np.intp] | Sequence[int] | slice
) -> FaceDetections:
    """Some of the faces: a mask or indices."""
    return FaceDetections(faces.boxes[which], faces.scores[which], faces.landmarks[which])


def heights(faces: FaceDetections) -> Floats:
    """Heights [F] of the faces in pixels."""
    return np.asarray(faces.boxes[:, 3] - faces.boxes[:, 1], dtype=np.float32)


async def look_at(frames: Sequence[Pixels], detect: Detect, *, long_side: int) -> list[FaceDetections]:
    """The faces of frames of one size as seen with their long side at most `long_side`, in pixels of the frames."""
    if not frames:
        return []
    fit = fit_frame(frames[0].shape[1], frames[0].shape[0], long_side=long_side)
    analysed = await asyncio.to_thread(fit.apply_all, frames)
    return [
        FaceDetections(fit.to_frame(faces.boxes), faces.scores, fit.to_frame(faces.landmarks))
        for faces in await detect(analysed)
    ]


def merged(found: Sequence[FaceDetections], *, min_score: float, max_overlap: float) -> FaceDetections:
    """One list of faces out of several looks; of boxes that overlap much the surest stays."""
    whole = _joined([faces for faces in found if len(faces.scores)])
    usable = (
        (whole.scores >= min_score)
        & np.isfinite(whole.boxes).all(axis=1)
        & np.isfinite(whole.landmarks).all(axis=1)
        & (whole.boxes[:, 2:] > whole.boxes[:, :2]).all(axis=1)
    )
    if not usable.all():
        whole = chosen(whole, usable)
    if len(whole.scores) < 2:
        return whole
    return chosen(whole, non_maximum_suppression(whole.boxes, whole.scores, max_overlap=max_overlap))


def _joined(found: Sequence[FaceDetections]) -> FaceDetections:
    if len(found) == 1:
        return found[0]
    if not found:
        return no_faces()
    return FaceDetections(
        np.concatenate([faces.boxes for faces in found]),
        np.concatenate([faces.scores for faces in found]),
        np.concatenate([faces.landmarks for faces in found]),
    )
