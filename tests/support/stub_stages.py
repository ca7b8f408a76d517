"""The stages without pictures: real events, real MongoDB, real barrier and reconciler; only the work is left out."""

from __future__ import annotations

from chassis.kafka.bus import Bus, Origin
from chassis.mongo.database import Database
from contracts.blobs import BlobRef
from contracts.events import (
    EpisodeGrouped,
    EpisodeProgress,
    EpisodeUploaded,
    Event,
    RunStarted,
    ScreenTimeReported,
    SegmentEmbedded,
    SegmentEvent,
    SegmentReady,
    SegmentTracked,
    Stage,
)
from services.grouper.store.runs import GrouperStore
from services.ingest.store.runs import IngestStore
from tests.support.rig import Rig

SEGMENTS = 4
VIDEO = BlobRef(uri="s3://bucket/v.mp4", sha256="0" * 64, bytes=1, media_type="video/mp4", schema=None)
NOTHING = BlobRef(uri="s3://bucket/x", sha256="0" * 64, bytes=1, media_type="text/plain", schema=None)


def ready(ep_id: str, run_id: str, segment: int) -> SegmentReady:
    return SegmentReady(
        ep_id=ep_id,
        run_id=run_id,
        segment=segment,
        segments=SEGMENTS,
        video=VIDEO,
        stream_index=0,
        origin_s=0.0,
        start_s=segment * 20.0,
        end_s=segment * 20.0 + 20.0,
        duration_s=SEGMENTS * 20.0,
        profile="balanced",
    )


async def save_plan(store: IngestStore, ep_id: str, run_id: str) -> list[SegmentReady]:
    """Plan a run as ingest does; returns its requests."""
    started = RunStarted(
        ep_id=ep_id,
        run_id=run_id,
        upload_event_id="u",
        segments=SEGMENTS,
        duration_s=SEGMENTS * 20.0,
        profile="balanced",
        width=640,
        height=360,
        codec="h264",
    )
    requests = [ready(ep_id, run_id, segment) for segment in range(SEGMENTS)]
    await store.save_plan(started, requests, EpisodeUploaded(ep_id=ep_id, video={"uri": VIDEO.uri}))  # type: ignore[arg-type]
    return requests


class StubStages:
    """Five services on one rig. What is in `lost` is computed and noted, but its event is lost the first time."""

    def __init__(self, rig: Rig, database: Database, *, lost: set[tuple[str, str, int]] | None = None) -> None:
        self.store = IngestStore(database)
        self._barrier = GrouperStore(database)
        self._lost = lost or set()
        self.buses: dict[Stage, Bus] = {}
        for stage in ("ingest", "detector", "embedder", "grouper", "identity"):
            self.buses[stage] = rig.bus(stage)
        self.buses["ingest"].on(EpisodeProgress, self._progressed)
        self.buses["ingest"].on(ScreenTimeReported, self._reported)
        self.buses["detector"].on(SegmentReady, self._detect)
        self.buses["embedder"].on(SegmentTracked, self._embed)
        self.buses["grouper"].on(SegmentEmbedded, self._group)
        self.buses["identity"].on(EpisodeGrouped, self._identify)

    async def _progressed(self, event: EpisodeProgress, _origin: Origin) -> None:
        await self.store.record_progress(event)

    async def _reported(self, event: ScreenTimeReported, _origin: Origin) -> None:
        await self.store.finish(event)

    async def _detect(self, event: SegmentReady, _origin: Origin) -> list[Event]:
        tracked = SegmentTracked.model_validate(_work(event) | {"cut_at_end": False})
        return self._unless_lost([tracked], event, "segment.tracked", "detector")

    async def _embed(self, event: SegmentTracked, _origin: Origin) -> list[Event]:
        embedded = SegmentEmbedded.model_validate(event.model_dump(by_alias=True))
        return self._unless_lost([embedded], event, "segment.embedded", "embedder")

    async def _group(self, event: SegmentEmbedded, _origin: Origin) -> list[Event]:
        if await self._barrier.arrive(event) < event.segments:
            return []
        grouped = EpisodeGrouped(
            ep_id=event.ep_id,
            run_id=event.run_id,
            revision=1,
            duration_s=event.duration_s,
            profile=event.profile,
            artifacts={},
            clusters=1,
            tracks=1,
        )
        return self._unless_lost([grouped], event, "episode.grouped", "grouper")

    async def _identify(self, event: EpisodeGrouped, _origin: Origin) -> list[Event]:
        reported = ScreenTimeReported(
            ep_id=event.ep_id,
            run_id=event.run_id,
            revision=1,
            duration_s=event.duration_s,
            report=NOTHING,
            manifests={},
            cast=(),
            unidentified=0,
        )
        return [reported]

    def _unless_lost(self, said: list[Event], event: SegmentEvent, topic: str, stage: Stage) -> list[Event]:
        whole = stage == "grouper"
        place = (topic, event.run_id, 0 if whole else event.segment)
        progress = EpisodeProgress(
            ep_id=event.ep_id,
            run_id=event.run_id,
            stage=stage,
            segment=None if whole else event.segment,
            done=1,
            total=1 if whole else event.segments,
        )
        if place in self._lost:
            self._lost.discard(place)
            return [progress]
        return [*said, progress]


def _work(event: SegmentReady) -> dict[str, object]:
    return event.model_dump(by_alias=True) | {
        "artifacts": {},
        "sample_period_s": 0.125,
        "decoded_frames": 1,
        "analysed_frames": 1,
    }
