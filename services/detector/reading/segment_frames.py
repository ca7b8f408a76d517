"""The frames of a segment that are looked at, and what decoding all of them shows: shots, gaps, damage.

Reads what a stranger uploaded, so it runs in a child process; what it yields and returns is pickled.
"""

from __future__ import annotations

import time
from collections.abc import Generator, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Final

import numpy as np
import numpy.typing as npt

from chassis.video.byte_ranges import ByteRange
from chassis.video.reading import SAME_TIME_S, Device, FrameTimes
from contracts.warnings import Warning
from services.detector.reading.decoding import Damage, DecodedFrame, DecoderUse, decode_segment
from services.detector.reading.picture_notes import PictureNotes
from services.detector.rules import DetectorProfile, ShotRules
from services.detector.shots.cuts import ShotDetector, ShotFrame
from services.detector.shots.dissolves import DissolveDetector
from services.detector.shots.gaps import GapFinder
from services.detector.shots.looks import Looks
from services.detector.shots.sampling import SampledFrame, sample_frames

Pixels = npt.NDArray[np.uint8]

HOLES_NAMED: Final = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class SegmentSource:
    """Where a segment is: the video (path or http URL) and the stretch `[start_s, end_s)` of the episode.

    `ranges`, `frame_times`, `pixel_stretch` and `decode_on` are those of `Recording`; one that ends with the segment has
    no picture behind it.
    """

    url: str
    stream_index: int
    origin_s: float
    start_s: float
    end_s: float
    duration_s: float
    ranges: tuple[ByteRange, ...] = ()
    frame_times: FrameTimes = "presentation"
    pixel_stretch: float = 1.0
    ends_recording: bool = False
    decode_on: Device = "cpu"

    @property
    def is_last(self) -> bool:
        return self.end_s >= self.duration_s - SAME_TIME_S

    @property
    def has_more(self) -> bool:
        """Whether the recording goes on behind the segment."""
        return not self.is_last and not self.ends_recording


@dataclass(frozen=True, slots=True)
class Sample:
    """A frame to look at, in pixels."""

    frame: Pixels
    native_scale: float
    ts_s: float
    shot: int


@dataclass(slots=True)
class SegmentReading:
    """What decoding tells about a segment. `cpu_s`: processor seconds that it took."""

    holes: GapFinder
    damage: Damage = field(default_factory=Damage)
    notes: PictureNotes = field(default_factory=PictureNotes)
    first_s: float | None = None
    decoded_frames: int = 0
    cuts_s: list[float] = field(default_factory=list)
    dissolves_s: list[float] = field(default_factory=list)
    cut_at_end: bool = False
    cpu_s: float = 0.0
    use: DecoderUse = field(default_factory=DecoderUse)
    looks: Looks = field(default_factory=lambda: Looks(0.0))

    def borders_of_holes(self, source: SegmentSource) -> list[float]:
        """Where holes begin and end inside the segment. Nobody is on screen in a hole, so it is a shot of its own."""
        holes = self.holes.holes() if self.decoded_frames else []
        return [time for hole in holes for time in hole if source.start_s < time < source.end_s]


def read_samples(source: SegmentSource, profile: DetectorProfile) -> Generator[Sample, None, SegmentReading]:
    """Decodes the segment, yields the frames to look at, and returns what was seen on the way.

    Raises what `decode_segment` raises.
    """
    started_s = time.process_time()
    reading = SegmentReading(GapFinder(source.start_s, source.end_s), looks=Looks(source.start_s))
    decoded = decode_segment(
        source.url,
        stream_index=source.stream_index,
        origin_s=source.origin_s,
        start_s=source.start_s,
        end_s=source.end_s,
        lookahead_s=profile.shots.lookahead_s if source.has_more else 0.0,
        damage=reading.damage,
        ranges=source.ranges,
        frame_times=source.frame_times,
        pixel_stretch=source.pixel_stretch,
        decode_on=source.decode_on,
        use=reading.use,
    )
    inside = _inside(_with_cuts(decoded, ShotDetector(profile.shots)), source, profile.shots, reading)
    for sampled in sample_frames(inside, samples_per_s=profile.samples_per_s):
        yield _sample(sampled, profile)
    ends_in_a_hole = reading.decoded_frames > 0 and any(end_s >= source.end_s for _, end_s in reading.holes.holes())
    reading.cut_at_end |= source.ends_recording or ends_in_a_hole
    reading.cpu_s = time.process_time() - started_s
    return reading


def _sample(sampled: SampledFrame[DecodedFrame], profile: DetectorProfile) -> Sample:
    frame = sampled.frame.pixels(long_side=profile.frame_side(sampled.frame.long_side))
    native_scale = max(1.0, sampled.frame.long_side / max(frame.shape[:2]))
    return Sample(frame=frame, native_scale=native_scale, ts_s=sampled.frame.ts_s, shot=sampled.shot)


def _with_cuts(
    decoded: Iterable[DecodedFrame], detector: ShotDetector[DecodedFrame]
) -> Iterator[ShotFrame[DecodedFrame]]:
    for frame in decoded:
        yield from detector.push(frame)
    yield from detector.finish()


def _inside(
    frames: Iterable[ShotFrame[DecodedFrame]], source: SegmentSource, rules: ShotRules, reading: SegmentReading
) -> Iterator[ShotFrame[DecodedFrame]]:
    """The frames before the segment's end; the first one after it tells whether the border is a cut."""
    dissolves = DissolveDetector(rules)
    for entry in frames:
        if entry.frame.ts_s >= source.end_s - SAME_TIME_S:
            reading.cut_at_end = entry.cut
            reading.notes.see_shape(entry.frame)
            break
        if reading.first_s is None:
            reading.first_s = entry.frame.ts_s
        reading.notes.see(entry.frame)
        reading.decoded_frames += 1
        reading.holes.see(entry.frame.ts_s, shown_s=entry.frame.shown_s)
        reading.looks.see(entry.frame)
        if entry.cut:
            reading.cuts_s.append(entry.frame.ts_s)
        dissolves.push(entry.frame, cut=entry.cut)
        yield entry
    reading.dissolves_s = dissolves.finish()


def warnings_of(source: SegmentSource, segment: int, reading: SegmentReading) -> tuple[Warning, ...]:
    """What could not be read, and what is special about the pictures."""
    warnings: list[Warning] = []
    if reading.damage.packets:
        times = sorted(time for time in reading.damage.times_s if source.start_s - 1 <= time <= source.end_s + 1)
        packets = "1 packet" if reading.damage.packets == 1 else f"{reading.damage.packets} packets"
        where = f" between {times[0]:.1f} s and {times[-1]:.1f} s" if times else f" after {source.start_s:.1f} s"
        sentence = f"The video is damaged{where}: {packets} could not be decoded."
        first_s, last_s = (times[0], times[-1]) if times else (source.start_s, source.end_s)
        warnings.append(Warning.of("video_damaged", sentence, start_s=first_s, end_s=last_s, segment=segment))
    warnings += reading.notes.warnings(segment)
    left_out = _without_reference(source, reading)
    if left_out:
        sentence = f"{left_out} pictures at {source.start_s:.1f} s lack what they are built on and were left out."
        warnings.append(Warning.of("frames_without_reference", sentence, start_s=source.start_s, segment=segment))
    holes = reading.holes.holes()
    if not reading.decoded_frames:
        sentence = f"No picture could be decoded from {source.start_s:.1f} s to {source.end_s:.1f} s."
        warnings.append(Warning.of("no_picture", sentence, start_s=source.start_s, end_s=source.end_s, segment=segment))
    elif holes:
        named = ", ".join(f"{start:.1f} s to {end:.1f} s" for start, end in holes[:HOLES_NAMED])
        more = f" and {len(holes) - HOLES_NAMED} times more" if len(holes) > HOLES_NAMED else ""
        sentence = f"The picture is missing from {named}{more}."
        warnings.append(
            Warning.of("picture_missing", sentence, start_s=holes[0][0], end_s=holes[-1][1], segment=segment)
        )
    return tuple(warnings)


def _without_reference(source: SegmentSource, reading: SegmentReading) -> int:
    """How many pictures of the segment, or before the episode's first, were left out."""
    end_s = source.end_s if reading.first_s is None else reading.first_s
    is_first = source.start_s < SAME_TIME_S
    times = {time for time in reading.damage.without_reference_s if time < end_s}
    return sum(is_first or time >= source.start_s for time in times)
