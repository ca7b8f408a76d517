"""Makes long episodes out of short ones."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path

import av


def loop_to_720p(videos: Sequence[Path], target: Path, *, minutes: float) -> Path:
    """Encode the videos once at 1280×720, then repeat the packets until the length is reached: fast and regular."""
    once = target.with_suffix(".once.mp4")
    _encode(videos, once)
    _repeat(once, target, seconds=minutes * 60)
    once.unlink()
    return target


def _encode(videos: Sequence[Path], target: Path) -> None:
    with av.open(str(target), "w") as output:
        stream = output.add_stream("libx264", rate=25, options={"preset": "veryfast", "crf": "21", "bf": "0"})
        stream.width, stream.height, stream.pix_fmt, stream.gop_size = 1280, 720, "yuv420p", 50
        number = 0
        for path in videos:
            with av.open(str(path)) as source:
                for frame in source.decode(video=0):
                    picture = frame.reformat(width=1280, height=720, format="yuv420p")
                    picture.pts, picture.time_base = number, Fraction(1, 25)
                    number += 1
                    output.mux(stream.encode(picture))
        output.mux(stream.encode())


def _repeat(source: Path, target: Path, *, seconds: float) -> None:
    with av.open(str(source)) as reading, av.open(str(target), "w") as output:
        video = reading.streams.video[0]
        stream = output.add_stream_from_template(video)
        packets = [packet for packet in reading.demux(video) if packet.dts is not None]
        time_base = packets[0].time_base
        contents = [
            (bytes(packet), packet.pts or 0, packet.dts or 0, packet.duration or 0, packet.is_keyframe)
            for packet in packets
        ]
        length = max(pts + duration for _, pts, _, duration, _ in contents)
        for loop in range(max(1, round(seconds / float(length * time_base)))):
            for data, pts, dts, duration, is_keyframe in contents:
                packet = av.Packet(data)
                packet.pts, packet.dts, packet.duration = pts + loop * length, dts + loop * length, duration
                packet.time_base, packet.stream, packet.is_keyframe = time_base, stream, is_keyframe
                output.mux(packet)
