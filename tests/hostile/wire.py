"""Requests by hand over a socket: what no well-behaved client sends."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager, suppress

from tests.hostile.target import Target

PIECE = b" " * 65536
ENDED = "ended"
UNANSWERED = "no answer"


class Line:
    """One connection. Every method says what came back in a few words: a status, `ended`, `no answer`."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader, self._writer = reader, writer
        self.sent = 0

    async def send(self, data: bytes) -> None:
        """Send, as far as the other side takes it."""
        self._writer.write(data)
        with suppress(ConnectionError):
            await self._writer.drain()
            self.sent += len(data)

    async def answer(self, within_s: float = 15.0) -> str:
        """The status of the next answer."""
        try:
            async with asyncio.timeout(within_s):
                head = await self._reader.readuntil(b"\r\n\r\n")
                length = next(
                    (int(line[15:]) for line in head.lower().split(b"\r\n") if line[:15] == b"content-length:"), 0
                )
                await self._reader.readexactly(length)
        except TimeoutError:
            return UNANSWERED
        except (asyncio.IncompleteReadError, ConnectionError):
            return ENDED
        return head.split()[1].decode()

    async def end(self, within_s: float) -> str:
        """Whether the other side ends the connection in time."""
        try:
            async with asyncio.timeout(within_s):
                while await self._reader.read(65536):
                    pass
        except TimeoutError:
            return "still open"
        except ConnectionError:
            pass
        return ENDED

    async def send_until_answered(self, piece: bytes, total: int, *, pause_s: float = 0.0) -> str:
        """Send pieces until an answer comes, or `total` bytes are gone."""
        answering = asyncio.create_task(self.answer())
        while not answering.done() and self.sent < total:
            await self.send(piece)
            await asyncio.sleep(pause_s)
        return await answering


@asynccontextmanager
async def line_to(target: Target) -> AsyncIterator[Line]:
    reader, writer = await asyncio.open_connection("127.0.0.1", target.port)
    try:
        yield Line(reader, writer)
    finally:
        writer.close()


def head(method: str, path: str, headers: Mapping[str, object], *, key: str | None = None) -> bytes:
    """The head of a request."""
    named = {"Host": "127.0.0.1", **({"X-API-Key": key} if key else {}), **headers}
    lines = [f"{method} {path} HTTP/1.1", *(f"{name}: {value}" for name, value in named.items())]
    return "\r\n".join([*lines, "", ""]).encode()


async def ask(
    target: Target,
    method: str,
    path: str,
    *,
    key: str | None = None,
    headers: Mapping[str, object] | None = None,
    body: bytes = b"",
) -> str:
    """One whole request."""
    announced = {"Content-Length": len(body)} if body else {}
    async with line_to(target) as line:
        await line.send(head(method, path, {**announced, **(headers or {})}, key=key) + body)
        return await line.answer()


async def pour(
    target: Target, path: str, headers: Mapping[str, object], *, key: str | None = None, piece: bytes = PIECE, mib: int
) -> str:
    """Begin a POST of so many MiB and go on until it is answered."""
    async with line_to(target) as line:
        await line.send(head("POST", path, headers, key=key))
        return await line.send_until_answered(piece, mib * 2**20)


def tally(answers: Sequence[str]) -> str:
    """`401` for one kind of answer, `60x 401, 240x 429` for several."""
    kinds = {answer: answers.count(answer) for answer in sorted(set(answers))}
    return ", ".join(kinds) if len(kinds) == 1 else ", ".join(f"{count}x {answer}" for answer, count in kinds.items())


async def until_ended(lines: Sequence[Line], within_s: float) -> str:
    """What becomes of connections that are left alone."""
    begun = time.monotonic()
    return tally([await line.end(max(within_s - (time.monotonic() - begun), 0.05)) for line in lines])
