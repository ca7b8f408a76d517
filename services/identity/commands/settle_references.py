"""Reference pictures that are faces of an episode, and members who were added with one: they stand and fall with their cause.

The invariant: **a face is compared with others only while the command that took it is in force and its track belongs to
somebody who is linked to that member**. What does not hold rests and is kept, so that undoing the undoing brings it back.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from chassis.commands import Order
from chassis.errors import Conflict, NotFound
from chassis.s3.artifact_reader import ArtifactReader
from chassis.s3.storage import Storage
from contracts.blobs import PictureRef
from contracts.events import FacebankUpdated
from contracts.rows import FaceRow
from services.identity.commands.cast import CastCommands, Member
from services.identity.facebank.cast import Picture, PictureSource, Show
from services.identity.facebank.gallery import Reference
from services.identity.faces.crop_refs import picture_token
from services.identity.links.episode_links import EpisodeLinks
from services.identity.links.history import LinkRecord, TakenFace, walked
from services.identity.media.picture_files import PictureFiles
from services.identity.queries.episodes import Episode, EpisodeReader
from services.identity.store.facebanks import Change, FacebankStore
from services.identity.store.links import LinkStore

_SYSTEM = "screenalytics"


@dataclass(frozen=True)
class _Key:
    cast_id: str
    picture: str


class SettleReferences:
    """Brings the facebank in line with an episode's links. Repeated, it changes nothing."""

    def __init__(
        self,
        *,
        links: LinkStore,
        episodes: EpisodeReader,
        facebanks: FacebankStore,
        cast: CastCommands,
        files: PictureFiles,
        reader: ArtifactReader,
        storage: Storage,
    ) -> None:
        self._links = links
        self._episodes = episodes
        self._facebanks = facebanks
        self._cast = cast
        self._files = files
        self._reader = reader
        self._storage = storage

    async def of_grouping(self, ep_id: str) -> None:
        """After a regrouping: only where faces of the episode are pictures of somebody."""
        if await self._facebanks.from_episode(ep_id):
            await self.settle(ep_id)

    async def settle(self, ep_id: str) -> None:
        """Take in what should be there, put to rest what should not, wake what should again."""
        links = await self._links.load(ep_id, history=True)
        if links is None or not any(one.references or one.new_member for one in links.commands):
            return
        episode = await self._episodes.episode(ep_id)
        in_force = set(walked(links.commands).in_force)
        await self._settle_members(links, in_force)
        stored = {_Key(one.cast_id, one.reference.picture): one for one in await self._facebanks.from_episode(ep_id)}
        wanted = _wanted(links.commands, in_force, _cast_of_tracks(episode), run_id=links.run_id, stored=stored)
        changed = [
            replace(picture, resting=key not in wanted)
            for key, picture in stored.items()
            if picture.resting is not (key not in wanted)
        ]
        missing = [face for key, face in wanted.items() if key not in stored]
        changed += await self._read(episode, [face for face in missing if face.run_id == links.run_id])
        if not changed:
            return
        bank = await self._facebanks.show(links.show)
        members = bank.members if bank else {}
        await self._facebanks.keep(links.show, [one for one in changed if one.cast_id in members])
        request = f"{ep_id}/links/{links.version}"
        told = Change(
            events=lambda revision: [
                FacebankUpdated(show=links.show, request_id=request, revision=revision, verdicts=())
            ]
        )
        await self._facebanks.amend(links.show, lambda _: told)

    async def _read(self, episode: Episode, faces: Sequence[TakenFace]) -> list[Picture]:
        """Pictures of faces that are still kept, each as an object of its own: the episode's may be removed."""
        if not faces:
            return []
        artifacts, ep_id = episode.revision.grouped.artifacts, episode.links.ep_id
        rows = {row.face_id: row for row in await self._reader.rows(artifacts["faces"], FaceRow)}
        vectors = await self._reader.array(artifacts["faces_npy"])
        found = []
        for face in faces:
            row = rows.get(face.face_id)
            if row is None or row.embedding_row is None:
                continue
            token = picture_token(row.crop)
            with suppress(NotFound):
                content = await self._files.picture(ep_id, token or "")
                key = f"raw/facebank/{episode.links.show}/{face.cast_id}/{face.picture}-face.jpg"
                kept = await self._storage.put(key, content, media_type="image/jpeg")
                reference = Reference(
                    picture=face.picture,
                    vector=vectors[row.embedding_row],
                    model_id=row.model_id or "",
                    quality=round(row.conf * row.quality.sharpness, 4),
                )
                name = f"{ep_id} {face.t_s:.2f} s"
                ref = PictureRef(
                    uri=kept.uri, sha256=kept.sha256, bytes=kept.bytes, media_type=kept.media_type, filename=name
                )
                source = PictureSource(
                    ep_id=ep_id, run_id=face.run_id, track_id=face.track_id, face_id=face.face_id, t_s=face.t_s
                )
                now = datetime.now(UTC)
                found.append(Picture(cast_id=face.cast_id, reference=reference, ref=ref, added_at=now, source=source))
        return found

    async def _settle_members(self, links: EpisodeLinks, in_force: set[int]) -> None:
        """Who was added with a command that counts is in the cast; with one taken back not, unless anything else is said."""
        for command in links.commands:
            if command.new_member is None:
                continue
            cast_id = str(command.changes[0].cast_id)
            bank = await self._facebanks.show(links.show) or Show(show=links.show)
            order = Order(who=command.who, command_id=f"{links.ep_id}.{links.version}.{command.version}")
            if command.version in in_force and cast_id not in bank.members:
                await self._cast.add(links.show, Member(name=command.new_member, cast_id=cast_id), order)
            elif command.version not in in_force and bank.members.get(cast_id) == command.new_member:
                pictures = await self._facebanks.pictures(links.show, cast_id)
                elsewhere = [one for one in pictures if one.source is None or one.source.ep_id != links.ep_id]
                if not elsewhere and cast_id not in bank.consents:
                    with suppress(Conflict):  # somebody else is linked to them by now: they stay
                        await self._cast.remove(links.show, cast_id, order, unlink=False)


def picture_of_face(run_id: str, face: FaceRow) -> str:
    """Id of the reference picture that a face is: the same for the same face of the same run."""
    return hashlib.sha256(f"{run_id}/{face.face_id}/{face.crop}".encode()).hexdigest()[:16]


def _cast_of_tracks(episode: Episode) -> dict[str, str]:
    """Track -> cast member whom its person is linked to."""
    cast_of = {link.identity_id: link.cast_id for link in episode.links.effective.links}
    return {
        track: cast_of[key]
        for key, identity in episode.content.identities.items()
        if key in cast_of
        for track in identity.track_ids
    }


def _wanted(
    commands: Iterable[LinkRecord],
    in_force: set[int],
    cast_of: Mapping[str, str],
    *,
    run_id: str,
    stored: Mapping[_Key, Picture],
) -> dict[_Key, TakenFace]:
    """The faces that count. Another run has other tracks: of its faces those stay that counted when it ended."""
    faces = [face for command in commands if command.version in in_force for face in command.references]
    wanted = {}
    for face in faces:
        key = _Key(face.cast_id, face.picture)
        known = stored.get(key)
        holds = (
            cast_of.get(face.track_id) == face.cast_id if face.run_id == run_id else bool(known and not known.resting)
        )
        if holds:
            wanted[key] = face
    return wanted
