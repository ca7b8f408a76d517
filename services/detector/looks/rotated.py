"""Looking for tilted heads: the frame is turned to either side, and what is seen there only is checked from close by."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from chassis.domain.faces import FaceDetections, box_overlaps, fit_frame
from services.detector.looks.closer import look_closer
from services.detector.looks.faces import Detectors, Pixels, chosen, merged, no_faces
from services.detector.pictures.squares import cut_square
from services.detector.rules import DetectorProfile, RotatedRules


@dataclass(frozen=True, slots=True)
class _Turned:
    """A turned frame and the matrix [2,3] from its pixels to the frame's."""

    picture: Pixels
    back: npt.NDArray[np.float64]


async def look_rotated(
    frame: Pixels, known: FaceDetections, detectors: Detectors, profile: DetectorProfile
) -> FaceDetections:
    """Faces of `frame` that only a turned look shows and the closer look confirms, in its pixels.

    Two at most for each known face and two more, so that a picture full of patterns does not cost more than a crowd.
    """
    rules = profile.rotated
    turned = await asyncio.to_thread(lambda: [_turn(frame, angle, rules) for angle in (-rules.degrees, rules.degrees)])
    looks = await detectors.find(np.stack([one.picture for one in turned]))
    seen = merged(
        [_upright(faces, one) for faces, one in zip(looks, turned, strict=True)],
        min_score=rules.min_score,
        max_overlap=profile.merge_overlap,
    )
    new = chosen(seen, _is_new(seen, known, rules) & _is_plausible(seen))
    new = chosen(new, slice(2 + 2 * len(known.scores)))
    if not len(new.scores):
        return no_faces()
    squares = [
        cut_square(frame, box, margin=profile.closer.crop_margin, largest=profile.closer.largest) for box in new.boxes
    ]
    confirmed = [
        faces
        for faces in await look_closer(squares, list(new.boxes), detectors.check, profile.closer)
        if faces is not None and faces.best_score >= rules.confirming_score
    ]
    return merged([no_faces(), *confirmed], min_score=0.0, max_overlap=profile.merge_overlap)


def _turn(frame: Pixels, degrees: float, rules: RotatedRules) -> _Turned:
    """The whole frame turned about its middle, on a canvas whose long side is at most the rules'."""
    height, width = frame.shape[:2]
    angle = np.deg2rad(abs(degrees))
    wide = width * np.cos(angle) + height * np.sin(angle)
    high = width * np.sin(angle) + height * np.cos(angle)
    fit = fit_frame(round(wide), round(high), long_side=rules.long_side)
    canvas = fit.analysed_size
    matrix = cv2.getRotationMatrix2D((width / 2, height / 2), degrees, fit.scale_x)
    matrix[:, 2] += (canvas[0] / 2 - width / 2, canvas[1] / 2 - height / 2)
    source, shrunk = frame, matrix.copy()
    if fit.scale_x < 0.5:  # in one step it would alias
        source = np.asarray(cv2.resize(frame, (width // 2, height // 2), interpolation=cv2.INTER_AREA), dtype=np.uint8)
        shrunk[:, :2] *= 2
    picture = cv2.warpAffine(source, shrunk, canvas, flags=cv2.INTER_LINEAR)
    return _Turned(np.asarray(picture, dtype=np.uint8), np.asarray(cv2.invertAffineTransform(matrix), dtype=np.float64))


def _upright(faces: FaceDetections, turned: _Turned) -> FaceDetections:
    """Faces of a turned frame in the frame's pixels: their middles are turned back, their sizes stay."""
    back = turned.back
    scale = float(np.hypot(back[0, 0], back[1, 0]))
    middles = (faces.boxes[:, :2] + faces.boxes[:, 2:]) / 2 @ back[:, :2].T + back[:, 2]
    halves = (faces.boxes[:, 2:] - faces.boxes[:, :2]) / 2 * scale
    landmarks = faces.landmarks.reshape(-1, 5, 2) @ back[:, :2].T + back[:, 2]
    return FaceDetections(
        np.concatenate([middles - halves, middles + halves], axis=1).astype(np.float32),
        faces.scores,
        landmarks.reshape(-1, 10).astype(np.float32),
    )


def _is_new(seen: FaceDetections, known: FaceDetections, rules: RotatedRules) -> npt.NDArray[np.bool_]:
    """Which faces lie where none is known."""
    if not len(known.scores):
        return np.ones(len(seen.scores), dtype=bool)
    return np.asarray(box_overlaps(seen.boxes, known.boxes).max(axis=1) < rules.known_overlap, dtype=bool)


def _is_plausible(seen: FaceDetections) -> npt.NDArray[np.bool_]:
    """Whether the landmarks could be a face's: the eyes apart, and nose and mouth on the same side of them."""
    points = seen.landmarks.reshape(-1, 5, 2)
    eyes, mouth = points[:, :2].mean(axis=1), points[:, 3:].mean(axis=1)
    across, down, nose = points[:, 1] - points[:, 0], mouth - eyes, points[:, 2] - eyes
    size = np.maximum(1e-6, (seen.boxes[:, 2:] - seen.boxes[:, :2]).max(axis=1))
    turn = across[:, 0] * down[:, 1] - across[:, 1] * down[:, 0]
    below = (nose * down).sum(axis=1)
    return np.asarray(
        (turn > 0) & (below > 0) & (np.hypot(*down.T) > 0.15 * size) & (np.hypot(*across.T) > 0.1 * size), dtype=bool
    )
