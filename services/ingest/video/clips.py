"""Short clips: a stretch of a video, decoded from the keyframe before it and encoded as an MP4 that browsers play."""

from __future__ import annotations

import math
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from fractions import Fraction
from itertools import chain
from pathlib import Path
from typing import Any, Final

import av
import av.error
import numpy as np
import numpy.typing as npt
from av.container import InputContainer, OutputContainer
from av.video.frame import VideoFrame
from av.video.reformatter import ColorPrimaries, ColorRange, Colorspace, ColorTrc
from av.video.stream import VideoStream

from chassis.errors import BadInput
from chassis.video.container import open_video, reraise_if_away
from chassis.video.pictures import PictureReader
from chassis.video.shown import ShownPicture, as_shown
from services.ingest.video.clip_audio import Samples, SoundEncoder, read_sound

LONGEST_S: Final = 60.0
SHORT_SIDE: Final = 540
"""Pixels of the picture's shorter side; larger ones are made smaller."""

HALF_A_TICK_S: Final = 0.0005
"""Times of frames are rounded by their containers."""

ROUNDING: Final = 1e-6
CLOCK: Final = Fraction(1, 90_000)
ITU_BT709: Final = 1
MADE: Final = 3
"""Part of the name of every clip; raised when clips are made in another way, so that the ones before are not shown."""

OPTIONS: Final = {"crf": "23", "preset": "veryfast", "threads": "1"}

Pixels = npt.NDArray[np.uint8]


def clip_name(video_sha256: str, start_s: float, end_s: float) -> str:
    """File name of a clip: the same stretch of the same video has the same name."""
    return f"{video_sha256[:16]}-{round(start_s * 1000):08d}-{round(end_s * 1000):08d}-{MADE}.mp4"


def stretch(start_s: float, end_s: float, duration_s: float) -> tuple[float, float]:
    """The stretch of the video that a clip shows, in tenths of a second, so that near repeats are one clip.

    Raises:
        BadInput: `bad_range`, when it is empty, outside of the video or too long.
    """
    first, last = math.floor(start_s * 10 + ROUNDING) / 10, min(math.ceil(end_s * 10 - ROUNDING) / 10, duration_s)
    if not 0 <= first < last:
        raise BadInput("bad_range", f"The clip must begin before it ends, within the {duration_s:.1f} s of the video.")
    if last - first > LONGEST_S + 0.2:
        raise BadInput("bad_range", f"A clip is at most {LONGEST_S:g} s long: ask for a shorter one.")
    return first, last


def cut_clip(url: str, *, stream_index: int, origin_s: float, start_s: float, end_s: float) -> bytes:
    """MP4 of `[start_s, end_s)`, seconds from the first frame, which has container time `origin_s`.

    H.264, with AAC where the video has sound that can be decoded; where it has none the clip is silent.

    Raises:
        BadInput: `no_picture`, when nothing of the stretch can be decoded.
        DependencyUnavailable: when the object store does not answer.
    """
    with tempfile.TemporaryDirectory() as folder:
        target = Path(folder) / "clip.mp4"  # moving the index to the front needs a file that can be read again
        sound = read_sound(url, stream_index=stream_index, start_s=origin_s + start_s, end_s=origin_s + end_s)
        with _no_picture(url), open_video(url) as source:
            stream = next(stream for stream in source.streams.video if stream.index == stream_index)
            pictures = _pictures(source, stream, origin_s + start_s, origin_s + end_s)
            first = next(pictures, None)
            if first is None:
                raise av.error.EOFError(0, "no frame in the stretch")
            _encode(target, chain([first], pictures), _size(first[1]), sound)
        return target.read_bytes()


def _pictures(
    source: InputContainer, stream: VideoStream, start_s: float, end_s: float
) -> Iterator[tuple[float, ShownPicture]]:
    """Seconds from the start, and the picture."""
    stream.thread_type = "AUTO"
    source.seek(round(start_s / float(stream.time_base or 1)), stream=stream)
    for picture in as_shown(stream, source.decode(stream)):
        seconds = picture.decoded.time
        if seconds is None or seconds < start_s - HALF_A_TICK_S:
            continue
        if seconds >= end_s - HALF_A_TICK_S:
            return
        yield max(0.0, seconds - start_s), picture


def _size(picture: ShownPicture) -> tuple[int, int]:
    """Width and height of the clip: those of the picture as shown, even, the shorter at most `SHORT_SIDE`."""
    width, height = picture.geometry.size
    scale = min(1.0, SHORT_SIDE / min(width, height))
    return max(2, round(width * scale / 2) * 2), max(2, round(height * scale / 2) * 2)


def _encode(
    target: Path, pictures: Iterator[tuple[float, ShownPicture]], size: tuple[int, int], sound: Samples | None
) -> None:
    reader = PictureReader()
    with av.open(str(target), "w", format="mp4", container_options={"movflags": "+faststart"}) as container:
        encoder = _picture_encoder(container, size)
        voice = SoundEncoder(container, sound) if sound is not None else None
        for seconds, picture in pictures:
            frame = VideoFrame.from_ndarray(_fitted(picture, reader, size), format="rgb24")
            shown = frame.reformat(format="yuv420p", dst_colorspace=Colorspace.ITU709, threads=1)
            shown.pts, shown.time_base = round(seconds / CLOCK), CLOCK
            container.mux(encoder.encode(shown))
            if voice is not None:
                container.mux(list(voice.until(seconds)))
        container.mux(encoder.encode(None))
        if voice is not None:
            container.mux(list(voice.rest()))


def _picture_encoder(container: OutputContainer, size: tuple[int, int]) -> Any:
    encoder: Any = container.add_stream("libx264", rate=25, options=dict(OPTIONS))
    encoder.width, encoder.height = size
    encoder.pix_fmt, encoder.codec_context.time_base = "yuv420p", CLOCK
    colours = encoder.codec_context
    colours.colorspace, colours.color_range = ITU_BT709, ColorRange.MPEG
    colours.color_primaries, colours.color_trc = ColorPrimaries.BT709, ColorTrc.BT709
    return encoder


def _fitted(picture: ShownPicture, reader: PictureReader, size: tuple[int, int]) -> Pixels:
    """The picture as it is shown, [H,W,3] of the clip's size; one of other proportions gets black bars."""
    width, height = picture.geometry.size
    scale = min(size[0] / width, size[1] / height)
    inner = tuple(min(side, max(1, round(length * scale))) for side, length in zip(size, (width, height), strict=True))
    inner = tuple(side if side - length <= 1 else length for side, length in zip(size, inner, strict=True))
    pixels = picture.rgb(reader, width=inner[0], height=inner[1])
    if inner == size:
        return pixels
    canvas = np.zeros((size[1], size[0], 3), dtype=np.uint8)
    left, top = ((side - length) // 2 for side, length in zip(size, inner, strict=True))
    canvas[top : top + inner[1], left : left + inner[0]] = pixels
    return canvas


@contextmanager
def _no_picture(url: str) -> Iterator[None]:
    try:
        yield
    except (av.error.FFmpegError, StopIteration) as error:
        reraise_if_away(error, url)
        sentence = "Nothing of this stretch of the video can be shown: choose another one."
        raise BadInput("no_picture", sentence) from error
