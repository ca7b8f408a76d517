"""The faces of an episode's people and tracks, with where their pictures are."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping, Sequence

import numpy as np
from pydantic import BaseModel

from chassis.cache import Latest
from chassis.domain.arrays import Floats
from chassis.domain.crop_archive import decode_jpeg, encode_jpeg
from chassis.errors import NotFound
from chassis.s3.names import get_artifact_path
from chassis.s3.storage import Storage
from contracts.blobs import Sha256
from contracts.ids import FaceId, IdentityId, ShotId, Slug, TrackId
from contracts.rows import (
    Box,
    ClusterCentroidsDocument,
    FaceQuality,
    FaceRow,
    IdentitiesDocument,
    Identity,
    TrackRow,
)
from services.identity.faces.contact_sheet import Pixels, SheetSize, draw_sheet, sheet_name
from services.identity.faces.crop_refs import PictureKey, picture_token
from services.identity.faces.sprites import Sprite
from services.identity.faces.track_reps import (
    TrackQuality,
    compute_track_quality,
    is_usable,
    select_representative_frames,
)
from services.identity.media.crop_urls import KIND, CropUrls, PictureUrls
from services.identity.media.picture_files import PictureFiles
from services.identity.queries.revisions import ScreenTimeReports
from services.identity.rules import RepresentativeRules
from services.identity.store.revisions import Report

SHEET_QUALITY = 88
FACES = "faces.jsonl"


class Face(BaseModel):
    """A sampled face. `crop` and `thumbnail` are names for `POST /media/{ep_id}/urls`, `picture` is what shows it at
    `/media/{ep_id}/pictures/{picture}`.
    """

    face_id: FaceId
    track_id: TrackId
    t_s: float
    bbox: Box
    confidence: float
    quality: FaceQuality
    usable: bool
    crop: str
    thumbnail: str | None
    picture: str | None = None

    @classmethod
    def of(cls, row: FaceRow) -> Face:
        return cls(
            face_id=row.face_id,
            track_id=row.track_id,
            t_s=row.ts_s,
            bbox=row.bbox,
            confidence=row.conf,
            quality=row.quality,
            usable=is_usable(row),
            crop=row.crop,
            thumbnail=row.thumbnail,
            picture=picture_token(row.thumbnail or row.crop),
        )


class Representatives(BaseModel):
    """The faces that show a person best, the best first."""

    identity_id: IdentityId
    revision: int
    cast_id: Slug | None
    label: str | None
    tracks: int
    faces: int
    representatives: tuple[Face, ...]


class TrackFaces(BaseModel):
    """A track, how good its faces are, and the faces in order of time."""

    track_id: TrackId
    revision: int
    identity_id: IdentityId | None
    shot_id: ShotId
    start_s: float
    end_s: float
    detections: int
    mean_size: float
    rejection: str | None
    quality: TrackQuality
    faces: tuple[Face, ...]


class ContactSheet(BaseModel):
    """One JPEG with a person's best faces in order of time, row by row; fetch it within `expires_s` seconds."""

    url: str
    expires_s: int
    sha256: Sha256
    bytes: int
    width_px: int
    height_px: int
    columns: int
    faces: tuple[Face, ...]


class FaceSprite(Sprite):
    """A sheet of one person's faces; `faces` are those in its cells."""

    identity_id: IdentityId
    faces: tuple[Face, ...]


class FaceQueries:
    """Looks up faces in the manifests of the current revision."""

    def __init__(
        self,
        reports: ScreenTimeReports,
        pictures: CropUrls,
        files: PictureFiles,
        storage: Storage,
        rules: RepresentativeRules,
    ) -> None:
        self._reports = reports
        self._pictures = pictures
        self._files = files
        self._storage = storage
        self._rules = rules
        self._index = FaceIndex()

    async def representatives(self, ep_id: str, identity_id: str, *, count: int) -> Representatives:
        """Up to `count` faces of a person.

        Raises:
            NotFound: `no_screen_time`, `unknown_identity`, `manifest_missing`.
        """
        report = await self._reports.find(ep_id)
        identity = await self._identity(report, identity_id)
        own, best = await self._best(report, identity, count)
        return Representatives(
            identity_id=identity.identity_id,
            revision=report.event.revision,
            cast_id=identity.cast_id,
            label=identity.label,
            tracks=len(identity.track_ids),
            faces=len(own),
            representatives=tuple(Face.of(row) for row in best),
        )

    async def best(self, ep_id: str, identity_id: str, *, count: int) -> tuple[FaceRow, ...]:
        """The faces that show a person best, usable ones only; raises as `representatives`."""
        report = await self._reports.find(ep_id)
        _, best = await self._best(report, await self._identity(report, identity_id), count)
        return tuple(face for face in best if is_usable(face))

    async def usable(self, ep_id: str, identity_id: str) -> tuple[FaceRow, ...]:
        """Every face of a person that is good enough to recognise them by; raises as `representatives`."""
        report = await self._reports.find(ep_id)
        identity, faces = await self._identity(report, identity_id), await self._faces(report)
        return tuple(face for track in identity.track_ids for face in faces.get(track, ()) if is_usable(face))

    async def track(self, ep_id: str, track_id: str) -> TrackFaces:
        """A track with its sampled faces.

        Raises:
            NotFound: `no_screen_time`, `unknown_track`, `manifest_missing`.
        """
        report = await self._reports.find(ep_id)
        tracks, faces, people = await asyncio.gather(
            self._reports.rows(report, "tracks.jsonl", TrackRow),
            self._faces(report),
            self._reports.opened(report, "identities.json", IdentitiesDocument),
        )
        row = next((row for row in tracks if row.track_id == track_id), None)
        if row is None:
            raise NotFound("unknown_track", f"{ep_id} has no {track_id}: take one from the members of a cluster.")
        own = faces.get(track_id, ())
        owner = next((one.identity_id for one in people.identities if track_id in one.track_ids), None)
        return TrackFaces(
            track_id=row.track_id,
            revision=report.event.revision,
            identity_id=owner,
            shot_id=row.shot_id,
            start_s=row.start_s,
            end_s=row.end_s,
            detections=row.detections,
            mean_size=row.mean_size,
            rejection=row.rejection,
            quality=compute_track_quality(own),
            faces=tuple(Face.of(face) for face in own),
        )

    async def picture_urls(self, ep_id: str, names: Sequence[str]) -> PictureUrls:
        """Short-lived URLs of pictures of an episode that has a screen time.

        Raises:
            NotFound: `no_screen_time`, `unknown_picture`.
        """
        await self._reports.find(ep_id)
        return await self._pictures.urls(ep_id, names)

    async def contact_sheet(self, ep_id: str, identity_id: str, *, columns: int, count: int) -> ContactSheet:
        """A sheet of a person's best faces; drawn once, then found again.

        Raises:
            NotFound: `no_screen_time`, `unknown_identity`, `manifest_missing`, `no_pictures`, `unknown_picture`.
        """
        report = await self._reports.find(ep_id)
        _, best = await self._best(report, await self._identity(report, identity_id), count)
        if not best:
            raise NotFound("no_pictures", f"No face of {identity_id} was kept: look at its tracks in the video.")
        shown = sorted(best, key=lambda face: face.ts_s)
        keys = self._pictures.keys(ep_id, [face.thumbnail or face.crop for face in shown])
        name = sheet_name([f"{key.digest} {key.name}" for key in keys], columns=columns)
        place = get_artifact_path(KIND, ep_id, "sheets", name)
        found = await self._storage.find(place)
        if found is None or found[1] is None:
            pictures = await self._pictures.read(ep_id, keys)
            data = await asyncio.to_thread(_draw, keys, pictures, [face.ts_s for face in shown], columns)
            ref = await self._storage.put(place, data)
            found = ref.bytes, ref.sha256
        size = SheetSize.of(len(shown), columns=columns)
        return ContactSheet(
            url=await self._pictures.url(place),
            expires_s=self._pictures.expires_s,
            sha256=str(found[1]),
            bytes=found[0],
            width_px=size.width_px,
            height_px=size.height_px,
            columns=size.columns,
            faces=tuple(Face.of(face) for face in shown),
        )

    async def sprite(self, ep_id: str, identity_id: str, *, count: int, cell_px: int) -> FaceSprite:
        """A sheet of a person's best faces, the best first; raises as `contact_sheet`."""
        report = await self._reports.find(ep_id)
        _, best = await self._best(report, await self._identity(report, identity_id), count)
        shown = [face for row in best if (face := Face.of(row)).picture is not None]
        if not shown:
            raise NotFound("no_pictures", f"No face of {identity_id} was kept: look at its tracks in the video.")
        made = await self._files.make_sprite(ep_id, [str(face.picture) for face in shown], cell_px=cell_px)
        return FaceSprite(**made.model_dump(), identity_id=identity_id, faces=tuple(shown))

    async def _faces(self, report: Report) -> FacesOfTracks:
        rows = await self._reports.rows(report, FACES, FaceRow)
        return self._index.of(report.manifests[FACES].sha256, rows)

    async def _identity(self, report: Report, identity_id: str) -> Identity:
        people = await self._reports.opened(report, "identities.json", IdentitiesDocument)
        for one in people.identities:
            if one.identity_id == identity_id:
                return one
        raise NotFound("unknown_identity", f"{report.event.ep_id} has no {identity_id}: GET its identities for those.")

    async def _best(self, report: Report, identity: Identity, count: int) -> tuple[list[FaceRow], tuple[FaceRow, ...]]:
        """All faces of a person, and those that show them best."""
        faces, vectors, centroids = await asyncio.gather(
            self._faces(report),
            self._reports.array(report, "faces.npy"),
            self._reports.opened(report, "cluster_centroids.json", ClusterCentroidsDocument),
        )
        own = [face for track_id in dict.fromkeys(identity.track_ids) for face in faces.get(track_id, ())]
        centre = _centre(centroids, identity.identity_id, vectors)
        best = await asyncio.to_thread(
            select_representative_frames, own, vectors=vectors, centroid=centre, count=count, rules=self._rules
        )
        return own, best


def _centre(document: ClusterCentroidsDocument, identity_id: str, vectors: Floats) -> Floats | None:
    """The person's centroid [D], None where there is none in the space of the vectors."""
    for one in document.centroids:
        if one.identity_id == identity_id and vectors.ndim == 2 and len(one.centroid) == vectors.shape[1]:
            return np.asarray(one.centroid, dtype=np.float32)
    return None


def _draw(keys: Sequence[PictureKey], pictures: dict[PictureKey, bytes], times: Sequence[float], columns: int) -> bytes:
    squares = [(_decoded(pictures[key]), time) for key, time in zip(keys, times, strict=True)]
    return encode_jpeg(draw_sheet(squares, columns=columns), quality=SHEET_QUALITY)


def _decoded(data: bytes) -> Pixels | None:
    try:
        return decode_jpeg(data)
    except ValueError:
        return None


_MOST_EPISODES = 4

FacesOfTracks = Mapping[str, tuple[FaceRow, ...]]


class FaceIndex:
    """Indexes of the `faces.jsonl` that were asked for last, by the file's sha256. What it returns is shared."""

    def __init__(self) -> None:
        self._kept: Latest[str, FacesOfTracks] = Latest(_MOST_EPISODES)

    def of(self, sha256: str, rows: Iterable[FaceRow]) -> FacesOfTracks:
        """Track id -> its faces in order of time; tracks without a face are missing."""
        known = self._kept.get(sha256)
        return known if known is not None else self._kept.put(sha256, by_track(rows))


def by_track(rows: Iterable[FaceRow]) -> FacesOfTracks:
    found: dict[str, list[FaceRow]] = {}
    for row in rows:
        found.setdefault(row.track_id, []).append(row)
    return {track: tuple(sorted(faces, key=lambda face: (face.ts_s, face.face_id))) for track, faces in found.items()}
