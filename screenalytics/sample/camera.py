"""A virtual camera: frames a part of a picture, moves over it, changes the light. Pure functions on BGR uint8."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

Picture = npt.NDArray[np.uint8]
Size = tuple[int, int]

SWAY_PERIOD_S = 3.1
SWAY_AMOUNT = 0.0025


@dataclass(frozen=True)
class Framing:
    """What the camera sees: the middle (x, y) and the width, as fractions (0..1) of the picture's width and height.

    The height follows from the shape of the view.
    """

    x: float
    y: float
    width: float = 1.0

    def towards(self, other: "Framing", share: float) -> "Framing":
        """The framing `share` (0..1) of the way to `other`."""
        return Framing(
            x=self.x + (other.x - self.x) * share,
            y=self.y + (other.y - self.y) * share,
            width=self.width + (other.width - self.width) * share,
        )

    def swayed(self, time_s: float) -> "Framing":
        """The same framing held by hand: a slow drift of a quarter of a percent of its width."""
        phase = 2 * math.pi * time_s / SWAY_PERIOD_S
        drift = SWAY_AMOUNT * self.width
        return Framing(
            x=self.x + drift * math.sin(phase),
            y=self.y + drift * math.sin(2 * phase),
            width=self.width,
        )


def eased(share: float) -> float:
    """Starts and stops gently: 0 -> 0, 0.5 -> 0.5, 1 -> 1."""
    bounded = min(max(share, 0.0), 1.0)
    return bounded * bounded * (3 - 2 * bounded)


def view(picture: Picture, framing: Framing, size: Size) -> Picture:
    """What the camera sees, as [height, width, 3] for `size` = (width, height).

    A framing that would leave the picture is pushed back inside. Raises ValueError when it does not fit at all.
    """
    picture_height, picture_width = picture.shape[:2]
    width, height = size
    seen_width = framing.width * picture_width
    seen_height = seen_width * height / width
    # Half a pixel of slack: the shape of the view may be rounded.
    if seen_width > picture_width + 0.5 or seen_height > picture_height + 0.5:
        raise ValueError(f"a view of {seen_width:.0f}x{seen_height:.0f} does not fit {picture_width}x{picture_height}")
    left = _pushed_inside(framing.x * picture_width - seen_width / 2, seen_width, picture_width)
    top = _pushed_inside(framing.y * picture_height - seen_height / 2, seen_height, picture_height)
    scale = width / seen_width
    # Pixel centres, not corners, are what the transform maps.
    offset = (scale - 1) / 2
    transform = np.array(
        [[scale, 0, offset - left * scale], [0, scale, offset - top * scale]],
        dtype=np.float64,
    )
    interpolation = cv2.INTER_CUBIC if scale > 1 else cv2.INTER_LINEAR
    seen = cv2.warpAffine(picture, transform, size, flags=interpolation, borderMode=cv2.BORDER_REPLICATE)
    return np.asarray(seen, dtype=np.uint8)


def _pushed_inside(start: float, length: float, limit: float) -> float:
    return max(0.0, min(start, limit - length))


def shrunk_for(picture: Picture, framings: Sequence[Framing], width: int) -> Picture:
    """The picture, made no larger than the closest of `framings` needs for a view of `width` pixels.

    Averaging large pictures once keeps their fine detail from flickering when the camera moves.
    """
    closest = min(framing.width for framing in framings)
    scale = width / (closest * picture.shape[1])
    if scale >= 1:
        return picture
    return np.asarray(
        cv2.resize(picture, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA),
        dtype=np.uint8,
    )


def lit(picture: Picture, gain: float) -> Picture:
    """The picture under more (`gain` > 1) or less light; bright parts clip."""
    if gain == 1.0:
        return picture
    return np.asarray(cv2.convertScaleAbs(picture, alpha=gain), dtype=np.uint8)
