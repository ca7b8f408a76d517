"""One segment from video to rows: decode, shots, samples, faces, tracks, pictures.

Decoding runs in a child process, tracking in a thread, and several frames wait for the detectors at a time; frames are
evaluated in order, so the result does not depend on which answer comes first.
"""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import partial
from itertools import islice
from typing import Final

from chassis.domain.faces import FaceDetections
from chassis.settings import DecodingLimits
from chassis.video.limited import LimitedWork
from contracts.rows import DetectionRow, FaceRow, ShotRow, TrackRow
from contracts.warnings import Warning, sentences
from services.detector.looks.beside import BesideSearch
from services.detector.looks.closer import look_closer
from services.detector.looks.faces import Detectors, Pixels
from services.detector.looks.groups import Seen, look_at_group
from services.detector.looks.schedule import Schedule, goes_with
from services.detector.persons.animals import doubtful_faces, with_animals
from services.detector.persons.looks import DetectPersons, PersonWatch, is_within
from services.detector.persons.presence import shots_to_search, with_presence
from services.detector.reading.segment_frames import Sample, SegmentReading, SegmentSource, read_samples, warnings_of
from services.detector.rows import RowWriter
from services.detector.rules import DetectorProfile
from services.detector.tracks.confirmation import Confirmation
from services.detector.tracks.segment_tracks import LostFace, SegmentTracker

SAMPLES_AT_ONCE: Final = 4
"""So many samples come from the decoder at a time, while as many are decoded: beside those that wait for the detectors."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SegmentAnalysis:
    """What was found in a segment. `cut_at_end`: the next segment begins with a new shot.

    `took_s`: how long that was, whatever else was done meanwhile. `decode_cpu_s`: processor seconds of the process that
    decoded; `accelerated`: a device did.
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
    took_s: float = field(compare=False)
    decode_cpu_s: float = field(compare=False)
    accelerated: bool = field(default=False, compare=False)

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
    detectors: Detectors,
    model_id: str,
    decoding: DecodingLimits,
    detect_persons: DetectPersons | None = None,
    when_looked_at: Callable[[], None] = lambda: None,
) -> SegmentAnalysis:
    """Analyses one segment.

    `detectors.find` must return faces with scores from `profile.tracking.weak_score` on, `detectors.check` from
    `profile.closer.min_score` on, `detect_persons` people from `profile.persons.least_score` on (None: nobody looks for
    them). `when_looked_at` is called when no frame is held any more: tracks are made sure of then, and rows written.
    Rows name their pictures `#{member}`: the archive's address is known when it is stored.
    The video is decoded in a child process that takes at most what `decoding` says. Can be cancelled. Raises
    DependencyUnavailable when the object store or the detector is away, BadInput or `av.error.FFmpegError` when the
    video cannot be opened or asks for too much, and WorkerDied when it crashes the decoder.
    """
    started = time.perf_counter()
    samples: LimitedWork[Sample, SegmentReading] = LimitedWork(read_samples, source, profile, within=decoding)
    tracker = SegmentTracker(profile)
    watch = PersonWatch(profile.persons, detect_persons)
    confirmation = Confirmation(detectors.check, profile)
    try:
        reading = await _run(samples, tracker, profile, detectors, watch, confirmation, when_looked_at)
        borders_s = reading.borders_of_holes(source)
        found = await confirmation.confirm(tracker.finish(sorted({*reading.dissolves_s, *borders_s})))
    finally:
        await confirmation.cancel()
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
        looks=reading.looks,
    )
    rows = await asyncio.to_thread(writer.write, tracker.frames, found)
    tracks = rows.tracks
    if watch.is_on:
        searched = shots_to_search(tracks, rows.shots)
        doubtful = doubtful_faces(tracks, rows.shots, profile.persons)
        looks = await watch.look(searched, list(doubtful.values()))
        people = [look for look in looks if any(is_within(shot, look.ts_s) for shot in searched)]
        tracks = await asyncio.to_thread(with_presence, tracks, rows.detections, rows.shots, people, profile.persons)
        tracks = with_animals(tracks, rows.detections, doubtful, looks, profile.persons)
    return SegmentAnalysis(
        detections=rows.detections,
        shots=rows.shots,
        tracks=tracks,
        faces=rows.faces,
        crops_zip=rows.crops_zip,
        cut_at_end=reading.cut_at_end,
        decoded_frames=reading.decoded_frames,
        analysed_frames=len(tracker.frames),
        warnings=warnings_of(source, segment, reading),
        took_s=time.perf_counter() - started,
        decode_cpu_s=reading.cpu_s,
        accelerated=reading.use.accelerated,
    )


async def _run(
    samples: LimitedWork[Sample, SegmentReading],
    tracker: SegmentTracker,
    profile: DetectorProfile,
    detectors: Detectors,
    watch: PersonWatch,
    confirmation: Confirmation,
    when_looked_at: Callable[[], None],
) -> SegmentReading:
    """Moves samples through detectors and tracker, a bounded number at a time; returns what decoding told."""
    loop = asyncio.get_running_loop()
    group: list[Sample] = []
    with ThreadPoolExecutor(1, "decode") as decoding, ThreadPoolExecutor(1, "track") as tracking:
        pipeline = _Pipeline(tracker, profile, detectors, watch, confirmation, tracking)
        try:
            upcoming = loop.run_in_executor(decoding, _next, samples)
            while coming := await asyncio.shield(upcoming):
                upcoming = loop.run_in_executor(decoding, _next, samples)
                while coming:
                    sample = coming.popleft()
                    if group and not goes_with(group, sample, profile):
                        pipeline.look(group)
                        group = []
                    group.append(sample)
                    await pipeline.make_room(group)
            if group:
                pipeline.look(group)
            await pipeline.finish()
            when_looked_at()
            return samples.result()
        finally:
            samples.close()
            await pipeline.cancel()


def _next(samples: Iterator[Sample]) -> deque[Sample]:
    """A few samples at a time: a hop between threads costs as much as fetching one. Empty at the end."""
    return deque(islice(samples, SAMPLES_AT_ONCE))


class _Pipeline:
    """Groups of samples that wait for the detectors, and are tracked in order as the answers come.

    What is looked at and how depends on the samples alone, never on how fast an answer came.
    """

    def __init__(
        self,
        tracker: SegmentTracker,
        profile: DetectorProfile,
        detectors: Detectors,
        watch: PersonWatch,
        confirmation: Confirmation,
        executor: ThreadPoolExecutor,
    ) -> None:
        self._tracker = tracker
        self._profile = profile
        self._detectors = detectors
        self._watch = watch
        self._confirmation = confirmation
        self._executor = executor
        self._schedule = Schedule(profile)
        self._search = BesideSearch(profile)
        self._waiting: deque[tuple[list[Sample], asyncio.Task[list[Seen]]]] = deque()
        self._before: tuple[tuple[object, ...], asyncio.Task[list[Seen]]] | None = None

    def look(self, group: list[Sample]) -> None:
        """Starts looking at a group; small faces are followed from the group before, where that is of the same shot."""
        first = group[0]
        alike = (first.shot, first.frame.shape)
        before = self._before[1] if self._before is not None and self._before[0] == alike else None
        earlier = [task for _, task in self._waiting]

        async def beside(frame: Pixels, known: FaceDetections) -> FaceDetections:
            await asyncio.gather(*earlier)  # what they searched in vain decides, not how fast answers came
            return await self._search.look(frame, known, self._detectors.find, ts_s=first.ts_s)

        looking = asyncio.create_task(
            look_at_group(
                [sample.frame for sample in group],
                [sample.ts_s for sample in group],
                self._schedule.looks(first),
                self._detectors,
                self._profile,
                before,
                beside if self._profile.beside.per_s > 0 else None,
            )
        )
        self._before = (alike, looking)
        self._waiting.append((group, looking))

    async def make_room(self, coming: Sequence[Sample]) -> None:
        """Waits until not too many samples wait, with those of a `coming` group besides."""
        most = self._profile.in_flight(*coming[-1].frame.shape[:2])
        while self._waiting and sum(len(group) for group, _ in self._waiting) + len(coming) >= most:
            await self._track_oldest()

    async def finish(self) -> None:
        while self._waiting:
            await self._track_oldest()

    async def cancel(self) -> None:
        """Leaves what waits; nothing runs on."""
        for _, looking in self._waiting:
            looking.cancel()
        await asyncio.gather(*(looking for _, looking in self._waiting), return_exceptions=True)

    async def _track_oldest(self) -> None:
        group, looking = self._waiting[0]
        seen = await looking
        self._waiting.popleft()
        loop, coming = asyncio.get_running_loop(), deque(zip(group, seen, strict=True))
        while coming:
            track = partial(_track_until_lost, self._tracker, self._watch, coming)
            sample, lost = await loop.run_in_executor(self._executor, track)
            if lost:
                squares, boxes = [face.square for face in lost], [face.box for face in lost]
                closer = await look_closer(squares, boxes, self._detectors.check, self._profile.closer)
                found = list(zip(lost, closer, strict=True))
                await loop.run_in_executor(self._executor, _track_closer, self._tracker, sample, found)
        self._confirmation.begin(self._tracker.ended())


def _track_until_lost(
    tracker: SegmentTracker, watch: PersonWatch, coming: deque[tuple[Sample, Seen]]
) -> tuple[Sample, list[LostFace]]:
    """Tracks one sample after the other, and takes it out, until faces are lost in one or all are tracked; the last one."""
    while True:
        sample, seen = coming.popleft()
        lost = tracker.add(
            sample.frame,
            seen.faces,
            native_scale=sample.native_scale,
            ts_s=sample.ts_s,
            shot=sample.shot,
            smallest_px=seen.smallest_px,
        )
        watch.see(sample.frame, lost_faces=len(lost), ts_s=sample.ts_s, shot=sample.shot)
        if lost or not coming:
            return sample, lost


def _track_closer(tracker: SegmentTracker, sample: Sample, found: list[tuple[LostFace, FaceDetections | None]]) -> None:
    tracker.add_closer(sample.frame, found, native_scale=sample.native_scale)
