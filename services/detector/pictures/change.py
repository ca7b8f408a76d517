"""How much a face changes from one of its pictures to the next, beyond a shift, a turn, a zoom and a shear.

A person blinks, speaks and turns; a photograph of one, a poster or a doll does not. The pictures are aligned by their
landmarks, which a detector puts a little elsewhere each time; what is left of that is taken out by the affine map that
makes the correlation largest (Evangelidis and Psarakis, 2008).
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import cv2
import numpy as np
import numpy.typing as npt

from contracts.rows import PictureChange

Pixels = npt.NDArray[np.uint8]

SIDE = 75
SMOOTHED = 0.75
"""Deviation in pixels of that size: grain and compression go, features stay."""
SHIFT = 4
"""Pixels around which the best shift is looked for."""
STEPS = (cv2.TERM_CRITERIA_EPS | cv2.TERM_CRITERIA_COUNT, 12, 1e-3)
"""When the search for the best map ends; more steps find nothing better."""
LEAST_PICTURES = 5
DIGITS = 5


def picture_change(pictures: Sequence[Pixels]) -> PictureChange | None:
    """The change between each of a track's aligned pictures [N,N,3] (in order of time) and the next; None for too few.

    A change is 1 - the correlation of luma: 0.0001 to 0.002 for a photograph, 0.003 to 0.1 for a living face, more where
    the head turns.
    """
    if len(pictures) < LEAST_PICTURES:
        return None
    lumas = [_luma(picture) for picture in pictures]
    changes = [_change(before, after) for before, after in pairwise(lumas)]
    return PictureChange(
        typical=round(float(np.median(changes)), DIGITS),
        large=round(float(np.quantile(changes, 0.75)), DIGITS),
        pictures=len(pictures),
    )


def _luma(picture: Pixels) -> Pixels:
    small = cv2.resize(cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY), (SIDE, SIDE), interpolation=cv2.INTER_AREA)
    return np.asarray(cv2.GaussianBlur(small, (0, 0), SMOOTHED), dtype=np.uint8)


def _change(before: Pixels, after: Pixels) -> float:
    """1 - correlation of the middle of the first with where it fits the second best."""
    margin = SIDE // 8
    middle = before[margin:-margin, margin:-margin]
    reach = margin - SHIFT
    shifted = cv2.matchTemplate(after[reach:-reach, reach:-reach], middle, cv2.TM_CCOEFF_NORMED)
    return min(1.0, max(0.0, 1.0 - max(float(shifted.max()), _mapped_correlation(before, after, margin))))


def _mapped_correlation(before: Pixels, after: Pixels, margin: int) -> float:
    """Correlation of the middle with what the best affine map brings there; 0 where none is found."""
    middle = np.zeros_like(before)
    middle[margin:-margin, margin:-margin] = 255
    try:
        found, _ = cv2.findTransformECC(
            before, after, np.eye(2, 3, dtype=np.float32), cv2.MOTION_AFFINE, STEPS, middle, 5
        )
    except cv2.error:  # it wanders off, or there is nothing to hold on to
        return 0.0
    return float(found)
