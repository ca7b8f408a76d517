"""Events in, domain calls, events out."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from chassis import metrics
from chassis.arrays import from_npy, to_npy
from chassis.artifacts import RunManifests
from chassis.bus import Origin
from chassis.service import Resources
from chassis.storage import encode_rows
from contracts.blobs import BlobRef
from contracts.events import EpisodeGrouped, EpisodeProgress, Event, SegmentEmbedded
from contracts.rows import FaceRow, IdentitiesDocument, ShotRow, TrackMetricsDocument, TrackRow
from services.grouper.assembly import (
    SegmentTotals,
    cluster_centroids_document,
    identities_document,
    track_metrics_document,
)
from services.grouper.carrying import EarlierRun
from services.grouper.episode import Grouping, group_episode
from services.grouper.joining import JoinedEpisode, SegmentTracks, join_segments, shift_embedding_rows
from services.grouper.settings import GrouperSettings
from services.grouper.store import GrouperStore

Floats = npt.NDArray[np.float32]

FIRST_REVISION = 1


@dataclass(frozen=True, kw_only=True)
class _Gathered:
    """The segments of a run, read."""

    segments: list[SegmentTracks]
    faces: list[FaceRow]
    face_vectors: Floats
    detections: bytes


class GrouperHandlers:
    """What the grouper does when a segment was embedded."""

    def __init__(self, resources: Resources[GrouperSettings], store: GrouperStore) -> None:
        self._resources = resources
        self._store = store

    async def segment_embedded(self, event: SegmentEmbedded, _origin: Origin) -> list[Event]:
        """Note the segment; with the last one, group the episode. Later repeats are answered with the same event."""
        arrived = await self._store.arrive(event)
        if arrived < event.segments:
            return []
        grouped = await self._store.grouped(event.run_id)
        if grouped is None:
            grouped = await self._store.save(await self._group(event))
        return [grouped, progress_of(grouped)]

    async def _group(self, event: SegmentEmbedded) -> EpisodeGrouped:
        started, cpu = time.perf_counter(), time.process_time()
        rules = self._resources.settings.grouping
        embedded = await self._store.segments(event.run_id)
        gathered = await self._gather(embedded)
        earlier = await self._earlier(event)
        joined, grouping = await asyncio.to_thread(self._compute, event, gathered, earlier)
        identities = identities_document(
            grouping,
            gathered.faces,
            ep_id=event.ep_id,
            run_id=event.run_id,
            revision=FIRST_REVISION,
            earlier=earlier.identities if earlier else (),
        )
        totals = _totals(embedded, gathered)
        busy = {"grouper": round(time.perf_counter() - started, 3)}
        busy_cpu = {"grouper": round(time.process_time() - cpu, 3)}
        summary = track_metrics_document(
            grouping,
            gathered.faces,
            joined.shots,
            SegmentTotals(
                detections=totals.detections,
                analysed_frames=totals.analysed_frames,
                decoded_frames=totals.decoded_frames,
                stage_seconds={**totals.stage_seconds, **busy},
                stage_cpu_seconds={**totals.stage_cpu_seconds, **busy_cpu},
            ),
            ep_id=event.ep_id,
            run_id=event.run_id,
            duration_s=event.duration_s,
            rules=rules.warnings,
        )
        artifacts = await self._write(event, gathered, joined, grouping, identities, summary)
        metrics.real_time_factor.labels("grouper").observe(busy["grouper"] / event.duration_s)
        problems = dict.fromkeys(problem for segment in embedded for problem in segment.problems)
        return EpisodeGrouped(
            ep_id=event.ep_id,
            run_id=event.run_id,
            revision=FIRST_REVISION,
            duration_s=event.duration_s,
            profile=event.profile,
            artifacts=artifacts,
            clusters=grouping.metrics.clusters,
            tracks=len(grouping.tracks),
            problems=tuple(problems),
        )

    def _compute(
        self, event: SegmentEmbedded, gathered: _Gathered, earlier: EarlierRun | None
    ) -> tuple[JoinedEpisode, Grouping]:
        rules = self._resources.settings.grouping
        joined = join_segments(gathered.segments, rules.joining)
        grouping = group_episode(
            joined,
            duration_s=event.duration_s,
            sample_period_s=event.sample_period_s,
            thresholds=rules,
            earlier=earlier,
        )
        return joined, grouping

    async def _gather(self, events: list[SegmentEmbedded]) -> _Gathered:
        """Read all segments, one after the other, so that a long episode is never in memory twice."""
        storage = self._resources.storage
        segments: list[SegmentTracks] = []
        faces: list[FaceRow] = []
        vectors: list[Floats] = []
        detections = bytearray()
        for event in events:
            refs = event.artifacts
            own_vectors = from_npy(await storage.get(refs["faces_npy"]))
            own_faces = await storage.get_rows(refs["faces"], FaceRow)
            faces += shift_embedding_rows(own_faces, sum(len(rows) for rows in vectors))
            vectors.append(own_vectors)
            detections += await storage.get(refs["detections"])
            segments.append(
                SegmentTracks(
                    segment=event.segment,
                    start_s=event.start_s,
                    end_s=event.end_s,
                    cut_at_end=event.cut_at_end,
                    tracks=tuple(await storage.get_rows(refs["tracks"], TrackRow)),
                    shots=tuple(await storage.get_rows(refs["shots"], ShotRow)),
                    prototypes=from_npy(await storage.get(refs["tracks_npy"])),
                )
            )
        return _Gathered(
            segments=segments,
            faces=faces,
            face_vectors=np.concatenate(vectors),
            detections=bytes(detections),
        )

    async def _earlier(self, event: SegmentEmbedded) -> EarlierRun | None:
        """What the latest earlier run of the episode found, so that people keep their identity ids."""
        before = await self._store.earlier(event.ep_id, event.run_id)
        if before is None:
            return None
        storage = self._resources.storage
        document = await storage.get_document(before.artifacts["identities"], IdentitiesDocument)
        tracks = await storage.get_rows(before.artifacts["tracks"], TrackRow)
        return EarlierRun(identities=document.identities, tracks=tuple(tracks))

    async def _write(
        self,
        event: SegmentEmbedded,
        gathered: _Gathered,
        joined: JoinedEpisode,
        grouping: Grouping,
        identities: IdentitiesDocument,
        summary: TrackMetricsDocument,
    ) -> dict[str, BlobRef]:
        target = RunManifests(self._resources.storage, event.ep_id, event.run_id, revision=FIRST_REVISION)
        centroids = cluster_centroids_document(grouping, ep_id=event.ep_id, run_id=event.run_id)
        return {
            "detections": await target.put("detections.jsonl", gathered.detections, schema="DetectionRow"),
            "shots": await target.put_rows("shots.jsonl", joined.shots),
            "tracks": await target.put("tracks.jsonl", encode_rows(grouping.tracks), schema="TrackRow"),
            "faces": await target.put_rows("faces.jsonl", gathered.faces),
            "faces_npy": await target.put("faces.npy", to_npy(gathered.face_vectors)),
            "tracks_npy": await target.put("tracks.npy", to_npy(grouping.tracks_npy)),
            "identities": await target.put_document("clusters.json", identities),
            "cluster_centroids": await target.put_document("cluster_centroids.json", centroids),
            "track_metrics": await target.put_document("track_metrics.json", summary),
        }


def _totals(events: list[SegmentEmbedded], gathered: _Gathered) -> SegmentTotals:
    seconds: Counter[str] = Counter()
    cpu: Counter[str] = Counter()
    for event in events:
        seconds.update(event.stage_seconds)
        cpu.update(event.stage_cpu_seconds)
    return SegmentTotals(
        detections=gathered.detections.count(b"\n"),
        analysed_frames=sum(event.analysed_frames for event in events),
        decoded_frames=sum(event.decoded_frames for event in events),
        stage_seconds={stage: round(value, 3) for stage, value in sorted(seconds.items())},
        stage_cpu_seconds={stage: round(value, 3) for stage, value in sorted(cpu.items())},
    )


def progress_of(event: EpisodeGrouped) -> EpisodeProgress:
    return EpisodeProgress(
        ep_id=event.ep_id,
        run_id=event.run_id,
        stage="grouper",
        done=1,
        total=1,
        media_s=event.duration_s,
        detail={"clusters": float(event.clusters), "tracks": float(event.tracks)},
    )
