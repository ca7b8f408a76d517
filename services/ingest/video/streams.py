"""Which video stream of a file is the film, and what the file says about its clock."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from av.container import InputContainer
from av.stream import Disposition
from av.video.stream import VideoStream

from chassis.video.container import packets_of
from contracts.warnings import Warning
from services.ingest.video.opening import BadVideo

STREAMS_NAMED: Final = 4

PART_OF_THE_LONGEST: Final = 0.5
"""A stream that is shorter than this part of the longest one is an extra."""

PART_OF_THE_MOST_FRAMES: Final = 0.2
"""A stream with fewer frames than this part of the most is a still or a series of previews."""

BEFORE_ZERO_S: Final = 1.0
"""Sound that begins so little before zero is what its decoder needs to get going; players do not count it."""

_TIMECODE: Final = re.compile(r"^\s*(\d{2}):(\d{2}):(\d{2})([:;.,])(\d{2})\s*$")


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """A video stream in figures. `length_s` and `frames` are 0 where nobody knows."""

    index: int
    codec: str
    width: int
    height: int
    is_default: bool
    length_s: float
    frames: int

    @property
    def is_still(self) -> bool:
        """Whether there is one picture only."""
        return self.frames == 1

    def described(self) -> str:
        """For people: `stream 1 (mjpeg, 1920x1080, a still)`."""
        length = "a still" if self.is_still else f"{self.length_s:.1f} s"
        return f"stream {self.index} ({self.codec}, {self.width}x{self.height}, {length})"


def described(candidates: Sequence[Candidate]) -> str:
    """Streams in a sentence, not too many."""
    more = f" and {len(candidates) - STREAMS_NAMED} more" if len(candidates) > STREAMS_NAMED else ""
    return ", ".join(one.described() for one in candidates[:STREAMS_NAMED]) + more


def moving_streams(container: InputContainer) -> list[VideoStream]:
    """The video streams that are not marked as cover pictures."""
    return [stream for stream in container.streams.video if not stream.disposition & Disposition.attached_pic]


def film_of(candidates: list[Candidate]) -> Candidate:
    """The one that is the film: no still, no preview and no short extra; of several the default one, then the one with
    the most frames, the largest, the first.
    """
    most = max(one.frames for one in candidates)
    whole = [one for one in candidates if one.frames >= PART_OF_THE_MOST_FRAMES * most]
    longest = max(one.length_s for one in whole)
    whole = [one for one in whole if one.length_s >= PART_OF_THE_LONGEST * longest]
    most = max(one.frames for one in whole)
    return min(
        whole,
        key=lambda one: (not one.is_default, one.frames < 0.9 * most, -one.width * one.height, one.index),
    )


def candidates_of(container: InputContainer, streams: list[VideoStream], *, url: str) -> list[Candidate]:
    """The streams in figures: from the header where it has them all, else by reading the packets of the file."""
    figures = {stream.index: _announced(stream) for stream in streams}
    if len(streams) > 1 and not all(frames and length_s for length_s, frames in figures.values()):
        figures = _counted(container, streams, url=url)
    return [
        Candidate(
            index=stream.index,
            codec=stream.codec_context.name,
            width=stream.width or 0,
            height=stream.height or 0,
            is_default=bool(stream.disposition & Disposition.default),
            length_s=figures[stream.index][0],
            frames=figures[stream.index][1],
        )
        for stream in streams
    ]


def _announced(stream: VideoStream) -> tuple[float, int]:
    length_s = float(stream.duration * stream.time_base) if stream.duration and stream.time_base else 0.0
    return length_s, stream.frames or 0


def _counted(container: InputContainer, streams: list[VideoStream], *, url: str) -> dict[int, tuple[float, int]]:
    times: dict[int, list[float]] = {stream.index: [] for stream in streams}
    for packet in packets_of(container, *streams, url=url):
        ticks = packet.pts if packet.pts is not None else packet.dts
        if packet.size and ticks is not None and packet.time_base:
            times[packet.stream_index].append(float(ticks * packet.time_base))
    return {index: (max(known) - min(known) if known else 0.0, len(known)) for index, known in times.items()}


def film_in(container: InputContainer, url: str, wanted: int | None) -> tuple[Candidate, tuple[Warning, ...]]:
    """The stream that is analysed, the one `wanted` if any, and a warning where there are others.

    Raises:
        BadVideo: `no_video_stream`, `no_such_stream` or `unsupported_codec`.
    """
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
    others = described([one for one in candidates if one is not film]) or "another that cannot be decoded"
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
    there = described(candidates) or "none"
    raise BadVideo("no_such_stream", f"Stream {wanted} is no video; choose one of the video streams: {there}.")


def player_zero_s(container: InputContainer, picture_s: float) -> float:
    """Container time of a player's zero: the earliest picture or sound of the file; `picture_s` is the first picture."""
    starts = [
        float(stream.start_time * stream.time_base)
        for stream in (*moving_streams(container), *container.streams.audio)
        if stream.start_time is not None and stream.time_base
    ]
    earliest = min([*starts, picture_s])
    return 0.0 if -BEFORE_ZERO_S < earliest < 0 <= picture_s else earliest


def timecode_of(container: InputContainer, stream: VideoStream) -> str | None:
    """Timecode of the first picture, `HH:MM:SS:FF` with `;` before the frames for drop-frame; None without one."""
    tags = (
        stream.metadata,
        *(other.metadata for other in container.streams if other is not stream),
        container.metadata,
    )
    for known in tags:
        for name, value in known.items():
            found = _TIMECODE.match(value) if name.lower() == "timecode" else None
            if found is not None:
                hours, minutes, seconds, mark, frames = found.groups()
                return f"{hours}:{minutes}:{seconds}{':' if mark == ':' else ';'}{frames}"
    return None
