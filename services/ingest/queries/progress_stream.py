"""Event streams of a run's progress: what changed since a reader last looked, by the numbers in its record."""

from __future__ import annotations

import json
from collections.abc import AsyncGenerator
from dataclasses import dataclass

from sse_starlette import ServerSentEvent

from chassis.http.feeds import Feed
from chassis.settings import StreamSettings
from services.ingest.runs.progress import Change, Seen, changes_since
from services.ingest.runs.records import Run
from services.ingest.runs.states import OPEN
from services.ingest.store.episodes import unknown_episode
from services.ingest.store.runs import IngestStore


@dataclass(frozen=True)
class Snapshot:
    """What an episode looked like."""

    exists: bool
    run: Run | None = None

    @property
    def mark(self) -> tuple[bool, str, int]:
        """Equal marks have nothing new."""
        return self.exists, self.run.run_id if self.run else "", self.run.seq if self.run else 0


class ProgressFeed:
    """Streams of progress; one of these in a process."""

    def __init__(self, store: IngestStore, settings: StreamSettings) -> None:
        self._store = store
        self._feed = Feed(self._look, settings, what="progress")
        self.heartbeat_s = settings.heartbeat_s

    async def has_more(self, ep_id: str, seen: Seen | None, *, follow: bool) -> bool:
        """Whether there is anything to tell, now or later.

        Raises:
            NotFound: `unknown_episode`.
            ApiError: 429 `too_many_streams`.
        """
        self._feed.check_room()
        snapshot = await self._look(ep_id)
        if not snapshot.exists:
            raise unknown_episode(ep_id)
        return (
            follow or snapshot.run is None or snapshot.run.state == OPEN or bool(changes_since(snapshot.run, seen)[0])
        )

    async def events(self, ep_id: str, seen: Seen | None, *, follow: bool) -> AsyncGenerator[ServerSentEvent, None]:
        """What changes from `seen` on, until the run has ended; with `follow` the runs after it too."""
        known: Snapshot | None = None
        async with self._feed.channel(ep_id) as channel:
            while True:
                known = await channel.after(known)
                if not known.exists:
                    yield _event(Change(kind="end", data={"run_id": None, "state": "deleted"}), None)
                    return
                if known.run is None:
                    continue
                changes, seen = changes_since(known.run, seen)
                for number, change in enumerate(changes, start=1):
                    yield _event(change, seen if number == len(changes) else None)
                if known.run.state != OPEN and not follow:
                    return

    async def _look(self, ep_id: str) -> Snapshot:
        exists, run_id = await self._store.episodes.current(ep_id)
        return Snapshot(exists=exists, run=await self._store.progress_of(run_id) if run_id is not None else None)


def _event(change: Change, seen: Seen | None) -> ServerSentEvent:
    """Only the last of several events has an id: whoever is cut off between them gets all of them again."""
    return ServerSentEvent(
        data=json.dumps(change.data, separators=(",", ":")), event=change.kind, id=str(seen) if seen else None
    )
