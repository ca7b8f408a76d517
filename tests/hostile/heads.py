"""Heads of requests: large, contradictory, forged."""

from __future__ import annotations

import asyncio
from functools import partial

from tests.hostile.attack import Attack
from tests.hostile.target import EPISODE, Target
from tests.hostile.wire import ask, head, line_to, tally

UPGRADE = {"Connection": "Upgrade", "Upgrade": "websocket", "Sec-WebSocket-Version": 13, "Sec-WebSocket-Key": "eA=="}


async def _raw(target: Target, *, data: bytes, times: int = 1) -> str:
    async def once() -> str:
        async with line_to(target) as line:
            await line.send(data)
            return await line.answer()

    return tally(await asyncio.gather(*(once() for _ in range(times))))


async def _many_parameters(target: Target) -> str:
    path = "/episodes?" + "&".join(f"q{number}=1" for number in range(1500))
    return await ask(target, "GET", path, key=target.keys["viewer"])


async def _forged_address(target: Target) -> str:
    """A command that says it comes from elsewhere: what the audit log believes."""
    headers = {"X-Forwarded-For": "203.0.113.66", "X-Real-IP": "203.0.113.66", "Forwarded": "for=203.0.113.66"}
    path = f"/episodes/{EPISODE}/runs"
    await ask(
        target,
        "POST",
        path,
        key=target.keys["operator"],
        headers={**headers, "Content-Type": "application/json"},
        body=b"{}",
    )
    async with asyncio.timeout(10):
        while (entry := await target.database["audit"].find_one({"path": path}, sort=[("at", -1)])) is None:
            await asyncio.sleep(0.1)  # it is stored when the answer is out
    return str(entry["from"])


async def _two_keys(target: Target) -> str:
    async with line_to(target) as line:
        opening = head("GET", "/episodes", {}, key=target.keys["viewer"])
        await line.send(opening[:-2] + f"X-API-Key: {target.keys['admin']}\r\n\r\n".encode())
        return await line.answer()


MANY = b"GET / HTTP/1.1\r\nHost: a\r\n" + b"X: y\r\n" * 30_000

ATTACKS = tuple(
    Attack(family="heads", name=name, run=run, expected=expected)
    for name, expected, run in (
        ("a header of 200 kB", "400", partial(_raw, data=b"GET / HTTP/1.1\r\nHost: a\r\nX: " + b"x" * 200_000)),
        (
            "30,000 headers, 20 times",
            "400",
            partial(_raw, data=MANY, times=20),
        ),
        ("an address of 200 kB", "400", partial(_raw, data=b"GET /" + b"a" * 200_000)),
        ("1,500 parameters", "200", _many_parameters),
        ("two lengths", "400", partial(_raw, data=head("POST", "/episodes", {"Content-Length": "5, 6"}))),
        ("no HTTP", "400", partial(_raw, data=b"\x16\x03\x01" * 100)),
        ("two keys in one request", "400", _two_keys),
        ("an upgrade to a web socket", "401", partial(_raw, data=head("GET", "/episodes", UPGRADE))),
        ("X-Forwarded-For on loopback: the audit log says", "127.0.0.1", _forged_address),
    )
)
