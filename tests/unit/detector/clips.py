"""Small videos and signatures made for the tests of decoding, shots and analysis."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import cv2
import numpy as np
import numpy.typing as npt
from av.video.stream import VideoStream

from services.detector.reading.decoding import DecodedFrame

Pixels = npt.NDArray[np.uint8]

RATE = 25
CLOCK = Fraction(1, 12000)


def scene(seed: int, *, width: int = 320, height: int = 180, cells: tuple[int, int] = (6, 9)) -> Pixels:
    """A colourful picture of so many (rows, columns) shapes, different for every seed: RGB [H,W,3]."""
    rng = np.random.default_rng(seed)
    small = rng.integers(0, 255, (*cells, 3), dtype=np.uint8)
    return np.asarray(cv2.resize(small, (width, height), interpolation=cv2.INTER_CUBIC), dtype=np.uint8)


def blend(first: Pixels, second: Pixels, part: float) -> Pixels:
    return np.asarray(cv2.addWeighted(first, 1 - part, second, part, 0), dtype=np.uint8)


def frames_of(pictures: Sequence[Pixels], *, rate: float = RATE) -> list[DecodedFrame]:
    """Decoded frames of those pictures, without the pictures themselves: for the tests of shot detection."""
    frames = []
    for number, picture in enumerate(pictures):
        small = cv2.resize(cv2.cvtColor(picture, cv2.COLOR_RGB2YUV), (64, 36), interpolation=cv2.INTER_AREA)
        signature = np.ascontiguousarray(small.transpose(2, 0, 1), dtype=np.uint8)
        nothing: Any = None
        frames.append(DecodedFrame(number / rate, signature, nothing, nothing))
    return frames


def write_video(
    path: Path,
    pictures: Iterable[Pixels],
    *,
    codec: str = "libx264",
    times_s: Sequence[float] | None = None,
    options: Mapping[str, str] | None = None,
    pixel_format: str = "yuv420p",
    rotation: int = 0,
    start_s: float = 0.0,
) -> Path:
    """Encodes RGB pictures of one size. `times_s` are their presentation times, else 25 a second from `start_s`."""
    with av.open(str(path), "w") as container:
        stream = container.add_stream(
            codec, rate=RATE, options=dict(options or {"preset": "ultrafast", "threads": "1"})
        )
        assert isinstance(stream, VideoStream)
        stream.codec_context.time_base = stream.time_base = CLOCK
        stream.pix_fmt = pixel_format
        for number, picture in enumerate(pictures):
            if number == 0:
                stream.height, stream.width = picture.shape[:2]
                if rotation:
                    stream.set_display_rotation(rotation)
            frame = av.VideoFrame.from_ndarray(picture, format="rgb24").reformat(format=pixel_format)
            time_s = start_s + (times_s[number] if times_s is not None else number / RATE)
            frame.pts, frame.time_base = round(time_s / CLOCK), CLOCK
            container.mux(stream.encode(frame))
        container.mux(stream.encode())
    return path
