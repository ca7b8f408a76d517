"""Server-sent events as a client reads them."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

import httpx


@dataclass(frozen=True)
class Event:
    """A server-sent event; `ping` is a comment that keeps the line open."""

    kind: str
    data: dict[str, Any]
    id: str | None


async def events_in(answer: httpx.Response) -> AsyncIterator[Event]:
    """The events of an answer as they come."""
    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith("text/event-stream")
    fields: dict[str, str] = {}
    async for line in answer.aiter_lines():
        if line.startswith(": ping"):
            yield Event("ping", {}, None)
        elif line.startswith(":"):
            continue
        elif line:
            name, _, value = line.partition(": ")
            fields[name] = value
        elif fields:
            yield Event(fields["event"], json.loads(fields["data"]), fields.get("id"))
            fields = {}
