"""Reading all packets of a video stream, for files without an index or with one that cannot be believed."""

from __future__ import annotations

from array import array
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt
from av.container import InputContainer
from av.packet import Packet
from av.video.stream import VideoStream

from chassis.video.container import packets_of
from chassis.video.reading import FrameTimes
from services.ingest.video.clock import AHEAD_S, Seconds, read_clock
from services.ingest.video.last_frame import DEFAULT_FRAME_S, LastFrame

HOLE_S: Final = 1.0

CLOCK_MAY_RESTART: Final = ("mpegts", "mpeg", "flv")
"""Containers (FFmpeg's names) that may be cut anywhere: what follows is another recording. Others tell by a new head."""


@dataclass(frozen=True, slots=True)
class Joint:
    """A place where the clock was set anew: the bytes of the last packet before it and of the first one behind it."""

    before: int
    behind: int


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class PacketScan:
    """What the packets up to the first joint say: as `PacketIndex`. `damaged`: places and times that make no sense.

    `shown` has the ticks at which frames are shown, ascending.
    """

    keyframes_s: tuple[float, ...]
    duration_s: float
    frames: int
    damaged: int
    joints: tuple[Joint, ...]
    holes_s: float
    shown: npt.NDArray[np.int64]


def scan_packets(
    container: InputContainer, stream: VideoStream, *, url: str, origin_s: float, frame_times: FrameTimes
) -> PacketScan:
    """Reads every packet of a stream of a container that is at its start."""
    table = _Packets(stream, frame_times)
    damaged = [0]

    def pass_over() -> None:
        damaged[0] += 1

    for packet in packets_of(container, stream, url=url, passed_over=pass_over):
        if packet.size and not packet.is_discard:
            table.add(packet)
    tick_s = float(stream.time_base or 1)
    decoded_s, shown_s = np.asarray(table.decoded) * tick_s, np.asarray(table.shown) * tick_s
    joinable = container.format.name in CLOCK_MAY_RESTART
    clock = read_clock(decoded_s, np.asarray(table.keyframe, dtype=bool), joinable=joinable)
    first, end = clock.recordings[0] if clock.recordings else (0, 0)
    wrong = {*clock.wrong, *_far_from(decoded_s, shown_s)}
    good = [number for number in range(first, end) if number not in wrong]
    last = LastFrame(stream, 0, frame_times)
    for number in sorted(good, key=table.shown.__getitem__)[-3:]:
        last.note(table.shown[number], table.duration[number])
    return PacketScan(
        keyframes_s=tuple(table.shown[number] * tick_s - origin_s for number in good if table.keyframe[number]),
        duration_s=last.end_s(tick_s, fallback=0) - origin_s if good else 0.0,
        frames=len(good),
        damaged=damaged[0] + len(wrong),
        shown=np.sort(np.asarray([table.shown[number] for number in good], dtype=np.int64)),
        holes_s=_holes_s([table.shown[number] * tick_s for number in good]),
        joints=tuple(
            Joint(table.place[start - 1], table.place[start])
            for start, _ in clock.recordings[1:]
            if table.place[start] > 0
        ),
    )


def _far_from(decoded_s: Seconds, shown_s: Seconds) -> list[int]:
    """Packets that are shown when nothing is decoded, by far."""
    if not len(decoded_s):
        return []
    known = np.sort(decoded_s)
    place = np.searchsorted(known, shown_s).clip(0, len(known) - 1)
    nearest = np.minimum(np.abs(known[place] - shown_s), np.abs(known[(place - 1).clip(0)] - shown_s))
    return [int(number) for number in np.flatnonzero(nearest > AHEAD_S)]


def _holes_s(shown_s: list[float]) -> float:
    """How long no frame comes, all times together that this is long."""
    spacings = np.diff(np.sort(np.asarray(shown_s, dtype=np.float64)))
    holes = spacings[spacings > HOLE_S]
    return float((holes - np.median(spacings)).sum()) if holes.size else 0.0


class _Packets:
    """Columns of one row a packet, in the order of the file: ticks when it is decoded and shown, its first byte."""

    def __init__(self, stream: VideoStream, frame_times: FrameTimes) -> None:
        self.decoded, self.shown, self.duration, self.place = array("q"), array("q"), array("q"), array("q")
        self.keyframe = array("b")
        self._frame_times = frame_times
        rate = float(stream.average_rate) if stream.average_rate else 1 / DEFAULT_FRAME_S
        self._usual = max(1, round(1 / (rate * float(stream.time_base or 1))))

    def add(self, packet: Packet[VideoStream]) -> None:
        decoded = packet.dts if packet.dts is not None else packet.pts
        if decoded is None:  # it comes after the one before
            decoded = self.decoded[-1] + self._usual if self.decoded else 0
        shown = packet.pts if packet.pts is not None and self._frame_times == "presentation" else decoded
        self.decoded.append(decoded)
        self.shown.append(shown)
        self.duration.append(packet.duration or 0)
        self.place.append(packet.pos if packet.pos is not None else -1)
        self.keyframe.append(packet.is_keyframe)
