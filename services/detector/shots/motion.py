"""How much of the change between two signatures the camera's movement explains: a pan, a zoom, a turn.

The best affine map is looked for from the best shift on (Evangelidis and Psarakis, 2008), on smoothed luma.
"""

from __future__ import annotations

import cv2
import numpy as np

from services.detector.shots.frames import Signature

REACH = (3 / 16, 1 / 6)
"""Across and down, of the picture's sides, up to which the best shift is looked for: 12 and 6 pixels of a whole signature."""
STEPS = (cv2.TERM_CRITERIA_EPS | cv2.TERM_CRITERIA_COUNT, 30, 1e-3)
LEAST_SHARED = 0.3
"""Share of the picture that both must show after the movement."""
SMALLEST_CHANGE = 1e-3


def change_left(before: Signature, after: Signature) -> float:
    """Mean change of luma after the best movement over that before it: near 0 for a moved picture, near 1 for another.

    1 where no movement brings the pictures over each other.
    """
    first, second = (np.asarray(cv2.GaussianBlur(one[0], (0, 0), 1.0), dtype=np.uint8) for one in (before, after))
    across, down = (int(part * side) for part, side in zip(REACH, (first.shape[1], first.shape[0]), strict=True))
    fits = cv2.matchTemplate(first, second[down:-down, across:-across], cv2.TM_CCOEFF_NORMED)
    _, _, _, (column, row) = cv2.minMaxLoc(fits)
    movement = np.array([[1, 0, column - across], [0, 1, row - down]], dtype=np.float32)
    inside = np.full_like(first, 255)
    try:
        _, found = cv2.findTransformECC(second, first, movement, cv2.MOTION_AFFINE, STEPS, inside, 3)
    except cv2.error:  # nothing to hold on to
        return 1.0
    size = (first.shape[1], first.shape[0])
    moved = cv2.warpAffine(first, found, size, flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP)
    shared = cv2.warpAffine(inside, found, size, flags=cv2.INTER_NEAREST | cv2.WARP_INVERSE_MAP) > 0
    if shared.mean() < LEAST_SHARED:
        return 1.0
    target = second.astype(np.float64)[shared]
    left = float(np.abs(moved[shared] - target).mean())
    whole = float(np.abs(first[shared] - target).mean())
    return min(1.0, left / max(SMALLEST_CHANGE, whole))
