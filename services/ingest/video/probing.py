"""What a video file is, found out without decoding it: size, duration, time origin and keyframes."""

from __future__ import annotations

import urllib.error
import urllib.request
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import av
import av.error
from av.container import InputContainer
from av.stream import Disposition
from av.video.frame import VideoFrame
from av.video.stream import VideoStream
from pydantic import BaseModel, ConfigDict, Field

from chassis.errors import BadInput, DependencyUnavailable
from chassis.video.container import OPEN_TIMEOUT_S, is_remote, open_video, packets_of, pictures_of, reraise_if_away
from chassis.video.geometry import AS_STORED, displayed, orientation_of
from chassis.video.references import ReferenceGate
from services.ingest.video.packet_index import PacketIndex, read_packet_index

FRAMES_TO_TRY: Final = 250
"""Packets that may be read to reach the first whole picture of a file that begins damaged or between keyframes."""

_ISO_MEDIA_BOXES = (b"ftyp", b"moov", b"mdat", b"wide", b"free", b"skip", b"styp")
_MATROSKA_MARK = b"\x1a\x45\xdf\xa3"


class BadVideo(BadInput):
    """The video cannot be processed. `code` is stable, `message` is one sentence that says what to do."""


class IngestLimits(BaseModel):
    """Bounds of what is accepted."""

    model_config = ConfigDict(frozen=True)

    longest_s: float = Field(default=16 * 3600.0, gt=0, description="Longest episode in seconds.")
    long_side: int = Field(default=8192, gt=0, description="Longest side of the picture in pixels.")


@dataclass(frozen=True, slots=True, kw_only=True)
class VideoFacts:
    """What the pipeline needs to know about a video.

    `width` and `height` are those of the picture as shown (square pixels, rotated). `origin_s` is the container time of
    the first video frame; `duration_s` and `keyframes_s` (ascending, the first is 0) count from it. `fps` is an average
    for people, None when unknown. `frames` is an estimate. `problems` are sentences for people.
    """

    container: str
    codec: str
    width: int
    height: int
    rotation: int
    fps: float | None
    duration_s: float
    origin_s: float
    stream_index: int
    keyframes_s: tuple[float, ...]
    frames: int | None
    problems: tuple[str, ...] = ()


def probe(url: str, *, limits: IngestLimits | None = None) -> VideoFacts:
    """Reads the facts of a video at a path or presigned http(s) URL.

    Raises BadVideo with one of the codes empty_file, not_a_video, no_video_stream, truncated_video, zero_duration,
    too_long, too_large_picture, unsupported_codec, video_missing, unreadable; DependencyUnavailable when the object
    store does not answer.
    """
    bounds = limits or IngestLimits()
    try:
        with _opened(url) as container:
            return _facts(container, url, bounds)
    except av.error.FFmpegError as error:
        reraise_if_away(error, url)
        raise BadVideo(
            "unreadable", "The video cannot be read; export it again as MP4 (H.264) and upload that."
        ) from error


def _opened(url: str) -> InputContainer:
    if not is_remote(url) and not Path(url).exists():
        raise BadVideo("video_missing", "The video is not there any more; upload it again.")
    try:
        return open_video(url)
    except (av.error.HTTPNotFoundError, av.error.HTTPForbiddenError, av.error.FileNotFoundError) as error:
        raise BadVideo("video_missing", "The video is not there any more; upload it again.") from error
    except av.error.FFmpegError as error:
        raise _why_not_opened(_first_bytes(url)) from error


def _first_bytes(url: str) -> bytes:
    """Up to 64 bytes from the start of the file."""
    if not is_remote(url):
        with Path(url).open("rb") as file:
            return file.read(64)
    request = urllib.request.Request(url, headers={"Range": "bytes=0-63"})  # noqa: S310 - only http(s), see above
    try:
        with urllib.request.urlopen(request, timeout=OPEN_TIMEOUT_S) as answer:  # noqa: S310
            return bytes(answer.read(64))
    except urllib.error.HTTPError as error:
        if error.code == 416:  # there is no first byte
            return b""
        raise DependencyUnavailable("s3", f"the video could not be read (HTTP {error.code})") from error
    except OSError as error:
        raise DependencyUnavailable("s3", f"the video could not be read ({type(error).__name__})") from error


def _why_not_opened(head: bytes) -> BadVideo:
    if not head:
        return BadVideo("empty_file", "The file is empty; upload the video again.")
    if head[4:8] in _ISO_MEDIA_BOXES or head.startswith(_MATROSKA_MARK):
        return BadVideo(
            "truncated_video", "The video file is incomplete (its index is missing); upload the whole file again."
        )
    return BadVideo("not_a_video", "The file is not a video of a known format; upload an MP4, MKV, WebM, AVI or TS.")


def _facts(container: InputContainer, url: str, limits: IngestLimits) -> VideoFacts:
    stream = _main_stream(container)
    _check_picture(stream, limits)
    announced_s = _announced_duration(container, stream)
    if announced_s is not None and announced_s > limits.longest_s:
        raise _too_long(limits)
    picture = _first_picture(container, stream, url)
    if picture is None or picture.pts is None or picture.time_base is None:
        raise BadVideo(
            "unreadable", "No picture of the video can be decoded; export it again as MP4 (H.264) and upload that."
        )
    origin_s = float(picture.pts * picture.time_base)
    if announced_s is not None and "matroska" in container.format.name:
        announced_s -= origin_s  # Matroska's duration is the time of its end
    orientation = orientation_of(picture) or AS_STORED
    width, height = displayed(stream.width, stream.height, stream.sample_aspect_ratio, orientation=orientation)
    index = read_packet_index(
        lambda: open_video(url), url=url, stream_index=stream.index, origin_s=origin_s, announced_s=announced_s
    )
    if not index.duration_s > 0:
        raise BadVideo("zero_duration", "The video has no duration; export it again and upload that.")
    if index.duration_s > limits.longest_s:
        raise _too_long(limits)
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
        problems=_problems(container, index),
    )


def _moving_streams(container: InputContainer) -> list[VideoStream]:
    """The video streams that are not cover pictures."""
    return [stream for stream in container.streams.video if not stream.disposition & Disposition.attached_pic]


def _main_stream(container: InputContainer) -> VideoStream:
    """The largest video stream that is not a cover picture; of equals the first."""
    moving = _moving_streams(container)
    if not moving:
        raise BadVideo("no_video_stream", "The file has no moving picture (audio only?); upload a video.")
    for stream in moving:
        if stream.codec_context is None:
            raise BadVideo(
                "unsupported_codec",
                "The video's codec is not supported; export it as H.264, HEVC, VP9 or AV1 and upload that.",
            )
    return min(moving, key=lambda stream: (-(stream.width or 0) * (stream.height or 0), stream.index))


def _check_picture(stream: VideoStream, limits: IngestLimits) -> None:
    if max(stream.width or 0, stream.height or 0) > limits.long_side:
        raise BadVideo(
            "too_large_picture",
            f"The picture is {stream.width}x{stream.height}; scale it to at most {limits.long_side} pixels a side.",
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


def _first_picture(container: InputContainer, stream: VideoStream, url: str) -> VideoFrame | None:
    """The first picture that decodes and has what it is built on, None when there is none near the start."""
    gate = ReferenceGate(stream.codec_context.name)
    for count, packet in enumerate(packets_of(container, stream, url=url, passed_over=lambda: None)):
        try:
            pictures = pictures_of(packet)
        except av.error.InvalidDataError:
            pictures = []
        for picture in pictures:
            if not picture.is_corrupt and gate.admits(picture):
                return picture
        if count >= FRAMES_TO_TRY:
            break
    return None


def _average_rate(stream: VideoStream, index: PacketIndex) -> float | None:
    if index.frames:
        return index.frames / index.duration_s
    return float(stream.average_rate) if stream.average_rate else None


def _problems(container: InputContainer, index: PacketIndex) -> tuple[str, ...]:
    sentences = list(index.problems)
    moving = len(_moving_streams(container))
    if moving > 1:
        sentences.append(f"The file has {moving} video streams; the largest picture is analysed.")
    return tuple(sentences)
