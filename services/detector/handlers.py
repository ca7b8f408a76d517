"""Events in, domain calls, events out."""

from __future__ import annotations

import time
from collections.abc import Iterable, Sequence

import av.error

from chassis import metrics, telemetry
from chassis.domain.faces import FaceDetections, PersonDetections
from chassis.errors import BadInput
from chassis.kafka.bus import Origin
from chassis.s3.artifacts import SegmentArtifacts
from chassis.s3.storage import ObjectMissing
from chassis.service import Resources
from contracts.crops import in_archive
from contracts.events import EpisodeProgress, Event, SegmentReady, SegmentTracked
from contracts.rows import FaceRow, TrackRow
from services.detector.ahead import Ahead
from services.detector.analysis import SegmentAnalysis, analyse_segment
from services.detector.looks.faces import Detectors, Pixels
from services.detector.reading.segment_frames import SegmentSource
from services.detector.rules import DetectorProfile
from services.detector.settings import DetectorSettings

URL_LIFETIME_S = 6 * 3600


class DetectorHandlers:
    """What the detector does when a segment is ready."""

    def __init__(self, resources: Resources[DetectorSettings]) -> None:
        self._resources = resources
        self.ahead = Ahead(self._upcoming, self._analyse)

    async def segment_ready(self, event: SegmentReady, _origin: Origin) -> list[Event]:
        """Find and track the segment's faces. A repeat is answered with the event emitted before."""
        artifacts = SegmentArtifacts(self._resources.storage, event)
        before = await artifacts.emitted(SegmentTracked)
        if before is not None:
            return [before, progress_of(before)]
        again = await self._again(event, artifacts)
        if again is not None:
            await artifacts.remember(again)
            return [again, progress_of(again)]
        cpu = time.process_time()
        profile = self._resources.settings.profiles.named(event.profile)
        analysis = await (await self.ahead.take(event) or self._analyse(event))
        analysed = time.perf_counter()
        if self._resources.settings.decode_on != "cpu" and not analysis.accelerated:
            telemetry.logger().warning("decoded on the processor", wanted=self._resources.settings.decode_on)
        crops = await artifacts.put("crops.zip", analysis.crops_zip)
        tracks, faces = with_crops(analysis.tracks, analysis.faces, crops.uri)
        references = {
            "detections": await artifacts.put_rows("detections.jsonl", analysis.detections),
            "shots": await artifacts.put_rows("shots.jsonl", analysis.shots),
            "tracks": await artifacts.put_rows("tracks.jsonl", tracks),
            "faces": await artifacts.put_rows("faces.jsonl", faces),
            "crops": crops,
        }
        span_s = event.end_s - event.start_s
        busy_s = analysis.took_s + time.perf_counter() - analysed
        metrics.real_time_factor.labels("detector").observe(busy_s / max(span_s, 0.1))
        done = SegmentTracked(
            ep_id=event.ep_id,
            run_id=event.run_id,
            segment=event.segment,
            segments=event.segments,
            artifacts=references,
            start_s=event.start_s,
            end_s=event.end_s,
            duration_s=event.duration_s,
            profile=event.profile,
            sample_period_s=sample_period(profile, analysis, span_s),
            cut_at_end=analysis.cut_at_end,
            decoded_frames=analysis.decoded_frames,
            analysed_frames=analysis.analysed_frames,
            problems=(*event.problems, *analysis.problems),
            warnings=(*event.warnings, *analysis.warnings),
            starts_at_s=event.starts_at_s,
            timecode=event.timecode,
            reason=event.reason,
            counts={"faces": len(analysis.detections), "tracks": len(tracks)},
            busy_s=round(busy_s, 3),
            # With the beginning of the next segment and without its own, where that was ahead: the sum is right.
            cpu_s=round(time.process_time() - cpu + analysis.decode_cpu_s, 3),
        )
        await artifacts.remember(done)
        return [done, progress_of(done)]

    async def _again(self, event: SegmentReady, artifacts: SegmentArtifacts) -> SegmentTracked | None:
        """The stretch as an earlier run found it, copied into this run; None where the video must be read.

        That is where nothing of it is asked for or kept, or where it was another stretch or profile.
        """
        if event.tracks_of is None:
            return None
        storage = self._resources.storage
        source = SegmentArtifacts(storage, event.model_copy(update={"run_id": event.tracks_of}))
        before = await source.emitted(SegmentTracked)
        same = ("segments", "start_s", "end_s", "duration_s", "profile")
        if before is None or any(getattr(before, name) != getattr(event, name) for name in same):
            return None
        started, cpu, refs = time.perf_counter(), time.process_time(), before.artifacts
        try:
            crops = await artifacts.put("crops.zip", await storage.get(refs["crops"]))
            tracks, faces = with_crops(
                await storage.get_rows(refs["tracks"], TrackRow),
                await storage.get_rows(refs["faces"], FaceRow),
                crops.uri,
            )
            references = {
                "detections": await artifacts.put("detections.jsonl", await storage.get(refs["detections"])),
                "shots": await artifacts.put("shots.jsonl", await storage.get(refs["shots"])),
                "tracks": await artifacts.put_rows("tracks.jsonl", tracks),
                "faces": await artifacts.put_rows("faces.jsonl", faces),
                "crops": crops,
            }
        except ObjectMissing:  # deleted meanwhile, or something of it was erased
            return None
        return before.model_copy(
            update={
                "run_id": event.run_id,
                "artifacts": references,
                "reason": event.reason,
                "busy_s": round(time.perf_counter() - started, 3),
                "cpu_s": round(time.process_time() - cpu, 3),
            }
        )

    async def _upcoming(self) -> SegmentReady | None:
        """The segment that comes next, where its video will have to be read."""
        event = await self._resources.bus.upcoming(SegmentReady)
        if event is None or event.tracks_of is not None:
            return None
        before = await SegmentArtifacts(self._resources.storage, event).emitted(SegmentTracked)
        return event if before is None else None

    async def _analyse(self, event: SegmentReady) -> SegmentAnalysis:
        inference = self._resources.require_inference()
        profile = self._resources.settings.profiles.named(event.profile)

        async def find(frames: Pixels) -> list[FaceDetections]:
            return await inference.find(
                frames, min_score=profile.tracking.weak_score, max_overlap=profile.merge_overlap
            )

        async def check(pictures: Pixels) -> list[FaceDetections]:
            return await inference.detect(
                pictures,
                min_score=profile.closer.min_score,
                max_overlap=profile.merge_overlap,
                second_look_below=0.0,
            )

        async def detect_persons(frames: Pixels) -> list[PersonDetections]:
            return await inference.detect_persons(frames, min_score=profile.persons.least_score)

        try:
            return await analyse_segment(
                SegmentSource(
                    url=await self._resources.storage.get_presigned_url(event.video.uri, expires_s=URL_LIFETIME_S),
                    stream_index=event.stream_index,
                    origin_s=event.origin_s,
                    start_s=event.start_s,
                    end_s=event.end_s,
                    duration_s=event.duration_s,
                    ranges=event.ranges,
                    frame_times=event.frame_times,
                    pixel_stretch=event.pixel_stretch,
                    ends_recording=event.ends_recording,
                    decode_on=self._resources.settings.decode_on,
                ),
                ep_id=event.ep_id,
                segment=event.segment,
                profile=profile,
                detectors=Detectors(find=find, check=check),
                model_id=(await inference.finder()).model_id,
                decoding=self._resources.settings.decoding_there,
                detect_persons=detect_persons,
                when_looked_at=self.ahead.begin,
            )
        except av.error.HTTPNotFoundError as error:
            raise BadInput("object_missing", f"The video {event.video.uri} is gone; upload it again.") from error
        except av.error.FFmpegError as error:
            raise BadInput(
                "unreadable", f"The video cannot be read at {event.start_s:.0f} s ({error.strerror}); check the file."
            ) from error


def with_crops(
    tracks: Iterable[TrackRow], faces: Iterable[FaceRow], uri: str
) -> tuple[Sequence[TrackRow], Sequence[FaceRow]]:
    """Rows whose pictures name the archive, whose address depends on what is in it."""
    in_tracks = [
        track.model_copy(update={"crops": tuple(in_archive(crop, uri) for crop in track.crops)}) for track in tracks
    ]
    in_faces = [
        face.model_copy(
            update={
                "crop": in_archive(face.crop, uri),
                "thumbnail": in_archive(face.thumbnail, uri) if face.thumbnail else None,
            }
        )
        for face in faces
    ]
    return in_tracks, in_faces


def sample_period(profile: DetectorProfile, analysis: SegmentAnalysis, span_s: float) -> float:
    """Seconds between two analysed frames; where every frame is analysed, as measured."""
    if profile.samples_per_s is not None:
        return 1.0 / profile.samples_per_s
    return span_s / max(1, analysis.analysed_frames)


def progress_of(done: SegmentTracked) -> EpisodeProgress:
    return EpisodeProgress(
        ep_id=done.ep_id,
        run_id=done.run_id,
        stage="detector",
        segment=done.segment,
        done=1,
        total=done.segments,
        media_s=done.end_s - done.start_s,
        busy_s=done.busy_s,
        detail=done.counts,
    )
