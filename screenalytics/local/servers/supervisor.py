"""Starts children again that died."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from types import TracebackType
from typing import Self

from chassis.backoff import backoff
from screenalytics.local.servers.child import READY_TIMEOUT_SECONDS, ChildProcess
from screenalytics.local.servers.errors import StackError


class ChildEventKind(StrEnum):
    DIED = "died"
    RESTARTED = "restarted"
    START_FAILED = "start_failed"


@dataclass(frozen=True, kw_only=True)
class ChildEvent:
    """Something happened to a child.

    `attempt` counts the deaths since the child last ran stably, from 1; `delay_seconds` is the pause before the next
    start (0 for RESTARTED).
    """

    name: str
    kind: ChildEventKind
    attempt: int
    delay_seconds: float
    returncode: int | None = None
    message: str = ""


class Supervisor:
    """Watches running children while it is entered, and starts again those that end. It never stops one for good.

    The pause before a start doubles from `first_delay` to `longest_delay` seconds, and is short again after a child
    has run for `stable_after` seconds. `dependents` names, for a child, the children that must be started afresh
    whenever it was (clients of a broker that forgets everything).
    """

    def __init__(
        self,
        children: Sequence[ChildProcess],
        *,
        on_event: Callable[[ChildEvent], None],
        dependents: Mapping[str, Sequence[str]] | None = None,
        first_delay: float = 0.5,
        longest_delay: float = 15.0,
        stable_after: float = 30.0,
        ready_timeout: float = READY_TIMEOUT_SECONDS,
    ) -> None:
        self._children = {child.name: child for child in children}
        self._on_event = on_event
        self._dependents = dict(dependents or {})
        self._first_delay = first_delay
        self._longest_delay = longest_delay
        self._stable_after = stable_after
        self._ready_timeout = ready_timeout
        # Held while a child is being started, so that its watcher does not take an intended end for a death.
        self._locks = {name: asyncio.Lock() for name in self._children}
        self._watchers: list[asyncio.Task[None]] = []

    async def __aenter__(self) -> Self:
        self._watchers = [asyncio.create_task(self._watch(child)) for child in self._children.values()]
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        for watcher in self._watchers:
            watcher.cancel()
        await asyncio.gather(*self._watchers, return_exceptions=True)
        self._watchers = []

    async def _watch(self, child: ChildProcess) -> None:
        loop = asyncio.get_running_loop()
        attempt = 0
        while True:
            started = loop.time()
            await child.wait()
            async with self._locks[child.name]:
                if child.is_running:  # it was restarted together with what it depends on
                    continue
                attempt = 1 if loop.time() - started > self._stable_after else attempt + 1
                restarted = await self._start_again(child, attempt=attempt)
            if restarted:
                await self._restart_dependents(child, attempt=attempt)

    async def _start_again(self, child: ChildProcess, *, attempt: int) -> bool:
        delay = backoff(attempt, first_s=self._first_delay, max_s=self._longest_delay, jitter=0.0)
        self._report(child, ChildEventKind.DIED, attempt=attempt, delay=delay, message=child.log_tail())
        await asyncio.sleep(delay)
        return await self._restart(child, attempt=attempt)

    async def _restart_dependents(self, child: ChildProcess, *, attempt: int) -> None:
        dependents = [self._children[name] for name in self._dependents.get(child.name, ()) if name in self._children]

        async def restart(dependent: ChildProcess) -> None:
            async with self._locks[dependent.name]:
                await self._restart(dependent, attempt=attempt)

        await asyncio.gather(*(restart(dependent) for dependent in dependents))

    async def _restart(self, child: ChildProcess, *, attempt: int) -> bool:
        """Whether it runs and is ready. If not it is left ended, so its watcher tries again after a longer pause."""
        try:
            await child.restart(self._ready_timeout)
        except StackError as error:
            child.kill()
            self._report(child, ChildEventKind.START_FAILED, attempt=attempt, delay=0.0, message=str(error))
            return False
        self._report(child, ChildEventKind.RESTARTED, attempt=attempt, delay=0.0)
        return True

    def _report(
        self, child: ChildProcess, kind: ChildEventKind, *, attempt: int, delay: float, message: str = ""
    ) -> None:
        self._on_event(
            ChildEvent(
                name=child.name,
                kind=kind,
                attempt=attempt,
                delay_seconds=delay,
                returncode=child.returncode,
                message=message,
            )
        )
