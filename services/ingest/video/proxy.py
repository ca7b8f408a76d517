"""A whole episode as a WebM that browsers play and enter anywhere: VP9 and Opus, as clips, and why as those.

The invariant: **a frame of the proxy is shown at its second of the episode**, to the millisecond that WebM counts in, and
at most a second after a keyframe.
"""

from __future__ import annotations

import os
from collections.abc import Generator, Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import chain
from typing import Any, Final

import av
import numpy as np
from av.audio.frame import AudioFrame
from av.audio.stream import AudioStream
from av.container import OutputContainer
from av.packet import Packet
from av.video.frame import PictureType, VideoFrame
from av.video.reformatter import Colorspace

from chassis.video.pictures import PictureReader
from services.ingest.video.clip_audio import BITS_A_SECOND, RATE, Samples, read_sound, silence
from services.ingest.video.clips import (
    CLOCK,
    ClipPart,
    TimedPicture,
    fitted,
    frames_of,
    no_picture,
    picture_encoder,
    size_of,
)
from services.ingest.video.growing_file import Bytes, GrowingFile

MADE: Final = 1
"""Part of the name of every proxy; raised when proxies are made in another way."""

KEYFRAME_S: Final = 1.0
SOUND_BLOCK_S: Final = 10.0
"""Sound that is in memory at a time."""

TELL_EVERY_S: Final = 2.0
NICENESS: Final = 10
"""Whoever waits for a segment or a clip comes first."""

OPTIONS: Final = {"deadline": "realtime", "cpu-used": "8", "crf": "35", "b": "0", "threads": "2", "lag-in-frames": "0"}


@dataclass(frozen=True, slots=True)
class ProxyPiece:
    """How far the making is, in seconds of the episode, and a piece of the file where one is full."""

    done_s: float
    data: Bytes | None = None


def proxy_name(video_sha256: str, stream_index: int) -> str:
    """File name of a proxy: the same stream of the same video has the same name."""
    return f"{video_sha256[:16]}-{stream_index}-{MADE}.webm"


def make_proxy(parts: Sequence[ClipPart]) -> Generator[ProxyPiece, None, tuple[Bytes, Bytes]]:
    """Encode all parts, one after the other; pieces of the file from the second on, then the last and the first.

    In a child process only: it makes itself nice.

    Raises:
        BadInput: `no_picture`, when nothing can be decoded.
        DependencyUnavailable: when the object store does not answer.
    """
    os.nice(NICENESS)
    file = GrowingFile()
    with no_picture(parts[0].recording.url):
        pictures = chain.from_iterable(map(frames_of, parts))
        first = next(pictures, None)
        if first is None:
            raise av.error.EOFError(0, "no frame in the video")
        yield from _encode(file, parts, chain([first], pictures), size_of(first[1]))
    return file.end()


def _encode(
    file: GrowingFile, parts: Sequence[ClipPart], pictures: Iterator[TimedPicture], size: tuple[int, int]
) -> Iterator[ProxyPiece]:
    reader, told_s, keyframe_s, last = PictureReader(), 0.0, float("-inf"), -1
    with av.open(file, "w", format="webm") as container:
        encoder = picture_encoder(container, size, OPTIONS)
        sound = _Sound(container, parts) if _has_sound(parts) else None
        spacing_s = 0.0
        for seconds, picture in pictures:
            ticks = round(seconds * 1000) * round(Fraction(1, 1000) / CLOCK)
            if ticks <= last:
                continue  # of two frames of one millisecond the first one is shown
            spacing_s = seconds - last * float(CLOCK) if last >= 0 else 0.0
            frame = VideoFrame.from_ndarray(fitted(picture, reader, size), format="rgb24")
            shown = frame.reformat(format="yuv420p", dst_colorspace=Colorspace.ITU709, threads=1)
            shown.pts, shown.time_base, last = ticks, CLOCK, ticks
            is_key = seconds + spacing_s - keyframe_s > KEYFRAME_S
            shown.pict_type = PictureType.I if is_key else PictureType.NONE
            keyframe_s = seconds if is_key else keyframe_s
            container.mux(encoder.encode(shown))
            if sound is not None:
                container.mux(list(sound.until(seconds)))
            pieces = file.take()
            yield from (ProxyPiece(seconds, piece) for piece in pieces)
            if not pieces and seconds - told_s >= TELL_EVERY_S:
                told_s = seconds
                yield ProxyPiece(seconds)
        container.mux(encoder.encode(None))
        if sound is not None:
            container.mux(list(sound.rest()))
    yield from (ProxyPiece(parts[-1].end_s, piece) for piece in file.take())


def _has_sound(parts: Sequence[ClipPart]) -> bool:
    """Whether any recording has sound that somebody could decode."""
    for recording in dict.fromkeys(part.recording for part in parts):
        with recording.open() as source:
            audio = source.streams.best("audio", related=recording.stream_of(source))
            if isinstance(audio, AudioStream) and audio.codec_context is not None:
                return True
    return False


class _Sound:
    """The sound of all parts, read and encoded block by block beside the picture."""

    def __init__(self, container: OutputContainer, parts: Sequence[ClipPart]) -> None:
        self._encoder: Any = container.add_stream("libopus", rate=RATE, layout="stereo", bit_rate=BITS_A_SECOND)
        self._blocks = _blocks(parts)
        self._done = 0

    def until(self, seconds: float) -> Iterator[Packet[Any]]:
        """Packets of the sound that begins up to that time."""
        while self._done < seconds * RATE and (block := next(self._blocks, None)) is not None:
            samples = np.ascontiguousarray(np.clip(np.nan_to_num(block), -1.0, 1.0))
            frame = AudioFrame.from_ndarray(samples, format="fltp", layout="stereo")
            frame.sample_rate, frame.pts, frame.time_base = RATE, self._done, Fraction(1, RATE)
            self._done += samples.shape[1]
            yield from self._encoder.encode(frame)

    def rest(self) -> Iterator[Packet[Any]]:
        """Packets of everything that is left."""
        yield from self.until(float("inf"))
        yield from self._encoder.encode(None)


def _blocks(parts: Sequence[ClipPart]) -> Iterator[Samples]:
    """Samples of one stretch after the other without a gap: each ends where the next begins, to the sample."""
    for part in parts:
        start_s = part.start_s
        while start_s < part.end_s:
            end_s = min(start_s + SOUND_BLOCK_S, part.end_s)
            wanted = round(end_s * RATE) - round(start_s * RATE)
            heard = read_sound(part.recording, start_s=start_s, end_s=end_s)
            samples = silence(wanted / RATE) if heard is None else heard
            yield np.pad(samples, ((0, 0), (0, max(0, wanted - samples.shape[1]))))[:, :wanted]
            start_s = end_s
