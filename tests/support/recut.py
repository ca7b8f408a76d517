"""Another version of a film: stretches of it, re-encoded at another size, one after the other."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path

import av

from contracts.rows import Interval, ShotRow
from services.detector.reading.segment_frames import SegmentSource, read_samples
from services.detector.rows import RowWriter
from services.detector.rules import DetectorProfiles

RATE = 25


def recut(parts: Sequence[tuple[Path, Interval]], made: Path, *, width: int = 320) -> Path:
    """The parts in order, `width` pixels wide, 25 frames a second, in a codec setting that loses a lot."""
    with av.open(str(made), "w") as container:
        stream = container.add_stream("libx264", rate=RATE, options={"preset": "ultrafast", "crf": "33"})
        stream.pix_fmt, stream.gop_size = "yuv420p", 2 * RATE
        number = 0
        for video, (start_s, end_s) in parts:
            with av.open(str(video)) as source:
                pictures = source.streams.video[0]
                source.seek(int(start_s * av.time_base), backward=True)
                due_s = start_s
                for frame in source.decode(pictures):
                    if frame.time is None or frame.time >= end_s:
                        break
                    while due_s <= frame.time and due_s < end_s:
                        if number == 0:
                            stream.width, stream.height = width, round(width * frame.height / frame.width / 2) * 2
                        small = frame.reformat(width=stream.width, height=stream.height, format="yuv420p")
                        small.pts, small.time_base = number, Fraction(1, RATE)
                        container.mux(stream.encode(small))
                        number, due_s = number + 1, round(due_s + 1 / RATE, 6)
        container.mux(stream.encode())
    return made


def shots_of(video: Path, *, ep_id: str = "my-show-s01e01") -> tuple[list[ShotRow], float]:
    """The shots of a video as the detector notes them, and its length in seconds."""
    with av.open(str(video)) as container:
        pictures = container.streams.video[0]
        tick = pictures.time_base or Fraction(1)
        duration_s, origin_s = float((pictures.duration or 0) * tick), float((pictures.start_time or 0) * tick)
    source = SegmentSource(
        url=str(video),
        stream_index=0,
        origin_s=origin_s,
        start_s=0.0,
        end_s=duration_s,
        duration_s=duration_s,
    )
    profile = DetectorProfiles().low_power
    samples = read_samples(source, profile)
    while True:
        try:
            next(samples)
        except StopIteration as end:
            reading = end.value
            break
    writer = RowWriter(
        ep_id=ep_id,
        segment=0,
        model_id="none",
        profile=profile,
        start_s=0.0,
        end_s=duration_s,
        is_last=True,
        cuts_s=tuple(sorted({*reading.cuts_s, *reading.dissolves_s})),
        cut_at_end=False,
        looks=reading.looks,
    )
    return list(writer.write([], []).shots), duration_s
