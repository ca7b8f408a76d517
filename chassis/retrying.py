"""Doing things again: until they are stored, until what they need is there, or every few seconds for ever."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable, Callable
from typing import TypeVar

from chassis import telemetry
from chassis.backoff import backoff

MOST_TRIES = 200
"""How often a write that somebody else's overtook is made again."""

PAUSE_S = 0.02
"""Longest pause between two tries of a write, so that those who contend do not keep step."""

CALM_AFTER_S = 30.0
"""A background loop that has found nothing to do for so long may look less often."""

CALM_S = 5.0
"""How often such a loop looks then: what it looks for is kept waiting so long at most, once after a calm."""

T = TypeVar("T")


async def until_stored(attempt: Callable[[], Awaitable[T | None]], *, busy: Exception) -> T:
    """What `attempt` stored; it is made again where it says None, because what it had read was changed meanwhile.

    Raises:
        busy: when others were faster too often; and whatever `attempt` raises.
    """
    for _ in range(MOST_TRIES):
        stored = await attempt()
        if stored is not None:
            return stored
        await asyncio.sleep(random.uniform(0, PAUSE_S))
    raise busy


async def until_there(start: Callable[[], Awaitable[object]], *, waiting_for: str) -> None:
    """Start something, for as long as what it needs is away; every failure is logged."""
    attempt = 0
    while True:
        try:
            await start()
            return
        except Exception as error:
            attempt += 1
            telemetry.logger().warning(f"waiting for {waiting_for}", error=str(error)[:300], attempt=attempt)
            await asyncio.sleep(backoff(attempt, first_s=0.2, max_s=5.0, jitter=0.0))


async def keep_doing(
    work: Callable[[], Awaitable[object]], *, every_s: float, what: str, calm_s: float | None = None
) -> None:
    """A background loop: do something, rest, and so on for ever. A time that fails is logged; the next one follows.

    `calm_s`: how long to rest when there was nothing to do for `CALM_AFTER_S`, which `work` says with 0, None or False.
    """
    loop = asyncio.get_running_loop()
    last_work = loop.time()
    while True:
        try:
            if await work():
                last_work = loop.time()
        except Exception as error:
            telemetry.logger().warning(f"{what} failed", error=str(error)[:300])
            last_work = loop.time()
        is_calm = calm_s is not None and loop.time() - last_work >= CALM_AFTER_S
        await asyncio.sleep(max(every_s, calm_s) if is_calm and calm_s is not None else every_s)
