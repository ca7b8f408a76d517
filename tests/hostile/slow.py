"""Connections that take their time: that say nothing, drip, or do not read."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack, suppress

from tests.hostile.attack import Attack
from tests.hostile.bodies import JSON
from tests.hostile.target import Target
from tests.hostile.wire import Line, ask, head, line_to, tally, until_ended

CONNECTIONS = 400
HEAD_S = 10.0
"""As `SCREENALYTICS_HTTP__HEAD_SECONDS` is by default."""
BODY_S = 20.0
"""As `SCREENALYTICS_API__BODY_SECONDS` is by default."""


async def _drip(lines: list[Line], seconds: float, piece: bytes = b"x") -> None:
    """A byte a second on every line."""
    for _ in range(int(seconds)):
        await asyncio.gather(*(line.send(piece) for line in lines))
        await asyncio.sleep(1.0)


async def _silent(target: Target) -> str:
    async with AsyncExitStack() as opened:
        lines = [await opened.enter_async_context(line_to(target)) for _ in range(CONNECTIONS)]
        return await until_ended(lines, HEAD_S + 5)


async def _dripping_heads(target: Target) -> str:
    async with AsyncExitStack() as opened:
        lines = [await opened.enter_async_context(line_to(target)) for _ in range(CONNECTIONS)]
        await asyncio.gather(*(line.send(b"GET /episodes HTTP/1.1\r\nX: ") for line in lines))
        dripping = asyncio.create_task(_drip(lines, HEAD_S + 5))
        ended = await until_ended(lines, HEAD_S + 5)
        dripping.cancel()
        return ended


async def _dripping_bodies(target: Target) -> str:
    async with AsyncExitStack() as opened:
        lines = [await opened.enter_async_context(line_to(target)) for _ in range(50)]
        opening = head("POST", "/episodes", {**JSON, "Content-Length": 10**6}, key=target.keys["operator"])
        await asyncio.gather(*(line.send(opening) for line in lines))
        dripping = asyncio.create_task(_drip(lines, BODY_S + 5, b" "))
        answers = await asyncio.gather(*(line.answer(BODY_S + 5) for line in lines))
        dripping.cancel()
        return tally(answers)


async def _dripping_after_a_refusal(target: Target) -> str:
    async with line_to(target) as line:
        await line.send(head("POST", "/episodes", {**JSON, "Content-Length": 10**6}))
        refused = await line.answer()
        dripping = asyncio.create_task(_drip([line], HEAD_S + 5, b" "))
        ended = await line.end(HEAD_S + 5)
        dripping.cancel()
        return f"{refused}, {ended}"


async def _crowd(target: Target) -> str:
    """More connections than there is room for, and then somebody with a request."""
    async with AsyncExitStack() as opened:
        with suppress(OSError):
            for _ in range(2500):
                await opened.enter_async_context(line_to(target))
        return await ask(target, "GET", "/episodes", key=target.keys["viewer"])


async def _unread_answers(target: Target) -> str:
    """Asking again and again for something long, and reading nothing of it."""
    async with AsyncExitStack() as opened:
        lines = [await opened.enter_async_context(line_to(target)) for _ in range(20)]
        asking = head("GET", "/openapi.json", {}, key=target.keys["viewer"])
        asked = [asyncio.create_task(line.send(asking * 20)) for line in lines]
        await asyncio.sleep(3)
        for task in asked:
            task.cancel()
        return await ask(target, "GET", "/episodes", key=target.keys["viewer"])


ATTACKS = (
    Attack(family="slow", name=f"{CONNECTIONS} connections that say nothing", run=_silent, expected="ended"),
    Attack(family="slow", name=f"{CONNECTIONS} heads that drip", run=_dripping_heads, expected="ended"),
    Attack(family="slow", name="50 bodies that drip", run=_dripping_bodies, expected="408", within_s=40),
    Attack(
        family="slow", name="a body that drips after its refusal", run=_dripping_after_a_refusal, expected="401, ended"
    ),
    Attack(family="slow", name="2,500 connections at once", run=_crowd, expected="200"),
    Attack(family="slow", name="400 long answers that nobody reads", run=_unread_answers, expected="200"),
)
