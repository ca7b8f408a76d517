from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

import pytest

from tests.support.tcp_proxy import LOOPBACK, TcpProxy


@asynccontextmanager
async def echo_through_proxy() -> AsyncIterator[TcpProxy]:
    async def echo(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while chunk := await reader.read(65_536):
            writer.write(chunk)
            await writer.drain()
        writer.close()

    server = await asyncio.start_server(echo, LOOPBACK, 0)
    async with TcpProxy(server.sockets[0].getsockname()[1]) as proxy:
        yield proxy
    server.close()


async def exchange(proxy: TcpProxy, message: bytes) -> bytes:
    reader, writer = await asyncio.open_connection(LOOPBACK, proxy.port)
    writer.write(message)
    writer.write_eof()
    answer = await reader.read()
    writer.close()
    return answer


async def test_forwards_everything_both_ways() -> None:
    message = bytes(range(256)) * 20_000
    async with echo_through_proxy() as proxy:
        assert await exchange(proxy, message) == message


async def test_cut_drops_connections_and_refuses_new_ones_until_restored() -> None:
    async with echo_through_proxy() as proxy:
        reader, writer = await asyncio.open_connection(LOOPBACK, proxy.port)
        writer.write(b"before")
        assert await reader.readexactly(6) == b"before"
        await proxy.cut()
        with suppress(ConnectionResetError):
            assert await reader.read() == b""
        with pytest.raises(ConnectionRefusedError):
            await asyncio.open_connection(LOOPBACK, proxy.port)
        writer.close()
        await proxy.restore()
        assert await exchange(proxy, b"after") == b"after"


async def test_reset_breaks_connections_and_accepts_new_ones() -> None:
    async with echo_through_proxy() as proxy:
        reader, writer = await asyncio.open_connection(LOOPBACK, proxy.port)
        writer.write(b"before")
        assert await reader.readexactly(6) == b"before"
        await proxy.reset()
        with pytest.raises(ConnectionResetError):
            await reader.read()
        writer.close()
        assert await exchange(proxy, b"after") == b"after"


async def test_delay_holds_data_back_and_keeps_its_order() -> None:
    async with echo_through_proxy() as proxy:
        proxy.delay(0.2)
        loop = asyncio.get_running_loop()
        began = loop.time()
        assert await exchange(proxy, b"x" * 300_000 + b"end") == b"x" * 300_000 + b"end"
        assert loop.time() - began >= 0.4  # once each way: a lower bound, whatever the machine does
        await proxy.restore()
        assert await exchange(proxy, b"quick") == b"quick"


async def test_a_target_that_is_away_closes_the_connection() -> None:
    async with TcpProxy(1) as proxy:
        reader, writer = await asyncio.open_connection(LOOPBACK, proxy.port)
        with suppress(ConnectionResetError):
            assert await reader.read() == b""
        writer.close()
