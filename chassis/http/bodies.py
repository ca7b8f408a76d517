"""What a route reads of a request's body: its kind, its length, its time, and how much one JSON text may hold."""

from __future__ import annotations

import asyncio
import json
import math
import re
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from enum import Enum
from typing import Any

from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.types import Message, Receive

from chassis.http.errors import ApiError
from chassis.settings import ApiSettings

MOST_VALUES = 20_000
"""Values in one JSON text. The largest command names 5,000 tracks; two megabytes of unknown fields hold the event loop
up for a second and a half (measured)."""
MOST_FILES = 21
"""One more than any address takes, so that it says itself how many it does."""
MOST_FIELDS = 20
LARGEST_FIELD_BYTES = 64 * 2**10
_SURROGATE = re.compile(rb"\\u[dD][89a-fA-F]")


class BodyKind(Enum):
    """What the body of a request to a route is."""

    none = ""
    json = "application/json"
    files = "multipart/form-data"


class Bodies:
    """The bounds of bodies, and how much of files is read at a time."""

    def __init__(self, settings: ApiSettings) -> None:
        self._settings = settings
        self._room = max(settings.max_uploads_bytes, settings.max_upload_bytes)

    @asynccontextmanager
    async def reading(self, request: Request, kind: BodyKind) -> AsyncIterator[Request]:
        """The request, of which nothing was read yet, as one that can be read within bounds.

        Raises:
            ApiError: 413 `too_large`, 415 `unsupported_media_type`, 429 `too_many_uploads`.
        """
        if kind is BodyKind.none:
            yield request
            return
        if _has_body(request.headers):
            _check_kind(request.headers, kind)
        limit = self._limit(kind)
        announced = request.headers.get("content-length", "0")
        if not announced.isdecimal() or int(announced) > limit:
            raise ApiError(413, "too_large", _too_large(limit))
        bounded = BoundedRequest(request.scope, self._bounded(request.receive, limit))
        if kind is not BodyKind.files:
            yield bounded
            return
        with self._in_flight(limit if "transfer-encoding" in request.headers else int(announced)):
            yield bounded

    @contextmanager
    def _in_flight(self, size: int) -> Iterator[None]:
        """Room for files of that size together, from their arrival to the answer."""
        if size > self._room:
            sentence = "Other files are being received here: try again shortly."
            raise ApiError(429, "too_many_uploads", sentence, headers={"Retry-After": "10"})
        self._room -= size
        try:
            yield
        finally:
            self._room += size

    def _limit(self, kind: BodyKind) -> int:
        return self._settings.max_upload_bytes if kind is BodyKind.files else self._settings.max_body_bytes

    def _bounded(self, receive: Receive, limit: int) -> Receive:
        """What comes, until it is more than `limit` bytes or slower than the settings allow."""
        loop = asyncio.get_running_loop()
        seen, waited, is_whole = 0, 0.0, False

        async def receiving() -> Message:
            nonlocal seen, waited, is_whole
            if is_whole:  # what comes now is that the caller has gone
                return await receive()
            begun = loop.time()
            allowed = self._settings.body_seconds + seen / self._settings.body_bytes_per_second - waited
            try:
                async with asyncio.timeout(max(allowed, 0.0)):
                    message = await receive()
            except TimeoutError:
                raise HTTPException(408, "The body comes too slowly: send it again over a faster connection.") from None
            waited += loop.time() - begun
            seen += len(message.get("body", b""))
            is_whole = not message.get("more_body", False)
            if seen > limit:
                raise HTTPException(413, _too_large(limit))
            return message

        return receiving


class BoundedRequest(Request):
    """A request whose JSON and forms are read with care."""

    async def json(self) -> Any:
        return parse_json(await self.body())

    def form(self, **_limits: Any) -> Any:
        return super().form(max_files=MOST_FILES, max_fields=MOST_FIELDS, max_part_size=LARGEST_FIELD_BYTES)


def parse_json(text: bytes) -> Any:
    """The value of a JSON text.

    Raises:
        json.JSONDecodeError: when it is none.
        HTTPException: 413 when it holds too much; 400 for what JSON does not have: infinite numbers, half characters,
            nesting without end.
    """
    if text.count(b",") + text.count(b"[") + text.count(b"{") > MOST_VALUES:
        raise HTTPException(413, f"The body holds more than {MOST_VALUES} values: send it in parts.")
    try:
        value = json.loads(text.decode(), parse_float=_finite, parse_constant=_finite)
        if _SURROGATE.search(text):
            json.dumps(value, ensure_ascii=False).encode()
    except json.JSONDecodeError:
        raise
    except (ValueError, RecursionError) as error:
        raise HTTPException(400, "The body is not JSON in UTF-8 with finite numbers: send it so.") from error
    return value


def _finite(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        raise ValueError("not finite")
    return number


def _has_body(headers: Headers) -> bool:
    return "transfer-encoding" in headers or headers.get("content-length", "0") != "0"


def _check_kind(headers: Headers, kind: BodyKind) -> None:
    if headers.get("content-encoding", "identity").lower() != "identity":
        raise ApiError(415, "unsupported_media_type", "The body is compressed: send it as it is.")
    media_type, _, parameters = headers.get("content-type", "").lower().partition(";")
    charset = re.search(r"charset=\"?([^\s;\"]*)", parameters)
    if media_type.strip() != kind.value or (charset is not None and charset[1] not in {"utf-8", "utf8", "us-ascii"}):
        raise ApiError(415, "unsupported_media_type", f"This address takes {kind.value} in UTF-8: send the body so.")


def _too_large(limit: int) -> str:
    return f"The body is larger than {limit} bytes; larger files go to S3 by the URLs of POST /uploads."
