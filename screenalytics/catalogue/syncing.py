"""Brings the catalogue up to date: all of it in a pass, and episode by episode as events come."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from typing import Literal

from screenalytics.catalogue.files import Catalogue, Season
from screenalytics.catalogue.source import Found, Listed, Source

AT_ONCE = 4
"""Episodes that are read from the API at the same time."""

Change = Literal["written", "removed"]


@dataclass(frozen=True, kw_only=True)
class Changed:
    """What became of an episode's rows."""

    ep_id: str
    change: Change
    revision: int | None = None


class Sync:
    """Compares and repairs; the same again changes nothing."""

    def __init__(self, source: Source, catalogue: Catalogue, tell: Callable[[Changed], None]) -> None:
        self._source = source
        self._catalogue = catalogue
        self._tell = tell

    async def everything(self, show: str | None = None) -> None:
        """Write what is not as the API has it, and take away what it has not, of all shows or of one.

        Raises:
            ApiFailure: when the API refuses or stays away. BadInput: as the catalogue.
        """
        listed = await self._source.listed(show)
        known = await self._catalogue.known(show)
        outdated = {ep_id for ep_id, one in listed.items() if known.episodes.get(ep_id) != one.version}
        gone = known.episodes.keys() - listed.keys()
        seasons = _by_season({*outdated, *gone})
        for season in sorted({*seasons, *known.stale}):
            await self._season(season, seasons.get(season, set()), listed, anew=season in known.stale)

    async def episodes(self, ep_ids: Collection[str]) -> None:
        """Write episodes as the API has them now; raises as `everything`."""
        for season, members in sorted(_by_season(ep_ids).items()):
            await self._season(season, members, {})

    async def forget(self, show: str, cast_id: str) -> int:
        """Take a person's rows out of a show; returns how many. The revisions without them follow by themselves."""
        return await self._catalogue.forget(show, cast_id)

    async def _season(
        self, season: Season, ep_ids: Collection[str], listed: Mapping[str, Listed], *, anew: bool = False
    ) -> None:
        """Replace the rows of a season's episodes; `anew`: also where none of them changed."""
        patience = asyncio.Semaphore(AT_ONCE)

        async def read(ep_id: str) -> Found | None:
            async with patience:
                return await self._source.episode(ep_id, listed[ep_id].facts if ep_id in listed else None)

        ordered = sorted(ep_ids)
        found = dict(zip(ordered, await asyncio.gather(*map(read, ordered)), strict=True))
        known = await self._catalogue.versions(season) or {}
        put = {ep_id: one for ep_id, one in found.items() if one is not None and known.get(ep_id) != one.version}
        gone = [ep_id for ep_id, one in found.items() if one is None and ep_id in known]
        if put or gone or anew:
            await self._catalogue.update(season, {ep_id: one.rows for ep_id, one in put.items()}, gone)
        for ep_id, one in put.items():
            self._tell(Changed(ep_id=ep_id, change="written", revision=one.version.revision))
        for ep_id in gone:
            self._tell(Changed(ep_id=ep_id, change="removed"))


def _by_season(ep_ids: Collection[str]) -> dict[Season, set[str]]:
    seasons: dict[Season, set[str]] = defaultdict(set)
    for ep_id in ep_ids:
        seasons[Season.of(ep_id)].add(ep_id)
    return seasons
