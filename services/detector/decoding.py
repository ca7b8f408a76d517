"""Decoding one segment: every frame once, upright, with its presentation time and a small signature."""

from __future__ import annotations

from collections.abc import Generator, Iterator
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Final

import av.error
import numpy as np
import numpy.typing as npt
from av.packet import Packet
from av.video.frame import VideoFrame
from av.video.plane import VideoPlane
from av.video.reformatter import Interpolation, VideoReformatter
from av.video.stream import VideoStream

from chassis.video.byte_ranges import ByteRange
from chassis.video.container import displayed, raise_if_full
from chassis.video.reading import (
    SAME_TIME_S,
    FrameClock,
    FrameTimes,
    Recording,
    frames_from,
    packets_near,
    packets_walked_to,
)

Pixels = npt.NDArray[np.uint8]

Signature = npt.NDArray[np.uint8]
"""A frame in small, as stored (not rotated): Y, U and V as uint8 [3,36,64]."""

SIGNATURE_SIZE: Final = (64, 36)
"""Width and height of a signature."""

DECODER_THREADS: Final = 2
FRAMES_BEYOND_THE_END: Final = 2
"""One frame behind a segment's end may have a damaged time; the segment is over with the second in a row."""


@dataclass(slots=True)
class Damage:
    """What could not be decoded: presentation times of the bad packets as far as known, and how many there were."""

    packets: int = 0
    times_s: list[float] = field(default_factory=list)

    def add(self, time_s: float | None) -> None:
        self.packets += 1
        if time_s is not None:
            self.times_s.append(time_s)


@dataclass(frozen=True, slots=True)
class DecodedFrame:
    """One frame. `ts_s` is its presentation time in seconds from the first frame of the video.

    `shown_s`: how long it is shown as far as the container says, else 0.
    """

    ts_s: float
    signature: Signature
    _picture: VideoFrame
    _pixel_aspect: Fraction | None
    _reformatter: VideoReformatter
    shown_s: float = 0.0

    @property
    def long_side(self) -> int:
        """Long side of the picture as shown, in pixels."""
        return max(displayed(self._picture.width, self._picture.height, self._pixel_aspect, rotation=0))

    def pixels(self, *, long_side: int) -> Pixels:
        """The picture as shown: RGB uint8 [H,W,3], square pixels, upright, its long side at most `long_side`.

        Not thread-safe: call it in the thread that decodes.
        """
        picture = self._picture
        width, height = displayed(picture.width, picture.height, self._pixel_aspect, rotation=0)
        scale = min(1.0, long_side / max(width, height))
        shown = self._reformatter.reformat(
            picture,
            width=max(1, round(width * scale)),
            height=max(1, round(height * scale)),
            format="rgb24",
            interpolation=Interpolation.AREA if scale < 1 else Interpolation.BILINEAR,
            threads=1,
        )
        quarter_turns = round(picture.rotation / 90) % 4
        return np.ascontiguousarray(np.rot90(shown.to_ndarray(), quarter_turns), dtype=np.uint8)


def decode_segment(
    url: str,
    *,
    stream_index: int,
    origin_s: float,
    start_s: float,
    end_s: float,
    lookahead_s: float,
    damage: Damage,
    ranges: tuple[ByteRange, ...] = (),
    frame_times: FrameTimes = "presentation",
) -> Iterator[DecodedFrame]:
    """Yields the frames with presentation times in `[start_s, end_s + lookahead_s)`, in that order.

    Times count from `origin_s` of container time. Neighbouring segments share no frame and miss none, wherever their
    borders lie. `ranges` and `frame_times` are those of `Recording`. Damaged packets are skipped and noted in `damage`.
    Raises DependencyUnavailable when the object store stops answering, `av.error.FFmpegError` when the video cannot be
    opened.
    """
    recording = Recording(url=url, stream_index=stream_index, origin_s=origin_s, ranges=ranges, frame_times=frame_times)
    decoder = _Decoder(recording, damage)
    until_s = end_s + lookahead_s - SAME_TIME_S
    last_s = -1.0
    beyond = 0
    for frame in decoder.frames_from(start_s):
        beyond = beyond + 1 if frame.ts_s >= until_s else 0
        if beyond >= FRAMES_BEYOND_THE_END:
            return
        if not beyond and frame.ts_s > last_s and frame.ts_s >= start_s - SAME_TIME_S:
            last_s = frame.ts_s
            yield frame


class _Decoder:
    """Opens the video and decodes from a given time on."""

    def __init__(self, recording: Recording, damage: Damage) -> None:
        self._recording = recording
        self._damage = damage
        self._for_signatures = VideoReformatter()
        self._for_pixels = VideoReformatter()

    def frames_from(self, start_s: float) -> Iterator[DecodedFrame]:
        """Frames from the last keyframe at or before `start_s` on; the first ones may lie before it."""
        return frames_from(start_s, self._frames_near, time_of=lambda frame: frame.ts_s)

    def _frames_near(self, from_s: float, walk: bool) -> Generator[DecodedFrame]:
        """Enters the file at the keyframe its index names for `from_s`, or walks to it, and decodes from there."""
        recording = self._recording
        with recording.open() as container:
            stream = recording.stream_of(container)
            stream.thread_type = "AUTO"
            stream.codec_context.thread_count = DECODER_THREADS
            tick_s = float(stream.time_base or 1)
            enter = packets_walked_to if walk else packets_near
            clock = FrameClock(recording, stream)
            packets = enter(recording, container, stream, from_s, passed_over=lambda: self._damage.add(None))
            for packet in packets:
                for picture in self._pictures(packet, tick_s):
                    ts_s = clock.time_of(picture)
                    if ts_s is not None:
                        yield DecodedFrame(
                            ts_s=ts_s,
                            signature=_signature(picture, self._for_signatures),
                            _picture=picture,
                            _pixel_aspect=stream.sample_aspect_ratio,
                            _reformatter=self._for_pixels,
                            shown_s=(picture.duration or 0) * tick_s,
                        )

    def _pictures(self, packet: Packet[VideoStream], tick_s: float) -> list[VideoFrame]:
        """What a packet decodes to; nothing for a damaged one."""
        time_s = None if packet.pts is None else packet.pts * tick_s - self._recording.origin_s
        try:
            pictures = [picture for picture in packet.decode() if isinstance(picture, VideoFrame)]
        except av.error.InvalidDataError:
            raise_if_full(packet.stream.codec_context)
            self._damage.add(time_s)
            return []
        whole = [picture for picture in pictures if not picture.is_corrupt]
        for _ in range(len(pictures) - len(whole)):
            self._damage.add(time_s)
        return whole


def _signature(picture: VideoFrame, reformatter: VideoReformatter) -> Signature:
    width, height = SIGNATURE_SIZE
    small = reformatter.reformat(
        picture, width=width, height=height, format="yuv444p", interpolation=Interpolation.AREA, threads=1
    )
    return np.stack([_plane_pixels(plane) for plane in small.planes])


def _plane_pixels(plane: VideoPlane) -> Pixels:
    """The plane [H,W] without the padding at the end of its rows."""
    stored = np.frombuffer(memoryview(plane), np.uint8)
    return stored.reshape(plane.height, plane.line_size)[:, : plane.width]
