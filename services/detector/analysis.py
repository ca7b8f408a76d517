"""One segment from video to rows: decode, shots, samples, faces, tracks, pictures.

Decoding runs in one thread, chips and tracking in another, and several frames wait for the detector at a time; frames
are evaluated in order, so the result does not depend on which answer comes first.
"""

from __future__ import annotations

import asyncio
import math
from collections import deque
from collections.abc import Generator, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from chassis.triton.client import FaceDetections
from chassis.video.byte_ranges import ByteRange
from chassis.video.reading import FrameTimes
from contracts.rows import DetectionRow, FaceRow, ShotRow, TrackRow
from contracts.warnings import Warning, sentences
from services.detector.decoding import SAME_TIME_S, Damage, DecodedFrame, decode_segment
from services.detector.detection import Detect, find_faces
from services.detector.dissolves import DissolveDetector
from services.detector.gaps import GapFinder
from services.detector.picture_notes import PictureNotes
from services.detector.rows import RowWriter
from services.detector.rules import DetectorProfile, ShotRules
from services.detector.sampling import sample_frames
from services.detector.segment_tracks import SegmentTracker
from services.detector.shots import ShotDetector, ShotFrame

Pixels = npt.NDArray[np.uint8]

HOLES_NAMED = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class SegmentSource:
    """Where a segment is: the video (path or http URL) and the stretch `[start_s, end_s)` of the episode.

    `ranges` and `frame_times` are those of `Recording`; one that ends with the segment has no picture behind it.
    """

    url: str
    stream_index: int
    origin_s: float
    start_s: float
    end_s: float
    duration_s: float
    ranges: tuple[ByteRange, ...] = ()
    frame_times: FrameTimes = "presentation"
    ends_recording: bool = False

    @property
    def is_last(self) -> bool:
        return self.end_s >= self.duration_s - SAME_TIME_S

    @property
    def has_more(self) -> bool:
        """Whether the recording goes on behind the segment."""
        return not self.is_last and not self.ends_recording


@dataclass(frozen=True, slots=True, kw_only=True)
class SegmentAnalysis:
    """What was found in a segment. `cut_at_end`: the next segment begins with a new shot."""

    detections: tuple[DetectionRow, ...]
    shots: tuple[ShotRow, ...]
    tracks: tuple[TrackRow, ...]
    faces: tuple[FaceRow, ...]
    crops_zip: bytes
    cut_at_end: bool
    decoded_frames: int
    analysed_frames: int
    warnings: tuple[Warning, ...]

    @property
    def problems(self) -> tuple[str, ...]:
        """The warnings' sentences, for people."""
        return sentences(self.warnings)


@dataclass(frozen=True, slots=True)
class _Sample:
    """A frame to look at, in pixels."""

    frame: Pixels
    native_scale: float
    ts_s: float
    shot: int


@dataclass(slots=True)
class _Reading:
    """What the decoding thread learns about the segment."""

    holes: GapFinder
    damage: Damage = field(default_factory=Damage)
    notes: PictureNotes = field(default_factory=PictureNotes)
    first_s: float | None = None
    decoded_frames: int = 0
    cuts_s: list[float] = field(default_factory=list)
    dissolves_s: list[float] = field(default_factory=list)
    cut_at_end: bool = False


async def analyse_segment(
    source: SegmentSource,
    *,
    ep_id: str,
    segment: int,
    profile: DetectorProfile,
    detect: Detect,
    model_id: str,
    crops_uri: str,
) -> SegmentAnalysis:
    """Analyses one segment.

    `detect` is given the profile's frames and must return faces with scores from `profile.tracking.weak_score` on.
    `crops_uri` is the address under which `crops_zip` will be stored; rows name their pictures `{crops_uri}#{member}`.
    Can be cancelled. Raises DependencyUnavailable when the object store or the detector is away, and BadInput or
    `av.error.FFmpegError` when the video cannot be opened.
    """
    reading = _Reading(GapFinder(source.start_s, source.end_s))
    evaluator = SegmentTracker(profile)
    await _run(_samples(source, profile, reading), evaluator, profile, detect)
    holes = reading.holes.holes() if reading.decoded_frames else []
    reading.cut_at_end |= source.ends_recording or any(end_s >= source.end_s for _, end_s in holes)
    borders_s = _borders(holes, source)
    writer = RowWriter(
        ep_id=ep_id,
        segment=segment,
        model_id=model_id,
        crops_uri=crops_uri,
        profile=profile,
        start_s=source.start_s,
        end_s=source.end_s,
        is_last=source.is_last,
        cuts_s=tuple(sorted({*reading.cuts_s, *reading.dissolves_s, *borders_s})),
        cut_at_end=reading.cut_at_end,
    )
    found = evaluator.finish(sorted({*reading.dissolves_s, *borders_s}))
    rows = await asyncio.to_thread(writer.write, evaluator.frames, found)
    return SegmentAnalysis(
        detections=rows.detections,
        shots=rows.shots,
        tracks=rows.tracks,
        faces=rows.faces,
        crops_zip=rows.crops_zip,
        cut_at_end=reading.cut_at_end,
        decoded_frames=reading.decoded_frames,
        analysed_frames=len(evaluator.frames),
        warnings=_warnings(source, segment, reading),
    )


def _borders(holes: Sequence[tuple[float, float]], source: SegmentSource) -> list[float]:
    """Where holes begin and end inside the segment: nobody is on screen in a hole, so it counts as a shot of its own."""
    return [time for hole in holes for time in hole if source.start_s < time < source.end_s]


async def _run(
    samples: Generator[_Sample], evaluator: SegmentTracker, profile: DetectorProfile, detect: Detect
) -> None:
    """Moves samples through detector and evaluator, a bounded number at a time."""
    loop = asyncio.get_running_loop()
    waiting: deque[tuple[_Sample, asyncio.Task[FaceDetections]]] = deque()
    small_faces = _EverySoOften(profile.small_face_looks_per_s)
    full_looks = _EverySoOften(profile.full_looks_per_s)
    leader: asyncio.Task[FaceDetections] | None = None
    leading: tuple[object, ...] = ()
    with ThreadPoolExecutor(1, "decode") as decoding, ThreadPoolExecutor(1, "evaluate") as evaluating:

        async def evaluate_oldest() -> None:
            sample, looking = waiting[0]
            faces = await looking
            waiting.popleft()
            await loop.run_in_executor(evaluating, _evaluate, evaluator, sample, faces)

        try:
            upcoming = loop.run_in_executor(decoding, next, samples, None)
            while (sample := await asyncio.shield(upcoming)) is not None:
                upcoming = loop.run_in_executor(decoding, next, samples, None)
                kind = (sample.shot, sample.frame.shape)
                leads = full_looks.due(sample.ts_s) or kind != leading
                look = find_faces(
                    sample.frame,
                    profile=profile,
                    detect=detect,
                    small_faces=small_faces.due(sample.ts_s),
                    before=None if leads or profile.full_looks_per_s <= 0 else leader,
                )
                looking = asyncio.create_task(look)
                waiting.append((sample, looking))
                if leads:
                    leader, leading = looking, kind
                if len(waiting) >= profile.frames_in_flight:
                    await evaluate_oldest()
            while waiting:
                await evaluate_oldest()
        finally:
            for _, looking in waiting:
                looking.cancel()
            await asyncio.gather(*(looking for _, looking in waiting), return_exceptions=True)
            # The generator can only be closed by the thread that may still be inside it; this queues behind that.
            decoding.submit(samples.close)


def _evaluate(evaluator: SegmentTracker, sample: _Sample, faces: FaceDetections) -> None:
    evaluator.add(sample.frame, faces, native_scale=sample.native_scale, ts_s=sample.ts_s, shot=sample.shot)


def _samples(source: SegmentSource, profile: DetectorProfile, reading: _Reading) -> Generator[_Sample]:
    """Decodes the segment and yields the frames to look at, noting on the way what `reading` is for."""
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
    )
    inside = _inside(_with_cuts(decoded, ShotDetector(profile.shots)), source, profile.shots, reading)
    for sampled in sample_frames(inside, samples_per_s=profile.samples_per_s):
        frame = sampled.frame.pixels(long_side=profile.frame_long_side)
        native_scale = max(1.0, sampled.frame.long_side / max(frame.shape[:2]))
        yield _Sample(frame=frame, native_scale=native_scale, ts_s=sampled.frame.ts_s, shot=sampled.shot)


def _with_cuts(decoded: Iterable[DecodedFrame], detector: ShotDetector) -> Iterator[ShotFrame]:
    for frame in decoded:
        yield from detector.push(frame)
    yield from detector.finish()


def _inside(
    frames: Iterable[ShotFrame], source: SegmentSource, rules: ShotRules, reading: _Reading
) -> Iterator[ShotFrame]:
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
        if entry.cut:
            reading.cuts_s.append(entry.frame.ts_s)
        dissolves.push(entry.frame, cut=entry.cut)
        yield entry
    reading.dissolves_s = dissolves.finish()


@dataclass(slots=True)
class _EverySoOften:
    """Says yes for one frame in every cell of a time grid; never at a rate of 0."""

    per_s: float
    _cell: int | None = None

    def due(self, ts_s: float) -> bool:
        if self.per_s <= 0:
            return False
        cell = math.floor((ts_s + SAME_TIME_S) * self.per_s)
        is_new, self._cell = cell != self._cell, cell
        return is_new


def _warnings(source: SegmentSource, segment: int, reading: _Reading) -> tuple[Warning, ...]:
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


def _without_reference(source: SegmentSource, reading: _Reading) -> int:
    """How many pictures of the segment, or before the episode's first, were left out."""
    end_s = source.end_s if reading.first_s is None else reading.first_s
    is_first = source.start_s < SAME_TIME_S
    times = {time for time in reading.damage.without_reference_s if time < end_s}
    return sum(is_first or time >= source.start_s for time in times)
