from __future__ import annotations

import cv2
import numpy as np

from chassis.domain.pictures import Pixels
from services.identity.facebank.reference_images import chip_sharpness


def drawn_face(side: int) -> Pixels:
    """Dark eyes and mouth with hard edges on a light ground: uint8 [side, side, 3]."""
    picture = np.full((side, side, 3), 190, dtype=np.uint8)
    for x, y, width, height in (
        (0.2, 0.25, 0.2, 0.1),
        (0.6, 0.25, 0.2, 0.1),
        (0.45, 0.4, 0.1, 0.2),
        (0.3, 0.7, 0.4, 0.1),
    ):
        picture[int(y * side) : int((y + height) * side), int(x * side) : int((x + width) * side)] = 60
    return picture


def test_blur_lowers_sharpness() -> None:
    chip = drawn_face(150)
    values = [
        chip_sharpness(np.asarray(cv2.GaussianBlur(chip, (0, 0), blur), dtype=np.uint8), face_px=150)
        for blur in (1, 3, 6)
    ]
    assert values == sorted(values, reverse=True)
    assert values[0] > 2 * values[2]


def test_a_small_sharp_face_is_not_taken_for_a_blurred_one() -> None:
    small = np.asarray(cv2.resize(drawn_face(40), (150, 150), interpolation=cv2.INTER_LINEAR), dtype=np.uint8)
    assert chip_sharpness(small, face_px=40) > 1.3 * chip_sharpness(small, face_px=150)
