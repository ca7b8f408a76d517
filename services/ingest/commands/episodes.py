"""Episodes, as people make, find and change them."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from datetime import date
from typing import Any, Literal

from chassis.http.results import Page, page_of
from chassis.mongo.outbox import Outbox
from contracts.external_ids import ProgrammeIds
from contracts.ids import show_of
from services.ingest.models import CurrentRun, EpisodePatch, EpisodeView, NewEpisode
from services.ingest.runs.records import Episode, Run, RunSummary
from services.ingest.runs.states import State
from services.ingest.store.episodes import EpisodeStore
from services.ingest.store.runs import IngestStore

Order = Literal["updated", "air_date", "ep_id"]
KINDS: dict[Order, tuple[type, ...]] = {"updated": (float, str), "air_date": (int, str), "ep_id": (str,)}
"""Of what the order goes by."""


FACTS = ("title", "air_date", "data", "external_ids")


class EpisodeCommands:
    """What the router of episodes works with."""

    def __init__(self, store: IngestStore, outbox: Outbox) -> None:
        self._runs = store
        self._episodes: EpisodeStore = store.episodes
        self._outbox = outbox

    async def create(self, wanted: NewEpisode) -> tuple[EpisodeView, bool]:
        """The episode, and whether it is new; raises as `EpisodeStore.create`."""
        episode, new = await self._episodes.create(wanted.ep_id, facts_of(wanted))
        await self._outbox.publish_soon(self._episodes.collection, wanted.ep_id)
        return await self._view(episode), new

    async def read(self, ep_id: str) -> EpisodeView:
        """One episode; raises as `EpisodeStore.read`."""
        return await self._view(await self._episodes.read(ep_id))

    async def change(self, ep_id: str, patch: EpisodePatch, *, expected: int | None, command: str) -> EpisodeView:
        """Change what the patch names; raises as `EpisodeStore.change`."""
        episode, changed = await self._episodes.change(ep_id, facts_of(patch), expected=expected, command=command)
        if changed:
            await self._outbox.publish_soon(self._episodes.collection, ep_id)
        return await self._view(episode)

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
        found = [episode for episode in await self._episodes.list(shows) if text is None or _has(episode, text)]
        if state is not None:
            states = await self._runs.states(_current(found))
            found = [episode for episode in found if states.get(episode.current_run_id or "") == state]
        page = page_of(
            found, key=lambda episode: _place(episode, order), kinds=KINDS[order], cursor=cursor, limit=limit
        )
        runs = await self._runs.runs(_current(page.items))
        return Page(
            items=tuple(view_of(episode, runs.get(episode.current_run_id or "")) for episode in page.items),
            next_cursor=page.next_cursor,
            total=page.total,
        )

    async def _view(self, episode: Episode) -> EpisodeView:
        run_id = episode.current_run_id
        return view_of(episode, await self._runs.run(run_id) if run_id else None)


def facts_of(wanted: NewEpisode | EpisodePatch) -> dict[str, Any]:
    """The facts that were named, as they are stored."""
    given = [name for name in FACTS if name in wanted.model_fields_set]
    return {name: _stored(getattr(wanted, name)) for name in given}


def _stored(value: object) -> object:
    if isinstance(value, ProgrammeIds):
        return value.given() or None
    return value.isoformat() if isinstance(value, date) else value


def view_of(episode: Episode, run: Run | RunSummary | None) -> EpisodeView:
    """An episode and its current run."""
    ep_id = episode.ep_id
    current = None
    if run is not None:
        current = CurrentRun(run_id=run.run_id, state=run.state, profile=run.profile, created_at=run.created_at)
    return EpisodeView(
        ep_id=ep_id,
        show=show_of(ep_id),
        season=int(ep_id[-5:-3]),
        episode=int(ep_id[-2:]),
        title=episode.title,
        air_date=episode.air_date,
        data=episode.data or {},
        external_ids=ProgrammeIds.model_validate(episode.external_ids or {}),
        duration_s=episode.duration_s,
        has_video=episode.video is not None,
        current_run=current,
        version=episode.version,
        created_at=episode.created_at,
        updated_at=episode.updated_at,
    )


def _current(episodes: Iterable[Episode]) -> list[str]:
    return [episode.current_run_id for episode in episodes if episode.current_run_id]


def _has(episode: Episode, text: str) -> bool:
    wanted = text.casefold()
    return wanted in episode.ep_id or wanted in (episode.title or "").casefold()


def _place(episode: Episode, order: Order) -> tuple[str | float, ...]:
    """Where an episode stands in the list: times descend."""
    if order == "ep_id":
        return (episode.ep_id,)
    if order == "air_date":
        aired = episode.air_date
        return (-date.fromisoformat(aired).toordinal() if aired else 0, episode.ep_id)
    return (-episode.updated_at.timestamp(), episode.ep_id)
