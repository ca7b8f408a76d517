"""One try to tell an address: checked when it is connected to, bounded in time, never led elsewhere."""

from __future__ import annotations

import ipaddress
import socket
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Any

import aiohttp

from services.webhooks.rules import TIMEOUT_S
from services.webhooks.settings import WebhookSettings
from services.webhooks.subscriptions.addresses import Network, check_connection, check_url
from services.webhooks.subscriptions.deliveries import Try
from services.webhooks.subscriptions.messages import Message, headers_of

LONGEST_REASON = 300


class Sender:
    """Sends messages. Use `connected`."""

    def __init__(self, session: aiohttp.ClientSession, settings: WebhookSettings, allowed: Sequence[Network]) -> None:
        self._session = session
        self._settings = settings
        self._allowed = allowed

    @classmethod
    @asynccontextmanager
    async def connected(cls, settings: WebhookSettings) -> AsyncIterator[Sender]:
        """A sender for the life of the context.

        Every connection is opened anew, to what the name stands for then, and every address is looked at before the
        socket is: neither a second answer of the name server nor a way of writing an address gets by that. Proxies of
        the environment are not asked, cookies not kept.
        """
        allowed = networks_of(settings)

        def checked_socket(info: tuple[Any, ...]) -> socket.socket:
            family, kind, protocol, _, address = info
            check_connection(str(address[0]), allowed)
            return socket.socket(family=family, type=kind, proto=protocol)

        connector = aiohttp.TCPConnector(use_dns_cache=False, force_close=True, limit=0, socket_factory=checked_socket)
        session = aiohttp.ClientSession(
            connector=connector,
            timeout=aiohttp.ClientTimeout(total=TIMEOUT_S),
            cookie_jar=aiohttp.DummyCookieJar(),
            auto_decompress=False,
            trust_env=False,
        )
        async with session:
            yield cls(session, settings, allowed)

    async def send(self, url: str, message: Message, secrets: Sequence[str]) -> Try:
        """Make one try. Of the answer only the status and `Retry-After` are read; its body is nobody's business here."""
        now, started = datetime.now(UTC), time.monotonic()
        status, error, rest_s = None, None, None
        try:
            check_url(url, allow_http=self._settings.allow_http, allowed=self._allowed)  # the settings may have changed
            async with self._session.post(
                url,
                data=message.body.encode(),
                headers=headers_of(message, secrets, now),
                allow_redirects=False,
            ) as answer:
                status = answer.status
                rest_s = _seconds(answer.headers.get("retry-after"))
                answer.close()
        except TimeoutError:
            error = f"no answer within {TIMEOUT_S:g} s"
        except Exception as problem:
            error = f"{type(problem).__name__}: {problem}"[:LONGEST_REASON]
        return Try(
            at=now, took_s=round(time.monotonic() - started, 3), status=status, error=error, retry_after_s=rest_s
        )


def networks_of(settings: WebhookSettings) -> tuple[Network, ...]:
    return tuple(ipaddress.ip_network(network) for network in settings.allowed_networks)


def _seconds(text: str | None) -> float | None:
    """`Retry-After` in seconds; its form as a date is not read."""
    return float(text) if text is not None and text.isascii() and text.isdigit() and len(text) < 10 else None
