"""Event streams of what MongoDB knows: many readers of one thing in a process share one look at it.

The invariant: **between two looks nothing is kept but the latest snapshot**, and every reader has a place of its own that
the ids of its events name. So a reader that comes back, to whichever replica, gets what it missed and no more.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Hashable
from contextlib import asynccontextmanager
from typing import Generic, Protocol, TypeVar

from chassis.http.errors import ApiError
from chassis.retrying import keep_doing
from chassis.settings import StreamSettings


class Snapshot(Protocol):
    """What a thing looked like."""

    @property
    def mark(self) -> Hashable:
        """Equal marks have nothing new."""
        ...


S = TypeVar("S", bound=Snapshot)


class Channel(Generic[S]):
    """The latest snapshot of one thing, and who waits for the next."""

    def __init__(self) -> None:
        self.readers = 0
        self.looking: asyncio.Task[None] | None = None
        self._snapshot: S | None = None
        self._news = asyncio.Condition()

    async def put(self, snapshot: S) -> None:
        if self._snapshot is None or snapshot.mark != self._snapshot.mark:
            async with self._news:
                self._snapshot = snapshot
                self._news.notify_all()

    async def after(self, known: S | None) -> S:
        """The first snapshot that is another one than `known`."""
        async with self._news:
            while self._snapshot is None or self._snapshot is known:
                await self._news.wait()
            return self._snapshot


class Feed(Generic[S]):
    """The channels of one kind of stream; one of these in a process. `look` reads a thing by its name."""

    def __init__(self, look: Callable[[str], Awaitable[S]], settings: StreamSettings, *, what: str) -> None:
        self._look = look
        self._settings = settings
        self._what = what
        self._channels: dict[str, Channel[S]] = {}
        self.heartbeat_s = settings.heartbeat_s

    def check_room(self) -> None:
        """Raises:
        ApiError: 429 `too_many_streams`.
        """
        if sum(channel.readers for channel in self._channels.values()) >= self._settings.most_readers:
            raise ApiError(429, "too_many_streams", "Too many event streams are open here: try again later.")

    @asynccontextmanager
    async def channel(self, name: str) -> AsyncIterator[Channel[S]]:
        """A thing's channel for one more reader; it is looked at for as long as somebody reads."""
        channel = self._channels.setdefault(name, Channel())
        channel.readers += 1
        if channel.looking is None:
            channel.looking = asyncio.create_task(self._watch(name, channel))
        try:
            yield channel
        finally:
            channel.readers -= 1
            if not channel.readers:
                channel.looking.cancel()
                self._channels.pop(name, None)

    async def _watch(self, name: str, channel: Channel[S]) -> None:
        async def look() -> None:
            await channel.put(await self._look(name))

        await keep_doing(look, every_s=self._settings.poll_s, what=f"reading the {self._what} of {name}")
