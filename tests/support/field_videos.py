"""Videos as they come in the field, made when a test runs: joined recordings, gaps, lying headers, several streams."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
from av.video.stream import VideoStream

from services.detector.decoding import Damage, decode_segment
from services.detector.gaps import GapFinder
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
        ):
            decoded.times_s.append(round(frame.ts_s, 3))
            decoded.means.append(float(np.mean(frame.signature)))
            finder.see(frame.ts_s, shown_s=frame.shown_s)
        decoded.gaps_s.extend((round(begin, 2), round(end, 2)) for begin, end in finder.holes())
    return Decoded(decoded.times_s, decoded.gaps_s, damage.packets, decoded.means)
