"""One segment from video to rows: decode, shots, samples, faces, tracks, pictures.

Decoding runs in a child process, chips and tracking in a thread, and several frames wait for the detector at a time; frames
are evaluated in order, so the result does not depend on which answer comes first.
"""

from __future__ import annotations

import asyncio
import math
from collections import deque
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

from chassis.domain.faces import FaceDetections
from chassis.settings import DecodingLimits
from chassis.video.limited import LimitedWork
from chassis.video.reading import SAME_TIME_S
from contracts.rows import DetectionRow, FaceRow, ShotRow, TrackRow
from contracts.warnings import Warning, sentences
from services.detector.looks.detection import Detect, find_faces
from services.detector.reading.segment_frames import Sample, SegmentReading, SegmentSource, read_samples, warnings_of
from services.detector.rows import RowWriter
from services.detector.rules import DetectorProfile
from services.detector.tracks.segment_tracks import SegmentTracker


@dataclass(frozen=True, slots=True, kw_only=True)
class SegmentAnalysis:
    """What was found in a segment. `cut_at_end`: the next segment begins with a new shot.

    `decode_cpu_s`: processor seconds of the process that decoded.
    """

    detections: tuple[DetectionRow, ...]
    shots: tuple[ShotRow, ...]
    tracks: tuple[TrackRow, ...]
    faces: tuple[FaceRow, ...]
    crops_zip: bytes
    cut_at_end: bool
    decoded_frames: int
    analysed_frames: int
    warnings: tuple[Warning, ...]
    decode_cpu_s: float = field(compare=False)

    @property
    def problems(self) -> tuple[str, ...]:
        """The warnings' sentences, for people."""
        return sentences(self.warnings)


async def analyse_segment(
    source: SegmentSource,
    *,
    ep_id: str,
    segment: int,
    profile: DetectorProfile,
    detect: Detect,
    model_id: str,
    decoding: DecodingLimits,
) -> SegmentAnalysis:
    """Analyses one segment.

    `detect` is given the profile's frames and must return faces with scores from `profile.tracking.weak_score` on.
    Rows name their pictures `#{member}`: the archive's address is known when it is stored.
    The video is decoded in a child process that takes at most what `decoding` says. Can be cancelled. Raises
    DependencyUnavailable when the object store or the detector is away, BadInput or `av.error.FFmpegError` when the
    video cannot be opened or asks for too much, and WorkerDied when it crashes the decoder.
    """
    samples: LimitedWork[Sample, SegmentReading] = LimitedWork(read_samples, source, profile, within=decoding)
    evaluator = SegmentTracker(profile)
    reading = await _run(samples, evaluator, profile, detect)
    borders_s = reading.borders_of_holes(source)
    writer = RowWriter(
        ep_id=ep_id,
        segment=segment,
        model_id=model_id,
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
        warnings=warnings_of(source, segment, reading),
        decode_cpu_s=reading.cpu_s,
    )


async def _run(
    samples: LimitedWork[Sample, SegmentReading], evaluator: SegmentTracker, profile: DetectorProfile, detect: Detect
) -> SegmentReading:
    """Moves samples through detector and evaluator, a bounded number at a time; returns what decoding told."""
    loop = asyncio.get_running_loop()
    waiting: deque[tuple[Sample, asyncio.Task[FaceDetections]]] = deque()
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
            return samples.result()
        finally:
            samples.close()
            for _, looking in waiting:
                looking.cancel()
            await asyncio.gather(*(looking for _, looking in waiting), return_exceptions=True)


def _evaluate(evaluator: SegmentTracker, sample: Sample, faces: FaceDetections) -> None:
    evaluator.add(sample.frame, faces, native_scale=sample.native_scale, ts_s=sample.ts_s, shot=sample.shot)


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
