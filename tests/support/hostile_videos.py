"""Small files that ask for much: what somebody uploads who wants ingest and detector to fall over."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path
from typing import Any

import av

TICK = Fraction(1, 25)
HUGE = 8192
"""Pixels of a side."""


def huge_pictures(path: Path) -> Path:
    """8192x8192 with 10 bit of every colour: 384 MiB a picture, in a file of 200 kB."""
    return _still(path, size=(HUGE, HUGE), pixel_format="yuv444p10le", pictures=2)


def many_references(path: Path) -> Path:
    """Pictures of 33 MiB, of which the decoder has to keep sixteen."""
    parameters = {"x264-params": "ref=16:keyint=infinite:scenecut=0:bframes=0:weightp=0:mixed-refs=0:me=dia:subme=0"}
    return _still(path, size=(4096, 2816), pixel_format="yuv420p10le", pictures=14, **parameters)


def grows(path: Path) -> Path:
    """Begins with small pictures and goes on with huge ones, which no header announces."""
    small, huge = path.with_suffix(".small.h264"), path.with_suffix(".huge.h264")
    _still(small, size=(320, 180), pixel_format="yuv420p", pictures=50)
    _still(huge, size=(5120, 5120), pixel_format="yuv444p10le", pictures=3)
    joined = path.with_suffix(".h264")
    joined.write_bytes(small.read_bytes() + huge.read_bytes())
    with av.open(str(joined)) as source, av.open(str(path), "w") as target:
        stream = target.add_stream_from_template(source.streams.video[0])
        for number, packet in enumerate(source.demux(video=0)):
            if packet.size:
                packet.stream, packet.pts, packet.dts, packet.time_base = (
                    stream,
                    number,
                    number,
                    stream.time_base or TICK,
                )
                target.mux(packet)
    return path


def many_streams(path: Path, *, count: int = 900) -> Path:
    """Hundreds of streams of pictures, of which each has to be opened to know what is in it."""
    with av.open(str(path), "w") as container:
        streams: list[Any] = [container.add_stream("mpeg4", rate=25) for _ in range(count)]
        for stream in streams:
            stream.width, stream.height, stream.pix_fmt = 16, 16, "yuv420p"
            stream.thread_count = 1
        for stream in streams:
            container.mux(stream.encode(av.VideoFrame(16, 16, "yuv420p")))
            container.mux(stream.encode(None))
    return path


def tiny_packets(path: Path, *, count: int = 250_000) -> Path:
    """One picture, and then packets of one byte each: long to read, nothing to see."""
    _still(path.with_suffix(".mp4"), size=(64, 64), pixel_format="yuv420p", pictures=2)
    with av.open(str(path.with_suffix(".mp4"))) as source, av.open(str(path), "w", format="nut") as target:
        stream = target.add_stream_from_template(source.streams.video[0])
        first = next(source.demux(video=0))
        first.stream = stream
        target.mux(first)
        for number in range(1, count):
            packet = av.Packet(b"\x00")
            packet.stream, packet.pts, packet.dts, packet.time_base = stream, number, number, stream.time_base or TICK
            target.mux(packet)
    return path


def _still(path: Path, *, size: tuple[int, int], pixel_format: str, pictures: int, **options: str) -> Path:
    """The same picture again and again."""
    settings = {"preset": "ultrafast", "threads": "2", "x264-params": "rc-lookahead=0:sync-lookahead=0:bframes=0"}
    with av.open(str(path), "w") as container:
        stream: Any = container.add_stream("libx264", rate=25, options=settings | options)
        stream.width, stream.height, stream.pix_fmt = (*size, pixel_format)
        frame = av.VideoFrame(*size, pixel_format)
        for plane in frame.planes:
            plane.update(bytes(plane.buffer_size))
        for number in range(pictures):
            frame.pts = number
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return path
