"""Makes long episodes out of short ones."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from itertools import islice
from pathlib import Path

import av


def loop_to_720p(videos: Sequence[Path], target: Path, *, minutes: float) -> Path:
    """Encode the videos once at 1280×720, then repeat the packets until the length is reached: fast and regular."""
    once = target.with_suffix(".once.mp4")
    _encode(videos, once)
    repeat(once, target, seconds=minutes * 60)
    once.unlink()
    return target


def first_seconds(source: Path, target: Path, *, seconds: float) -> Path:
    """Encode the beginning of a video at 640x360."""
    with av.open(str(source)) as reading, av.open(str(target), "w") as output:
        stream = output.add_stream("libx264", rate=25, options={"preset": "veryfast", "crf": "21", "bf": "0"})
        stream.width, stream.height, stream.pix_fmt, stream.gop_size = 640, 360, "yuv420p", 25
        for number, frame in enumerate(islice(reading.decode(video=0), round(25 * seconds))):
            output.mux(stream.encode(_placed(frame, number, Fraction(1, 25), width=640, height=360)))
        output.mux(stream.encode())
    return target


def encode_stills(source: Path, target: Path, *, every_s: int, seconds: float, shown_s: float) -> Path:
    """A slow video, a picture every so many seconds: for `shown_s` those of `source`, then a dark one to the end."""
    with av.open(str(source)) as reading:
        shown = list(islice(reading.decode(video=0), 0, round(25 * shown_s), 25))
    dark = av.VideoFrame(320, 180, "yuv420p")
    for plane, level in zip(dark.planes, (16, 128, 128), strict=True):
        plane.update(bytes([level]) * plane.buffer_size)
    with av.open(str(target), "w") as output:
        options = {"preset": "ultrafast", "crf": "26", "bf": "0"}
        stream = output.add_stream("libx264", rate=Fraction(1, every_s), options=options)
        stream.width, stream.height, stream.pix_fmt, stream.gop_size = 320, 180, "yuv420p", 5
        for number in range(round(seconds / every_s)):
            picture = shown[number] if number < len(shown) else dark
            output.mux(stream.encode(_placed(picture, number * every_s, Fraction(1), width=320, height=180)))
        output.mux(stream.encode())
    return target


def _placed(frame: av.VideoFrame, number: int, clock: Fraction, *, width: int, height: int) -> av.VideoFrame:
    picture = frame.reformat(width=width, height=height, format="yuv420p")
    picture.pts, picture.time_base = number, clock
    picture.pict_type = av.video.frame.PictureType.NONE
    return picture


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


def repeat(source: Path, target: Path, *, seconds: float) -> None:
    """Write a video's packets again and again until the length is reached; it must have no B-frames."""
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
