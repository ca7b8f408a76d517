"""Videos that show everybody twice, made of one that shows them once."""

from __future__ import annotations

from collections.abc import Callable
from itertools import takewhile
from pathlib import Path

import av
import cv2
import numpy as np
import numpy.typing as npt

Frame = npt.NDArray[np.uint8]
Arrangement = Callable[[Frame, Frame | None], Frame]
"""From a frame [H, W, 3] and the one a second before to what is shown."""


def mirrored(frame: Frame, _before: Frame | None) -> Frame:
    """Beside its mirror image."""
    return np.hstack([frame, frame[:, ::-1]])


def two_eyes(frame: Frame, _before: Frame | None) -> Frame:
    """Side by side in full width, as some 3D films are."""
    return np.hstack([frame, frame])


def squeezed_eyes(frame: Frame, _before: Frame | None) -> Frame:
    """Side by side in the size of one, as most 3D films are: everybody half as wide."""
    eye = cv2.resize(frame, (frame.shape[1] // 2, frame.shape[0]), interpolation=cv2.INTER_AREA)
    return np.hstack([eye, eye]).astype(np.uint8)


def over_under(frame: Frame, _before: Frame | None) -> Frame:
    """One above the other in the size of one: everybody half as high."""
    eye = cv2.resize(frame, (frame.shape[1], frame.shape[0] // 2), interpolation=cv2.INTER_AREA)
    return np.vstack([eye, eye]).astype(np.uint8)


def full_over_under(frame: Frame, _before: Frame | None) -> Frame:
    """One above the other in full height."""
    return np.vstack([frame, frame])


def split_screen(frame: Frame, _before: Frame | None) -> Frame:
    """Twice at half the size, black above and below."""
    half = cv2.resize(frame, None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA)
    bar = np.zeros((frame.shape[0] // 4, half.shape[1] * 2, 3), dtype=np.uint8)
    return np.vstack([bar, np.hstack([half, half]), bar]).astype(np.uint8)


def replayed(frame: Frame, before: Frame | None) -> Frame:
    """With what was shown a second before in the lower right corner, at two fifths of the size."""
    if before is None:
        return frame
    shown = frame.copy()
    inset = cv2.resize(before, None, fx=0.4, fy=0.4, interpolation=cv2.INTER_AREA)
    shown[-inset.shape[0] :, -inset.shape[1] :] = inset
    return shown


def arrange(source: Path, target: Path, arrangement: Arrangement, *, seconds: float) -> Path:
    """The first seconds of a video of 25 frames a second, arranged; H.264."""
    earlier: list[Frame] = []
    with av.open(str(source)) as container, av.open(str(target), "w") as made:
        stream = None
        frames = container.decode(video=0)
        for frame in takewhile(lambda one: one.time is not None and one.time < seconds, frames):
            pixels = frame.to_ndarray(format="rgb24").astype(np.uint8)
            earlier = [*earlier[-25:], pixels]
            shown = np.ascontiguousarray(arrangement(pixels, earlier[0] if len(earlier) > 25 else None))
            if stream is None:
                stream = made.add_stream("libx264", rate=25, options={"preset": "veryfast", "crf": "20"})
                stream.height, stream.width, stream.pix_fmt = shown.shape[0], shown.shape[1], "yuv420p"
            made.mux(stream.encode(av.VideoFrame.from_ndarray(shown, format="rgb24")))
        if stream is not None:
            made.mux(stream.encode())
    return target
