"""Events in, domain calls, events out."""

from __future__ import annotations

from contextlib import suppress
from datetime import datetime

from chassis.errors import BadInput, NotFound
from chassis.kafka.bus import Origin
from chassis.mongo.outbox import Outbox
from chassis.s3.names import name_of
from chassis.s3.storage import ObjectChanged
from chassis.service import Resources
from chassis.video.limited import run_limited
from contracts.blobs import BlobRef
from contracts.events import (
    EpisodeFailed,
    EpisodeProgress,
    EpisodeUploaded,
    Event,
    PersonErased,
    RunCancelled,
    RunStarted,
    ScreenTimeReported,
    SegmentReady,
    ShowDeleted,
)
from contracts.ids import run_id_for
from services.ingest.commands.deletion import Deletion
from services.ingest.runs.planning import plan_recordings
from services.ingest.runs.records import Failure, Run
from services.ingest.runs.states import FINISHED, OPEN
from services.ingest.settings import IngestSettings
from services.ingest.store.runs import IngestStore
from services.ingest.video.probing import VideoFacts, probe


class IngestHandlers:
    """What ingest does when something happens."""

    def __init__(self, resources: Resources[IngestSettings], store: IngestStore, outbox: Outbox) -> None:
        self._resources = resources
        self._store = store
        self._outbox = outbox

    async def episode_uploaded(self, event: EpisodeUploaded, origin: Origin) -> list[Event]:
        """Plan a run and ask for its segments. The same upload event plans the same run.

        Raises:
            BadInput: `episode_deleted`, for an upload that is older than the episode's deletion, `episode_taken`, or what
                is wrong with the video.
        """
        run_id = run_id_for(origin.event_id, origin.time)
        if await self._store.is_deleted(event.ep_id, run_id):
            raise episode_deleted(event.ep_id)
        known = await self._store.run(run_id)
        if known is not None:
            if known.video is not None:  # whoever planned it may have stopped before the episode named it
                await self._store.episodes.point_at(known.started, event, known.video)
            return await self._announce(event.ep_id, run_id)
        video = await self._video(event)
        if not event.force:
            existing = await self._same_content(event, video)
            if existing is not None:
                return existing_run(existing, origin.event_id)
            await self._store.check_ownership(event.ep_id, video.sha256)
        facts = await self._probe(video, event.video_stream)
        started, segments = self._plan(event, run_id=run_id, upload_event_id=origin.event_id, video=video, facts=facts)
        await self._store.save_plan(started, segments, event)
        if await self._store.is_deleted(event.ep_id, run_id):  # while the video was looked at
            await self._store.forget(run_id)
            raise episode_deleted(event.ep_id)
        await self._outbox.publish_soon(self._store.episodes.collection, event.ep_id)
        return await self._announce(event.ep_id, run_id)

    async def _announce(self, ep_id: str, run_id: str) -> list[Event]:
        """Everything a planned run has to say; said again word for word when the upload event comes again."""
        run = await self._store.run(run_id)
        current = await self._store.current_run(ep_id)
        if run is None or current is None or current.run_id != run_id:
            return []  # a later run took the episode meanwhile
        closed = await self._store.supersede(ep_id, run_id)
        planned = EpisodeProgress(
            ep_id=ep_id,
            run_id=run_id,
            stage="ingest",
            done=1,
            total=1,
            media_s=run.started.duration_s,
            detail={"segments": run.started.segments},
        )
        return [
            *(RunCancelled(ep_id=ep_id, run_id=older, reason="superseded") for older in closed),
            run.started,
            planned,
            *await self._store.segments(run_id),
        ]

    async def _same_content(self, event: EpisodeUploaded, video: BlobRef) -> Run | None:
        """The current run, where it is of the same video and profile and did not fail."""
        current = await self._store.current_run(event.ep_id)
        if current is None or current.state not in {OPEN, FINISHED}:
            return None
        if (current.video_sha256, current.profile) != (video.sha256, event.profile):
            return None
        if event.video_stream not in {None, current.started.video_stream}:
            return None
        return current

    async def _video(self, event: EpisodeUploaded) -> BlobRef:
        """The uploaded object with its true size and hash.

        Raises:
            ObjectMissing, ObjectChanged: when it is not what the emitter announced.
        """
        storage, named = self._resources.storage, event.video
        size, digest = await storage.describe(named.uri)
        if size == 0:
            raise BadInput("empty_file", f"The video {named.filename or name_of(named.uri)} is empty; upload it again.")
        if digest is None or (named.sha256 is not None and digest != named.sha256):
            digest, size = await storage.hash_object(named.uri)
        if named.sha256 not in {None, digest} or named.bytes not in {None, size}:
            raise ObjectChanged(named.uri)
        return BlobRef(uri=named.uri, sha256=digest, bytes=size, media_type=named.media_type)

    async def _probe(self, video: BlobRef, video_stream: int | None) -> VideoFacts:
        url = await self._resources.storage.get_presigned_url(video.uri)
        settings = self._resources.settings
        return await run_limited(probe, url, limits=settings.limits, video_stream=video_stream, within=settings.probing)

    def _plan(
        self, event: EpisodeUploaded, *, run_id: str, upload_event_id: str, video: BlobRef, facts: VideoFacts
    ) -> tuple[RunStarted, list[SegmentReady]]:
        planned = plan_recordings(facts.parts, target_s=self._resources.settings.planning.segment_s)
        started = RunStarted(
            ep_id=event.ep_id,
            run_id=run_id,
            upload_event_id=upload_event_id,
            segments=len(planned),
            duration_s=facts.duration_s,
            profile=event.profile,
            width=facts.width,
            height=facts.height,
            codec=facts.codec,
            fps=facts.fps,
            video_stream=facts.stream_index,
            starts_at_s=facts.starts_at_s,
            timecode=facts.timecode,
            problems=facts.problems,
            warnings=facts.warnings,
            tracks_of=event.tracks_of,
            reason=event.reason,
        )
        segments = [
            SegmentReady(
                ep_id=event.ep_id,
                run_id=run_id,
                segment=span.segment,
                segments=len(planned),
                video=video,
                stream_index=part.stream_index,
                origin_s=part.origin_s,
                ranges=part.ranges,
                frame_times=part.frame_times,
                pixel_stretch=part.pixel_stretch,
                ends_recording=span.end_s == part.end_s < facts.duration_s,
                starts_at_s=facts.starts_at_s,
                timecode=facts.timecode,
                start_s=span.start_s,
                end_s=span.end_s,
                duration_s=facts.duration_s,
                profile=event.profile,
                problems=facts.problems if span.segment == 0 else (),
                warnings=facts.warnings if span.segment == 0 else (),
                tracks_of=event.tracks_of,
                reason=event.reason,
            )
            for span, part in planned
        ]
        return started, segments

    async def episode_progress(self, event: EpisodeProgress, _origin: Origin) -> None:
        await self._store.record_progress(event)

    async def screen_time_reported(self, event: ScreenTimeReported, _origin: Origin) -> None:
        await self._store.finish(event)

    async def episode_failed(self, event: EpisodeFailed, _origin: Origin) -> None:
        failure = Failure(stage=event.stage, code=event.code, message=event.message)
        if event.run_id is not None:
            await self._store.fail(event.run_id, failure)
        elif event.upload_event_id is not None:
            await self._store.episodes.start_failed(event.ep_id, event.upload_event_id, failure)


class PrivacyHandlers:
    """What ingest does when a person is to be forgotten, or a show is deleted."""

    def __init__(self, store: IngestStore, deletion: Deletion) -> None:
        self._store = store
        self._deletion = deletion

    async def person_erased(self, event: PersonErased, _origin: Origin) -> None:
        """Take the person out of the reports that runs ended with."""
        if event.cast_id is not None:
            await self._store.forget_person(event.show, event.cast_id)

    async def show_deleted(self, event: ShowDeleted, _origin: Origin) -> None:
        """Delete the episodes that the show had then; those that came later are another show's of its name."""
        until = datetime.fromisoformat(event.at)
        for episode in await self._store.episodes.list({event.show}):
            if episode.created_at <= until:
                with suppress(NotFound):  # somebody else deleted it meanwhile
                    await self._deletion.delete(episode.ep_id, who=event.who)


def episode_deleted(ep_id: str) -> BadInput:
    return BadInput("episode_deleted", f"{ep_id} was deleted after this upload; upload it again.")


def existing_run(run: Run, upload_event_id: str) -> list[Event]:
    """What the emitter of another upload of the same content hears: the run there is, and its result if it has one."""
    started = run.started.model_copy(update={"upload_event_id": upload_event_id})
    return [started, run.report] if run.report is not None else [started]
