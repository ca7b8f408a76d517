"""When every frame of a video is shown, from its packets; and what a browser would make of the file. Nothing is decoded."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import closing
from fractions import Fraction
from typing import Any, Final

import numpy as np
from av.audio.stream import AudioStream
from av.container import InputContainer
from av.video.stream import VideoStream

from chassis.video.container import open_file
from services.ingest.runs.frame_table import Playing, ScannedVideo, Ticks, table_of, why_unplayable
from services.ingest.video.clips import HALF_A_TICK_S, ClipPart
from services.ingest.video.packet_scan import scan_packets

MADE: Final = 1
"""Part of the name of every table; raised when tables are made in another way."""

MICROSECOND: Final = Fraction(1, 1_000_000)
HEAD_BYTES: Final = 64


def table_name(video_sha256: str, stream_index: int) -> str:
    """File name of a table: the same stream of the same video has the same name."""
    return f"{video_sha256[:16]}-{stream_index}-{MADE}.json"


def scan_video(parts: Sequence[ClipPart]) -> ScannedVideo:
    """Read every packet of the film. Of a stranger's video: in a child process only.

    Raises:
        BadInput: `no_video_stream`, when the file is not what it was.
        DependencyUnavailable: when the object store does not answer.
    """
    ticks: list[Ticks] = []
    tick = MICROSECOND
    for part in parts:
        recording = part.recording
        with recording.open() as container:
            stream = recording.stream_of(container)
            scan = scan_packets(
                container, stream, url=recording.url, origin_s=recording.origin_s, frame_times=recording.frame_times
            )
            own = Fraction(stream.time_base or 1)
        seconds = scan.shown * float(own) - recording.origin_s
        inside = (seconds >= part.start_s - HALF_A_TICK_S) & (seconds < part.end_s - HALF_A_TICK_S)
        if len(parts) == 1:
            tick = own
            ticks.append(scan.shown[inside] - round(recording.origin_s / own))
        else:
            ticks.append(np.rint(seconds[inside] / float(MICROSECOND)).astype(np.int64))
    shown = np.unique(np.concatenate(ticks))
    return ScannedVideo(
        table=table_of(shown[shown >= 0], tick=tick, end=round(parts[-1].end_s / tick)),
        unplayable=_unplayable(parts),
    )


def _unplayable(parts: Sequence[ClipPart]) -> str | None:
    recording = parts[0].recording
    if len(parts) > 1 or recording.ranges:
        return "several recordings are joined in the file"
    if recording.pixel_stretch != 1.0:
        return "both eyes of a 3D film are in the picture"
    if recording.frame_times != "presentation":
        return "the file does not say when frames are shown"
    with closing(open_file(recording.url)) as file:
        head = bytes(file.read(HEAD_BYTES))
    with recording.open() as container:
        return why_unplayable(_playing(container, recording.stream_of(container), head))


def _playing(container: InputContainer, stream: VideoStream, head: bytes) -> Playing:
    audio: Any = container.streams.best("audio", related=stream)
    pixels = stream.codec_context.format
    return Playing(
        container=_container(container, head),
        video=stream.codec_context.codec.canonical_name,
        pixels=pixels.name if pixels is not None else "unknown pixels",
        audio=audio.codec_context.codec.canonical_name
        if isinstance(audio, AudioStream) and audio.codec_context
        else None,
        is_first_stream=stream.index == container.streams.video[0].index,
    )


def _container(container: InputContainer, head: bytes) -> str:
    name = container.format.name.split(",")[0]
    if name == "matroska":
        return "webm" if b"webm" in head else name
    if name == "mov":
        return "quicktime" if b"ftypqt" in head else "mp4"
    return name
