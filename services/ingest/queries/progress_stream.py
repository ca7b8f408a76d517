"""Event streams of progress: what changed, to many readers, from what MongoDB knows.

All readers of an episode in a process share one look at MongoDB; every reader has a place of its own in the run's
sequence, which the event id names. So a reader that comes back, to whichever replica, gets what it missed and no more.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from sse_starlette import ServerSentEvent

from chassis.http.errors import ApiError
from chassis.retrying import keep_doing
from services.ingest.runs.progress import Change, Seen, changes_since
from services.ingest.runs.records import Run
from services.ingest.runs.states import OPEN
from services.ingest.settings import ProgressSettings
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


class _Channel:
    """The latest snapshot of one episode, and who waits for the next."""

    def __init__(self) -> None:
        self.readers = 0
        self.snapshot: Snapshot | None = None
        self._news = asyncio.Condition()
        self.looking: asyncio.Task[None] | None = None

    async def put(self, snapshot: Snapshot) -> None:
        if self.snapshot is None or snapshot.mark != self.snapshot.mark:
            async with self._news:
                self.snapshot = snapshot
                self._news.notify_all()

    async def after(self, known: Snapshot | None) -> Snapshot:
        """The first snapshot that is another one than `known`."""
        async with self._news:
            while self.snapshot is None or self.snapshot is known:
                await self._news.wait()
            return self.snapshot


class ProgressFeed:
    """Streams of progress; one of these in a process."""

    def __init__(self, store: IngestStore, settings: ProgressSettings) -> None:
        self._store = store
        self._settings = settings
        self._channels: dict[str, _Channel] = {}
        self.heartbeat_s = settings.heartbeat_s

    async def has_more(self, ep_id: str, seen: Seen | None, *, follow: bool) -> bool:
        """Whether there is anything to tell, now or later.

        Raises:
            NotFound: `unknown_episode`.
            ApiError: 429 `too_many_streams`.
        """
        if sum(channel.readers for channel in self._channels.values()) >= self._settings.most_readers:
            raise ApiError(429, "too_many_streams", "Too many event streams are open here: try again later.")
        snapshot = await self._look(ep_id)
        if not snapshot.exists:
            raise unknown_episode(ep_id)
        return (
            follow or snapshot.run is None or snapshot.run.state == OPEN or bool(changes_since(snapshot.run, seen)[0])
        )

    async def events(self, ep_id: str, seen: Seen | None, *, follow: bool) -> AsyncGenerator[ServerSentEvent, None]:
        """What changes from `seen` on, until the run has ended; with `follow` the runs after it too."""
        known: Snapshot | None = None
        async with self._channel(ep_id) as channel:
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

    @asynccontextmanager
    async def _channel(self, ep_id: str) -> AsyncIterator[_Channel]:
        channel = self._channels.setdefault(ep_id, _Channel())
        channel.readers += 1
        if channel.looking is None:
            channel.looking = asyncio.create_task(self._watch(ep_id, channel))
        try:
            yield channel
        finally:
            channel.readers -= 1
            if not channel.readers:
                channel.looking.cancel()
                self._channels.pop(ep_id, None)

    async def _watch(self, ep_id: str, channel: _Channel) -> None:
        """Look at the episode for as long as somebody reads."""

        async def look() -> None:
            await channel.put(await self._look(ep_id))

        await keep_doing(look, every_s=self._settings.poll_s, what=f"reading the progress of {ep_id}")

    async def _look(self, ep_id: str) -> Snapshot:
        exists, run_id = await self._store.episodes.current(ep_id)
        return Snapshot(exists=exists, run=await self._store.progress_of(run_id) if run_id is not None else None)


def _event(change: Change, seen: Seen | None) -> ServerSentEvent:
    """Only the last of several events has an id: whoever is cut off between them gets all of them again."""
    return ServerSentEvent(
        data=json.dumps(change.data, separators=(",", ":")), event=change.kind, id=str(seen) if seen else None
    )
