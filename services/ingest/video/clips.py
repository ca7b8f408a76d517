"""Short clips: a stretch of a video, decoded from the keyframe before it and encoded as a WebM that browsers play.

VP9 and Opus: FFmpeg's encoder of H.264 is x264, which is under the GPL.
"""

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
from av.video.stream import VideoStream

from chassis.errors import BadInput
from chassis.video.container import display_size, open_video, reraise_if_away
from chassis.video.process_bounds import is_short_of_memory
from services.ingest.video.clip_audio import Samples, SoundEncoder, read_sound

LONGEST_S: Final = 60.0
HIGHEST: Final = 540
"""Rows of the picture; larger ones are made smaller."""

HALF_A_TICK_S: Final = 0.0005
"""Times of frames are rounded by their containers."""

ROUNDING: Final = 1e-6
CLOCK: Final = Fraction(1, 90_000)
MADE: Final = 3
"""Part of the name of every clip; raised when clips are made in another way, so that the ones before are not shown."""

OPTIONS: Final = {"deadline": "realtime", "cpu-used": "7", "crf": "33", "b": "0", "threads": "1"}
"""As quick as H.264 at `veryfast`, and 0.7 dB below it, both measured at 960x540."""

Pixels = npt.NDArray[np.uint8]


def clip_name(video_sha256: str, start_s: float, end_s: float) -> str:
    """File name of a clip: the same stretch of the same video has the same name."""
    return f"{video_sha256[:16]}-{round(start_s * 1000):08d}-{round(end_s * 1000):08d}-{MADE}.webm"


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
    """WebM of `[start_s, end_s)`, seconds from the first frame, which has container time `origin_s`.

    VP9, with Opus where the video has sound that can be decoded; where it has none the clip is silent.

    Raises:
        BadInput: `no_picture`, when nothing of the stretch can be decoded.
        DependencyUnavailable: when the object store does not answer.
    """
    with tempfile.TemporaryDirectory() as folder:
        target = Path(folder) / "clip.webm"  # moving the index to the front needs a file that can be read again
        sound = read_sound(url, stream_index=stream_index, start_s=origin_s + start_s, end_s=origin_s + end_s)
        with _no_picture(url), open_video(url) as source:
            stream = next(stream for stream in source.streams.video if stream.index == stream_index)
            pictures = _pictures(source, stream, origin_s + start_s, origin_s + end_s)
            first = next(pictures, None)
            if first is None:
                raise av.error.EOFError(0, "no frame in the stretch")
            _encode(target, chain([first], pictures), _size(stream), sound)
        return target.read_bytes()


def _pictures(
    source: InputContainer, stream: VideoStream, start_s: float, end_s: float
) -> Iterator[tuple[float, VideoFrame]]:
    """Seconds from the start, and the frame."""
    stream.thread_type = "AUTO"
    source.seek(round(start_s / float(stream.time_base or 1)), stream=stream)
    for frame in source.decode(stream):
        if frame.time is None or frame.time < start_s - HALF_A_TICK_S:
            continue
        if frame.time >= end_s - HALF_A_TICK_S:
            return
        yield max(0.0, frame.time - start_s), frame


def _size(stream: VideoStream) -> tuple[int, int]:
    """Width and height before rotation: square pixels, at most `HIGHEST` rows, even."""
    width, height = display_size(stream, rotation=0)
    scale = min(1.0, HIGHEST / height)
    return max(2, round(width * scale / 2) * 2), max(2, round(height * scale / 2) * 2)


def _encode(
    target: Path, pictures: Iterator[tuple[float, VideoFrame]], size: tuple[int, int], sound: Samples | None
) -> None:
    with av.open(str(target), "w", format="webm", container_options={"cues_to_front": "1"}) as container:
        encoder: Any = None
        voice: SoundEncoder | None = None
        for seconds, frame in pictures:
            picture = _upright(frame, size)
            if encoder is None:
                encoder = _picture_encoder(container, picture)
                voice = SoundEncoder(container, sound) if sound is not None else None
            shown = VideoFrame.from_ndarray(picture, format="rgb24")
            shown.pts, shown.time_base = round(seconds / CLOCK), CLOCK
            container.mux(encoder.encode(shown))
            if voice is not None:
                container.mux(list(voice.until(seconds)))
        if encoder is not None:
            container.mux(encoder.encode(None))
        if voice is not None:
            container.mux(list(voice.rest()))


def _picture_encoder(container: OutputContainer, picture: Pixels) -> Any:
    encoder: Any = container.add_stream("libvpx-vp9", rate=25, options=dict(OPTIONS))
    encoder.height, encoder.width = picture.shape[:2]
    encoder.pix_fmt, encoder.codec_context.time_base = "yuv420p", CLOCK
    return encoder


def _upright(frame: VideoFrame, size: tuple[int, int]) -> Pixels:
    """The picture [H,W,3] as it is meant to be seen."""
    pixels = frame.reformat(width=size[0], height=size[1], format="rgb24").to_ndarray()
    return np.ascontiguousarray(np.rot90(pixels, round(frame.rotation / 90) % 4), dtype=np.uint8)


@contextmanager
def _no_picture(url: str) -> Iterator[None]:
    try:
        yield
    except (av.error.FFmpegError, StopIteration) as error:
        if isinstance(error, MemoryError) and is_short_of_memory():
            raise
        reraise_if_away(error, url)
        sentence = "Nothing of this stretch of the video can be shown: choose another one."
        raise BadInput("no_picture", sentence) from error
