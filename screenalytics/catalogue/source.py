"""What the catalogue is made of, read over the HTTP API: so it holds what its key may see, and nothing that was erased."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any, TypeVar

from chassis.backoff import backoff
from screenalytics.catalogue.rows import Rows, Version, rows_of
from screenalytics.http_client import models
from screenalytics.http_client.async_client import AsyncClient
from screenalytics.http_client.transport import ApiFailure
from screenalytics.terminal.messages import printable

T = TypeVar("T")

PAGE = 500
NOT_FOUND = 404
TOO_MANY = 429
FIRST_WAIT_S = 1.0
LONGEST_WAIT_S = 30.0
TRIES = 8
"""Requests for one thing while the API is away, about two minutes; where it goes on for longer, the caller decides."""


@dataclass(frozen=True, kw_only=True)
class Listed:
    """An episode that has a result, as the lists say it."""

    facts: models.EpisodeView
    version: Version


@dataclass(frozen=True, kw_only=True)
class Found:
    """An episode's rows, and which version of it they are."""

    version: Version
    rows: Rows


class Source:
    """Waits where the API is away or asks for patience; 404 is an answer."""

    def __init__(self, api: AsyncClient, *, first_wait_s: float = FIRST_WAIT_S) -> None:
        self._api = api
        self._first_wait_s = first_wait_s

    async def listed(self, show: str | None = None) -> Mapping[str, Listed]:
        """Every episode that has a result, of all shows or of one.

        Raises:
            ApiFailure: when the API refuses or stays away; so do the others.
        """
        facts = {
            one.ep_id: one
            async for one in self._every(lambda cursor: self._api.list_episodes(show=show, cursor=cursor, limit=PAGE))
        }
        found: dict[str, Listed] = {}
        for slug in sorted({one.show for one in facts.values()}):
            async for shown in self._every(partial(self._revisions, slug)):
                if (episode := facts.get(shown.ep_id)) is not None:
                    version = Version(run_id=shown.run_id, revision=shown.revision, facts_version=episode.version)
                    found[shown.ep_id] = Listed(facts=episode, version=version)
        return found

    async def episode(self, ep_id: str, facts: models.EpisodeView | None = None) -> Found | None:
        """An episode as it is now; None where there is none, or it has no result."""
        try:
            episode = facts or (await self._asked(lambda: self._api.get_episode(ep_id))).data
            document = (await self._asked(lambda: self._api.read_screen_time(ep_id))).data
        except ApiFailure as failure:
            if failure.status == NOT_FOUND:
                return None
            raise
        version = Version(run_id=document.run_id, revision=document.revision, facts_version=episode.version)
        return Found(version=version, rows=rows_of(episode, document))

    async def _revisions(self, show: str, cursor: str | None) -> Any:
        return await self._api.find_episodes(show, cursor=cursor, limit=PAGE)

    async def _every(self, read: Callable[[str | None], Awaitable[Any]]) -> AsyncIterator[Any]:
        cursor: str | None = None
        while True:
            page = (await self._asked(partial(read, cursor))).data
            for item in page.items:
                yield item
            cursor = page.next_cursor
            if cursor is None:
                return

    async def _asked(self, ask: Callable[[], Awaitable[T]]) -> T:
        for attempt in range(1, TRIES + 1):
            try:
                return await ask()
            except ApiFailure as failure:
                if attempt == TRIES or not is_passing(failure):
                    raise
                if attempt == 1 and failure.status != TOO_MANY:
                    print(printable(f"{failure}; waiting for it"), file=sys.stderr, flush=True)
            await asyncio.sleep(backoff(attempt, first_s=self._first_wait_s, max_s=LONGEST_WAIT_S, jitter=0.0))
        raise AssertionError("the last try returns or raises")


def is_passing(failure: ApiFailure) -> bool:
    """Whether the same request may succeed later: the API is away, busy, or asks for patience."""
    return failure.status in (0, TOO_MANY) or failure.status >= 500
