"""What a video file is, found out without decoding it: size, duration, time origin and keyframes."""

from __future__ import annotations

import urllib.error
import urllib.request
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

import av
import av.error
from av.container import InputContainer
from av.video.frame import VideoFrame
from av.video.stream import VideoStream
from pydantic import BaseModel, ConfigDict, Field

from chassis.errors import BadInput, DependencyUnavailable
from chassis.video.byte_ranges import ByteRange
from chassis.video.container import OPEN_TIMEOUT_S, is_remote, open_video, packets_of, pictures_of, reraise_if_away
from chassis.video.geometry import AS_STORED, displayed, orientation_of
from chassis.video.reading import FrameTimes
from chassis.video.references import ReferenceGate
from contracts.warnings import Warning
from services.ingest.video.facts import VideoFacts, joined
from services.ingest.video.frame_times import WITHOUT_PRESENTATION_TIMES, frame_times_of
from services.ingest.video.packet_index import PacketIndex, read_packet_index
from services.ingest.video.recordings import divided_at, recordings_in
from services.ingest.video.streams import Candidate, candidates_of, film_of, moving_streams, player_zero_s, timecode_of

__all__ = ["BadVideo", "IngestLimits", "VideoFacts", "probe"]

TIME_OF_A_FRAME_S: Final = 0.001

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


def probe(url: str, *, limits: IngestLimits | None = None, video_stream: int | None = None) -> VideoFacts:
    """Reads the facts of a video at a path or presigned http(s) URL.

    `video_stream` is the number of the stream in the file that is to be analysed; without one the film is found.

    Raises BadVideo with one of the codes empty_file, not_a_video, no_video_stream, no_such_stream, truncated_video,
    zero_duration, too_long, too_large_picture, unsupported_codec, video_missing, unreadable; DependencyUnavailable when
    the object store does not answer.
    """
    bounds = limits or IngestLimits()
    try:
        with _opened(url) as container:
            name = container.format.name
            _film(container, url, video_stream)  # a file without a picture needs no closer look
        recordings = recordings_in(url, name)
        first = _facts(url, recordings[0] if len(recordings) > 1 else (), bounds, video_stream)
        if len(recordings) == 1 and first.joints:
            recordings = divided_at(url, name, first.joints)
            first = replace(first, ranges=recordings[0])
        facts = joined([first, *_others(url, recordings[1:], bounds, video_stream, after=first)])
    except av.error.FFmpegError as error:
        reraise_if_away(error, url)
        raise BadVideo(
            "unreadable", "The video cannot be read; export it again as MP4 (H.264) and upload that."
        ) from error
    if facts.duration_s > bounds.longest_s:
        raise _too_long(bounds)
    return facts


def _others(
    url: str,
    recordings: Sequence[tuple[ByteRange, ...]],
    limits: IngestLimits,
    video_stream: int | None,
    *,
    after: VideoFacts,
) -> list[VideoFacts]:
    """The facts of the recordings behind the first; one that cannot be read is left out, and that is said."""
    found = [after]
    for ranges in recordings:
        try:
            found.append(_facts(url, ranges, limits, video_stream))
        except (BadVideo, av.error.FFmpegError) as error:
            reraise_if_away(error, url)
            sentence = "A recording that was joined to this one cannot be read and is left out; upload it on its own."
            lost = Warning.of("recording_unreadable", sentence, start_s=found[-1].duration_s)
            found[-1] = replace(found[-1], warnings=(*found[-1].warnings, lost))
    return found[1:]


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


def _facts(url: str, ranges: tuple[ByteRange, ...], limits: IngestLimits, video_stream: int | None) -> VideoFacts:
    """The facts of one recording, up to where its clock is set anew."""

    def reopen() -> InputContainer:
        return open_video(url, ranges)

    with reopen() as container:
        film, warnings = _film(container, url, video_stream)
    times = frame_times_of(reopen, stream_index=film.index, url=url)
    with reopen() as container:
        stream = _stream(container, film.index)
        _check_picture(stream, limits)
        announced_s = _announced_duration(container, stream)
        timecode = timecode_of(container, stream)
        first = _first_picture(container, stream, url)
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
        width, height = displayed(stream.width, stream.height, stream.sample_aspect_ratio, orientation=orientation)
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
            ranges=ranges,
            warnings=(*index.warnings, *warnings),
            joints=index.joints,
        )


def _stream(container: InputContainer, index: int) -> VideoStream:
    return next(stream for stream in container.streams.video if stream.index == index)


def _film(container: InputContainer, url: str, wanted: int | None) -> tuple[Candidate, tuple[Warning, ...]]:
    """The stream that is analysed, and a warning where there are others."""
    if wanted is not None:
        return _chosen(container, url, wanted), ()
    moving = moving_streams(container)
    if not moving:
        raise BadVideo("no_video_stream", "The file has no moving picture (audio only?); upload a video.")
    known = [stream for stream in moving if stream.codec_context is not None]
    if not known:
        raise BadVideo(
            "unsupported_codec",
            "The video's codec is not supported; export it as H.264, HEVC, VP9 or AV1 and upload that.",
        )
    candidates = candidates_of(container, known, url=url)
    film = film_of(candidates)
    if len(moving) == 1:
        return film, ()
    others = ", ".join(one.described() for one in candidates if one is not film) or "another that cannot be decoded"
    sentence = (
        f"The file has {len(moving)} video streams: {film.described()} is analysed, not {others}; "
        f"choose another one with --video-stream."
    )
    return film, (Warning.of("several_video_streams", sentence, stream=film.index),)


def _chosen(container: InputContainer, url: str, wanted: int) -> Candidate:
    streams = [stream for stream in container.streams.video if stream.codec_context is not None]
    candidates = candidates_of(container, streams, url=url)
    for candidate in candidates:
        if candidate.index == wanted:
            return candidate
    there = ", ".join(one.described() for one in candidates) or "none"
    raise BadVideo("no_such_stream", f"Stream {wanted} is no video; choose one of the video streams: {there}.")


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


@dataclass(frozen=True, slots=True)
class _First:
    """The first whole picture that decodes, and the decoding time of the stream's first packet, in ticks."""

    picture: VideoFrame
    decoded: int

    def time(self, times: FrameTimes) -> int | None:
        shown = self.picture.pts if times == "presentation" else None
        return shown if shown is not None else self.picture.dts


def _first_picture(container: InputContainer, stream: VideoStream, url: str) -> _First | None:
    """The first picture that decodes and has what it is built on, None when there is none near the start."""
    gate = ReferenceGate(stream.codec_context.name)
    decoded: int | None = None
    for count, packet in enumerate(packets_of(container, stream, url=url, passed_over=lambda: None)):
        decoded = packet.dts if decoded is None else decoded
        try:
            pictures = pictures_of(packet)
        except av.error.InvalidDataError:
            pictures = []
        for picture in pictures:
            if not picture.is_corrupt and gate.admits(picture):
                return _First(picture, decoded or 0)
        if count >= FRAMES_TO_TRY:
            break
    return None


def _average_rate(stream: VideoStream, index: PacketIndex) -> float | None:
    if index.frames:
        return index.frames / max(index.duration_s - index.holes_s, TIME_OF_A_FRAME_S)
    return float(stream.average_rate) if stream.average_rate else None
