"""A server is ready when it serves what it stored, not when it first answers."""

from __future__ import annotations

import asyncio
import struct
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path

from screenalytics.local.servers.ports import LOOPBACK
from screenalytics.local.servers.probes import http_keeps, kafka_answers, kafka_knows_itself
from screenalytics.local.servers.seaweedfs import SeaweedFS
from screenalytics.local.servers.tansu import Tansu

API_VERSIONS = 18
Serve = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


@asynccontextmanager
async def listening(serve: Serve) -> AsyncIterator[int]:
    """The port of a server that handles each connection with `serve`."""

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await serve(reader, writer)
            await writer.drain()
        finally:
            writer.close()

    async with await asyncio.start_server(handle, LOOPBACK, 0) as server:
        yield server.sockets[0].getsockname()[1]


class Broker:
    """Answers what needs no storage, and the rest once its storage is there; until then it hangs up, as Tansu does."""

    storage_is_there = False

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        (length,) = struct.unpack(">i", await reader.readexactly(4))
        key, _, correlation_id = struct.unpack(">hhi", (await reader.readexactly(length))[:8])
        if key == API_VERSIONS or self.storage_is_there:
            writer.write(struct.pack(">ii", 4, correlation_id))


class Filer:
    """Lists what it kept at once, and reads and stores contents once its volumes have reported."""

    def __init__(self) -> None:
        self.volumes_reported = False
        self.kept: dict[str, bytes] = {}

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
        method, path = head.split()[:2]
        if method == "PUT" and self.volumes_reported:
            length = int(head.lower().partition("content-length:")[2].split()[0])
            self.kept[path] = await reader.readexactly(length)
        if path == "/healthz" or path.startswith("/buckets/"):
            writer.write(b"HTTP/1.0 200 OK\r\n\r\n[]")
        elif method == "GET" and path in self.kept and self.volumes_reported:
            writer.write(b"HTTP/1.0 200 OK\r\n\r\n" + self.kept[path])
        else:
            writer.write(b"HTTP/1.0 500 Internal Server Error\r\n\r\n")


def tansu(tmp_path: Path, port: int) -> Tansu:
    server = Tansu(directory=tmp_path, log_path=tmp_path / "log")
    server.ports["kafka"] = port
    return server


def seaweedfs(tmp_path: Path, port: int) -> SeaweedFS:
    server = SeaweedFS(directory=tmp_path, log_path=tmp_path / "log", buckets=["one"])
    server.ports |= {"s3": port, "filer": port}
    return server


async def ready_after_one_more_look(server: SeaweedFS | Tansu) -> bool:
    return await server.probe() or await server.probe()


async def test_a_broker_is_ready_when_it_answers_from_its_storage(tmp_path: Path) -> None:
    broker = Broker()
    async with listening(broker.serve) as port:
        assert await kafka_answers(port), "it listens"
        assert not await kafka_knows_itself(port)
        assert not await tansu(tmp_path, port).probe()
        broker.storage_is_there = True
        assert await kafka_knows_itself(port)
        assert await tansu(tmp_path, port).probe()


async def test_the_s3_server_is_ready_when_what_it_stored_can_be_read(tmp_path: Path) -> None:
    filer = Filer()
    async with listening(filer.serve) as port:
        server = seaweedfs(tmp_path, port)
        assert not await ready_after_one_more_look(server)
        filer.volumes_reported = True
        assert await ready_after_one_more_look(server)
        filer.volumes_reported = False
        assert not await ready_after_one_more_look(server), "it was started again and its volumes have not reported"


async def test_what_is_kept_is_stored_once(tmp_path: Path) -> None:
    filer = Filer()
    filer.volumes_reported = True
    async with listening(filer.serve) as port:
        assert not await http_keeps(port, "/proof", b"kept")
        assert await http_keeps(port, "/proof", b"kept")
    assert filer.kept == {"/proof": b"kept"}
    assert not await http_keeps(port, "/proof", b"kept"), "nobody listens any more"
