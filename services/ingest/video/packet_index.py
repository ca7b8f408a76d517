"""Where a video's keyframes are and when it ends, from the container's packet index; nothing is decoded.

MP4, MOV and AVI list every packet, Matroska and WebM their keyframes; files without such an index are read through. An
index holds decoding times, but borders need presentation times, which differ by the reordering of B-frames. That
difference is mostly the same for every keyframe: a few are looked up, and only if they disagree all are.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

import av.error
from av.container import InputContainer
from av.packet import Packet
from av.video.stream import VideoStream

from chassis.video.container import packets_of

INDEX_MAY_END_EARLY_S: Final = 30.0
END_MISSES_S: Final = 1.0
"""How much earlier than its header says a video must end to be called incomplete: sound may be a little longer."""
KEYFRAMES_TO_COMPARE: Final = 5
SPACING_WHEN_ALL_ARE_READ_S: Final = 5.0
TAIL_S: Final = 1.0
PACKETS_TO_A_KEYFRAME: Final = 1000
LONGEST_JUMP_S: Final = 30.0
"""A packet that is shown so much later than everything before it and than the announced end has a damaged time."""
DEFAULT_FRAME_S: Final = 0.04
INDEXED_CONTAINERS: Final = ("mov", "matroska", "avi")
"""Containers (first part of FFmpeg's name) with a whole index; others list only what was read so far."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PacketIndex:
    """What the packets say.

    `keyframes_s` are presentation seconds from the first frame, ascending, the first is 0. `duration_s` is the end of
    the last frame, `frames` None when they were not counted, `problems` sentences about what is wrong with the file.
    """

    keyframes_s: tuple[float, ...]
    duration_s: float
    frames: int | None
    problems: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class _Entry:
    """One entry of a container's index, copied: PyAV's own point into memory that moves when more is read."""

    timestamp: int
    pos: int
    size: int
    is_keyframe: bool
    is_discard: bool


def read_packet_index(
    reopen: Callable[[], InputContainer], *, url: str, stream_index: int, origin_s: float, announced_s: float | None
) -> PacketIndex:
    """Reads the index of one video stream. `reopen` gives the file at `url` afresh, positioned at its start.

    `announced_s` is the header's duration, None when it has none. Raises `av.error.FFmpegError` when reading fails.
    """
    with reopen() as container:
        stream = _video_stream(container, stream_index)
        entries = _index_entries(container, stream, origin_s=origin_s, announced_s=announced_s)
        if entries:
            return _from_entries(container, stream, entries, origin_s=origin_s, announced_s=announced_s)
    with reopen() as container:
        return _from_packets(container, _video_stream(container, stream_index), origin_s, announced_s, url=url)


def _video_stream(container: InputContainer, stream_index: int) -> VideoStream:
    return next(stream for stream in container.streams.video if stream.index == stream_index)


def _tick_s(stream: VideoStream) -> float:
    """Seconds of one unit of the stream's clock."""
    return float(stream.time_base) if stream.time_base else 0.0


def _index_entries(
    container: InputContainer, stream: VideoStream, *, origin_s: float, announced_s: float | None
) -> list[_Entry]:
    """The index, or nothing when the file has none that reaches (almost) to its end."""
    if not announced_s or stream.time_base is None or container.format.name.split(",")[0] not in INDEXED_CONTAINERS:
        return []
    try:
        # Matroska reads its index when one seeks for the first time.
        container.seek(round((origin_s + announced_s) / stream.time_base), stream=stream)
    except av.error.FFmpegError:
        return []
    entries = [
        _Entry(entry.timestamp, entry.pos, entry.size, entry.is_keyframe, entry.is_discard)
        for entry in stream.index_entries
    ]
    if not any(entry.is_keyframe for entry in entries):
        return []
    last_s = max(entry.timestamp for entry in entries) * float(stream.time_base) - origin_s
    return entries if last_s >= announced_s - INDEX_MAY_END_EARLY_S else []


def _from_entries(
    container: InputContainer,
    stream: VideoStream,
    entries: list[_Entry],
    *,
    origin_s: float,
    announced_s: float | None,
) -> PacketIndex:
    present = _entries_in_file(container, entries)
    shown = [entry for entry in present if not entry.is_discard]
    keyframes = _keyframe_times(container, stream, [entry for entry in shown if entry.is_keyframe], origin_s=origin_s)
    last_timestamp = max((entry.timestamp for entry in shown), default=0)
    duration_s = _end_of_last_frame(container, stream, last_timestamp, origin_s=origin_s)
    problems = _ends_early(duration_s, announced_s)
    if len(present) < len(entries):
        last_s = max(entry.timestamp for entry in entries) * _tick_s(stream) - origin_s
        problems = (
            f"The file is cut off: {duration_s:.1f} s of about {last_s:.0f} s are there, and only they are analysed.",
        )
    complete = len(entries) > 1 and not all(entry.is_keyframe for entry in entries)
    return PacketIndex(
        keyframes_s=_clean(keyframes, duration_s),
        duration_s=duration_s,
        frames=len(shown) if complete else None,
        problems=problems,
    )


def _entries_in_file(container: InputContainer, entries: list[_Entry]) -> list[_Entry]:
    size = container.size
    return [entry for entry in entries if size <= 0 or entry.pos + max(entry.size, 0) <= size]


def _keyframe_times(
    container: InputContainer, stream: VideoStream, entries: Sequence[_Entry], *, origin_s: float
) -> list[float]:
    """Presentation times of the keyframes, in seconds from the first frame."""
    tick_s = _tick_s(stream)
    later = list(entries[1:])
    step = max(1, len(later) // KEYFRAMES_TO_COMPARE)
    shifts = {_reordering(container, stream, entries, entry) for entry in later[::step]}
    if len(shifts) == 1 and None not in shifts:
        shift = shifts.pop() or 0
        return [(entry.timestamp + shift) * tick_s - origin_s for entry in later]
    times: list[float] = []
    for entry in later:
        if times and entry.timestamp * tick_s - origin_s < times[-1] + SPACING_WHEN_ALL_ARE_READ_S:
            continue
        found = _reordering(container, stream, entries, entry)
        if found is not None:
            times.append((entry.timestamp + found) * tick_s - origin_s)
    return times


def _reordering(container: InputContainer, stream: VideoStream, entries: Sequence[_Entry], entry: _Entry) -> int | None:
    """Presentation time minus index time of a keyframe in ticks; None when the file does not lead there."""
    following = next((other.timestamp for other in entries if other.timestamp > entry.timestamp), None)
    # Seeking to just before the next keyframe finds this one even if it is shown much later than it is decoded.
    target = following - 1 if following is not None else entry.timestamp + round(TAIL_S / _tick_s(stream))
    try:
        container.seek(target, stream=stream)
        packet = next(iter(container.demux(stream)), None)
    except av.error.FFmpegError:
        return None
    if (
        packet is None
        or packet.pts is None
        or not packet.is_keyframe
        or entry.timestamp not in (packet.dts, packet.pts)
    ):
        return None
    return int(packet.pts - entry.timestamp)


def _end_of_last_frame(
    container: InputContainer, stream: VideoStream, last_timestamp: int, *, origin_s: float
) -> float:
    """Presentation time at which the last frame ends, from the packets at the end of the file."""
    tick_s = _tick_s(stream)
    tail_begins = max(round(origin_s / tick_s), last_timestamp - round(TAIL_S / tick_s))  # AVI refuses less than 0
    container.seek(tail_begins, stream=stream, any_frame=True)
    tail = _Tail(stream, last_timestamp)
    try:
        for packet in container.demux(stream):
            tail.add(packet)
    except (av.error.InvalidDataError, IndexError):
        pass
    return tail.end_s(tick_s, fallback=last_timestamp) - origin_s


class _Tail:
    """Tells from the packets at a file's end, which come in decoding order, when the last frame ends."""

    def __init__(self, stream: VideoStream, expected_end: float) -> None:
        self._rate = float(stream.average_rate) if stream.average_rate else 0.0
        self._jump = LONGEST_JUMP_S / _tick_s(stream)
        self._expected_end = expected_end
        self._latest: list[tuple[int, int]] = []

    def add(self, packet: Packet[VideoStream]) -> bool:
        """Takes a packet into account; False for one whose time cannot be right."""
        # AVI has no presentation times; its frames are shown in the order of decoding but for B-frames.
        shown = packet.pts if packet.pts is not None else packet.dts
        if shown is None or packet.is_discard:
            return True
        if shown > max(self._expected_end, self._latest[-1][0] if self._latest else 0) + self._jump:
            return False
        others = [entry for entry in self._latest if entry[0] != shown]
        duration = packet.duration or 0
        self._latest = sorted([*others, (shown, duration if duration < self._jump else 0)])[-3:]
        return True

    def end_s(self, tick_s: float, *, fallback: int) -> float:
        if not self._latest:
            return fallback * tick_s + self._frame_s(0.0)
        last, duration = self._latest[-1]
        spacing = (last - self._latest[-2][0]) * tick_s if len(self._latest) > 1 else 0.0
        # Some containers give a frame's duration as one tick of a fine clock.
        plausible = duration * tick_s >= spacing / 2
        return last * tick_s + (duration * tick_s if duration and plausible else self._frame_s(spacing))

    def _frame_s(self, spacing_s: float) -> float:
        return spacing_s or (1 / self._rate if self._rate else DEFAULT_FRAME_S)


def _from_packets(
    container: InputContainer, stream: VideoStream, origin_s: float, announced_s: float | None, *, url: str
) -> PacketIndex:
    """Reads the whole file's packets, for containers without an index."""
    tick_s = _tick_s(stream)
    tail = _Tail(stream, ((announced_s or 0.0) + origin_s) / tick_s)
    keyframes: list[float] = []
    frames = 0
    damaged = [0]

    def pass_over() -> None:
        damaged[0] += 1

    for packet in packets_of(container, stream, url=url, passed_over=pass_over):
        if packet.pts is None or packet.is_discard:
            continue
        if not tail.add(packet):
            pass_over()
            continue
        frames += 1
        if packet.is_keyframe:
            keyframes.append(packet.pts * tick_s - origin_s)
    duration_s = tail.end_s(tick_s, fallback=0) - origin_s if frames else 0.0
    problems = ["The file is damaged in some places; what could be read is analysed."] if damaged[0] else []
    return PacketIndex(
        keyframes_s=_clean(keyframes, duration_s),
        duration_s=duration_s,
        frames=frames,
        problems=(*problems, *_ends_early(duration_s, announced_s)),
    )


def _ends_early(duration_s: float, announced_s: float | None) -> tuple[str, ...]:
    """A sentence about a video that ends before its header says so."""
    if announced_s is None or duration_s >= announced_s - END_MISSES_S:
        return ()
    return (f"The file should last {announced_s:.1f} s but ends after {duration_s:.1f} s.",)


def _clean(keyframes: Sequence[float], duration_s: float) -> tuple[float, ...]:
    return (0.0, *sorted({time for time in keyframes if 0.0 < time < duration_s}))
