"""How good a picture of a face is: five parts in 0..1 and their weighted mean."""

from __future__ import annotations

import math

import cv2
import numpy as np
import numpy.typing as npt

from contracts.rows import FaceQuality
from services.detector.rules import QualityRules

Floats = npt.NDArray[np.float32]
Pixels = npt.NDArray[np.uint8]

MINIMUM_VARIANCE = 1e-3
SHARPNESS_SIDE = 37


def face_quality(*, chip: Pixels, landmarks: Floats, score: float, face_px: float, rules: QualityRules) -> FaceQuality:
    """Judges a face by its aligned chip [S,S,3].

    `landmarks` are the ten numbers in pixels of any frame, `score` the detector's, `face_px` the shorter side of the
    face in pixels of the video.
    """
    luma = _inner_luma(chip)
    parts = {
        "confidence": _ramp(score, rules.confidence),
        "size": _ramp(face_px, rules.size_px),
        "sharpness": _ramp(_sharpness(luma), rules.sharpness),
        "contrast": _ramp(float(luma.std()), rules.contrast),
        "frontality": frontality(landmarks, rules),
    }
    score_all = sum(weight * part for weight, part in zip(rules.weights, parts.values(), strict=True))
    return FaceQuality(score=round(min(1.0, score_all), 4), **{name: round(part, 4) for name, part in parts.items()})


def rough_quality(*, patch: Pixels, landmarks: Floats, score: float, face_px: float, rules: QualityRules) -> float:
    """A cheap guess at `face_quality`'s score from the picture in the face's box, to choose between faces of one track."""
    luma = np.asarray(cv2.cvtColor(patch, cv2.COLOR_RGB2GRAY), dtype=np.uint8)
    parts = (
        _ramp(score, rules.confidence),
        _ramp(face_px, rules.size_px),
        _ramp(_sharpness(luma), rules.sharpness),
        _ramp(float(luma.std()), rules.contrast),
        frontality(landmarks, rules),
    )
    return sum(weight * part for weight, part in zip(rules.weights, parts, strict=True))


def frontality(landmarks: Floats, rules: QualityRules) -> float:
    """1 for a face that looks into the camera, 0 for a profile or a face turned far up or down.

    Measured along the line of the eyes, so a tilted head (roll) does not matter: where the nose lies between the eyes
    (yaw), and where between the line of the eyes and that of the mouth (pitch; about the middle for a level head).
    """
    left_eye, right_eye, nose, left_mouth, right_mouth = np.asarray(landmarks, dtype=np.float64).reshape(5, 2)
    eyes, mouth = (left_eye + right_eye) / 2, (left_mouth + right_mouth) / 2
    across, down = right_eye - left_eye, mouth - eyes
    eye_distance, face_height = float(np.hypot(*across)), float(np.hypot(*down))
    if eye_distance < 1e-6 or face_height < 1e-6:
        return 0.0
    # A turned head also narrows the eyes' distance against the height of the face.
    yaw = abs(float((nose - eyes) @ across) / eye_distance**2 - float((mouth - eyes) @ across) / eye_distance**2 / 2)
    pitch = abs(float((nose - eyes) @ down) / face_height**2 - 0.5)
    narrow = _ramp(eye_distance / face_height, (0.35, 0.8))
    return (1 - _ramp(yaw, rules.yaw)) * (1 - _ramp(pitch, rules.pitch)) * narrow


def _inner_luma(chip: Pixels) -> Pixels:
    """Luma of the face itself, without the background in the chip's corners."""
    border = chip.shape[0] // 6
    return np.asarray(cv2.cvtColor(chip[border:-border, border:-border], cv2.COLOR_RGB2GRAY), dtype=np.uint8)


def _sharpness(luma: Pixels) -> float:
    """Logarithm of the detail (the Laplacian's variance) over the contrast (the luma's), at a small fixed size.

    Over the contrast, so that a darkened face is not taken for a blurred one; at a fixed size, so that the number says
    whether the coarse features that an embedder lives on are there, however large the face is in the video.
    """
    size = (SHARPNESS_SIDE, SHARPNESS_SIDE)
    small = np.asarray(
        luma if luma.shape == size else cv2.resize(luma, size, interpolation=cv2.INTER_AREA), dtype=np.float32
    )
    detail, contrast = float(cv2.Laplacian(small, cv2.CV_32F).var()), float(small.var())
    return math.log(max(MINIMUM_VARIANCE, detail) / max(MINIMUM_VARIANCE, contrast))


def _ramp(value: float, bounds: tuple[float, float]) -> float:
    low, high = bounds
    return min(1.0, max(0.0, (value - low) / (high - low)))
