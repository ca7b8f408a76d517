"""Deleting a show: its cast at once with a tombstone, its pictures and episodes by the event that says so."""

from __future__ import annotations

from datetime import UTC, datetime

from chassis.errors import NotFound
from chassis.s3.names import parse_uri
from chassis.s3.storage import Storage
from contracts.events import ShowDeleted
from services.identity.facebank.cast import Show
from services.identity.store.facebanks import FacebankStore
from services.identity.store.links import LinkStore


class ShowDeletion:
    """Deletes shows."""

    def __init__(self, facebanks: FacebankStore, links: LinkStore, storage: Storage) -> None:
        self._facebanks = facebanks
        self._links = links
        self._storage = storage

    async def delete(self, show: str, who: str) -> tuple[Show, int]:
        """Close a show and say so; returns it as it is then, and how many episodes will follow.

        Raises:
            NotFound: `unknown_show`.
        """
        known, episodes = await self._facebanks.show(show), len(await self._links.episodes_of(show))
        if (known is None or known.is_deleted) and not episodes:
            raise NotFound("unknown_show", f"There is no show {show}: GET /shows lists those there are.")
        await self._facebanks.create(show, show)
        at = datetime.now(UTC)
        gone = await self._facebanks.delete(
            show,
            at=at,
            event=lambda revision: ShowDeleted(
                show=show, revision=revision, at=at.isoformat(timespec="milliseconds"), who=who[:200]
            ),
        )
        return gone, episodes

    async def forget(self, show: str, until: datetime) -> None:
        """Remove what the show's facebank had until then: files first, while there is something that names them."""
        places = [
            parse_uri(picture.ref.uri)
            for picture in await self._facebanks.pictures(show)
            if picture.ref is not None and (picture.added_at is None or picture.added_at <= until)
        ]
        keys = {key for bucket, key in places if bucket == self._storage.bucket}
        async for key, written_at in self._storage.list_objects(f"raw/facebank/{show}/"):
            if written_at <= until:
                keys.add(key)
        await self._storage.delete_keys(sorted(keys))
        await self._facebanks.forget_show(show, until)
