"""Long answers end when the caller's credential does."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from typing import TypeVar

from starlette.requests import HTTPConnection

from chassis import telemetry
from chassis.http.auth import Authenticator, Credentials, Require, Role
from chassis.http.errors import ApiError

E = TypeVar("E")

LOOK_EVERY_S = 4.0
"""With `keys.REMEMBERED_S` on top, a revoked key's streams end within ten seconds."""


async def while_allowed(
    connection: HTTPConnection, role: Role, events: AsyncGenerator[E, None]
) -> AsyncGenerator[E, None]:
    """What `events` yields, for as long as the caller's credential is in force and has the role and the show."""
    refused = asyncio.create_task(_refused(connection, Require(role)))
    upcoming: asyncio.Future[E] | None = None
    try:
        while True:
            upcoming = asyncio.ensure_future(anext(events))
            await asyncio.wait({upcoming, refused}, return_when=asyncio.FIRST_COMPLETED)
            if not upcoming.done():
                return
            try:
                event = upcoming.result()
            except StopAsyncIteration:
                return
            yield event
    finally:
        refused.cancel()
        if upcoming is not None and not upcoming.done():
            upcoming.cancel()  # which ends `events` where it stands
        else:
            await events.aclose()


async def _refused(connection: HTTPConnection, guard: Require) -> None:
    """Return when the caller may not go on."""
    authenticator: Authenticator = connection.app.state.parts[Authenticator]
    presented = Credentials.of(connection.headers)
    while True:
        await asyncio.sleep(LOOK_EVERY_S)
        try:
            guard.check(connection, await authenticator.caller(presented))
        except ApiError:
            return
        except Exception as error:  # whoever was allowed stays so while nobody can be asked
            telemetry.logger().warning("credential of a stream not looked at", error=str(error)[:300])
