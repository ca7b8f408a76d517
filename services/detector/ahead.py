"""The analysis of the segment that comes next, begun while the last one is finished.

When the last frame of a segment was looked at, its tracks are still made sure of, its rows written and its pictures stored:
that keeps one core busy, or none, and the next segment's decoder would only start afterwards. What is begun ahead is taken
when its message comes, and thrown away when another one does: **a message is handled as if nothing had been begun**.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from contextvars import copy_context
from typing import Any, Final, Generic, TypeVar

from chassis import telemetry

UNCLAIMED_S: Final = 30.0
"""An event that is handled next comes within a second, unless the stores are away."""

E = TypeVar("E")
R = TypeVar("R")


class Ahead(Generic[E, R]):
    """At most one piece of work for the event that comes next. What nobody has taken after `UNCLAIMED_S` ends: its event
    went to another worker, or is not wanted any more, and then nothing of it may stay here.

    Args:
        upcoming: The event that is handled next, if it is known and its work worth beginning.
        work: What is done for it.
    """

    def __init__(
        self, upcoming: Callable[[], Awaitable[E | None]], work: Callable[[E], Coroutine[Any, Any, R]]
    ) -> None:
        self._upcoming = upcoming
        self._work = work
        self._context = copy_context()  # of the service: what the event before says of itself is not said of the next
        self._begun: asyncio.Task[tuple[E, asyncio.Task[R]] | None] | None = None
        self._giving_up: asyncio.TimerHandle | None = None
        self._is_closed = False

    def begin(self) -> None:
        """Begins the work for the next event, unless some is begun; what goes wrong concerns whoever takes it."""
        if self._begun is None and not self._is_closed:
            self._begun = asyncio.create_task(self._begin(), context=self._context.copy())
            self._giving_up = asyncio.get_running_loop().call_later(UNCLAIMED_S, self._drop)

    async def take(self, event: E) -> asyncio.Task[R] | None:
        """The work for `event`, where it was begun and has not failed; that for another one ends."""
        begun = self._let_go()
        found = await begun if begun is not None else None
        if found is None:
            return None
        expected, working = found
        if expected == event and not _has_failed(working):
            return working
        working.cancel()
        await asyncio.gather(working, return_exceptions=True)
        return None

    async def until_stopped(self) -> None:
        """Runs as long as the service does; then what nobody has taken ends, and nothing is begun any more."""
        try:
            await asyncio.Event().wait()
        finally:
            self._is_closed = True
            self._drop()

    def _drop(self) -> None:
        begun = self._let_go()
        if begun is not None and not begun.cancel() and not begun.cancelled() and (found := begun.result()) is not None:
            found[1].cancel()

    def _let_go(self) -> asyncio.Task[tuple[E, asyncio.Task[R]] | None] | None:
        if self._giving_up is not None:
            self._giving_up.cancel()
        begun, self._begun, self._giving_up = self._begun, None, None
        return begun

    async def _begin(self) -> tuple[E, asyncio.Task[R]] | None:
        try:
            event = await self._upcoming()
        except Exception as error:
            telemetry.logger().info("the next segment is not begun ahead", error=str(error)[:300])
            return None
        if event is None:
            return None
        working = asyncio.create_task(self._work(event))
        working.add_done_callback(_has_failed)  # whoever takes it hears of it; of what nobody takes nothing is said
        return event, working


def _has_failed(work: asyncio.Task[Any]) -> bool:
    """What went wrong then need not go wrong now."""
    return work.done() and (work.cancelled() or work.exception() is not None)
