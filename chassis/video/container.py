"""Opening videos safely: known container formats only, bounded waiting, errors sorted by what helps against them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Final, TypeVar, cast

import av
import av.error
from av.codec.hwaccel import HWAccel
from av.container import InputContainer
from av.packet import Packet
from av.stream import Stream
from av.video.codeccontext import VideoCodecContext
from av.video.frame import VideoFrame
from av.video.stream import VideoStream

from chassis.errors import DependencyUnavailable
from chassis.video.byte_ranges import ByteRange, ByteRanges, SeekableFile
from chassis.video.process_bounds import room_bytes
from chassis.video.remote_file import RemoteFile

S = TypeVar("S", bound=Stream)

# Playlist and script formats can name other files and servers, so only self-contained containers are read.
CONTAINERS = (
    "mov,mp4,m4a,3gp,3g2,mj2,matroska,webm,avi,mpegts,mpeg,mpegvideo,flv,live_flv,asf,mxf,ogg,nut,ivf,wtv,gxf,dv,"
    "mp3,wav,flac,aac,w64,aiff,ac3,eac3,caf,ape,amr"
)
"""Container formats that are opened (FFmpeg's names); audio-only ones too, to tell a sound file from no media."""

OPEN_TIMEOUT_S = 20.0
READ_TIMEOUT_S = 60.0

READ_ERRORS_IN_A_ROW = 50
"""Places that cannot be parsed, without a packet between them, after which the rest of a file is given up."""

UNKNOWN_FORMAT_BITS: Final = 24
"""Bits of a pixel where the header does not say how pixels are stored."""

FULL: Final = 1.25
"""Pictures that must have room: one with its borders."""

_AWAY = (
    av.error.ConnectionRefusedError,
    av.error.ConnectionResetError,
    av.error.ConnectionAbortedError,
    av.error.TimeoutError,
    av.error.HTTPServerError,
    av.error.HTTPTooManyRequestsError,
    av.error.BrokenPipeError,
    av.error.ExitError,
)


def is_remote(url: str) -> bool:
    """Whether the video is read over HTTP."""
    return url.startswith(("http://", "https://"))


def open_video(url: str, ranges: Sequence[ByteRange] = (), *, accelerator: HWAccel | None = None) -> InputContainer:
    """Opens a video for reading from a path or an http(s) URL (read by ranges, not downloaded).

    With `ranges` these bytes are opened as if they were a file of their own. `accelerator` decodes what it can.

    Raises DependencyUnavailable when the server that holds it is away, `av.error.FFmpegError` (an OSError for files and
    HTTP answers such as 404) when the content cannot be opened.
    """
    options = {"format_whitelist": CONTAINERS, "protocol_whitelist": "http,https,tls,tcp" if is_remote(url) else "file"}
    source: SeekableFile | str = RemoteFile(url) if is_remote(url) else url
    if ranges:
        source = ByteRanges(open_file(url), ranges)
    try:
        return av.open(
            source,
            mode="r",
            options=options,
            timeout=(OPEN_TIMEOUT_S, READ_TIMEOUT_S),
            metadata_errors="replace",
            hwaccel=accelerator,
        )
    except av.error.FFmpegError as error:
        reraise_if_away(error, url)
        raise


def open_file(url: str) -> SeekableFile:
    """The bytes of a video at a path or an http(s) URL."""
    return RemoteFile(url) if is_remote(url) else Path(url).open("rb")


def reraise_if_away(error: BaseException, url: str) -> None:
    """Raises DependencyUnavailable when the error means that the object store did not answer; otherwise returns."""
    if is_remote(url) and isinstance(error, _AWAY):
        raise DependencyUnavailable("s3", f"the video could not be read ({type(error).__name__})") from error


def packets_of(
    container: InputContainer, *streams: S, url: str, passed_over: Callable[[], None] = lambda: None
) -> Iterator[Packet[S]]:
    """Yields packets of streams from here to the end of the file; calls `passed_over` at places that cannot be parsed.

    Raises DependencyUnavailable when the object store stops answering.
    """
    errors = 0
    while errors < READ_ERRORS_IN_A_ROW:
        try:
            for packet in container.demux(*streams):
                errors = 0
                yield cast("Packet[S]", packet)
            return
        except IndexError:
            return  # PyAV's answer, at the end, to a file in which a stream began in the middle
        except av.error.InvalidDataError:
            errors += 1
            passed_over()
        except av.error.FFmpegError as error:
            reraise_if_away(error, url)
            raise


def pictures_of(packet: Packet[VideoStream]) -> list[VideoFrame]:
    """What a packet decodes to. Raises `av.error.InvalidDataError` when it is damaged."""
    try:
        decoded = packet.decode()
    except av.error.BlockingIOError:  # a decoder is stuck after damage until it starts afresh
        packet.stream.codec_context.flush_buffers()
        decoded = packet.decode()
    return [picture for picture in decoded if isinstance(picture, VideoFrame)]


def picture_bytes(context: VideoCodecContext) -> float:
    """What one decoded picture takes, by what the decoder knows now."""
    bits = context.format.padded_bits_per_pixel if context.format is not None else UNKNOWN_FORMAT_BITS
    return (context.width or 0) * (context.height or 0) * bits / 8


def raise_if_full(context: VideoCodecContext) -> None:
    """Raises MemoryError where one more picture has no room: what decoders, which report that as damage, have met."""
    if room_bytes() < FULL * picture_bytes(context):
        raise MemoryError("no room for another picture")
