"""Writing the artifacts of a grouping. What a new revision does not change is referenced again."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass

from chassis.arrays import to_npy
from chassis.artifacts import RunManifests
from chassis.storage import Storage
from contracts.blobs import BlobRef
from contracts.rows import ClusterCentroidsDocument, IdentitiesDocument, ShotRow, TrackMetricsDocument
from services.grouper.assembly import (
    SegmentTotals,
    cluster_centroids_document,
    identities_document,
    track_metrics_document,
)
from services.grouper.regrouping import Edited
from services.grouper.store import BASE
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
    """Write what every revision has of its own: identities, cluster_centroids, track_metrics."""
    names = {"ep_id": edition.ep_id, "run_id": edition.run_id}
    grouping = edited.grouping

    def documents() -> tuple[IdentitiesDocument, ClusterCentroidsDocument, TrackMetricsDocument]:
        return (
            identities_document(grouping, edited.faces, revision=edition.revision, **names),
            cluster_centroids_document(grouping, **names),
            track_metrics_document(
                grouping, edited.faces, shots, totals, duration_s=edition.duration_s, rules=rules, **names
            ),
        )

    identities, centroids, summary = await asyncio.to_thread(documents)
    target = manifests_of(storage, edition)
    written = await asyncio.gather(
        target.put_document("clusters.json", identities),
        target.put_document("cluster_centroids.json", centroids),
        target.put_document("track_metrics.json", summary),
    )
    return dict(zip(("identities", "cluster_centroids", "track_metrics"), written, strict=True))


async def write_tracks(storage: Storage, edition: Edition, edited: Edited) -> dict[str, BlobRef]:
    """Write what changes only where tracks are cut: tracks, tracks_npy, faces."""
    target, grouping = manifests_of(storage, edition), edited.grouping
    written = await asyncio.gather(
        target.put_rows("tracks.jsonl", grouping.tracks, schema="TrackRow"),
        target.put("tracks.npy", to_npy(grouping.tracks_npy)),
        target.put_rows("faces.jsonl", edited.faces),
    )
    return dict(zip(BASE, written, strict=True))


def manifests_of(storage: Storage, edition: Edition) -> RunManifests:
    return RunManifests(storage, edition.ep_id, edition.run_id, revision=edition.revision)
