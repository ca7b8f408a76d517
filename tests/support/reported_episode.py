"""An episode with screen-time revisions, manifests and pictures in real stores, without having run any stage."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import numpy as np

from chassis.domain.arrays import to_npy
from chassis.domain.crop_archive import chip_member, encode_jpeg, pack_crops, thumbnail_member
from chassis.domain.visibility import VisibilityRules
from chassis.mongo.database import Database
from chassis.s3.artifacts import ArtifactFolder, RunManifests
from chassis.s3.storage import Storage
from contracts.blobs import BlobRef
from contracts.events import ScreenTimeReported, VisibleSeconds
from contracts.ids import face_id, show_of
from contracts.rows import (
    ClusterCentroid,
    ClusterCentroidsDocument,
    FaceQuality,
    FaceRow,
    GroupingMetrics,
    IdentitiesDocument,
    Identity,
    Interval,
    ScreenTimeDocument,
    ShotRow,
    TrackMetricsDocument,
    TrackRow,
)
from services.identity.exports.tables import to_csv_bytes, to_json_bytes, to_parquet_bytes
from services.identity.rules import IdentityThresholds
from services.identity.screentime.inputs import EpisodeRun, Named, Seen
from services.identity.screentime.screentime import compute_screen_time
from tests.unit.identity.builders import MIDDLE, MODEL, make_identity, make_link, make_track, person_vector

RULES = IdentityThresholds()

EP = "the-office-s01e02"
RUN = "01JCZ5M7Q8XG3V4B2N1K0H9F8D"
DURATION_S = 60.0
FPS = 25
NAMES = {"ada": "Ada Marsh", "bo": "Bo & <Lind>"}
STARTED = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
FACES_A_TRACK = 4
BETTER_FRAME = 2
"""Every track's third face is its sharpest."""


@dataclass(frozen=True, kw_only=True)
class ReportedEpisode:
    ep_id: str
    run_id: str
    documents: tuple[ScreenTimeDocument, ...]
    tracks: tuple[TrackRow, ...]
    faces: tuple[FaceRow, ...]


async def report_episode(
    database: Database,
    storage: Storage,
    *,
    ep_id: str = EP,
    run_id: str = RUN,
    revisions: int = 2,
    decoded_frames: int = round(DURATION_S * FPS),
    names: Mapping[str, str] = NAMES,
    without: Interval = (0.0, 0.0),
) -> ReportedEpisode:
    """Ada has two tracks, Bo one, a stranger one; from the second revision on Bo counts for Ada's second track too.

    All look the same every quarter second; `without` is a stretch that is left out, and as much black follows at the end.
    """
    tracks = tuple(
        track.model_copy(update={"ep_id": ep_id})
        for track in (
            make_track(1, 0.0, 10.0, row=0),
            make_track(2, 20.0, 30.0, row=1),
            make_track(3, 5.0, 25.0, row=2),
            make_track(4, 40.0, 50.04, row=3),
        )
    )
    faces = await _faces(storage, ep_id, run_id, tracks)
    documents: list[ScreenTimeDocument] = []
    for revision in range(1, revisions + 1):
        identities, owners = _grouping(tracks, revision)
        document = compute_screen_time(
            EpisodeRun(ep_id=ep_id, run_id=run_id, revision=revision, duration_s=DURATION_S),
            Seen(tracks=tracks, shots=()),
            Named(
                identities=identities,
                links=[make_link(number, cast_id) for number, cast_id in owners.items()],
                cast_names=names,
            ),
            previous=documents[-1] if documents else None,
            rules=RULES.screen_time,
            visibility=VisibilityRules(),
        )
        manifests = await _manifests(storage, document, identities, tracks, faces, decoded_frames)
        shots = RunManifests(storage, ep_id, run_id, revision=revision)
        manifests["shots.jsonl"] = await shots.put_rows("shots.jsonl", [_looking(without)])
        await _save(database, document, manifests)
        documents.append(document)
    return ReportedEpisode(ep_id=ep_id, run_id=run_id, documents=tuple(documents), tracks=tracks, faces=faces)


def _grouping(tracks: tuple[TrackRow, ...], revision: int) -> tuple[list[Identity], dict[int, str]]:
    if revision == 1:
        people = [make_identity(1, tracks[0], tracks[1]), make_identity(2, tracks[2]), make_identity(3, tracks[3])]
    else:
        people = [make_identity(1, tracks[0]), make_identity(2, tracks[2], tracks[1]), make_identity(3, tracks[3])]
    return people, {1: "ada", 2: "bo"}


def _looking(without: Interval) -> ShotRow:
    """One shot in which no picture is like another."""
    times = [number / 4 for number in range(round(4 * DURATION_S))]
    shown = [time for time in times if not without[0] <= time < without[1]]
    looks = [hashlib.sha256(f"{time}".encode()).hexdigest()[:32] for time in shown]
    looks += ["0" * 32] * (len(times) - len(shown))
    return ShotRow(
        shot_id="shot-00000-000",
        segment=0,
        start_s=0.0,
        end_s=DURATION_S,
        starts_with="start",
        ends_with="end",
        looks="".join(looks),
    )


async def _faces(storage: Storage, ep_id: str, run_id: str, tracks: tuple[TrackRow, ...]) -> tuple[FaceRow, ...]:
    """Faces of every track, with pictures whose brightness is their number."""
    rng = np.random.default_rng(7)
    pictures: dict[str, bytes] = {}
    rows: list[FaceRow] = []
    for track in tracks:
        for number in range(FACES_A_TRACK):
            frame = number * 10
            for name, side in ((chip_member, 150), (thumbnail_member, 200)):
                picture = rng.integers(0, 255, (side, side, 3), dtype=np.uint8)
                pictures[name(track.track_id, frame)] = encode_jpeg(picture, quality=80)
            sharp = 0.9 if number == BETTER_FRAME else 0.3
            rows.append(
                FaceRow(
                    ep_id=ep_id,
                    segment=0,
                    face_id=face_id(track.track_id, frame),
                    track_id=track.track_id,
                    frame_idx=frame,
                    ts_s=track.start_s + number,
                    bbox=MIDDLE,
                    landmarks=(0.45, 0.3, 0.55, 0.3, 0.5, 0.35, 0.46, 0.42, 0.54, 0.42),
                    conf=0.9,
                    quality=FaceQuality(
                        score=sharp, confidence=0.9, size=0.5, sharpness=sharp, contrast=0.5, frontality=sharp
                    ),
                    crop=chip_member(track.track_id, frame),
                    thumbnail=thumbnail_member(track.track_id, frame),
                    embedding_row=len(rows),
                    model_id=MODEL,
                )
            )
    folder = ArtifactFolder(storage, "segments", ep_id, run_id, "00000")
    archive = await folder.put("crops.zip", pack_crops(pictures.items()))
    return tuple(
        row.model_copy(update={"crop": f"{archive.uri}#{row.crop}", "thumbnail": f"{archive.uri}#{row.thumbnail}"})
        for row in rows
    )


async def _manifests(
    storage: Storage,
    document: ScreenTimeDocument,
    identities: list[Identity],
    tracks: tuple[TrackRow, ...],
    faces: tuple[FaceRow, ...],
    decoded_frames: int,
) -> dict[str, BlobRef]:
    ep_id, run_id = document.episode_id, document.run_id
    target = RunManifests(storage, ep_id, run_id, revision=document.revision)
    vectors = np.stack([person_vector(1, off=0.01 * number) for number in range(len(faces))])
    people = IdentitiesDocument(
        ep_id=ep_id,
        run_id=run_id,
        revision=document.revision,
        identities=tuple(identities),
        metrics=GroupingMetrics(
            tracks=len(tracks),
            clusters=len(identities),
            unassigned_tracks=0,
            rescued_tracks=0,
            singleton_fraction=0.0,
            largest_fraction=0.5,
        ),
    )
    centroids = ClusterCentroidsDocument(
        ep_id=ep_id,
        run_id=run_id,
        centroids=tuple(
            ClusterCentroid(
                identity_id=one.identity_id,
                centroid=tuple(float(value) for value in vectors[0]),
                members=1,
                model_id=MODEL,
                dimension=vectors.shape[1],
            )
            for one in identities
        ),
    )
    metrics = TrackMetricsDocument(
        ep_id=ep_id,
        run_id=run_id,
        duration_s=DURATION_S,
        tracks=len(tracks),
        tracks_per_minute=len(tracks),
        short_track_fraction=0.0,
        shots=1,
        faces_per_track=FACES_A_TRACK,
        detections=len(faces),
        analysed_frames=480,
        decoded_frames=decoded_frames,
    )
    return {
        "identities.json": await target.put_document("identities.json", people),
        "cluster_centroids.json": await target.put_document("cluster_centroids.json", centroids),
        "track_metrics.json": await target.put_document("track_metrics.json", metrics),
        "tracks.jsonl": await target.put_rows("tracks.jsonl", tracks),
        "faces.jsonl": await target.put_rows("faces.jsonl", faces),
        "faces.npy": await target.put("faces.npy", to_npy(vectors)),
        "screen_time.json": await target.put("screen_time.json", to_json_bytes(document)),
        "screen_time.csv": await target.put("screen_time.csv", to_csv_bytes(document)),
        "screen_time.parquet": await target.put("screen_time.parquet", to_parquet_bytes(document)),
        "report.html": await target.put("report.html", b"<!doctype html><title>report</title>"),
    }


async def _save(database: Database, document: ScreenTimeDocument, manifests: dict[str, BlobRef]) -> None:
    event = ScreenTimeReported(
        ep_id=document.episode_id,
        run_id=document.run_id,
        revision=document.revision,
        duration_s=document.duration_s,
        report=manifests["report.html"],
        manifests=manifests,
        cast=tuple(
            VisibleSeconds(cast_id=row.cast_id, name=row.name, visible_s=row.visible_s) for row in document.cast
        ),
        unidentified=len(document.unidentified),
        warnings=document.warnings,
        warning_details=document.warning_details,
    )
    await database["screen_time"].insert_one(
        {
            "_id": f"{document.run_id}/{document.revision:05d}",
            "ep_id": document.episode_id,
            "run_id": document.run_id,
            "revision": document.revision,
            "grouping_revision": document.revision,
            "document": document.model_dump(mode="json"),
            "cast_linked": [],
            "event": event.model_dump(mode="json", by_alias=True),
            "created_at": STARTED + timedelta(minutes=document.revision),
        }
    )
    await database["identities"].update_one(
        {"_id": document.episode_id},
        {
            "$set": {
                "show": show_of(document.episode_id),
                "run_id": document.run_id,
                "revision": document.revision,
                "links": [],
                "named": sorted(row.cast_id for row in document.cast),
            }
        },
        upsert=True,
    )
