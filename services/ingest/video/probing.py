"""What a video file is, found out without decoding it: size, duration, time origin and keyframes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from typing import Final

import av
import av.error
from av.container import InputContainer
from av.video.frame import VideoFrame
from av.video.stream import VideoStream
from pydantic import BaseModel, ConfigDict, Field

from chassis.video.byte_ranges import ByteRange
from chassis.video.container import (
    open_video,
    packets_of,
    picture_bytes,
    pictures_of,
    raise_if_full,
    reraise_if_away,
)
from chassis.video.geometry import AS_STORED, displayed, orientation_of
from chassis.video.process_bounds import is_short_of_memory
from chassis.video.reading import FrameTimes, Recording
from chassis.video.references import ReferenceGate
from contracts.warnings import Warning
from services.ingest.video.eyes import squeezed_eyes
from services.ingest.video.facts import VideoFacts, joined
from services.ingest.video.frame_times import WITHOUT_PRESENTATION_TIMES, frame_times_of
from services.ingest.video.opening import BadVideo, opened
from services.ingest.video.packet_index import PacketIndex, read_packet_index
from services.ingest.video.recordings import divided_at, recordings_in
from services.ingest.video.streams import film_in, player_zero_s, timecode_of

__all__ = ["BadVideo", "IngestLimits", "VideoFacts", "probe"]

MOST_RECORDINGS: Final = 500
"""Each is opened on its own."""

TIME_OF_A_FRAME_S: Final = 0.001

FRAMES_TO_TRY: Final = 250
"""Packets that may be read to reach the first whole picture of a file that begins damaged or between keyframes."""

LARGE_PICTURE_BYTES: Final = 32 * 2**20
"""Of pictures from this size on, as many are decoded as a decoder may keep for reference, to see that they have room."""

PICTURES_KEPT: Final = 20
"""16 for reference is the most that H.264, HEVC, VP9 or AV1 allow, and some wait to be shown."""


class IngestLimits(BaseModel):
    """Bounds of what is accepted."""

    model_config = ConfigDict(frozen=True)

    longest_s: float = Field(default=16 * 3600.0, gt=0, description="Longest episode in seconds.")
    long_side: int = Field(default=8192, gt=0, description="Longest side of the picture in pixels.")
    probe_cpu_s: int = Field(default=120, ge=1, description="Processor seconds for reading the index of an upload.")
    picture_mib: int = Field(
        default=160, gt=0, description="One decoded picture; 8192x4320 at 10 bit, 4:2:2 takes 135."
    )


def probe(url: str, *, limits: IngestLimits | None = None, video_stream: int | None = None) -> VideoFacts:
    """Reads the facts of a video at a path or presigned http(s) URL. Of a stranger's: in a child process only.

    `video_stream` is the number of the stream in the file that is to be analysed; without one the film is found.

    Raises BadVideo with one of the codes empty_file, not_a_video, no_video_stream, no_such_stream, truncated_video,
    zero_duration, too_long, too_many_recordings, too_large_picture, unsupported_codec, video_missing, unreadable;
    DependencyUnavailable when the object store does not answer; MemoryError in a child process that has used up its
    memory.
    """
    bounds = limits or IngestLimits()
    try:
        with opened(url) as container:
            name = container.format.name
            film_in(container, url, video_stream)  # a file without a picture needs no closer look
        recordings = recordings_in(url, name)
        _check_number(len(recordings))
        first = _facts(url, recordings[0] if len(recordings) > 1 else (), bounds, video_stream)
        _check_number(1 + len(first.joints))
        if len(recordings) == 1 and first.joints:
            recordings = divided_at(url, name, first.joints)
            first = replace(first, ranges=recordings[0])
        facts = joined(_all_of(url, first, recordings[1:], bounds, video_stream))
    except av.error.FFmpegError as error:
        if isinstance(error, MemoryError) and is_short_of_memory():
            raise
        reraise_if_away(error, url)
        raise BadVideo(
            "unreadable", "The video cannot be read; export it again as MP4 (H.264) and upload that."
        ) from error
    if facts.duration_s > bounds.longest_s:
        raise _too_long(bounds)
    return facts


def _check_number(recordings: int) -> None:
    if recordings > MOST_RECORDINGS:
        raise BadVideo(
            "too_many_recordings",
            f"The clock of the file starts again more than {MOST_RECORDINGS - 1} times; "
            f"export it again as MP4 (H.264) and upload that.",
        )


def _all_of(
    url: str,
    first: VideoFacts,
    others: Sequence[tuple[ByteRange, ...]],
    limits: IngestLimits,
    video_stream: int | None,
) -> list[VideoFacts]:
    """The facts of all recordings; one behind the first that cannot be read is left out, and that is said."""
    found = [first]
    for ranges in others:
        try:
            found.append(_facts(url, ranges, limits, video_stream))
        except (BadVideo, av.error.FFmpegError) as error:
            reraise_if_away(error, url)
            sentence = "A recording that was joined to this one cannot be read and is left out; upload it on its own."
            lost = Warning.of("recording_unreadable", sentence, start_s=found[-1].duration_s)
            found[-1] = replace(found[-1], warnings=(*found[-1].warnings, lost))
    return found


def _facts(url: str, ranges: tuple[ByteRange, ...], limits: IngestLimits, video_stream: int | None) -> VideoFacts:
    """The facts of one recording, up to where its clock is set anew."""

    def reopen() -> InputContainer:
        return open_video(url, ranges)

    with reopen() as container:
        film, warnings = film_in(container, url, video_stream)
        _check_picture(_stream(container, film.index), limits)
    times = frame_times_of(reopen, stream_index=film.index, url=url)
    with reopen() as container:
        stream = _stream(container, film.index)
        announced_s = _announced_duration(container, stream)
        timecode = timecode_of(container, stream)
        is_large = picture_bytes(stream.codec_context) >= LARGE_PICTURE_BYTES
        first = _first_picture(container, stream, url, try_references=is_large)
        ticks = None if first is None else first.time(times)
        if first is None or ticks is None or stream.time_base is None:
            raise BadVideo(
                "unreadable", "No picture of the video can be decoded; export it again as MP4 (H.264) and upload that."
            )
        tick_s = float(stream.time_base)
        origin_s = ticks * tick_s
        shown_s = origin_s
        if container.format.name in WITHOUT_PRESENTATION_TIMES:  # what FFmpeg makes up for reordered frames is no delay
            shown_s = first.decoded * tick_s
        if announced_s is not None and "matroska" in container.format.name:
            announced_s -= origin_s  # Matroska's duration is the time of its end
        orientation = orientation_of(first.picture) or AS_STORED
        index = read_packet_index(
            reopen,
            url=url,
            stream_index=stream.index,
            origin_s=origin_s if times == "presentation" else first.decoded * tick_s,
            announced_s=announced_s,
            frame_times=times,
        )
        if not index.duration_s > 0:
            raise BadVideo("zero_duration", "The video has no duration; export it again and upload that.")
        pixel_aspect = float(stream.sample_aspect_ratio or 1)
        recording = Recording(url=url, stream_index=stream.index, origin_s=origin_s, ranges=ranges, frame_times=times)
        eyes = squeezed_eyes(recording, first.picture, duration_s=index.duration_s, pixel_aspect=pixel_aspect)
        stretch = eyes.stretch if eyes else 1.0
        width, height = displayed(stream.width, stream.height, pixel_aspect * stretch, orientation=orientation)
        return VideoFacts(
            container=container.format.name,
            codec=stream.codec_context.name,
            width=width,
            height=height,
            rotation=orientation.rotation,
            fps=_average_rate(stream, index),
            duration_s=index.duration_s,
            origin_s=origin_s,
            stream_index=stream.index,
            keyframes_s=index.keyframes_s,
            frames=index.frames or stream.frames or None,
            starts_at_s=round(max(0.0, shown_s - player_zero_s(container, shown_s)), 6),
            timecode=timecode,
            frame_times=times,
            pixel_stretch=stretch,
            ranges=ranges,
            warnings=(*index.warnings, *warnings, *((eyes.warning,) if eyes else ())),
            joints=index.joints,
        )


def _stream(container: InputContainer, index: int) -> VideoStream:
    return next(stream for stream in container.streams.video if stream.index == index)


def _check_picture(stream: VideoStream, limits: IngestLimits) -> None:
    size = f"{stream.width}x{stream.height}"
    if max(stream.width or 0, stream.height or 0) > limits.long_side:
        raise BadVideo(
            "too_large_picture",
            f"The picture is {size}; scale it to at most {limits.long_side} pixels a side.",
        )
    taken_mib = picture_bytes(stream.codec_context) / 2**20
    if taken_mib > limits.picture_mib:
        raise BadVideo(
            "too_large_picture",
            f"A picture of {size} ({stream.pix_fmt}) takes {taken_mib:.0f} MiB, more than {limits.picture_mib}; "
            "scale it down or export it with 4:2:0 colour.",
        )


def _too_long(limits: IngestLimits) -> BadVideo:
    return BadVideo(
        "too_long", f"The video is longer than {limits.longest_s / 3600:g} hours; split it and upload the parts."
    )


def _announced_duration(container: InputContainer, stream: VideoStream) -> float | None:
    """Duration by the container's header in seconds, None when it does not say."""
    if stream.duration and stream.time_base:
        return float(stream.duration * stream.time_base)
    return container.duration / av.time_base if container.duration else None


@dataclass(frozen=True, slots=True)
class _First:
    """The first whole picture that decodes, and the decoding time of the stream's first packet, in ticks."""

    picture: VideoFrame
    decoded: int

    def time(self, times: FrameTimes) -> int | None:
        shown = self.picture.pts if times == "presentation" else None
        return shown if shown is not None else self.picture.dts


def _first_picture(container: InputContainer, stream: VideoStream, url: str, *, try_references: bool) -> _First | None:
    """The first picture that decodes and has what it is built on, None when there is none near the start.

    With `try_references` those after it are decoded as well, until the decoder keeps as many as it ever may.
    """
    stream.codec_context.thread_count = 1  # every further thread of a decoder keeps a picture
    pictures = _pictures_near_start(container, stream, url)
    first = next(pictures, None)
    if try_references:
        for _ in islice(pictures, PICTURES_KEPT):
            pass
    return first


def _pictures_near_start(container: InputContainer, stream: VideoStream, url: str) -> Iterator[_First]:
    gate = ReferenceGate(stream.codec_context.name)
    decoded: int | None = None
    for count, packet in enumerate(packets_of(container, stream, url=url, passed_over=lambda: None)):
        decoded = packet.dts if decoded is None else decoded
        try:
            pictures = pictures_of(packet)
        except av.error.InvalidDataError:
            raise_if_full(stream.codec_context)
            pictures = []
        for picture in pictures:
            if not picture.is_corrupt and gate.admits(picture):
                yield _First(picture, decoded or 0)
        if count >= FRAMES_TO_TRY:
            return


def _average_rate(stream: VideoStream, index: PacketIndex) -> float | None:
    if index.frames:
        return index.frames / max(index.duration_s - index.holes_s, TIME_OF_A_FRAME_S)
    return float(stream.average_rate) if stream.average_rate else None
