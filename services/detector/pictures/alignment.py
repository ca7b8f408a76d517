"""Cutting aligned faces out of frames, and comparing two of them roughly."""

from __future__ import annotations

import cv2
import numpy as np
import numpy.typing as npt

from chassis.domain.faces import CROP_SIZE, CROP_TEMPLATE, align_chip, map_points, resized, similarity_transform

Floats = npt.NDArray[np.float32]
Pixels = npt.NDArray[np.uint8]

APPEARANCE_SIDE = 12
COLOUR_WEIGHT = 1.0


def cut_crop(frame: Pixels, landmarks: Floats) -> tuple[Pixels, Floats]:
    """The aligned picture [192,192,3] of a face in `frame`, and where its landmarks lie in it: ten numbers in pixels.

    Only the face's surroundings are worked on, which for a small face in a large frame is most of the cost.
    Raises ValueError for landmarks that are not finite or all at one place.
    """
    points = np.asarray(landmarks, dtype=np.float64).reshape(5, 2)
    matrix = similarity_transform(points, CROP_TEMPLATE.points)
    scale = float(np.hypot(matrix[0, 0], matrix[1, 0]))
    height, width = frame.shape[:2]
    corners = np.array([(0, 0), (CROP_SIZE, 0), (0, CROP_SIZE), (CROP_SIZE, CROP_SIZE)], dtype=np.float64)
    inverse = cv2.invertAffineTransform(matrix)
    in_frame = corners @ inverse[:, :2].T + inverse[:, 2]
    margin = 2 + 2 / scale
    left, top = np.floor(in_frame.min(axis=0) - margin)
    right, bottom = np.ceil(in_frame.max(axis=0) + margin)
    x1, y1 = int(np.clip(left, 0, width - 1)), int(np.clip(top, 0, height - 1))
    x2, y2 = int(np.clip(right, x1 + 1, width)), int(np.clip(bottom, y1 + 1, height))
    crop = align_chip(frame[y1:y2, x1:x2], (points - (x1, y1)).astype(np.float32), chip=CROP_TEMPLATE)
    return crop, map_points(matrix, points).ravel()


def cut_patch(frame: Pixels, box: Floats, *, side: int) -> Pixels:
    """What is in a box [4] of `frame` [H,W,3], as far as it lies in the frame, at a fixed size [side,side,3].

    Raises ValueError for a box that lies outside.
    """
    height, width = frame.shape[:2]
    x1, y1 = (max(0, int(value)) for value in box[:2])
    x2, y2 = min(width, int(np.ceil(box[2]))), min(height, int(np.ceil(box[3])))
    if x2 - x1 < 2 or y2 - y1 < 2:
        raise ValueError(f"the box {box.tolist()} lies outside the frame")
    return resized(frame[y1:y2, x1:x2], width=side, height=side)


def appearance(chip: Pixels) -> Floats:
    """The coarse pattern of light and colour of a face's picture: a vector of zero mean and unit length.

    Good for telling that two pictures cannot be the same face a moment later; not for recognising anyone.
    """
    small = cv2.resize(chip, (APPEARANCE_SIDE, APPEARANCE_SIDE), interpolation=cv2.INTER_AREA).astype(np.float32)
    light = small.mean(axis=2)
    colour = small - light[..., None]
    parts = np.concatenate([(light - light.mean()).ravel(), COLOUR_WEIGHT * (colour - colour.mean()).ravel()])
    length = float(np.linalg.norm(parts))
    return (parts / length if length > 1e-6 else parts).astype(np.float32)


def likeness(first: Floats, second: Floats) -> float:
    """Correlation of two appearances in -1..1."""
    return float(first @ second)
