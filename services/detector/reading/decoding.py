"""Decoding one segment: every frame once, as it is shown, with its presentation time and a small signature."""

from __future__ import annotations

import os
import sys
from collections.abc import Generator, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Final

import av.error
import numpy as np
import numpy.typing as npt
from av.packet import Packet
from av.video.frame import VideoFrame
from av.video.stream import VideoStream

from chassis.video.byte_ranges import ByteRange
from chassis.video.container import pictures_of, raise_if_full
from chassis.video.pictures import PictureReader
from chassis.video.reading import (
    SAME_TIME_S,
    Device,
    FrameClock,
    FrameTimes,
    Recording,
    frames_from,
    is_accelerated,
    packets_near,
    packets_walked_to,
)
from chassis.video.shown import Geometry, ShownPicture, ShownPictures
from services.detector.shots.frames import Signature

Pixels = npt.NDArray[np.uint8]

SIGNATURE_SIZE: Final = (64, 36)
"""Width and height of a signature."""

MOST_DECODER_THREADS: Final = 2
FRAMES_BEYOND_THE_END: Final = 2
"""One frame behind a segment's end may have a damaged time; the segment is over with the second in a row."""


@dataclass(slots=True)
class Damage:
    """What could not be decoded: presentation times of the bad packets as far as known, and how many there were."""

    packets: int = 0
    times_s: list[float] = field(default_factory=list)
    without_reference_s: list[float] = field(default_factory=list)
    """Times of pictures that lack what they are built on, as at the start of a file that was cut in the middle."""

    def add(self, time_s: float | None) -> None:
        self.packets += 1
        if time_s is not None:
            self.times_s.append(time_s)


@dataclass(slots=True)
class DecoderUse:
    """Whether a device decodes, as far as that is known when the video is open."""

    accelerated: bool = False


@dataclass(frozen=True, slots=True)
class DecodedFrame:
    """One frame. `ts_s` is its presentation time in seconds from the first frame of the video.

    `shown_s`: how long it is shown as far as the container says, else 0.
    """

    ts_s: float
    signature: Signature
    _shown: ShownPicture
    _reader: PictureReader
    shown_s: float = 0.0

    @property
    def geometry(self) -> Geometry:
        """The shape of the picture."""
        return self._shown.geometry

    @property
    def is_high_range(self) -> bool:
        """Whether the picture is of high dynamic range, brought to standard range."""
        return self._shown.is_high_range

    @property
    def is_deinterlaced(self) -> bool:
        """Whether the picture was made of two interlaced ones."""
        return self._shown.is_deinterlaced

    @property
    def long_side(self) -> int:
        """Long side of the picture as shown, in pixels."""
        return max(self.geometry.size)

    def pixels(self, *, long_side: int) -> Pixels:
        """The picture as shown: RGB uint8 [H,W,3], square pixels, upright, its long side at most `long_side`.

        Standard range of BT.709. Not thread-safe: call it in the thread that decodes.
        """
        width, height = self.geometry.size
        scale = min(1.0, long_side / max(width, height))
        return self._shown.rgb(self._reader, width=max(1, round(width * scale)), height=max(1, round(height * scale)))


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
    pixel_stretch: float = 1.0,
    decode_on: Device = "cpu",
    use: DecoderUse | None = None,
) -> Iterator[DecodedFrame]:
    """Yields the frames with presentation times in `[start_s, end_s + lookahead_s)`, in that order.

    Times count from `origin_s` of container time. Neighbouring segments share no frame and miss none, wherever their
    borders lie. `ranges`, `frame_times`, `pixel_stretch`, `decode_on` are those of `Recording`. Damaged packets are skipped
    and noted in `damage`; `use` is told what decodes.
    Raises DependencyUnavailable when the object store stops answering, `av.error.FFmpegError` when the video cannot be
    opened.
    """
    recording = Recording(
        url=url,
        stream_index=stream_index,
        origin_s=origin_s,
        ranges=ranges,
        frame_times=frame_times,
        pixel_stretch=pixel_stretch,
        decode_on=decode_on,
    )
    decoder = _Decoder(recording, damage, use or DecoderUse())
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

    def __init__(self, recording: Recording, damage: Damage, use: DecoderUse) -> None:
        self._recording = recording
        self._damage = damage
        self._use = use
        self._for_signatures = PictureReader()
        self._for_pixels = PictureReader()

    def frames_from(self, start_s: float) -> Iterator[DecodedFrame]:
        """Frames from the last keyframe at or before `start_s` on; the first ones may lie before it."""
        return frames_from(start_s, self._frames_near, time_of=lambda frame: frame.ts_s)

    def _frames_near(self, from_s: float, walk: bool) -> Generator[DecodedFrame]:
        """Enters the file at the keyframe its index names for `from_s`, or walks to it, and decodes from there."""
        recording = self._recording
        with recording.open() as container:
            stream = recording.stream_of(container)
            stream.thread_type = "AUTO"
            self._use.accelerated = is_accelerated(stream)
            stream.codec_context.thread_count = 1 if self._use.accelerated else _decoder_threads()
            tick_s = float(stream.time_base or 1)
            enter = packets_walked_to if walk else packets_near
            clock = FrameClock(recording, stream)
            shown = ShownPictures(
                stream,
                pixel_stretch=recording.pixel_stretch,
                left_out=lambda picture: self._leave_out(clock.time_of(picture)),
            )
            packets = enter(recording, container, stream, from_s, passed_over=lambda: self._damage.add(None))
            for packet in packets:
                for picture in self._pictures(packet, tick_s):
                    yield from self._frames(shown.push(picture), clock, tick_s)
            yield from self._frames(shown.finish(), clock, tick_s)

    def _frames(self, pictures: Iterable[ShownPicture], clock: FrameClock, tick_s: float) -> Iterator[DecodedFrame]:
        """The pictures with their times; one without is left out."""
        width, height = SIGNATURE_SIZE
        for shown in pictures:
            ts_s = clock.time_of(shown.decoded)
            if ts_s is not None:
                yield DecodedFrame(
                    ts_s=ts_s,
                    signature=self._for_signatures.yuv(shown.picture, width=width, height=height),
                    _shown=shown,
                    _reader=self._for_pixels,
                    shown_s=(shown.decoded.duration or 0) * tick_s,
                )

    def _leave_out(self, time_s: float | None) -> None:
        if time_s is not None:
            self._damage.without_reference_s.append(time_s)

    def _pictures(self, packet: Packet[VideoStream], tick_s: float) -> list[VideoFrame]:
        """What a packet decodes to; nothing for a damaged one."""
        time_s = None if packet.pts is None else packet.pts * tick_s - self._recording.origin_s
        try:
            pictures = pictures_of(packet)
        except av.error.InvalidDataError:
            raise_if_full(packet.stream.codec_context)
            self._damage.add(time_s)
            return []
        whole = [picture for picture in pictures if not picture.is_corrupt]
        for _ in range(len(pictures) - len(whole)):
            self._damage.add(time_s)
        return whole


def _decoder_threads() -> int:
    """One where all run on two cores: a second takes a tenth more of the processor, and nothing waits for it."""
    cores = len(os.sched_getaffinity(0)) if sys.platform == "linux" else os.cpu_count() or 1
    return max(1, min(MOST_DECODER_THREADS, cores // 2))
