"""Small readiness questions to servers on the loopback interface. Each answers in about a second, and never raises."""

from __future__ import annotations

import asyncio
import struct

from pymongo import AsyncMongoClient
from pymongo.errors import PyMongoError

from screenalytics.local.servers.ports import LOOPBACK

_TIMEOUT_SECONDS = 1.0
_API_VERSIONS, _METADATA = 18, 3
_CORRELATION_ID = 1


async def http_answers_ok(port: int, path: str) -> bool:
    """Whether `GET path` is answered with status 200."""
    return await http_body(port, path) is not None


async def http_body(port: int, path: str) -> bytes | None:
    """The body of the answer to `GET path`; None where the status is not 200 (or nothing answers)."""
    # HTTP/1.0, so that the body is never sent in chunks and ends with the connection.
    request = f"GET {path} HTTP/1.0\r\nHost: {LOOPBACK}:{port}\r\n\r\n".encode()
    head, separator, body = (await _ask(port, request)).partition(b"\r\n\r\n")
    status = head.split(b" ", 2)[1:2]
    return body if separator and status == [b"200"] else None


async def http_keeps(port: int, path: str, content: bytes) -> bool:
    """Whether `GET path` gives `content`, which may be from before a restart. Stores it there where it does not."""
    if await http_body(port, path) == content:
        return True
    head = f"PUT {path} HTTP/1.0\r\nHost: {LOOPBACK}:{port}\r\nContent-Length: {len(content)}\r\n\r\n".encode()
    await _ask(port, head + content)
    return False


async def kafka_answers(port: int) -> bool:
    """Whether a Kafka broker answers an ApiVersions request (version 0, the first thing every client sends).

    It does so before a client has said who it is, and before the broker has looked at what it stored.
    """
    return await _kafka_replies(port, struct.pack(">hhih", _API_VERSIONS, 0, _CORRELATION_ID, -1))


async def kafka_knows_itself(port: int) -> bool:
    """Whether a Kafka broker says which brokers there are (Metadata, version 4, of no topics, without credentials)."""
    return await _kafka_replies(port, struct.pack(">hhihi?", _METADATA, 4, _CORRELATION_ID, -1, 0, False))


async def mongo_answers(uri: str) -> bool:
    """Whether the server at `uri` answers the `ping` command."""
    client: AsyncMongoClient[dict[str, object]] = AsyncMongoClient(
        uri, serverSelectionTimeoutMS=int(_TIMEOUT_SECONDS * 1000)
    )
    try:
        answer = await client.admin.command("ping")
        return bool(answer.get("ok") == 1)
    except PyMongoError:
        return False
    finally:
        await client.close()


async def port_accepts(port: int) -> bool:
    """Whether something accepts TCP connections on the port."""
    try:
        async with asyncio.timeout(_TIMEOUT_SECONDS):
            _, writer = await asyncio.open_connection(LOOPBACK, port)
    except (OSError, TimeoutError):
        return False
    writer.transport.abort()
    return True


async def _kafka_replies(port: int, request: bytes) -> bool:
    answer = await _ask(port, struct.pack(">i", len(request)) + request, answer_bytes=8)
    return len(answer) == 8 and struct.unpack(">ii", answer)[1] == _CORRELATION_ID


async def _ask(port: int, request: bytes, *, answer_bytes: int | None = None) -> bytes:
    """Send `request`, read exactly `answer_bytes` (None: to the end); empty where that did not happen in time."""
    writer: asyncio.StreamWriter | None = None
    try:
        async with asyncio.timeout(_TIMEOUT_SECONDS):
            reader, writer = await asyncio.open_connection(LOOPBACK, port)
            writer.write(request)
            return await (reader.read() if answer_bytes is None else reader.readexactly(answer_bytes))
    except (OSError, TimeoutError, asyncio.IncompleteReadError):
        return b""
    finally:
        if writer is not None:
            writer.transport.abort()
