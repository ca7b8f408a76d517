"""Short clips: a stretch of a video, decoded from the keyframe before it and encoded as a WebM that browsers play.

VP9 and Opus: FFmpeg's encoder of H.264 is x264, which is under the GPL.
"""

from __future__ import annotations

import math
import tempfile
from collections.abc import Generator, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from fractions import Fraction
from functools import partial
from itertools import chain
from operator import itemgetter
from pathlib import Path
from typing import Any, Final

import av
import av.error
import numpy as np
import numpy.typing as npt
from av.container import OutputContainer
from av.packet import Packet
from av.video.frame import VideoFrame
from av.video.reformatter import ColorPrimaries, ColorRange, Colorspace, ColorTrc
from av.video.stream import VideoStream

from chassis.errors import BadInput
from chassis.video.container import pictures_of, raise_if_full, reraise_if_away
from chassis.video.pictures import PictureReader
from chassis.video.process_bounds import is_short_of_memory
from chassis.video.reading import FrameClock, Recording, frames_from, packets_near, packets_walked_to
from chassis.video.shown import ShownPicture, as_shown
from contracts.events import SegmentReady
from services.ingest.video.clip_audio import Samples, SoundEncoder, read_sound, silence

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

OPTIONS: Final = {"deadline": "realtime", "cpu-used": "7", "crf": "33", "b": "0", "threads": "1"}
"""As quick as H.264 at `veryfast`, and 0.7 dB below it, both measured at 960x540."""

TimedPicture = tuple[float, ShownPicture]
"""A frame and its second of the episode."""

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


@dataclass(frozen=True, slots=True, kw_only=True)
class ClipPart:
    """`[start_s, end_s)` of the episode in one recording."""

    recording: Recording
    start_s: float
    end_s: float


def parts_of(url: str, segments: Sequence[SegmentReady], first: float, last: float) -> list[ClipPart]:
    """What `[first, last)` of the episode is made of: one part for each recording that was joined there."""
    parts: list[ClipPart] = []
    for segment in segments:
        recording = Recording(
            url=url,
            stream_index=segment.stream_index,
            origin_s=segment.origin_s,
            ranges=segment.ranges,
            frame_times=segment.frame_times,
            pixel_stretch=segment.pixel_stretch,
        )
        start_s, end_s = max(first, segment.start_s), min(last, segment.end_s)
        if start_s >= end_s:
            continue
        if parts and parts[-1].recording == recording:
            start_s = parts.pop().start_s
        parts.append(ClipPart(recording=recording, start_s=start_s, end_s=end_s))
    return parts


def cut_clip(url: str, *, stream_index: int, origin_s: float, start_s: float, end_s: float) -> bytes:
    """As `cut_parts`, of `[start_s, end_s)` of a file that is one recording; `origin_s` as in `Recording`."""
    recording = Recording(url=url, stream_index=stream_index, origin_s=origin_s)
    return cut_parts([ClipPart(recording=recording, start_s=start_s, end_s=end_s)])


def cut_parts(parts: Sequence[ClipPart]) -> bytes:
    """WebM of stretches of the episode, one after the other.

    VP9, with Opus where the video has sound that can be decoded; where it has none the clip is silent.

    Raises:
        BadInput: `no_picture`, when nothing of the stretch can be decoded.
        DependencyUnavailable: when the object store does not answer.
    """
    with tempfile.TemporaryDirectory() as folder:
        target = Path(folder) / "clip.webm"  # moving the index to the front needs a file that can be read again
        sound = _sound(parts)
        with no_picture(parts[0].recording.url):
            pictures = _pictures(parts)
            first = next(pictures, None)
            if first is None:
                raise av.error.EOFError(0, "no frame in the stretch")
            _encode(target, chain([first], pictures), size_of(first[1]), sound)
        return target.read_bytes()


def _sound(parts: Sequence[ClipPart]) -> Samples | None:
    """The sound of all parts, silence where one has none; None where none has any."""
    heard = [read_sound(part.recording, start_s=part.start_s, end_s=part.end_s) for part in parts]
    if not any(samples is not None for samples in heard):
        return None
    return np.concatenate(
        [
            silence(part.end_s - part.start_s) if samples is None else samples
            for part, samples in zip(parts, heard, strict=True)
        ],
        axis=1,
    )


def _pictures(parts: Sequence[ClipPart]) -> Iterator[TimedPicture]:
    """Seconds from the start, and the picture."""
    begun_s = parts[0].start_s
    for part in parts:
        for time_s, frame in frames_of(part):
            yield max(0.0, time_s - begun_s), frame


def frames_of(part: ClipPart) -> Iterator[TimedPicture]:
    """The frames of a part with their seconds of the episode."""
    for time_s, frame in frames_from(part.start_s, partial(_frames_near, part.recording), time_of=itemgetter(0)):
        if time_s >= part.end_s - HALF_A_TICK_S:
            return
        if time_s >= part.start_s - HALF_A_TICK_S:
            yield time_s, frame


def _frames_near(recording: Recording, from_s: float, walk: bool) -> Generator[TimedPicture]:
    with recording.open() as source:
        stream = recording.stream_of(source)
        stream.thread_type = "AUTO"
        clock = FrameClock(recording, stream)
        enter = packets_walked_to if walk else packets_near
        packets = enter(recording, source, stream, from_s)
        decoded = (frame for packet in packets for frame in _decoded(packet))
        for picture in as_shown(stream, decoded, pixel_stretch=recording.pixel_stretch):
            time_s = clock.time_of(picture.decoded)
            if time_s is not None:
                yield time_s, picture


def _decoded(packet: Packet[VideoStream]) -> list[VideoFrame]:
    """What a packet decodes to; nothing for a damaged one."""
    try:
        return pictures_of(packet)
    except av.error.InvalidDataError:
        raise_if_full(packet.stream.codec_context)
        return []


def size_of(picture: ShownPicture) -> tuple[int, int]:
    """Width and height of the clip: those of the picture as shown, even, the shorter at most `SHORT_SIDE`."""
    width, height = picture.geometry.size
    scale = min(1.0, SHORT_SIDE / min(width, height))
    return max(2, round(width * scale / 2) * 2), max(2, round(height * scale / 2) * 2)


def _encode(target: Path, pictures: Iterator[TimedPicture], size: tuple[int, int], sound: Samples | None) -> None:
    reader = PictureReader()
    with av.open(str(target), "w", format="webm", container_options={"cues_to_front": "1"}) as container:
        encoder = picture_encoder(container, size, OPTIONS)
        voice = SoundEncoder(container, sound) if sound is not None else None
        for seconds, picture in pictures:
            frame = VideoFrame.from_ndarray(fitted(picture, reader, size), format="rgb24")
            shown = frame.reformat(format="yuv420p", dst_colorspace=Colorspace.ITU709, threads=1)
            shown.pts, shown.time_base = round(seconds / CLOCK), CLOCK
            container.mux(encoder.encode(shown))
            if voice is not None:
                container.mux(list(voice.until(seconds)))
        container.mux(encoder.encode(None))
        if voice is not None:
            container.mux(list(voice.rest()))


def picture_encoder(container: OutputContainer, size: tuple[int, int], options: Mapping[str, str]) -> Any:
    """VP9 in the colours of BT.709, with times in ticks of `CLOCK`."""
    encoder: Any = container.add_stream("libvpx-vp9", rate=25, options=dict(options))
    encoder.width, encoder.height = size
    encoder.pix_fmt, encoder.codec_context.time_base = "yuv420p", CLOCK
    colours = encoder.codec_context
    colours.colorspace, colours.color_range = ITU_BT709, ColorRange.MPEG
    colours.color_primaries, colours.color_trc = ColorPrimaries.BT709, ColorTrc.BT709
    return encoder


def fitted(picture: ShownPicture, reader: PictureReader, size: tuple[int, int]) -> Pixels:
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
def no_picture(url: str) -> Iterator[None]:
    """Raises what decoding raises as BadInput `no_picture`, or as DependencyUnavailable."""
    try:
        yield
    except (av.error.FFmpegError, StopIteration) as error:
        if isinstance(error, MemoryError) and is_short_of_memory():
            raise
        reraise_if_away(error, url)
        sentence = "Nothing of this stretch of the video can be shown: choose another one."
        raise BadInput("no_picture", sentence) from error
