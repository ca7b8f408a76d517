"""A TCP proxy on the loopback interface that tests use to make network faults between a client and a server."""

from __future__ import annotations

import asyncio
import socket
import struct
from types import TracebackType
from typing import Self

LOOPBACK = "127.0.0.1"

_CHUNK_BYTES = 65_536
_CHUNKS_IN_FLIGHT = 256


class TcpProxy:
    """Forwards connections from `port` to a target on the loopback interface.

    Faults: `cut` (as if the server were off), `reset` (as if connections broke), `delay` (as if it were far away);
    `restore` ends them. The port stays the same all the time.
    """

    def __init__(self, target_port: int, *, listen_port: int = 0) -> None:
        """`listen_port` 0 chooses a free one at the start."""
        self._target_port = target_port
        self._listen_port = listen_port
        self._delay_seconds = 0.0
        self._server: asyncio.Server | None = None
        self._connections: set[asyncio.Task[None]] = set()
        self._writers: set[asyncio.StreamWriter] = set()

    @property
    def port(self) -> int:
        return self._listen_port

    @property
    def connection_count(self) -> int:
        """Client connections that are open now."""
        return len(self._connections)

    async def start(self) -> None:
        await self._listen()

    async def stop(self) -> None:
        """Close everything."""
        await self.cut()

    async def cut(self) -> None:
        """Drop all connections, and refuse new ones until `restore`."""
        if self._server is not None:
            self._server.close()
            self._server = None
        for writer in self._writers:
            writer.transport.abort()
        await self._end_connections()

    async def reset(self) -> None:
        """Break all connections with a TCP RST. New ones are accepted."""
        for writer in self._writers:
            # Lingering for zero seconds makes close(2) send RST instead of FIN.
            connection: socket.socket = writer.get_extra_info("socket")
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            writer.transport.abort()
        await self._end_connections()

    def delay(self, seconds: float) -> None:
        """Let all that is received from now on arrive `seconds` later, in both directions."""
        self._delay_seconds = seconds

    async def restore(self) -> None:
        """Forward normally again."""
        self._delay_seconds = 0.0
        if self._server is None:
            await self._listen()

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self.stop()

    async def _listen(self) -> None:
        self._server = await asyncio.start_server(self._accept, LOOPBACK, self._listen_port)
        self._listen_port = self._server.sockets[0].getsockname()[1]

    def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        connection = asyncio.create_task(self._forward(reader, writer))
        self._connections.add(connection)
        connection.add_done_callback(self._connections.discard)

    async def _forward(self, client_reader: asyncio.StreamReader, client_writer: asyncio.StreamWriter) -> None:
        writers = {client_writer}
        self._writers.add(client_writer)
        try:
            server_reader, server_writer = await asyncio.open_connection(LOOPBACK, self._target_port)
            writers.add(server_writer)
            self._writers.add(server_writer)
            await asyncio.gather(
                self._pump(client_reader, server_writer),
                self._pump(server_reader, client_writer),
            )
        except OSError:
            pass  # one side is gone: the other is closed below
        finally:
            self._writers -= writers
            for writer in writers:
                writer.transport.abort()

    async def _pump(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Copy one direction until its end, each chunk after the delay that was set when it came."""
        in_flight: asyncio.Queue[tuple[float, bytes]] = asyncio.Queue(_CHUNKS_IN_FLIGHT)
        receiving = asyncio.create_task(self._receive(reader, in_flight))
        loop = asyncio.get_running_loop()
        try:
            while True:
                due, chunk = await in_flight.get()
                await asyncio.sleep(max(0.0, due - loop.time()))
                if not chunk:
                    break
                writer.write(chunk)
                await writer.drain()
            if writer.can_write_eof():
                writer.write_eof()
        finally:
            receiving.cancel()

    async def _receive(self, reader: asyncio.StreamReader, in_flight: asyncio.Queue[tuple[float, bytes]]) -> None:
        """Put what arrives into the queue with the time when it is due; an empty chunk is the end."""
        loop = asyncio.get_running_loop()
        chunk = b"start"
        while chunk:
            try:
                chunk = await reader.read(_CHUNK_BYTES)
            except OSError:
                chunk = b""
            await in_flight.put((loop.time() + self._delay_seconds, chunk))

    async def _end_connections(self) -> None:
        for connection in self._connections:
            connection.cancel()
        await asyncio.gather(*self._connections, return_exceptions=True)
