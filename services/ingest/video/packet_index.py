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
from av.video.stream import VideoStream

from chassis.video.reading import FrameTimes
from contracts.warnings import Warning
from services.ingest.video.last_frame import LastFrame
from services.ingest.video.packet_scan import Joint, scan_packets

INDEX_MAY_END_EARLY_S: Final = 30.0
END_MISSES_S: Final = 1.0
"""How much earlier than its header says a video must end to be called incomplete: sound may be a little longer."""
KEYFRAMES_TO_COMPARE: Final = 5
SPACING_WHEN_ALL_ARE_READ_S: Final = 5.0
TAIL_S: Final = 1.0
ENTRIES_OF_AN_AVI_INDEX: Final = 2
"""FFmpeg makes one entry of the first packet where an AVI file has no index."""
PACKETS_TO_A_KEYFRAME: Final = 1000
INDEXED_CONTAINERS: Final = ("mov", "matroska", "avi")
"""Containers (first part of FFmpeg's name) with a whole index; others list only what was read so far."""


_DAMAGED: Final = "The file is damaged in some places; what could be read is analysed."


@dataclass(frozen=True, slots=True, kw_only=True)
class PacketIndex:
    """What the packets say.

    `keyframes_s` are presentation seconds from the first frame, ascending, the first is 0. `duration_s` is the end of
    the last frame, `frames` None when they were not counted, `warnings` tell what is wrong with the file. `joints` are the
    places where the clock was set anew; all the rest is about what is before the first of them.
    `holes_s` is how long there is no frame, as far as known.
    """

    keyframes_s: tuple[float, ...]
    duration_s: float
    frames: int | None
    warnings: tuple[Warning, ...] = ()
    joints: tuple[Joint, ...] = ()
    holes_s: float = 0.0


@dataclass(frozen=True, slots=True)
class _Entry:
    """One entry of a container's index, copied: PyAV's own point into memory that moves when more is read."""

    timestamp: int
    pos: int
    size: int
    is_keyframe: bool
    is_discard: bool


def read_packet_index(
    reopen: Callable[[], InputContainer],
    *,
    url: str,
    stream_index: int,
    origin_s: float,
    announced_s: float | None,
    frame_times: FrameTimes = "presentation",
) -> PacketIndex:
    """Reads the index of one video stream. `reopen` gives the file at `url` afresh, positioned at its start.

    `origin_s` is the container time from which seconds count, `announced_s` the header's duration, None when it has
    none. Raises `av.error.FFmpegError` when reading fails.
    """
    with reopen() as container:
        stream = _video_stream(container, stream_index)
        entries = _index_entries(container, stream, origin_s=origin_s, announced_s=announced_s)
        if entries:
            index = _from_entries(container, stream, entries, origin_s, announced_s, frame_times)
            if index is not None:
                return index
    with reopen() as container:
        stream = _video_stream(container, stream_index)
        scan = scan_packets(container, stream, url=url, origin_s=origin_s, frame_times=frame_times)
    damage = [Warning.of("file_damaged", _DAMAGED)] if scan.damaged else []
    early = () if scan.joints else _ends_early(scan.duration_s, announced_s)
    return PacketIndex(
        keyframes_s=_clean(scan.keyframes_s, scan.duration_s),
        duration_s=scan.duration_s,
        frames=scan.frames,
        warnings=(*damage, *early),
        joints=scan.joints,
        holes_s=scan.holes_s,
    )


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
    if container.format.name == "avi" and len(entries) < ENTRIES_OF_AN_AVI_INDEX:
        return []
    last_s = max(entry.timestamp for entry in entries) * float(stream.time_base) - origin_s
    return entries if last_s >= announced_s - INDEX_MAY_END_EARLY_S else []


def _from_entries(
    container: InputContainer,
    stream: VideoStream,
    entries: list[_Entry],
    origin_s: float,
    announced_s: float | None,
    frame_times: FrameTimes,
) -> PacketIndex | None:
    """What the index says; None where the file does not bear it out."""
    present = _entries_in_file(container, entries)
    shown = [entry for entry in present if not entry.is_discard]
    keyentries = [entry for entry in shown if entry.is_keyframe]
    if frame_times == "presentation":
        keyframes = _keyframe_times(container, stream, keyentries, origin_s=origin_s)
    else:
        keyframes = [entry.timestamp * _tick_s(stream) - origin_s for entry in keyentries[1:]]
    last_timestamp = max((entry.timestamp for entry in shown), default=0)
    last = _last_frame(container, stream, last_timestamp, frame_times)
    if last is None:
        return None
    duration_s = last.end_s(_tick_s(stream), fallback=last_timestamp) - origin_s
    if duration_s - (last_timestamp * _tick_s(stream) - origin_s) > INDEX_MAY_END_EARLY_S:
        return None  # packets go on behind the index
    warnings = _ends_early(duration_s, announced_s)
    if len(present) < len(entries):
        last_s = max(entry.timestamp for entry in entries) * _tick_s(stream) - origin_s
        sentence = (
            f"The file is cut off: {duration_s:.1f} s of about {last_s:.0f} s are there, and only they are analysed."
        )
        warnings = (Warning.of("file_cut_off", sentence, start_s=duration_s, end_s=max(last_s, duration_s)),)
    complete = len(entries) > 1 and not all(entry.is_keyframe for entry in entries)
    return PacketIndex(
        keyframes_s=_clean(keyframes, duration_s),
        duration_s=duration_s,
        frames=len(shown) if complete else None,
        warnings=warnings,
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


def _last_frame(
    container: InputContainer, stream: VideoStream, last_timestamp: int, frame_times: FrameTimes
) -> LastFrame | None:
    """The last frame, from the packets at the end of the file; None where they cannot be reached or believed."""
    last = LastFrame(stream, last_timestamp, frame_times)
    try:
        tail_begins = max(0, last_timestamp - round(TAIL_S / _tick_s(stream)))  # AVI refuses less
        container.seek(tail_begins, stream=stream, any_frame=True)
        for packet in container.demux(stream):
            last.add(packet)
    except (av.error.InvalidDataError, IndexError):
        pass
    except av.error.OSError:
        return None
    return None if last.is_doubtful else last


def _ends_early(duration_s: float, announced_s: float | None) -> tuple[Warning, ...]:
    """A warning of a video that ends before its header says so."""
    if announced_s is None or duration_s >= announced_s - END_MISSES_S:
        return ()
    sentence = f"The file should last {announced_s:.1f} s but ends after {duration_s:.1f} s."
    return (Warning.of("shorter_than_announced", sentence, start_s=duration_s, end_s=announced_s),)


def _clean(keyframes: Sequence[float], duration_s: float) -> tuple[float, ...]:
    return (0.0, *sorted({time for time in keyframes if 0.0 < time < duration_s}))
