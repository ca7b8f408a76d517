"""Calls of an ASGI application by hand, to see what it reads and when."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from fastapi import FastAPI


@dataclass(kw_only=True)
class Exchange:
    """What an application read of a request and what it answered."""

    status: int = 0
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""
    read: int = 0
    """How often it asked for a piece of the body."""

    @property
    def code(self) -> str:
        """The error's code."""
        return str(json.loads(self.body)["error"]["code"])


async def call(
    app: FastAPI,
    method: str,
    path: str,
    *,
    headers: Mapping[str, str] | Sequence[tuple[str, str]] = (),
    pieces: Sequence[bytes] = (b"",),
    client: tuple[str, int] = ("127.0.0.1", 5000),
    pause_s: float = 0.0,
) -> Exchange:
    """Call the application with a body in pieces, and a pause before each."""
    exchange = Exchange()
    pairs = headers.items() if isinstance(headers, Mapping) else headers
    path, _, query = path.partition("?")
    scope: dict[str, Any] = {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": method,
        "scheme": "http",
        "path": path,
        "raw_path": path.encode(),
        "root_path": "",
        "query_string": query.encode(),
        "headers": [(name.lower().encode("latin-1"), value.encode("latin-1")) for name, value in pairs],
        "client": client,
        "server": ("127.0.0.1", 80),
    }

    async def receive() -> dict[str, Any]:
        exchange.read += 1
        await asyncio.sleep(pause_s)
        if exchange.read > len(pieces):
            return {"type": "http.disconnect"}
        return {
            "type": "http.request",
            "body": pieces[exchange.read - 1],
            "more_body": exchange.read < len(pieces),
        }

    async def send(message: Any) -> None:
        if message["type"] == "http.response.start":
            exchange.status = message["status"]
            exchange.headers = {name.decode(): value.decode() for name, value in message["headers"]}
        else:
            exchange.body += message.get("body", b"")

    await app(scope, receive, send)
    return exchange
