"""Everything that is kept about one cast member, as files in one archive: the answer to a request for access."""

from __future__ import annotations

import json
import re
from collections.abc import AsyncIterator, Iterable, Mapping
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any

import numpy as np
from pydantic import BaseModel

from chassis.domain.crop_archive import read_picture
from chassis.errors import NotFound
from chassis.http.audit_log import AuditLog
from chassis.mongo.database import Database
from chassis.s3.artifact_reader import ArtifactReader
from chassis.s3.storage import ObjectMissing, Storage
from contracts.crops import by_archive
from contracts.rows import FaceRow, IdentitiesDocument, TrackRow
from services.identity.facebank.cast import Picture, Show
from services.identity.links.episode_links import EpisodeLinks
from services.identity.privacy.forget_links import is_named_in
from services.identity.store.facebank_requests import AnsweredRequests
from services.identity.store.facebanks import FacebankStore
from services.identity.store.links import LinkStore
from services.identity.store.revisions import Revision, RevisionStore

README = """What Screenalytics keeps about {name} ({cast_id}) in {show}, as of {at}.

person.json                 name, what was said of them, legal basis, reference pictures with their vectors, what was
                            said about pictures, calls of the API that named them
pictures/                   the reference pictures
episodes/EPISODE/
  screen_time.json          every stored revision: seconds, intervals, who was visible at the same time
  links.json                who said which face is theirs, when, and why
  tracks.json               where and when their face was followed, with the vectors computed from it
  faces.json                the sampled faces with boxes, landmarks, quality and vectors
  faces/                    the pictures of these faces

Vectors are lists of numbers computed from a face; `model_id` names the model that made them. Times are seconds from the
first frame, boxes and landmarks fractions of the picture. The videos themselves are not in here.
"""


class PersonalData:
    """Collects what is kept about a person, episode by episode."""

    def __init__(
        self,
        storage: Storage,
        database: Database,
        *,
        facebanks: FacebankStore,
        links: LinkStore,
        revisions: RevisionStore,
        reader: ArtifactReader,
    ) -> None:
        self._storage = storage
        self._requests = AnsweredRequests(database)
        self._audit = AuditLog(database)
        self._facebanks = facebanks
        self._links = links
        self._revisions = revisions
        self._reader = reader

    async def check(self, show: str, cast_id: str) -> None:
        """Raises NotFound `unknown_cast_member`."""
        await self._member(show, cast_id)

    async def files(self, show: str, cast_id: str) -> AsyncIterator[tuple[str, bytes]]:
        """Name and content of every file, one after the other.

        Raises:
            NotFound: `unknown_cast_member`.
        """
        bank = await self._member(show, cast_id)
        at = datetime.now(UTC).isoformat(timespec="seconds")
        name = bank.members[cast_id]
        yield "README.txt", README.format(name=name, cast_id=cast_id, show=show, at=at).encode()
        pictures = await self._facebanks.pictures(show, cast_id)
        yield "person.json", _json(await self._person(bank, cast_id, pictures, at))
        for picture in pictures:
            if picture.ref is not None and (content := await self._object(picture.ref.uri)) is not None:
                yield f"pictures/{_file_of(picture)}", content
        for ep_id in await self._links.episodes_of(show):
            async for file in self._episode(ep_id, cast_id):
                yield file

    async def _member(self, show: str, cast_id: str) -> Show:
        bank = await self._facebanks.show(show)
        if bank is None or cast_id not in bank.members:
            raise NotFound(
                "unknown_cast_member", f"{show} has no cast member {cast_id}: list the cast to see who there is."
            )
        return bank

    async def _person(self, bank: Show, cast_id: str, pictures: Iterable[Picture], at: str) -> dict[str, Any]:
        consent = bank.consents.get(cast_id)
        return {
            "show": bank.show,
            "cast_id": cast_id,
            "name": bank.members[cast_id],
            "details": bank.details[cast_id].model_dump(mode="json") if cast_id in bank.details else None,
            "legal_basis": consent.model_dump(mode="json") if consent else None,
            "exported_at": at,
            "reference_pictures": [
                {
                    "picture": one.reference.picture,
                    "file": f"pictures/{_file_of(one)}" if one.ref else None,
                    "filename": one.ref.filename if one.ref else None,
                    "quality": one.reference.quality,
                    "added_at": one.added_at.isoformat(timespec="seconds") if one.added_at else None,
                    "model_id": one.reference.model_id,
                    "face_of": asdict(one.source) if one.source else None,
                    "vector": one.reference.vector.tolist(),
                }
                for one in pictures
            ],
            "verdicts_on_pictures": await self._requests.of_member(bank.show, cast_id),
            "calls_of_the_api": await self._audit.of_cast_member(bank.show, cast_id),
        }

    async def _episode(self, ep_id: str, cast_id: str) -> AsyncIterator[tuple[str, bytes]]:
        """What one episode has of the person: of every revision the figures, of the current one faces and vectors."""
        episode = await self._links.load(ep_id, history=True)
        current = await self._revisions.last(ep_id, episode.run_id) if episode else None
        if episode is None or current is None:
            return
        figures = [_figures(one, cast_id) async for one in self._revisions.naming(ep_id, cast_id)]
        links = _links_of(episode, cast_id)
        if not figures and not any(links.values()):
            return
        yield f"episodes/{ep_id}/screen_time.json", _json(figures)
        yield f"episodes/{ep_id}/links.json", _json(links)
        async for file in self._faces(ep_id, cast_id, current):
            yield file

    async def _faces(self, ep_id: str, cast_id: str, current: Revision) -> AsyncIterator[tuple[str, bytes]]:
        manifests, reader = current.reported.manifests, self._reader
        people = await reader.document(manifests["identities.json"], IdentitiesDocument)
        theirs = {track for one in people.identities if one.cast_id == cast_id for track in one.track_ids}
        if not theirs:
            return
        tracks = [row for row in await reader.rows(manifests["tracks.jsonl"], TrackRow) if row.track_id in theirs]
        faces = [row for row in await reader.rows(manifests["faces.jsonl"], FaceRow) if row.track_id in theirs]
        track_vectors, face_vectors = (
            await reader.array(manifests["tracks.npy"]),
            await reader.array(manifests["faces.npy"]),
        )
        yield f"episodes/{ep_id}/tracks.json", _json([_with_vector(row, track_vectors) for row in tracks])
        yield f"episodes/{ep_id}/faces.json", _json([_with_vector(row, face_vectors) for row in faces])
        of_archive = by_archive(name for row in faces for name in (row.crop, row.thumbnail))
        for archive, members in sorted(of_archive.items()):
            content = await self._object(archive)
            for member in sorted(members) if content is not None else ():
                place = re.sub(r"[^A-Za-z0-9.-]+", "-", member)
                yield f"episodes/{ep_id}/faces/{place}", read_picture(content or b"", member)

    async def _object(self, uri: str) -> bytes | None:
        try:
            return await self._storage.read(uri)
        except ObjectMissing:
            return None


def _figures(revision: Revision, cast_id: str) -> dict[str, Any]:
    document = revision.document
    return {
        "run_id": document.run_id,
        "revision": document.revision,
        "screen_time": [row.model_dump(mode="json") for row in document.cast if row.cast_id == cast_id],
        "visible_with": [row.model_dump(mode="json") for row in document.co_appearance_s if cast_id in (row.a, row.b)],
        "sentences": [
            *document.warnings,
            *document.changes,
            *(document.signed_off.changes if document.signed_off else ()),
        ],
    }


def _links_of(episode: EpisodeLinks, cast_id: str) -> dict[str, list[Any]]:
    return {
        "links": [one.model_dump(mode="json") for one in episode.effective.links if one.cast_id == cast_id],
        "dismissed": [one.model_dump(mode="json") for one in episode.decided.dismissed if one.cast_id == cast_id],
        "history": [one.model_dump(mode="json") for one in episode.commands if is_named_in(one, cast_id)],
    }


def _with_vector(row: TrackRow | FaceRow, matrix: np.ndarray[Any, Any]) -> dict[str, Any]:
    place = row.embedding_row
    return row.model_dump(mode="json") | {"vector": None if place is None else matrix[place].tolist()}


def _file_of(picture: Picture) -> str:
    name = picture.ref.uri.rsplit("/", 1)[-1] if picture.ref else picture.reference.picture
    return re.sub(r"[^A-Za-z0-9._-]+", "-", name)[:120]


def _json(value: Mapping[str, Any] | list[Any] | BaseModel) -> bytes:
    return json.dumps(value, ensure_ascii=False, indent=1).encode()
