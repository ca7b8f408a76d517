"""Event streams end with the key that they were opened with, and with nothing else."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from typing import Any

import pytest
from fastapi import FastAPI
from starlette.requests import Request

from chassis.errors import DependencyUnavailable
from chassis.http import streams
from chassis.http.auth import Authenticator, Role
from chassis.http.keys import REMEMBERED_S
from chassis.http.streams import while_allowed
from tests.support.small_api import KnownKeys, app_of

LOOK_S = 0.05


@pytest.fixture(autouse=True)
def look_often(monkeypatch: pytest.MonkeyPatch) -> None:
    assert streams.LOOK_EVERY_S + REMEMBERED_S < 10, "a revoked key's streams end within ten seconds"
    monkeypatch.setattr(streams, "LOOK_EVERY_S", LOOK_S)


def connection(app: FastAPI, key: str = "viewer", ep_id: str = "my-show-s01e02") -> Request:
    headers = [(b"x-api-key", key.encode())]
    return Request({"type": "http", "app": app, "headers": headers, "path_params": {"ep_id": ep_id}, "state": {}})


class Numbers:
    """Counts for ever; knows whether it was ended."""

    def __init__(self, *, pause_s: float = 0.01, most: int = 10**6) -> None:
        self._pause_s, self._most = pause_s, most
        self.is_closed = False

    async def events(self) -> AsyncGenerator[int, None]:
        try:
            for number in range(self._most):
                yield number
                await asyncio.sleep(self._pause_s)
        finally:
            self.is_closed = True


def keys_of(app: FastAPI) -> KnownKeys:
    found: KnownKeys = app.state.parts[Authenticator]
    return found


@pytest.mark.parametrize("pause_s", [0.01, 60.0], ids=["busy", "silent"])
async def test_a_stream_ends_when_its_key_is_revoked(pause_s: float) -> None:
    app, numbers = app_of([]), Numbers(pause_s=pause_s)
    stream = while_allowed(connection(app), Role.viewer, numbers.events())
    assert await anext(stream) == 0
    keys_of(app).revoked.add("viewer")
    async with asyncio.timeout(LOOK_S * 20):
        async for _ in stream:
            pass
    await asyncio.sleep(0)
    assert numbers.is_closed


async def test_a_stream_of_a_show_that_the_key_lost_ends() -> None:
    app = app_of([])
    stream = while_allowed(connection(app, ep_id="other-s01e01"), Role.viewer, Numbers(pause_s=60).events())
    assert await anext(stream) == 0
    async with asyncio.timeout(LOOK_S * 20):
        assert [number async for number in stream] == []


async def test_a_stream_in_force_goes_on_to_its_own_end() -> None:
    numbers = Numbers(most=30)
    stream = while_allowed(connection(app_of([])), Role.viewer, numbers.events())
    assert [number async for number in stream] == list(range(30))
    assert numbers.is_closed


async def test_a_stream_outlives_a_store_that_is_away(monkeypatch: pytest.MonkeyPatch) -> None:
    app = app_of([])

    async def away(**_: Any) -> Any:
        raise DependencyUnavailable("mongo", "gone")

    monkeypatch.setattr(keys_of(app), "principal", away)
    stream = while_allowed(connection(app), Role.viewer, Numbers(most=30).events())
    assert len([number async for number in stream]) == 30


async def test_whoever_stops_listening_leaves_nothing_behind() -> None:
    app, numbers = app_of([]), Numbers()
    before = len(asyncio.all_tasks())
    stream = while_allowed(connection(app), Role.viewer, numbers.events())
    assert await anext(stream) == 0
    await stream.aclose()
    await asyncio.sleep(0)
    assert numbers.is_closed
    assert len(asyncio.all_tasks()) == before


async def test_a_listener_that_is_cancelled_ends_what_it_listened_to() -> None:
    app, numbers = app_of([]), Numbers(pause_s=60)

    async def listen() -> None:
        async for _ in while_allowed(connection(app), Role.viewer, numbers.events()):
            pass

    listening = asyncio.create_task(listen())
    await asyncio.sleep(0.05)
    listening.cancel()
    await asyncio.wait({listening})
    await asyncio.sleep(0.01)
    assert numbers.is_closed
