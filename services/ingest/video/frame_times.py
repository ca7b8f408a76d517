"""Whether the times of a file are those at which frames are shown, or only those at which they are decoded."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from typing import Final

import av.error
from av.container import InputContainer
from av.video.frame import VideoFrame
from av.video.stream import VideoStream

from chassis.video.container import packets_of, raise_if_full
from chassis.video.reading import FrameTimes

PACKETS_TO_READ: Final = 60
FRAMES_TO_DECODE: Final = 120
WITHOUT_PRESENTATION_TIMES: Final = ("avi", "asf", "mpegvideo")
"""Containers (FFmpeg's names) that have the order of decoding only; demuxers guess the rest."""


Times = tuple[int | None, int | None]
"""When a decoded frame is shown and when it was decoded, in ticks."""


def frame_times_of(reopen: Callable[[], InputContainer], *, stream_index: int, url: str) -> FrameTimes:
    """Which times of a stream can be believed. `reopen` gives the file afresh, positioned at its start.

    Frames come out of a decoder in the order in which they are shown. Where they would be shown in another order by
    their presentation times, the decoder is right.
    """
    with reopen() as container:
        if not _is_suspicious(container, _stream(container, stream_index), url):
            return "presentation"
    with reopen() as container:
        return _judged(_decoded(container, _stream(container, stream_index), url))


def _stream(container: InputContainer, stream_index: int) -> VideoStream:
    return next(stream for stream in container.streams.video if stream.index == stream_index)


def _is_suspicious(container: InputContainer, stream: VideoStream, url: str) -> bool:
    """Whether frames are reordered but their packets' times are not."""
    if container.format.name in WITHOUT_PRESENTATION_TIMES:
        return True
    times: list[int | None] = []
    for packet in packets_of(container, stream, url=url):
        if packet.size:
            times.append(packet.pts)
        if len(times) >= PACKETS_TO_READ:
            break
    known = [time for time in times if time is not None]
    if 2 * len(known) < len(times):
        return True
    return stream.codec_context.has_b_frames and all(earlier <= later for earlier, later in pairwise(known))


def _decoded(container: InputContainer, stream: VideoStream, url: str) -> list[Times]:
    stream.codec_context.thread_count = 1  # every further thread of a decoder keeps a picture
    times: list[Times] = []
    for packet in packets_of(container, stream, url=url):
        try:
            times += [(frame.pts, frame.dts) for frame in packet.decode() if isinstance(frame, VideoFrame)]
        except av.error.InvalidDataError:
            raise_if_full(stream.codec_context)
            continue
        if len(times) >= FRAMES_TO_DECODE:
            break
    return times


def _judged(frames: list[Times]) -> FrameTimes:
    shown = [pts for pts, _ in frames if pts is not None]
    decoded = [dts for _, dts in frames if dts is not None]
    is_shown_in_order = len(shown) == len(frames) and all(earlier < later for earlier, later in pairwise(shown))
    is_decoded_in_order = len(decoded) > len(frames) / 2 and all(
        earlier < later for earlier, later in pairwise(decoded)
    )
    return "decoding" if is_decoded_in_order and not is_shown_in_order else "presentation"
