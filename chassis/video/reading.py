"""One video stream as it is read: a whole file or some bytes of one, entered by time or, without an index, walked to.

Detector and clips read through this, so that they see the same frames at the same times.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator
from contextlib import suppress
from dataclasses import dataclass
from typing import Final, Literal, TypeVar

import av.error
from av.codec.hwaccel import HWAccel
from av.container import InputContainer
from av.packet import Packet
from av.video.frame import VideoFrame
from av.video.stream import VideoStream

from chassis.errors import BadInput
from chassis.video.byte_ranges import ByteRange
from chassis.video.container import open_video, packets_of, reraise_if_away

T = TypeVar("T")

FrameTimes = Literal["presentation", "decoding"]
"""Which times of a file are right: when frames are shown, or, where it has none of those, when they are decoded."""

STEPS_BACK_S: Final = (0.0, 5.0, 30.0)
"""How far before the wanted start reading begins; the next is tried when the one before does not reach the start."""

SAME_TIME_S: Final = 1e-6

Device = Literal["cpu", "cuda"]
"""What decodes: the processor, or an NVIDIA GPU's decoder (NVDEC)."""

MOST_HELD_BYTES: Final = 256 * 2**20
"""Packets kept while walking to a time; with keyframes farther apart decoding begins before it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Recording:
    """Where a video stream is and what its clock means.

    `origin_s` is the time of the container at second 0 of the episode. `ranges` are the bytes of the file at `url` that
    are read as a file of their own; all of it where there are none. Pixels are shown `pixel_stretch` times as wide as
    the file says.
    """

    url: str
    stream_index: int
    origin_s: float
    ranges: tuple[ByteRange, ...] = ()
    frame_times: FrameTimes = "presentation"
    pixel_stretch: float = 1.0
    decode_on: Device = "cpu"

    def open(self) -> InputContainer:
        """The file, positioned at its start; raises as `open_video`.

        A device that is not there, or fails as the file is opened, is done without: `is_accelerated` says so.
        """
        if self.decode_on != "cpu":
            with suppress(av.error.FFmpegError, MemoryError):
                accelerator = HWAccel(self.decode_on, allow_software_fallback=True)
                return open_video(self.url, self.ranges, accelerator=accelerator)
        return open_video(self.url, self.ranges)

    def stream_of(self, container: InputContainer) -> VideoStream:
        """The stream that is read.

        Raises:
            BadInput: `no_video_stream`, when the file is not what it was.
        """
        stream = container.streams[self.stream_index] if self.stream_index < len(container.streams) else None
        if not isinstance(stream, VideoStream) or stream.time_base is None:
            raise BadInput("no_video_stream", "The video has changed since it was uploaded; upload it again.")
        return stream


def is_accelerated(stream: VideoStream) -> bool:
    """Whether a device decodes the stream; it may still hand single streams of unusual formats back to the processor."""
    return bool(stream.codec_context.is_hwaccel)


class FrameClock:
    """Says at which second of the episode a decoder's frames are shown. Is asked for every frame, in their order."""

    def __init__(self, recording: Recording, stream: VideoStream) -> None:
        self._decoding = recording.frame_times == "decoding"
        self._origin_s = recording.origin_s
        self._tick_s = float(stream.time_base or 1)
        self._frame_s = 1 / float(stream.average_rate) if stream.average_rate else None
        self._last_s: float | None = None

    def time_of(self, picture: VideoFrame) -> float | None:
        """The time of the next frame; one without a time follows the one before. None where there is none to follow.

        The last frames that a decoder held back have no time of decoding.
        """
        ticks = picture.dts if self._decoding or picture.pts is None else picture.pts
        if ticks is not None:
            time_s = ticks * self._tick_s - self._origin_s
        elif self._last_s is not None and self._frame_s is not None:
            time_s = self._last_s + self._frame_s
        else:
            return None
        self._last_s = time_s
        return time_s


def frames_from(
    start_s: float, near: Callable[[float, bool], Generator[T]], *, time_of: Callable[[T], float]
) -> Iterator[T]:
    """Frames from the last keyframe at or before `start_s` on; the first ones may lie before it.

    `near(from_s, walk)` gives the frames from where the container leads for a time, or walks there. Containers without
    a whole index lead too far at times: then earlier times are tried, and at last the file is walked through.
    """
    for step_s in STEPS_BACK_S:
        from_s = max(0.0, start_s - step_s)
        frames = near(from_s, False)
        first = next(frames, None)
        if from_s == 0.0 or (first is not None and time_of(first) <= start_s + SAME_TIME_S):
            if first is not None:
                yield first
            yield from frames
            return
        frames.close()
    yield from near(start_s, True)


def packets_near(
    recording: Recording,
    container: InputContainer,
    stream: VideoStream,
    time_s: float,
    *,
    passed_over: Callable[[], None] = lambda: None,
) -> Iterator[Packet[VideoStream]]:
    """Packets of a container at its start, from the keyframe that its index names for a second of the episode.

    Where the container cannot be entered by time, they are walked to. Raises as `packets_of`.
    """
    if time_s > 0:
        try:
            container.seek(round((time_s + recording.origin_s) / float(stream.time_base or 1)), stream=stream)
        except av.error.FFmpegError as error:
            reraise_if_away(error, recording.url)
            yield from packets_walked_to(recording, container, stream, time_s, passed_over=passed_over)
            return
    yield from packets_of(container, stream, url=recording.url, passed_over=passed_over)


def packets_walked_to(
    recording: Recording,
    container: InputContainer,
    stream: VideoStream,
    time_s: float,
    *,
    passed_over: Callable[[], None] = lambda: None,
) -> Iterator[Packet[VideoStream]]:
    """As `packets_near`, from the last keyframe at or before that time in the order of the file, reading all before."""
    wanted = (time_s + recording.origin_s) / float(stream.time_base or 1) + 0.5
    packets = packets_of(container, stream, url=recording.url, passed_over=passed_over)
    held: list[Packet[VideoStream]] = []
    size = 0
    for packet in packets:
        time = packet.dts if recording.frame_times == "decoding" or packet.pts is None else packet.pts
        if packet.is_keyframe and (time is None or time <= wanted):
            held, size = [], 0
        held.append(packet)
        size += packet.size
        if (
            time is not None and time > wanted and packet.dts is not None and packet.dts > wanted
        ) or size > MOST_HELD_BYTES:
            break
    yield from held
    yield from packets
