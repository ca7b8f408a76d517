"""Event streams of an episode's changes: who decided what, what came of it, and who is there."""

from __future__ import annotations

import json
from collections.abc import AsyncGenerator

from sse_starlette import ServerSentEvent

from chassis.errors import NotFound
from chassis.http.feeds import Feed
from chassis.settings import StreamSettings
from services.identity.changes.people import PersonPresent
from services.identity.changes.positions import (
    Change,
    EpisodeNow,
    Position,
    changes_since,
    is_told_anew,
    presence_of,
)
from services.identity.store.changes import ChangeStore


class ChangeFeed:
    """Streams of changes; one of these in a process."""

    def __init__(self, store: ChangeStore, settings: StreamSettings) -> None:
        self._store = store
        self._feed = Feed(store.now, settings, what="changes")
        self.heartbeat_s = settings.heartbeat_s

    async def check(self, ep_id: str) -> None:
        """Raises:
        NotFound: `unknown_episode`.
        ApiError: 429 `too_many_streams`.
        """
        self._feed.check_room()
        await self.check_exists(ep_id)

    async def check_exists(self, ep_id: str) -> None:
        """Raises NotFound `unknown_episode`; an episode that nothing was reported of exists."""
        if not await self._store.exists(ep_id):
            raise NotFound("unknown_episode", f"There is no episode {ep_id}.")

    async def events(self, ep_id: str, seen: Position | None, *, follow: bool) -> AsyncGenerator[ServerSentEvent, None]:
        """What changes from `seen` on, until the episode is deleted; without `follow` until now."""
        known: EpisodeNow | None = None
        present: tuple[PersonPresent, ...] | None = None
        async with self._feed.channel(ep_id) as channel:
            while True:
                known = await channel.after(known)
                if not known.exists:
                    yield _event(Change(kind="end", data={"state": "deleted"}), None)
                    return
                changes = await self._changes(ep_id, known, seen)
                seen = known.at
                for number, change in enumerate(changes, start=1):
                    yield _event(change, seen if number == len(changes) else None)
                if known.present != present:
                    present = known.present
                    yield _event(presence_of(known), None)
                if not follow:
                    return

    async def _changes(self, ep_id: str, now: EpisodeNow, seen: Position | None) -> list[Change]:
        if seen is None or is_told_anew(now, seen):
            return changes_since(now, seen, ())
        later = await self._store.steps_after(ep_id, seen) if now.at.steps_since(seen) else []
        ends = {"clusters": now.at.edits, "links": now.at.links, "sign_off": now.at.sign_offs}
        # What was decided since the look is told with the next one, which has its number.
        return changes_since(now, seen, [step for step in later if step.version <= ends[step.source]])


def _event(change: Change, at: Position | None) -> ServerSentEvent:
    """Only the last of several events has an id: whoever is cut off between them gets all of them again."""
    data = json.dumps(change.data, separators=(",", ":"))
    return ServerSentEvent(data=data, event=change.kind, id=str(at) if at else None)
