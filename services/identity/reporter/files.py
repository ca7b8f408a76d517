"""The files of a revision: what a grouping left, read; what a report says, written."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from functools import partial

from chassis.s3.artifact_reader import ArtifactReader
from chassis.s3.artifacts import RunManifests
from chassis.s3.storage import Storage
from contracts.blobs import BlobRef
from contracts.events import EpisodeGrouped, ScreenTimeReported
from contracts.rows import (
    CastLinksDocument,
    ClusterCentroidsDocument,
    FaceRow,
    IdentitiesDocument,
    ShotRow,
    TrackMetricsDocument,
    TrackRow,
)
from contracts.warnings import noted
from services.identity.exports.tables import to_csv_bytes, to_json_bytes, to_parquet_bytes
from services.identity.media.thumbnails import Thumbnails
from services.identity.queries.revisions import FILES
from services.identity.recognition import Grouping, Recognition
from services.identity.report import render_report

PASSED_ON = (
    ("detections", "detections.jsonl"),
    ("shots", "shots.jsonl"),
    ("tracks", "tracks.jsonl"),
    ("faces", "faces.jsonl"),
    ("faces_npy", "faces.npy"),
    ("tracks_npy", "tracks.npy"),
    ("cluster_centroids", "cluster_centroids.json"),
    ("track_metrics", "track_metrics.json"),
)
"""Artifacts of the grouping that are manifests as they are."""


class RevisionFiles:
    """Reads and writes them. Files are written before anything names them, and never changed."""

    def __init__(self, storage: Storage, reader: ArtifactReader) -> None:
        self._storage = storage
        self._reader = reader
        self._thumbnails = Thumbnails(storage)

    async def read(self, event: EpisodeGrouped) -> Grouping:
        """The grouping that an event speaks of."""
        reader, artifacts = self._reader, event.artifacts
        identities, centroids = await asyncio.gather(
            reader.document(artifacts["identities"], IdentitiesDocument),
            reader.document(artifacts["cluster_centroids"], ClusterCentroidsDocument),
        )
        return Grouping(
            duration_s=event.duration_s,
            tracks=await reader.rows(artifacts["tracks"], TrackRow),
            shots=await reader.rows(artifacts["shots"], ShotRow),
            faces=await reader.rows(artifacts["faces"], FaceRow),
            face_vectors=await reader.array(artifacts["faces_npy"]),
            track_vectors=await reader.array(artifacts["tracks_npy"]),
            identities=identities,
            centroids=centroids,
            problems=event.warnings or noted(event.problems),
            starts_at_s=event.starts_at_s,
            timecode=event.timecode,
        )

    async def write(
        self, event: EpisodeGrouped, grouping: Grouping, recognition: Recognition, revision: int
    ) -> dict[str, BlobRef]:
        """Write every manifest of this revision; name -> reference."""
        target = RunManifests(self._storage, event.ep_id, event.run_id, revision=revision)
        document, identities = recognition.screen_time, recognition.identities
        links = CastLinksDocument(ep_id=event.ep_id, run_id=event.run_id, revision=revision, links=recognition.links)
        shown = [one.representative for one in identities.identities if one.representative is not None]
        page = partial(
            render_report,
            document=document,
            title=document.episode_id,
            shots=grouping.shots,
            thumbnails=await self._thumbnails.of(shown),
            metrics=await self._reader.document(event.artifacts["track_metrics"], TrackMetricsDocument),
            conflicts=recognition.conflicts,
        )

        async def put(name: str, encode: Callable[[], bytes], *, schema: str | None = None) -> BlobRef:
            return await target.put(name, await asyncio.to_thread(encode), schema=schema)

        written = await asyncio.gather(
            target.put_document("identities.json", identities),
            target.put_document("cast_links.json", links),
            put("screen_time.json", partial(to_json_bytes, document), schema="ScreenTimeDocument"),
            put("screen_time.csv", partial(to_csv_bytes, document)),
            put("screen_time.parquet", partial(to_parquet_bytes, document)),
            put("report.html", lambda: page().encode()),
        )
        own = ("identities.json", "cast_links.json", *FILES.values())
        passed_on = {name: event.artifacts[artifact] for artifact, name in PASSED_ON}
        return passed_on | dict(zip(own, written, strict=True))

    async def identities(self, reported: ScreenTimeReported) -> IdentitiesDocument:
        """The identities as a revision names them."""
        return await self._reader.document(reported.manifests["identities.json"], IdentitiesDocument)

    async def make_current(self, reported: ScreenTimeReported, *, before: ScreenTimeReported | None) -> None:
        """Make a revision's manifests the episode's current ones, but for those that the one before made so already."""
        target = RunManifests(self._storage, reported.ep_id, reported.run_id, revision=reported.revision)
        known = before.manifests if before else {}
        await target.make_current({name: ref for name, ref in reported.manifests.items() if known.get(name) != ref})
