"""Episodes, as people make, find and change them."""

from __future__ import annotations

from collections.abc import Collection
from datetime import date
from typing import Any, Literal

from chassis.http.results import Page, page_of
from chassis.mongo.database import Document
from chassis.mongo.outbox import Outbox
from contracts.ids import show_of
from services.ingest.models import CurrentRun, EpisodePatch, EpisodeView, NewEpisode
from services.ingest.runs.states import State
from services.ingest.store.episodes import EpisodeStore, version_of
from services.ingest.store.runs import IngestStore

Order = Literal["updated", "air_date", "ep_id"]
KINDS: dict[Order, tuple[type, ...]] = {"updated": (float, str), "air_date": (int, str), "ep_id": (str,)}
"""Of what the order goes by."""


class EpisodeCommands:
    """What the router of episodes works with."""

    def __init__(self, store: IngestStore, outbox: Outbox) -> None:
        self._runs = store
        self._episodes: EpisodeStore = store.episodes
        self._outbox = outbox

    async def create(self, wanted: NewEpisode) -> tuple[EpisodeView, bool]:
        """The episode, and whether it is new; raises as `EpisodeStore.create`."""
        document, new = await self._episodes.create(wanted.ep_id, facts_of(wanted))
        await self._outbox.publish_soon(self._episodes.collection, wanted.ep_id)
        return await self._view(document), new

    async def read(self, ep_id: str) -> EpisodeView:
        """One episode; raises as `EpisodeStore.read`."""
        return await self._view(await self._episodes.read(ep_id))

    async def change(self, ep_id: str, patch: EpisodePatch, *, expected: int | None, command: str) -> EpisodeView:
        """Change what the patch names; raises as `EpisodeStore.change`."""
        document, changed = await self._episodes.change(ep_id, facts_of(patch), expected=expected, command=command)
        if changed:
            await self._outbox.publish_soon(self._episodes.collection, ep_id)
        return await self._view(document)

    async def list(
        self,
        *,
        shows: Collection[str] | None,
        state: State | None,
        text: str | None,
        order: Order,
        cursor: str | None,
        limit: int,
    ) -> Page[EpisodeView]:
        """Episodes of some shows or of all: the latest first, or by id."""
        found = [document for document in await self._episodes.list(shows) if text is None or _has(document, text)]
        if state is not None:
            states = await self._runs.states([run_id for run_id in map(_current, found) if run_id])
            found = [document for document in found if states.get(_current(document)) == state]
        page = page_of(
            found, key=lambda document: _place(document, order), kinds=KINDS[order], cursor=cursor, limit=limit
        )
        runs = await self._runs.runs([run_id for run_id in map(_current, page.items) if run_id])
        return Page(
            items=tuple(view_of(document, runs.get(_current(document))) for document in page.items),
            next_cursor=page.next_cursor,
            total=page.total,
        )

    async def _view(self, document: Document) -> EpisodeView:
        run_id = _current(document)
        return view_of(document, await self._runs.run(run_id) if run_id else None)


def facts_of(wanted: NewEpisode | EpisodePatch) -> dict[str, Any]:
    """The facts that were named, as they are stored."""
    named = {name: getattr(wanted, name) for name in ("title", "air_date", "data") if name in wanted.model_fields_set}
    return {name: value.isoformat() if isinstance(value, date) else value for name, value in named.items()}


def view_of(document: Document, run: Document | None) -> EpisodeView:
    """An episode and its current run."""
    ep_id = str(document["_id"])
    return EpisodeView(
        ep_id=ep_id,
        show=show_of(ep_id),
        season=int(ep_id[-5:-3]),
        episode=int(ep_id[-2:]),
        title=document.get("title"),
        air_date=document.get("air_date"),
        data=document.get("data") or {},
        duration_s=document.get("duration_s"),
        has_video=bool(document.get("video")),
        current_run=CurrentRun(
            run_id=str(run["_id"]), state=run["state"], profile=run["profile"], created_at=run["created_at"]
        )
        if run is not None
        else None,
        version=version_of(document),
        created_at=document["created_at"],
        updated_at=document["updated_at"],
    )


def _current(document: Document) -> str:
    return str(document.get("current_run_id") or "")


def _has(document: Document, text: str) -> bool:
    wanted = text.casefold()
    return wanted in str(document["_id"]) or wanted in str(document.get("title") or "").casefold()


def _place(document: Document, order: Order) -> tuple[str | float, ...]:
    """Where an episode stands in the list: times descend."""
    ep_id = str(document["_id"])
    if order == "ep_id":
        return (ep_id,)
    if order == "air_date":
        aired = document.get("air_date")
        return (-date.fromisoformat(aired).toordinal() if aired else 0, ep_id)
    return (-document["updated_at"].timestamp(), ep_id)
