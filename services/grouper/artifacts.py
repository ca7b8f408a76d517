"""Artifacts of a run: read what its segments left, write a grouping. What a revision does not change is referenced again."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from chassis.domain.arrays import Floats, from_npy, to_npy
from chassis.s3.artifacts import RunManifests
from chassis.s3.storage import Storage
from contracts.blobs import BlobRef
from contracts.events import SegmentEmbedded
from contracts.rows import (
    ClusterCentroidsDocument,
    FaceRow,
    GroupingDoubts,
    IdentitiesDocument,
    ShotRow,
    TrackMetricsDocument,
    TrackRow,
)
from services.grouper.episode.documents import (
    SegmentTotals,
    cluster_centroids_document,
    doubts_document,
    identities_document,
    track_metrics_document,
)
from services.grouper.episode.edited_grouping import EditedGrouping, GroupingInput
from services.grouper.episode.identity_ids import RunIds
from services.grouper.rules import WarningRules
from services.grouper.store.runs import TRACK_ARTIFACTS
from services.grouper.tracks.joining import SegmentTracks, shift_embedding_rows


@dataclass(frozen=True, kw_only=True)
class RunArtifacts:
    """The segments of a run, read."""

    segments: list[SegmentTracks]
    faces: list[FaceRow]
    face_vectors: Floats
    detections: bytes


async def gather(storage: Storage, events: Sequence[SegmentEmbedded]) -> RunArtifacts:
    """Read all segments, one after the other, so that a long episode is never in memory twice."""
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
    return RunArtifacts(
        segments=segments,
        faces=faces,
        face_vectors=np.concatenate(vectors),
        detections=bytes(detections),
    )


def totals_of(events: Sequence[SegmentEmbedded], gathered: RunArtifacts) -> SegmentTotals:
    """Sums over the segments of a run."""
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


@dataclass(frozen=True, kw_only=True)
class RevisionHeader:
    """Which grouping is written."""

    ep_id: str
    run_id: str
    revision: int
    duration_s: float
    sample_period_s: float


def totals_in(document: TrackMetricsDocument) -> SegmentTotals:
    """The sums over the segments, as the grouping before noted them."""
    return SegmentTotals(
        detections=document.detections,
        analysed_frames=document.analysed_frames,
        decoded_frames=document.decoded_frames,
        stage_seconds=document.stage_seconds,
        stage_cpu_seconds=document.stage_cpu_seconds,
    )


async def write_grouping(
    storage: Storage,
    edition: RevisionHeader,
    edited: EditedGrouping,
    *,
    shots: Sequence[ShotRow],
    totals: SegmentTotals,
    rules: WarningRules,
) -> dict[str, BlobRef]:
    """Write what every revision has of its own: identities, cluster_centroids, track_metrics, doubts."""
    names = {"ep_id": edition.ep_id, "run_id": edition.run_id}
    grouping = edited.grouping

    def documents() -> tuple[IdentitiesDocument, ClusterCentroidsDocument, TrackMetricsDocument, GroupingDoubts]:
        identities = identities_document(grouping, edited.faces, revision=edition.revision, **names)
        centroids = cluster_centroids_document(grouping, **names)
        return (
            identities,
            centroids,
            track_metrics_document(
                grouping, edited.faces, shots, totals, duration_s=edition.duration_s, rules=rules, **names
            ),
            doubts_document(edited, identities, centroids, sample_period_s=edition.sample_period_s),
        )

    identities, centroids, summary, doubts = await asyncio.to_thread(documents)
    target = manifests_of(storage, edition)
    written = await asyncio.gather(
        target.put_document("clusters.json", identities),
        target.put_document("cluster_centroids.json", centroids),
        target.put_document("track_metrics.json", summary),
        target.put_document("doubts.json", doubts),
    )
    return dict(zip(("identities", "cluster_centroids", "track_metrics", "doubts"), written, strict=True))


async def write_tracks(storage: Storage, edition: RevisionHeader, edited: EditedGrouping) -> dict[str, BlobRef]:
    """Write what changes only where tracks are cut: tracks, tracks_npy, faces."""
    target, grouping = manifests_of(storage, edition), edited.grouping
    written = await asyncio.gather(
        target.put_rows("tracks.jsonl", grouping.tracks, schema="TrackRow"),
        target.put("tracks.npy", to_npy(grouping.tracks_npy)),
        target.put_rows("faces.jsonl", edited.faces),
    )
    return dict(zip(TRACK_ARTIFACTS, written, strict=True))


async def write_base(
    storage: Storage,
    edition: RevisionHeader,
    ground: GroupingInput,
    gathered: RunArtifacts,
    artifacts: Mapping[str, BlobRef],
    *,
    is_cut: bool,
) -> tuple[dict[str, BlobRef], dict[str, BlobRef]]:
    """Write what stays the same in all revisions: detections, shots, faces_npy; and what each of them begins with.

    That is among the grouping's own `artifacts`, unless that is cut already.
    """
    target, joined = manifests_of(storage, edition), ground.joined
    lasting = {
        "detections": await target.put("detections.jsonl", gathered.detections, schema="DetectionRow"),
        "shots": await target.put_rows("shots.jsonl", joined.shots),
        "faces_npy": await target.put("faces.npy", to_npy(gathered.face_vectors)),
    }
    if not is_cut:
        return lasting, {name: artifacts[name] for name in TRACK_ARTIFACTS}
    vectors = [vector for vector in joined.vectors if vector is not None]
    matrix = np.stack(vectors) if vectors else np.zeros((0, 0), dtype=np.float32)
    base = {
        "tracks": await target.put_rows("joined_tracks.jsonl", joined.tracks, schema="TrackRow"),
        "tracks_npy": await target.put("joined_tracks.npy", to_npy(matrix)),
        "faces": await target.put_rows("joined_faces.jsonl", gathered.faces),
    }
    return lasting, base


async def write_ids(storage: Storage, edition: RevisionHeader, ids: RunIds) -> BlobRef:
    """Write who the machine's people are."""
    return await manifests_of(storage, edition).put_document("identity_ids.json", ids)


def manifests_of(storage: Storage, edition: RevisionHeader) -> RunManifests:
    return RunManifests(storage, edition.ep_id, edition.run_id, revision=edition.revision)
