from __future__ import annotations

import cv2
import numpy as np
import numpy.typing as npt

from services.detector.pictures.change import picture_change

Pixels = npt.NDArray[np.uint8]


def face(seed: int = 0) -> Pixels:
    """Something with features of a face's size."""
    noise = np.random.default_rng(seed).integers(0, 256, (9, 9, 3)).astype(np.uint8)
    return np.asarray(cv2.resize(noise, (150, 150), interpolation=cv2.INTER_CUBIC), dtype=np.uint8)


def grainy(picture: Pixels, seed: int) -> Pixels:
    grain = np.random.default_rng(seed).normal(0, 4, picture.shape)
    return np.clip(picture + grain, 0, 255).astype(np.uint8)


def shifted(picture: Pixels, pixels: int) -> Pixels:
    return np.roll(picture, pixels, axis=1)


def test_a_photograph_does_not_change_but_for_grain_and_shifts() -> None:
    found = picture_change([grainy(shifted(face(), 2 * (seed % 3)), seed) for seed in range(8)])
    assert found is not None
    assert found.large < 0.003


def test_a_photograph_that_is_aligned_a_little_differently_each_time_does_not_change() -> None:
    turned = [
        cv2.warpAffine(
            face(),
            cv2.getRotationMatrix2D((75, 75), 4.0 * (step % 2), 1.0 + 0.04 * (step % 3)),
            (150, 150),
            borderMode=cv2.BORDER_REFLECT,
        )
        for step in range(8)
    ]
    found = picture_change([np.asarray(picture, dtype=np.uint8) for picture in turned])
    assert found is not None
    assert found.typical < 0.002


def test_a_face_that_moves_changes() -> None:
    moving = [face() for _ in range(8)]
    for step, picture in enumerate(moving):
        picture[90:130, 50:100] = face(step + 1)[90:130, 50:100]  # the mouth
    found = picture_change(moving)
    assert found is not None
    assert found.typical > 0.03


def test_light_that_changes_is_no_movement() -> None:
    found = picture_change([np.clip(face() * factor, 0, 255).astype(np.uint8) for factor in np.linspace(0.6, 1.0, 8)])
    assert found is not None
    assert found.large < 0.01


def test_a_few_pictures_say_nothing() -> None:
    assert picture_change([face()] * 4) is None
    assert picture_change([]) is None


def test_a_plain_picture_is_no_fault() -> None:
    assert picture_change([np.full((112, 112, 3), 90, dtype=np.uint8)] * 6) is not None
