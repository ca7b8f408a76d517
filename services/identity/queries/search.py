"""Answers questions over many episodes of a show."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from chassis.http.results import Page, decode_cursor, encode_cursor, page_of
from services.identity.screentime.search import FoundEpisode, FoundPerson, Wanted, find_cast, look_into
from services.identity.store.revisions import RevisionStore, order_of
from services.identity.store.shown import ShownRevision, ShownRevisions

BATCH = 100
"""Episodes that are opened at once while a page is filled."""


class EpisodeSearch:
    """Looks only into episodes whose revision names the people: an index says which those are."""

    def __init__(self, revisions: RevisionStore, shown: ShownRevisions) -> None:
        self._revisions = revisions
        self._shown = shown

    async def episodes(self, show: str, wanted: Wanted, *, cursor: str | None, limit: int) -> Page[FoundEpisode]:
        """The episodes of a show that show who is wanted, by id; how many there are in all is not counted.

        Raises:
            BadInput: `bad_cursor`.
        """
        after = str(decode_cursor(cursor, kinds=(str,))[0]) if cursor is not None else ""
        found: list[FoundEpisode] = []
        while len(found) <= limit:
            batch = await self._shown.of_show(
                show,
                season=wanted.season,
                named=wanted.cast_ids,
                every=wanted.match == "together",
                after=after,
                limit=min(BATCH, limit + 1),
            )
            if not batch:
                break
            found += await self._matching(batch, wanted)
            after = batch[-1].ep_id
        items = tuple(found[:limit])
        return Page(items=items, next_cursor=encode_cursor(items[-1].ep_id) if len(found) > limit else None)

    async def cast(
        self, show: str, *, seasons: Collection[int], only: bool, min_s: float, cursor: str | None, limit: int
    ) -> Page[FoundPerson]:
        """The cast members that are visible in some seasons, most visible first. Raises as `episodes`."""
        orders = await self._revisions.shown_in(show)
        people = find_cast(await self._revisions.seconds(orders), seasons=seasons, only=only, min_s=min_s)
        return page_of(
            people, key=lambda one: (-one.seconds, one.cast_id), kinds=(float, str), cursor=cursor, limit=limit
        )

    async def _matching(self, batch: Sequence[ShownRevision], wanted: Wanted) -> list[FoundEpisode]:
        opened = await self._revisions.everybody([order_of(one.run_id, one.revision) for one in batch])
        by_id = {episode.ep_id: episode for episode in opened}
        looked = [
            look_into(by_id[one.ep_id], wanted, run_id=one.run_id, revision=one.revision)
            for one in batch
            if one.ep_id in by_id
        ]
        return [one for one in looked if one is not None]
