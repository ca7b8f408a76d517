"""Videos as they come in the field, made when a test runs: joined recordings, gaps, lying headers, several streams."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
from av.video.codeccontext import VideoCodecContext
from av.video.stream import VideoStream

from services.detector.reading.decoding import Damage, decode_segment
from services.detector.shots.gaps import GapFinder
from services.ingest.runs.planning import plan_recordings
from services.ingest.video.probing import VideoFacts
from tests.unit.detector.clips import scene

RATE = 25
X264 = {"preset": "ultrafast", "threads": "1", "x264-params": "keyint=25:scenecut=0:bframes=2"}
VP8 = {"g": "25", "deadline": "realtime", "cpu-used": "8", "threads": "1"}
MPEG2 = {"g": "12", "bf": "0", "threads": "1"}

CONTAINERS: dict[str, tuple[str, Mapping[str, str]]] = {
    "ts": ("libx264", X264),
    "m2ts": ("libx264", X264),
    "vob": ("mpeg2video", MPEG2),
    "mpg": ("mpeg1video", MPEG2),
    "flv": ("libx264", X264),
    "mkv": ("libx264", X264),
    "webm": ("libvpx", VP8),
    "ogv": ("libvpx", VP8),
    "mp4": ("libx264", X264),
    "mov": ("libx264", X264),
    "wmv": ("wmv2", {"threads": "1"}),
    "nut": ("libx264", X264),
    "mxf": ("mpeg2video", MPEG2),
    "avi": ("mpeg4", {"g": "25", "threads": "1"}),
}
"""Suffix -> a codec that is usual there, and its options."""


def write_recording(
    path: Path,
    frames: int,
    *,
    seed: int = 0,
    times: Sequence[int] | None = None,
    options: Mapping[str, str] | None = None,
    codec: str | None = None,
    size: tuple[int, int] = (160, 90),
) -> Path:
    """So many frames at 25 a second (`times` counts them otherwise), a new scene every second, in the suffix's container."""
    usual_codec, usual = CONTAINERS[path.suffix[1:]]
    usual = X264 if codec == "libx264" else usual
    clock = Fraction(1, RATE)
    kind = "ogg" if path.suffix == ".ogv" else None
    with av.open(str(path), "w", format=kind, container_options=dict(options or {})) as container:
        stream = container.add_stream(codec or usual_codec, rate=RATE, options=dict(usual))
        assert isinstance(stream, VideoStream)
        stream.width, stream.height = size
        stream.pix_fmt, stream.codec_context.time_base = "yuv420p", clock
        for number in range(frames):
            picture = scene(seed + number // RATE, width=size[0], height=size[1])
            frame = av.VideoFrame.from_ndarray(picture, format="rgb24").reformat(format="yuv420p")
            frame.pts, frame.time_base = times[number] if times is not None else number, clock
            container.mux(stream.encode(frame))
        container.mux(stream.encode())
    return path


def join(path: Path, *parts: Path) -> Path:
    """The parts byte by byte, as `cat` does."""
    path.write_bytes(b"".join(part.read_bytes() for part in parts))
    return path


@dataclass(frozen=True)
class Decoded:
    """What the detector gets of a video: the times of all frames, gaps, damaged packets, and the mean of each picture."""

    times_s: list[float]
    gaps_s: list[tuple[float, float]]
    damaged: int
    means: list[float]


def decode(path: Path, facts: VideoFacts, *, segment_s: float = 2.0) -> Decoded:
    """Decodes a video segment by segment, as it is planned."""
    damage, decoded = Damage(), Decoded([], [], 0, [])
    for span, part in plan_recordings(facts.parts, segment_s):
        finder = GapFinder(span.start_s, span.end_s)
        for frame in decode_segment(
            str(path),
            stream_index=part.stream_index,
            origin_s=part.origin_s,
            start_s=span.start_s,
            end_s=span.end_s,
            lookahead_s=0.0,
            damage=damage,
            ranges=part.ranges,
            frame_times=part.frame_times,
            pixel_stretch=part.pixel_stretch,
        ):
            decoded.times_s.append(round(frame.ts_s, 3))
            decoded.means.append(float(np.mean(frame.signature)))
            finder.see(frame.ts_s, shown_s=frame.shown_s)
        decoded.gaps_s.extend((round(begin, 2), round(end, 2)) for begin, end in finder.holes())
    return Decoded(decoded.times_s, decoded.gaps_s, damage.packets, decoded.means)


VOP_START = b"\x00\x00\x01\xb6"
DIVX_MARK = b"\x00\x00\x01\xb2DivX503b1393p"
NOT_CODED = VOP_START + b"\x50\x4f"
"""A picture of MPEG-4 that says: as before. It fills the place of one that went into the packet before."""


def write_packed_bitstream(path: Path, frames: int) -> Path:
    """MPEG-4 with B-frames in AVI as DivX wrote it: two pictures in a packet, then an empty one."""
    encoder = av.CodecContext.create("mpeg4", "w")
    assert isinstance(encoder, VideoCodecContext)
    encoder.width, encoder.height, encoder.pix_fmt = 160, 90, "yuv420p"
    encoder.time_base, encoder.framerate = Fraction(1, RATE), Fraction(RATE)
    encoder.options = {"bf": "1", "g": str(RATE), "threads": "1", "b_strategy": "0"}
    pictures: list[bytes] = []
    for number in range(frames):
        picture = scene(number // RATE, width=160, height=90)
        frame = av.VideoFrame.from_ndarray(picture, format="rgb24").reformat(format="yuv420p")
        frame.pts, frame.time_base = number, Fraction(1, RATE)
        pictures += [bytes(packet) for packet in encoder.encode(frame)]
    pictures += [bytes(packet) for packet in encoder.encode(None)]
    with av.open(str(path), "w") as container:
        stream = container.add_stream("mpeg4", rate=RATE)
        assert isinstance(stream, VideoStream)
        stream.width, stream.height, stream.pix_fmt = 160, 90, "yuv420p"
        container.start_encoding()
        for number, data in enumerate(_packed(pictures)):
            packet = av.Packet(data)
            packet.pts = packet.dts = number
            packet.time_base, packet.duration, packet.stream = Fraction(1, RATE), 1, stream
            packet.is_keyframe = _kind(data) == 0
            container.mux(packet)
    return path


def _kind(picture: bytes) -> int:
    """0: keyframe, 1: predicted, 2: from both sides."""
    return picture[picture.index(VOP_START) + len(VOP_START)] >> 6


def _packed(pictures: Sequence[bytes]) -> list[bytes]:
    packets: list[bytes] = []
    for picture in pictures:
        if packets and _kind(picture) == 2:
            packets[-1] += picture
            packets.append(NOT_CODED)
        else:
            packets.append(picture)
    place = packets[0].index(VOP_START)
    packets[0] = packets[0][:place] + DIVX_MARK + packets[0][place:]
    return packets
