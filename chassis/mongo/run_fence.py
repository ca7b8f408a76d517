"""Run fencing: events of a run that no longer counts are dropped.

The fence is a shared read model, the episode's document that ingest alone writes: its `current_run_id` is the run that
counts. A ULID orders runs, so an event of a later run than the fence knows is let through: ingest's write is on its way.
A deletion closes every run up to the document's `last_run_id`, for ever: an episode that is created again has later ones.
"""

from __future__ import annotations

import asyncio
import time

from chassis.mongo.database import Database, Document
from chassis.mongo.shared_reads import EPISODE_FENCE, EPISODE_THERE, RUN_FENCE
from contracts.events import EpisodeEvent, Event

CLOSED = frozenset({"cancelled", "superseded", "deleted"})

MAX_AGE_S = 1.0
"""How long a service may believe what it last read about a run."""


class RunFence:
    """Asks MongoDB whether an event's run still counts; remembers the answer for a moment.

    `max_age_s` bounds how long work for a dead run may still start; it never lets a result through, because every
    state write carries the run id in its filter.
    """

    def __init__(self, database: Database, *, max_age_s: float = MAX_AGE_S) -> None:
        self._episodes = database[EPISODE_FENCE.collection]
        self._runs = database[RUN_FENCE.collection]
        self._max_age_s = max_age_s
        self._known: dict[str, tuple[float, bool]] = {}

    async def __call__(self, event: Event) -> bool:
        if not isinstance(event, EpisodeEvent):
            return True
        now = time.monotonic()
        known = self._known.get(event.run_id)
        if known is None or now - known[0] > self._max_age_s:
            known = (now, await self.is_open(event.ep_id, event.run_id))
            if len(self._known) > 1000:
                self._known.clear()
            self._known[event.run_id] = known
        return known[1]

    async def is_open(self, ep_id: str, run_id: str) -> bool:
        """Whether the run is the episode's current one and was not closed."""
        episode, run = await asyncio.gather(
            self._episodes.find_one({"_id": ep_id}, EPISODE_FENCE.projection),
            self._runs.find_one({"_id": run_id}, RUN_FENCE.projection),
        )
        if episode is None:
            return True
        if is_gone(episode, run_id):
            return False
        current = str(episode.get("current_run_id") or "")
        if run_id < current:
            return False
        if run_id > current:
            return True
        return run is None or run.get("state") not in CLOSED

    async def exists(self, ep_id: str) -> bool:
        """Whether there is such an episode, by ingest's document of it."""
        episode = await self._episodes.find_one({"_id": ep_id}, EPISODE_THERE.projection)
        return episode is not None and not episode.get("deleted")

    async def is_deleted(self, ep_id: str, run_id: str) -> bool:
        """As `is_gone`, by what MongoDB says now."""
        episode = await self._episodes.find_one({"_id": ep_id}, EPISODE_FENCE.projection)
        return is_gone(episode, run_id)


def is_gone(episode: Document | None, run_id: str) -> bool:
    """Whether a run was deleted with its episode, by the episode's document: nothing of it may come back."""
    return episode is not None and run_id <= str(episode.get("last_run_id") or "")
