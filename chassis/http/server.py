"""The HTTP server: uvicorn, with bounds on what there is before a request: connections and time.

The invariant: **whoever has not sent a whole request head holds a connection for `head_seconds` at most, and never keeps
another caller out**. What a known caller may send is bounded in `bodies`.
"""

from __future__ import annotations

import asyncio
import json
import resource
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from email.utils import formatdate
from typing import Any

import uvicorn
from fastapi import FastAPI
from uvicorn.protocols.http.h11_impl import H11Protocol

from chassis.settings import HttpSettings

GRACE_FOR_STREAMS_S = 3
"""How long open event streams may hold up the end of a service."""
DATE_S = 1.0
"""How old the date that answers bear may be."""

DRAIN_EVERY_S = 15.0
DRAIN_BYTES_PER_S = 2**10
"""A caller who reads an answer more slowly than this is given up."""
DISCARDED_BYTES = 64 * 2**20
"""So much of a body is read after its request was refused, so that the refusal is seen; then the connection ends."""
PIECE_BYTES = 16 * 2**10
"""h11 bounds a head that is not complete yet; what comes in larger pieces could be complete at once, and without bound."""
SPARE_FILES = 256
"""Open files that connections leave to everything else."""
_NO_ROOM = {
    "code": "too_many_connections",
    "message": "Too many connections are open here: try again shortly.",
    "details": {},
}
FULL = (
    b"HTTP/1.1 503 Service Unavailable\r\ncontent-type: application/json\r\nretry-after: 10\r\nconnection: close\r\n\r\n"
    + json.dumps({"success": False, "data": None, "error": _NO_ROOM}).encode()
)


class Connections:
    """The open connections of a server, and which of them wait for a request."""

    def __init__(self, most: int) -> None:
        self._most = min(most, _files_allowed())
        self._open: set[BoundedProtocol] = set()
        self._waiting: dict[BoundedProtocol, None] = {}

    def __len__(self) -> int:
        return len(self._open)

    def enter(self, connection: BoundedProtocol) -> bool:
        """Take a connection in, in place of the one that has waited longest where there is no room; False: refused."""
        if len(self._open) >= self._most:
            oldest = next(iter(self._waiting), None)
            if oldest is None:
                return False
            self.leave(oldest)
            oldest.end()
        self._open.add(connection)
        return True

    def leave(self, connection: BoundedProtocol) -> None:
        self._open.discard(connection)
        self._waiting.pop(connection, None)

    def waits(self, connection: BoundedProtocol) -> None:
        """Note that a connection has no request now."""
        if connection in self._open:
            self._waiting.setdefault(connection)

    def works(self, connection: BoundedProtocol) -> None:
        """Note that a connection's request is being answered."""
        self._waiting.pop(connection, None)


def _files_allowed() -> int:
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return 2**30 if soft == resource.RLIM_INFINITY else max(soft - SPARE_FILES, 10)


class ServerConfig(uvicorn.Config):
    """uvicorn's configuration, with what `BoundedProtocol` needs."""

    def __init__(self, app: FastAPI, settings: HttpSettings) -> None:
        super().__init__(
            app,
            host=settings.host,
            port=settings.port,
            log_config=None,
            log_level="error",  # what strangers send is no reason to write a line
            lifespan="off",
            http=BoundedProtocol,
            ws="none",
            server_header=False,
            proxy_headers=bool(settings.trusted_proxies),
            forwarded_allow_ips=list(settings.trusted_proxies),
            timeout_graceful_shutdown=GRACE_FOR_STREAMS_S,
        )
        self.open = Connections(settings.most_connections)
        self.dated_at = float("-inf")
        self.head_seconds = settings.head_seconds


class BoundedProtocol(H11Protocol):
    """One connection. A timer runs whenever the next request is not there yet, whatever arrives meanwhile."""

    config: ServerConfig

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        self._head_timer: asyncio.TimerHandle | None = None
        self._drain_timer: asyncio.TimerHandle | None = None
        self._discarded = 0
        if not self.config.open.enter(self):
            transport.set_protocol(asyncio.Protocol())
            transport.write(FULL)
            transport.close()
            return
        super().connection_made(transport)
        transport.set_write_buffer_limits(high=0)
        self._watch()

    def connection_lost(self, exc: Exception | None) -> None:
        self.config.open.leave(self)
        self._stop_timers()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        self._renew_date()
        cycle = self.cycle
        for at in range(0, len(data), PIECE_BYTES):
            if self.transport.is_closing():
                return
            super().data_received(data[at : at + PIECE_BYTES])
        is_discarded = self.cycle is cycle and self._answered()
        self._discarded = self._discarded + len(data) if is_discarded else 0
        if self._discarded > DISCARDED_BYTES:
            self.end()
        else:
            self._watch()

    def on_response_complete(self) -> None:
        super().on_response_complete()
        self._watch()

    def end(self) -> None:
        """Close at once, whatever was not sent or read."""
        self._stop_timers()
        self.transport.abort()

    def pause_writing(self) -> None:
        super().pause_writing()
        self._expect_drain(self.transport.get_write_buffer_size())

    def resume_writing(self) -> None:
        super().resume_writing()
        if self._drain_timer is not None:
            self._drain_timer.cancel()
            self._drain_timer = None

    def _renew_date(self) -> None:
        now = time.time()
        if abs(now - self.config.dated_at) >= DATE_S:
            self.config.dated_at = now
            date = (b"date", formatdate(now, usegmt=True).encode())
            self.server_state.default_headers = [date, *self.config.encoded_headers]

    def _answered(self) -> bool:
        return self.cycle is not None and self.cycle.response_complete

    def _watch(self) -> None:
        """Let the timer run while there is no request to answer. Between requests uvicorn's own one runs."""
        if self.cycle is not None and not self._answered():
            self.config.open.works(self)
            self._stop_head_timer()
            return
        self.config.open.waits(self)
        if self.timeout_keep_alive_task is not None:
            self._stop_head_timer()
        elif self._head_timer is None and not self.transport.is_closing():
            self._head_timer = self.loop.call_later(self.config.head_seconds, self.end)

    def _expect_drain(self, left: int) -> None:
        self._drain_timer = self.loop.call_later(DRAIN_EVERY_S, self._check_drain, left)

    def _check_drain(self, before: int) -> None:
        left = self.transport.get_write_buffer_size()
        if before - left < DRAIN_EVERY_S * DRAIN_BYTES_PER_S:
            self.end()
        else:
            self._expect_drain(left)

    def _stop_head_timer(self) -> None:
        if self._head_timer is not None:
            self._head_timer.cancel()
            self._head_timer = None

    def _stop_timers(self) -> None:
        self._stop_head_timer()
        if self._drain_timer is not None:
            self._drain_timer.cancel()
            self._drain_timer = None


class Server(uvicorn.Server):
    """uvicorn without its own signal handlers: the service has them; and without looking ten times a second for its end."""

    def __init__(self, config: ServerConfig) -> None:
        super().__init__(config)
        self._ending = asyncio.Event()

    def end(self) -> None:
        """Take no more connections, and end when those there are have their answers."""
        self.should_exit = True
        self._ending.set()

    async def main_loop(self) -> None:
        """Unlike uvicorn's own loop, which looks for its end ten times a second and renews the date: connections do that."""
        await self._ending.wait()

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


@asynccontextmanager
async def serving(app: FastAPI, settings: HttpSettings) -> AsyncIterator[Server]:
    """Serve an application for the life of the context."""
    server = Server(ServerConfig(app, settings))
    task: asyncio.Task[Any] = asyncio.create_task(server.serve())
    try:
        yield server
    finally:
        server.end()
        with suppress(asyncio.CancelledError):
            await task
