"""The doors over a real socket, as a service starts them: who holds a connection, for how long, at whose cost."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from types import SimpleNamespace
from typing import Any

import pytest
from fastapi import FastAPI, Request

from chassis.http import server as subject
from chassis.http.auth import Operator, Viewer
from chassis.http.results import ApiModel, ApiResult, ok
from chassis.http.routing import Router
from chassis.http.server import Server, serving
from chassis.settings import ApiSettings, HttpSettings
from tests.support.small_api import app_of

router = Router(tags=["test"])
GET = b"GET /episodes/my-show-s01e02 HTTP/1.1\r\nHost: localhost\r\nX-API-Key: viewer\r\n\r\n"
POST = (
    b"POST /notes HTTP/1.1\r\nHost: localhost\r\nX-API-Key: %s\r\nContent-Type: application/json\r\n"
    b"Content-Length: %d\r\n\r\n"
)
HEAD_S = 0.3


class Note(ApiModel):
    text: str


@router.get("/episodes/{ep_id}")
async def read(ep_id: str, _principal: Viewer) -> ApiResult[str]:
    return ok(ep_id)


@router.get("/long")
async def read_much(_principal: Viewer) -> ApiResult[str]:
    return ok("x" * 20_000_000)


@router.post("/notes")
async def write(note: Note, _principal: Operator) -> ApiResult[int]:
    return ok(len(note.text))


@asynccontextmanager
async def serve(app: FastAPI | None = None, **settings: Any) -> AsyncIterator[tuple[Server, int]]:
    http = HttpSettings(**{"head_seconds": HEAD_S} | settings)
    api = ApiSettings(body_seconds=0.4, body_bytes_per_second=10_000)
    async with serving(app or app_of([router], api), http) as server:
        while not server.started:
            await asyncio.sleep(0.01)
        yield server, server.servers[0].sockets[0].getsockname()[1]


class Caller:
    """One connection."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader, self.writer = reader, writer

    async def send(self, data: bytes) -> None:
        self.writer.write(data)
        with suppress(ConnectionError):
            await self.writer.drain()

    async def answer(self, within_s: float = 5.0) -> tuple[int, Any]:
        """Status and body of the next answer; status 0 for a connection that ended without one."""
        try:
            async with asyncio.timeout(within_s):
                head = (await self.reader.readuntil(b"\r\n\r\n")).decode()
                length = next((int(line.split(":")[1]) for line in head.split("\r\n") if "content-length" in line), -1)
                body = await self.reader.readexactly(length) if length >= 0 else await self.reader.read()
        except (asyncio.IncompleteReadError, ConnectionError):
            return 0, None
        return int(head.split()[1]), json.loads(body) if body[:1] == b"{" else body

    async def is_ended(self, within_s: float) -> bool:
        """Whether the server ends the connection in time."""
        try:
            async with asyncio.timeout(within_s):
                while await self.reader.read(65536):
                    pass
        except TimeoutError:
            return False
        except ConnectionError:
            pass
        return True


@asynccontextmanager
async def calling(port: int) -> AsyncIterator[Caller]:
    reader, writer = await asyncio.open_connection("127.0.0.1", port, limit=2**26)
    try:
        yield Caller(reader, writer)
    finally:
        writer.close()


async def repeat(send: Callable[[], Any], every_s: float) -> None:
    while True:
        await send()
        await asyncio.sleep(every_s)


async def test_a_connection_that_says_nothing_ends() -> None:
    async with serve() as (_, port), calling(port) as caller:
        assert not await caller.is_ended(HEAD_S / 2)
        assert await caller.is_ended(HEAD_S * 3)


async def test_a_head_that_drips_ends_although_something_comes_all_the_time() -> None:
    async with serve() as (_, port), calling(port) as caller:
        await caller.send(GET[:20])
        dripping = asyncio.create_task(repeat(lambda: caller.send(b"X"), HEAD_S / 6))
        assert await caller.is_ended(HEAD_S * 3)
        dripping.cancel()


async def test_a_second_head_that_drips_ends_too() -> None:
    async with serve() as (_, port), calling(port) as caller:
        await caller.send(GET)
        assert (await caller.answer())[0] == 200
        await caller.send(GET[:20])
        dripping = asyncio.create_task(repeat(lambda: caller.send(b"X"), HEAD_S / 6))
        assert await caller.is_ended(HEAD_S * 3)
        dripping.cancel()


async def test_a_refused_body_that_never_ends_holds_nothing_long() -> None:
    async with serve() as (_, port), calling(port) as caller:
        await caller.send(POST % (b"stranger", 10**6) + b"{")
        assert (await caller.answer())[0] == 401
        dripping = asyncio.create_task(repeat(lambda: caller.send(b" "), HEAD_S / 6))
        assert await caller.is_ended(HEAD_S * 4)
        dripping.cancel()


async def test_a_refused_body_without_end_is_not_read_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(subject, "DISCARDED_BYTES", 2**20)
    async with serve(head_seconds=30) as (_, port), calling(port) as caller:
        await caller.send(POST % (b"stranger", 10**9))
        assert (await caller.answer())[0] == 401
        flooding = asyncio.create_task(repeat(lambda: caller.send(b" " * 65536), 0.001))
        assert await caller.is_ended(5)
        flooding.cancel()


async def test_a_body_that_drips_is_answered_408_and_ended() -> None:
    async with serve() as (_, port), calling(port) as caller:
        await caller.send(POST % (b"operator", 10**5) + b"{")
        dripping = asyncio.create_task(repeat(lambda: caller.send(b" "), 0.05))
        status, body = await caller.answer()
        assert (status, body["error"]["code"]) == (408, "too_slow")
        assert await caller.is_ended(HEAD_S * 4)
        dripping.cancel()


async def test_a_large_body_with_a_wrong_key_is_answered_and_the_connection_serves_on() -> None:
    size = 5_000_000
    async with serve(head_seconds=10) as (_, port), calling(port) as caller:
        await caller.send(POST % (b"stranger", size) + b" " * size)
        assert (await caller.answer())[0] == 401
        await caller.send(GET)
        assert (await caller.answer())[0] == 200


async def test_a_long_lived_connection_may_send_more_requests_than_are_discarded(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(subject, "DISCARDED_BYTES", 2000)
    async with serve() as (_, port), calling(port) as caller:
        for _ in range(100):
            await caller.send(GET)
            assert (await caller.answer())[0] == 200


async def test_many_requests_at_once_are_answered_in_order() -> None:
    async with serve() as (_, port), calling(port) as caller:
        await caller.send(GET * 50)
        assert [(await caller.answer())[0] for _ in range(50)] == [200] * 50


async def test_connections_that_wait_give_way_to_whoever_has_a_request() -> None:
    async with serve(most_connections=10, head_seconds=30) as (server, port):
        idle = [await asyncio.open_connection("127.0.0.1", port) for _ in range(30)]
        async with calling(port) as caller:
            await caller.send(GET)
            assert (await caller.answer())[0] == 200
        assert len(server.config.open) <= 10
        for _, writer in idle:
            writer.close()


async def test_no_room_is_said() -> None:
    release = asyncio.Event()
    busy = Router(tags=["test"])

    @busy.get("/wait")
    async def wait(_principal: Viewer) -> ApiResult[None]:
        await release.wait()
        return ok(None)

    async with serve(app_of([router, busy]), most_connections=10) as (_, port):
        waiting = [await asyncio.open_connection("127.0.0.1", port) for _ in range(10)]
        for _, writer in waiting:
            writer.write(GET.replace(b"/episodes/my-show-s01e02", b"/wait"))
        await asyncio.sleep(0.2)
        async with calling(port) as caller:
            status, body = await caller.answer()
        assert (status, body["error"]["code"]) == (503, "too_many_connections")
        release.set()
        assert [await Caller(*one).answer() for one in waiting] == [
            (200, {"success": True, "data": None, "error": None})
        ] * 10
        for _, writer in waiting:
            writer.close()


async def test_whoever_does_not_read_an_answer_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(subject, "DRAIN_EVERY_S", 0.3)
    async with serve() as (server, port), calling(port) as caller:
        caller.writer.transport.pause_reading()  # type: ignore[attr-defined]
        await caller.send(GET.replace(b"/episodes/my-show-s01e02", b"/long"))
        async with asyncio.timeout(5):
            while not len(server.config.open):
                await asyncio.sleep(0.01)
            while len(server.config.open):
                await asyncio.sleep(0.05)


async def test_a_web_socket_is_no_way_in() -> None:
    upgrade = b"GET /episodes/my-show-s01e02 HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
    upgrade += b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
    async with serve() as (_, port), calling(port) as caller:
        await caller.send(upgrade)
        assert (await caller.answer())[0] == 401


@pytest.mark.parametrize(
    "request_text",
    [
        b"GET / HTTP/1.1\r\nHost: a\r\nX: " + b"x" * 70_000 + b"\r\n\r\n",
        b"GET /" + b"a" * 70_000 + b" HTTP/1.1\r\nHost: a\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: a\r\n" + b"X: y\r\n" * 20_000 + b"\r\n",
        b"POST /notes HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\n",
        b"POST /notes HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip, chunked\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01",
        b"GET / HTTP/1.1\r\n\r\n",
    ],
    ids=["header", "path", "headers", "two lengths", "encoding", "tls", "no host"],
)
async def test_what_is_no_request_is_refused_and_ended(request_text: bytes) -> None:
    async with serve() as (_, port), calling(port) as caller:
        await caller.send(request_text)
        assert (await caller.answer())[0] in {400, 501}
        assert await caller.is_ended(1)


async def test_expect_100_spares_the_body_of_whoever_is_refused() -> None:
    async with serve() as (_, port), calling(port) as caller:
        await caller.send((POST % (b"stranger", 10**8)).replace(b"\r\n\r\n", b"\r\nExpect: 100-continue\r\n\r\n"))
        assert (await caller.answer())[0] == 401


@pytest.mark.parametrize(("trusted", "seen"), [((), "127.0.0.1"), (("127.0.0.0/8",), "203.0.113.9")])
async def test_an_address_is_believed_from_trusted_proxies_only(trusted: tuple[str, ...], seen: str) -> None:
    addresses: list[str] = []
    who = Router(tags=["test"])

    @who.get("/who")
    async def where_from(request: Request, _principal: Viewer) -> ApiResult[None]:
        addresses.append(request.client.host if request.client else "")
        return ok(None)

    async with serve(app_of([who]), trusted_proxies=trusted) as (_, port), calling(port) as caller:
        forged = b"\r\nX-Forwarded-For: 198.51.100.7, 203.0.113.9, 127.0.0.5\r\n\r\n"
        await caller.send(GET.replace(b"/episodes/my-show-s01e02", b"/who").replace(b"\r\n\r\n", forged))
        assert (await caller.answer())[0] == 200
    assert addresses == [seen]


def test_a_proxy_is_an_address_or_a_network() -> None:
    for wrong in ("*", "proxy.example", "10.0.0.0/33", "10.0.0.1/8"):
        with pytest.raises(ValueError, match="trusted_proxies"):
            HttpSettings(trusted_proxies=(wrong,))


def timers() -> set[asyncio.TimerHandle]:
    """What the event loop is to do later."""
    scheduled: list[asyncio.TimerHandle] = asyncio.get_running_loop()._scheduled  # type: ignore[attr-defined]
    return {timer for timer in scheduled if not timer.cancelled()}


async def test_a_server_that_nobody_asks_does_nothing_and_ends_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    rounds: list[int] = []

    async def noted(_server: Server, tick: int) -> bool:
        rounds.append(tick)
        return False

    monkeypatch.setattr(Server, "on_tick", noted)
    async with asyncio.timeout(20):
        before = timers()
        async with serving(FastAPI(), HttpSettings()) as server:
            while not server.started:
                await asyncio.sleep(0.01)
            assert not timers() - before
    assert not rounds


async def test_answers_bear_the_time_at_which_they_were_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = SimpleNamespace(time=lambda: clock.now, now=1_700_000_000.0)
    monkeypatch.setattr(subject, "time", clock)
    dates = []
    async with serve() as (_, port), calling(port) as caller:
        for later_s in (0.0, 0.5, 3600.0, -7200.0):
            clock.now += later_s
            await caller.send(GET)
            head = (await caller.reader.readuntil(b"\r\n\r\n")).decode()
            dates.append(next(line for line in head.split("\r\n") if line.startswith("date:")))
            length = next(int(line.split(":")[1]) for line in head.split("\r\n") if line.startswith("content-length:"))
            await caller.reader.readexactly(length)
    assert [date[len("date: Tue, 14 Nov 2023 ") :] for date in dates] == [
        "22:13:20 GMT",
        "22:13:20 GMT",
        "23:13:20 GMT",
        "21:13:20 GMT",
    ]
