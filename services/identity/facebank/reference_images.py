"""How good a face on a reference picture is to look at."""

from __future__ import annotations

import cv2
import numpy as np

from chassis.domain.pictures import Pixels


def chip_sharpness(chip: Pixels, *, face_px: float) -> float:
    """Sharpness (0..1) of an aligned chip [S, S, 3] cut from a face `face_px` pixels high in its picture.

    The share of the fine detail that a blur takes away (after Crete et al., 2007): a picture that is blurred already
    loses little. Measured at the picture's own resolution, so that a small sharp face is not taken for a blurred one.
    """
    side = chip.shape[0]
    native = int(np.clip(round(face_px), 16, side))
    grey = cv2.cvtColor(chip, cv2.COLOR_RGB2GRAY)
    if native < side:
        grey = cv2.resize(grey, (native, native), interpolation=cv2.INTER_AREA)
    picture = grey.astype(np.float64)
    losses = []
    for axis, kernel in ((0, (1, 9)), (1, (9, 1))):
        blurred = cv2.blur(picture, kernel)
        detail = np.abs(np.diff(picture, axis=axis))
        left = np.abs(np.diff(blurred, axis=axis))
        losses.append(float(np.clip(detail - left, 0.0, None).sum()) / max(float(detail.sum()), 1e-9))
    return float(np.clip(min(losses), 0.0, 1.0))
