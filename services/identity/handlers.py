"""Events in, domain calls, events out."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime

from chassis.arrays import from_npy
from chassis.artifacts import RunManifests
from chassis.bus import Origin
from chassis.crops import read_picture
from chassis.inference import Inference
from chassis.service import Resources
from chassis.storage import Storage
from contracts.blobs import BlobRef
from contracts.events import CastLinked, EpisodeGrouped, EpisodeProgress, Event, ScreenTimeReported, VisibleSeconds
from contracts.ids import show_of
from contracts.rows import (
    CastLinksDocument,
    ClusterCentroidsDocument,
    FaceRow,
    IdentitiesDocument,
    ShotRow,
    TrackMetricsDocument,
    TrackRow,
)
from services.identity.calibration import Calibration
from services.identity.exports import to_csv_bytes, to_json_bytes, to_parquet_bytes
from services.identity.recognition import Facebank, Grouping, Recognition, recognise
from services.identity.report import render_report
from services.identity.settings import IdentitySettings
from services.identity.store import FacebankStore, IdentityStore

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


class IdentityHandlers:
    """What identity does when an episode was grouped."""

    def __init__(self, resources: Resources[IdentitySettings], store: IdentityStore, facebanks: FacebankStore) -> None:
        self._resources = resources
        self._store = store
        self._facebanks = facebanks

    async def episode_grouped(self, event: EpisodeGrouped, _origin: Origin) -> list[Event]:
        """Name the people, compute their screen time, write the manifests and tell subscribers."""
        before = await self._store.reported(event.run_id, event.revision)
        if before is None:
            before = await self._report(event)
        links, reported = before
        return [*links, reported, progress_of(event)]

    async def _report(self, event: EpisodeGrouped) -> tuple[list[CastLinked], ScreenTimeReported]:
        storage = self._resources.storage
        grouping = await self._read(event)
        revision, previous = await self._store.next_revision(event.ep_id, event.run_id)
        at = datetime.now(UTC).isoformat(timespec="seconds")
        confirmed = await self._store.confirmed_links(event.ep_id)
        show = show_of(event.ep_id)
        facebank = Facebank(
            names=await self._facebanks.members(show), references=await self._facebanks.references(show)
        )
        served = await self._resources.require_inference().models()
        recognition = await asyncio.to_thread(
            recognise,
            grouping,
            facebank,
            revision=revision,
            calibration=await calibration_of(self._resources.require_inference()),
            dimension=served.embedder.dimension,
            confirmed=confirmed,
            previous=previous,
            models={"face_detector": served.detector.model_id, "face_embedder": served.embedder.model_id},
            link_event_ids={
                identity.identity_id: _link_event_id(event, identity.identity_id, revision)
                for identity in grouping.identities.identities
            },
            at=at,
            representatives=self._resources.settings.representatives,
            rules=self._resources.settings.recognition,
        )
        manifests = await self._write(event, grouping, recognition, revision)
        links = [
            CastLinked(
                ep_id=event.ep_id,
                run_id=event.run_id,
                identity_id=link.identity_id,
                cast_id=link.cast_id,
                by=link.by,
                probability=link.probability,
                margin=link.margin,
                revision=revision,
            )
            for link in recognition.links
        ]
        document = recognition.screen_time
        reported = ScreenTimeReported(
            ep_id=event.ep_id,
            run_id=event.run_id,
            revision=revision,
            duration_s=document.duration_s,
            report=manifests["report.html"],
            manifests=manifests,
            cast=tuple(
                VisibleSeconds(cast_id=person.cast_id, name=person.name, visible_s=person.visible_s)
                for person in document.cast
            ),
            unidentified=len(document.unidentified),
            warnings=document.warnings,
        )
        await self._store.save(
            document,
            grouping_revision=event.revision,
            links=recognition.links,
            cast_linked=links,
            event=reported,
        )
        if await self._resources.fence.is_open(event.ep_id, event.run_id):
            await RunManifests(storage, event.ep_id, event.run_id, revision=revision).make_current(manifests)
        return links, reported

    async def _read(self, event: EpisodeGrouped) -> Grouping:
        storage, artifacts = self._resources.storage, event.artifacts
        return Grouping(
            duration_s=event.duration_s,
            tracks=await storage.get_rows(artifacts["tracks"], TrackRow),
            shots=await storage.get_rows(artifacts["shots"], ShotRow),
            faces=await storage.get_rows(artifacts["faces"], FaceRow),
            face_vectors=from_npy(await storage.get(artifacts["faces_npy"])),
            track_vectors=from_npy(await storage.get(artifacts["tracks_npy"])),
            identities=await storage.get_document(artifacts["identities"], IdentitiesDocument),
            centroids=await storage.get_document(artifacts["cluster_centroids"], ClusterCentroidsDocument),
            problems=event.problems,
        )

    async def _write(
        self, event: EpisodeGrouped, grouping: Grouping, recognition: Recognition, revision: int
    ) -> dict[str, BlobRef]:
        """Write every manifest of this revision; name -> reference."""
        storage = self._resources.storage
        target = RunManifests(storage, event.ep_id, event.run_id, revision=revision)
        document = recognition.screen_time
        thumbnails = await read_thumbnails(storage, recognition)
        metrics = await storage.get_document(event.artifacts["track_metrics"], TrackMetricsDocument)
        page = await asyncio.to_thread(
            render_report,
            document=document,
            title=document.episode_id,
            shots=grouping.shots,
            thumbnails=thumbnails,
            metrics=metrics,
            conflicts=recognition.conflicts,
        )
        links = CastLinksDocument(ep_id=event.ep_id, run_id=event.run_id, revision=revision, links=recognition.links)
        return {name: event.artifacts[artifact] for artifact, name in PASSED_ON} | {
            "identities.json": await target.put_document("identities.json", recognition.identities),
            "cast_links.json": await target.put_document("cast_links.json", links),
            "screen_time.json": await target.put(
                "screen_time.json", to_json_bytes(document), schema="ScreenTimeDocument"
            ),
            "screen_time.csv": await target.put("screen_time.csv", to_csv_bytes(document)),
            "screen_time.parquet": await target.put("screen_time.parquet", to_parquet_bytes(document)),
            "report.html": await target.put("report.html", page.encode()),
        }


async def calibration_of(inference: Inference) -> Calibration | None:
    """Calibration of the served embedder, None for one nobody has calibrated."""
    embedder = await inference.embedder()
    if embedder.calibration is None:
        return None
    return Calibration(
        model_id=embedder.model_id, midpoint=embedder.calibration.midpoint, scale=1.0 / embedder.calibration.slope
    )


async def read_thumbnails(storage: Storage, recognition: Recognition) -> dict[str, bytes]:
    """Thumbnail key -> JPEG of every identity's representative; each archive is read once."""
    wanted: dict[str, list[str]] = {}
    for identity in recognition.identities.identities:
        if identity.representative is not None:
            archive, _, member = identity.representative.rpartition("#")
            wanted.setdefault(archive, []).append(member)
    thumbnails: dict[str, bytes] = {}
    for archive, members in sorted(wanted.items()):
        data = await storage.read(archive)
        pictures = [read_picture(data, member) for member in members]
        thumbnails |= {f"{archive}#{member}": picture for member, picture in zip(members, pictures, strict=True)}
    return thumbnails


def _link_event_id(event: EpisodeGrouped, identity_id: str, revision: int) -> str:
    return CastLinked(
        ep_id=event.ep_id,
        run_id=event.run_id,
        identity_id=identity_id,
        cast_id=None,
        by="auto",
        probability=0.0,
        margin=0.0,
        revision=revision,
    ).event_id


def progress_of(event: EpisodeGrouped) -> EpisodeProgress:
    return EpisodeProgress(
        ep_id=event.ep_id, run_id=event.run_id, stage="identity", done=1, total=1, media_s=event.duration_s
    )
