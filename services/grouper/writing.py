"""Writing the artifacts of a grouping. What a new revision does not change is referenced again."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from chassis.arrays import to_npy
from chassis.artifacts import RunManifests
from chassis.storage import Storage, encode_rows
from contracts.blobs import BlobRef
from contracts.rows import FaceRow, ShotRow, TrackMetricsDocument
from services.grouper.assembly import (
    SegmentTotals,
    cluster_centroids_document,
    identities_document,
    track_metrics_document,
)
from services.grouper.regrouping import Edited
from services.grouper.thresholds import WarningRules


@dataclass(frozen=True, kw_only=True)
class Edition:
    """Which grouping is written."""

    ep_id: str
    run_id: str
    revision: int
    duration_s: float


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
    edition: Edition,
    edited: Edited,
    *,
    shots: Sequence[ShotRow],
    totals: SegmentTotals,
    rules: WarningRules,
) -> dict[str, BlobRef]:
    """Write what every revision has of its own: tracks, tracks_npy, identities, cluster_centroids, track_metrics."""
    names = {"ep_id": edition.ep_id, "run_id": edition.run_id}
    grouping = edited.grouping
    identities = identities_document(grouping, edited.faces, revision=edition.revision, **names)
    summary = track_metrics_document(
        grouping, edited.faces, shots, totals, duration_s=edition.duration_s, rules=rules, **names
    )
    target = manifests_of(storage, edition)
    return {
        "tracks": await target.put("tracks.jsonl", encode_rows(grouping.tracks), schema="TrackRow"),
        "tracks_npy": await target.put("tracks.npy", to_npy(grouping.tracks_npy)),
        "identities": await target.put_document("clusters.json", identities),
        "cluster_centroids": await target.put_document(
            "cluster_centroids.json", cluster_centroids_document(grouping, **names)
        ),
        "track_metrics": await target.put_document("track_metrics.json", summary),
    }


async def write_faces(storage: Storage, edition: Edition, faces: Sequence[FaceRow], *, name: str = "faces") -> BlobRef:
    """Write the faces: once per run, and again where cut tracks give theirs to their parts."""
    return await manifests_of(storage, edition).put_rows(f"{name}.jsonl", faces)


def manifests_of(storage: Storage, edition: Edition) -> RunManifests:
    return RunManifests(storage, edition.ep_id, edition.run_id, revision=edition.revision)
