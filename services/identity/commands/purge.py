"""Removing the revisions of an episode that others replaced, with every object that only they need."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from chassis.mongo.grouper_read_model import GrouperReadModel
from chassis.s3.encoding import decode_rows
from chassis.s3.names import get_artifact_path
from chassis.s3.storage import ObjectMissing, Storage
from contracts.blobs import BlobRef
from contracts.crops import by_archive
from contracts.rows import FaceRow
from services.identity.links.episode_links import EpisodeLinks
from services.identity.privacy.superseded import Current, is_faces, is_superseded_manifest, is_superseded_segment
from services.identity.store.links import LinkStore
from services.identity.store.revisions import RevisionStore, StoredRevision


@dataclass(frozen=True, kw_only=True)
class Purged:
    """What went."""

    revisions: int = 0
    objects: int = 0


class RevisionPurge:
    """Keeps an episode's current revision and what is needed to group its run again."""

    def __init__(self, storage: Storage, links: LinkStore, revisions: RevisionStore, grouper: GrouperReadModel) -> None:
        self._storage = storage
        self._links = links
        self._revisions = revisions
        self._grouper = grouper

    async def count(self, ep_id: str, *, made_before: datetime) -> int:
        """How many revisions `purge` would remove."""
        episode = await self._links.load(ep_id)
        if episode is None:
            return 0
        number = (episode.run_id, episode.revision)
        stored = await self._revisions.stored(ep_id)
        return sum((one.run_id, one.revision) < number and one.created_at < made_before for one in stored)

    async def purge(self, ep_id: str, *, made_before: datetime | None = None) -> Purged:
        """Remove the revisions before the current one, those made before a time where one is given.

        Copies of single pictures go too: they are made again when somebody asks for them.
        """
        episode = await self._links.load(ep_id)
        if episode is None:
            return Purged()
        manifests, segments = await self._below("manifests", ep_id), await self._below("segments", ep_id)
        stored = await self._revisions.stored(ep_id)
        number = (episode.run_id, episode.revision)
        gone = [
            one
            for one in stored
            if (one.run_id, one.revision) < number and (made_before is None or one.created_at < made_before)
        ]
        kept = [one for one in stored if one not in gone]
        if made_before is not None and not gone:
            return Purged()
        current = _current(episode, stored)
        if current is None:
            return Purged()
        kept_refs = {ref.uri: ref for one in kept for ref in one.references}
        for ref in await self._grouper.needed(ep_id, since_run=episode.run_id):
            kept_refs[ref.uri] = ref
        needed = set(kept_refs) | await self._archives(ref for ref in kept_refs.values() if is_faces(ref.uri))
        replaced = await self._archives(ref for one in gone for ref in one.faces) - needed
        runs = {one.run_id for one in kept}
        keys = [
            key
            for name, key in segments
            if (uri := self._storage.uri(key)) not in needed
            and is_superseded_segment(name, current, runs_kept=runs, is_replaced=uri in replaced)
        ]
        keys += [
            key
            for name, key in manifests
            if self._storage.uri(key) not in needed and is_superseded_manifest(name, current, runs_kept=runs)
        ]
        keys += [key for _, key in await self._below("pictures", ep_id)]
        # Archives first and the revisions last: whoever goes on after a break still finds which archives were replaced.
        await self._storage.delete_keys(keys)
        await self._revisions.drop(gone)
        return Purged(revisions=len(gone), objects=len(keys))

    async def _below(self, kind: str, ep_id: str) -> list[tuple[str, str]]:
        """Name below the episode's prefix, and key, of every object of a kind."""
        prefix = f"{get_artifact_path(kind, ep_id)}/"
        return [(key.removeprefix(prefix), key) async for key in self._storage.list_keys(prefix)]

    async def _archives(self, faces: Iterable[BlobRef]) -> set[str]:
        """The crop archives that faces are in."""
        found: set[str] = set()
        for ref in faces:
            try:
                data = await self._storage.get(ref)
            except ObjectMissing:
                continue
            rows = await asyncio.to_thread(decode_rows, data, FaceRow)
            found.update(by_archive(name for row in rows for name in (row.crop, row.thumbnail)))
        return found


def _current(episode: EpisodeLinks, stored: Iterable[StoredRevision]) -> Current | None:
    for one in stored:
        if (one.run_id, one.revision) == (episode.run_id, episode.revision):
            return Current(run_id=one.run_id, revision=one.revision, grouping_revision=one.grouping_revision)
    return None
