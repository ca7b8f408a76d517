"""One try over real sockets: what is reached, what is not, and what is followed."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from aiohttp import web
from standardwebhooks import Webhook

from services.webhooks.sending import sender as subject
from services.webhooks.sending.sender import Sender
from services.webhooks.settings import WebhookSettings
from services.webhooks.subscriptions.deliveries import Try
from services.webhooks.subscriptions.messages import Message, secret_text

SECRET = secret_text(bytes(32))
MESSAGE = Message(message_id="m-1", kind="webhook.test", body='{"type":"webhook.test"}')
HERE = WebhookSettings(allowed_networks=("127.0.0.0/8",), allow_http=True)


class Receiver:
    """Answers as a test says, and keeps what it was sent."""

    def __init__(self) -> None:
        self.port = 0
        self.answer = web.Response(status=204)
        self.seen: list[tuple[str, dict[str, str], str]] = []

    async def handle(self, request: web.Request) -> web.Response:
        headers = {name.lower(): value for name, value in request.headers.items()}
        self.seen.append((request.path, headers, await request.text()))
        return self.answer


@asynccontextmanager
async def receiver() -> AsyncIterator[Receiver]:
    found = Receiver()
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", found.handle)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    found.port = runner.addresses[0][1]
    try:
        yield found
    finally:
        await runner.cleanup()


async def send(url: str, settings: WebhookSettings = HERE) -> Try:
    async with Sender.connected(settings) as sender:
        return await sender.send(url, MESSAGE, [SECRET])


async def test_a_receiver_with_the_library_reads_what_arrives() -> None:
    async with receiver() as found:
        done = await send(f"http://127.0.0.1:{found.port}/hook")
        ((path, headers, body),) = found.seen
    assert (done.status, done.error, done.succeeded) == (204, None, True)
    assert path == "/hook"
    assert Webhook(SECRET).verify(body, headers) == {"type": "webhook.test"}


async def test_a_name_that_stands_for_a_private_address_is_not_connected_to() -> None:
    public_only = WebhookSettings(allow_http=True)
    async with receiver() as found:
        for host in ("localhost", "2130706433", "0x7f.1", "127.1"):
            done = await send(f"http://{host}:{found.port}/", public_only)
            assert done.status is None, host
        done = await send(f"http://localhost:{found.port}/", public_only)
        assert "no public address" in (done.error or "")
        assert found.seen == []


async def test_a_second_answer_of_the_name_server_gets_nowhere(monkeypatch: pytest.MonkeyPatch) -> None:
    """Rebinding: the name was public when it was registered, and is not when it is connected to."""

    def resolve(*_: object, **__: object) -> list[tuple[object, ...]]:
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", found.port))]

    async with receiver() as found:
        monkeypatch.setattr(socket, "getaddrinfo", resolve)
        done = await send("http://rebinding.example/", WebhookSettings(allow_http=True))
        assert done.status is None
        assert found.seen == []


async def test_what_is_answered_leads_nowhere_else() -> None:
    async with receiver() as found:
        found.answer = web.Response(status=307, headers={"Location": f"http://127.0.0.1:{found.port}/internal"})
        done = await send(f"http://127.0.0.1:{found.port}/hook")
        assert [path for path, _, _ in found.seen] == ["/hook"]
    assert (done.status, done.succeeded) == (307, False)


async def test_proxies_of_the_environment_are_not_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:1")
    async with receiver() as found:
        assert (await send(f"http://127.0.0.1:{found.port}/hook")).succeeded


async def test_a_receiver_that_does_not_answer_is_given_up_in_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(subject, "TIMEOUT_S", 0.2)
    async with await asyncio.start_server(lambda *_: asyncio.sleep(5), "127.0.0.1", 0) as silent:
        port = silent.sockets[0].getsockname()[1]
        done = await send(f"http://127.0.0.1:{port}/")
    assert (done.status, done.error) == (None, "no answer within 0.2 s")


async def test_a_receiver_that_is_away_is_said_to_be() -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        done = await send(f"http://127.0.0.1:{unused.getsockname()[1]}/")
    assert done.status is None
    assert "Connect" in (done.error or "")


async def test_rests_that_a_receiver_asks_for_are_read() -> None:
    async with receiver() as found:
        found.answer = web.Response(status=429, headers={"Retry-After": "120"})
        assert (await send(f"http://127.0.0.1:{found.port}/")).retry_after_s == 120.0
        found.answer = web.Response(status=503, headers={"Retry-After": "Fri, 31 Dec 2027 23:59:59 GMT"})
        assert (await send(f"http://127.0.0.1:{found.port}/")).retry_after_s is None
