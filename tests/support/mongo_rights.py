"""MongoDB's access control in front of a server that has none: what a role does not grant is refused with code 13.

It reads the commands on their way and knows those that the services use; anything else is refused as well, so that a new
command is noticed.
"""

from __future__ import annotations

import asyncio
import struct
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any

import bson

OP_MSG = 2013
HEADER = struct.Struct("<iiii")

FREE = frozenset(
    {"hello", "ismaster", "isMaster", "ping", "endSessions", "buildInfo", "buildinfo", "getnonce", "killCursors"}
)
"""Commands that every user may send."""

ACTIONS: Mapping[str, str] = {
    "find": "find",
    "aggregate": "find",
    "count": "find",
    "distinct": "find",
    "getMore": "find",
    "listIndexes": "listIndexes",
    "insert": "insert",
    "update": "update",
    "findAndModify": "update",
    "findandmodify": "update",
    "delete": "remove",
    "createIndexes": "createIndex",
    "create": "createCollection",
}


def refusal(command: Mapping[str, Any], granted: Mapping[str, frozenset[str]]) -> str | None:
    """Why a command is not authorized by `granted`, collection -> actions; None where it is."""
    name = next(iter(command))
    if name in FREE:
        return None
    collection = str(command["collection"] if name == "getMore" else command[name])
    needed = {ACTIONS.get(name, "nothing that is granted")}
    if name in {"update", "findAndModify", "findandmodify"} and (
        command.get("upsert") or any(one.get("upsert") for one in command.get("updates", ()))
    ):
        needed.add("insert")
    if name in {"findAndModify", "findandmodify"} and command.get("remove"):
        needed = {"remove"}
    if missing := needed - granted.get(collection, frozenset()):
        return f"not authorized on {command.get('$db')} to execute command {name} on {collection}: {sorted(missing)}"
    return None


@asynccontextmanager
async def held_to(
    granted: Mapping[str, frozenset[str]], *, server: tuple[str, int]
) -> AsyncIterator[tuple[int, list[str]]]:
    """A port that passes on what is granted, and the list of what was refused."""
    refused: list[str] = []

    async def client(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        from_server, to_server = await asyncio.open_connection(*server)
        answers = asyncio.create_task(_copy(from_server, writer))
        try:
            while True:
                head = await reader.readexactly(HEADER.size)
                length, request, _, code = HEADER.unpack(head)
                body = await reader.readexactly(length - HEADER.size)
                why = refusal(command_of(body), granted) if code == OP_MSG else None
                if why is None:
                    to_server.write(head + body)
                    await to_server.drain()
                else:
                    refused.append(why)
                    writer.write(answer(request, {"ok": 0.0, "errmsg": why, "code": 13, "codeName": "Unauthorized"}))
                    await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            answers.cancel()
            to_server.close()
            writer.close()

    listening = await asyncio.start_server(client, "127.0.0.1", 0)
    async with listening:
        yield listening.sockets[0].getsockname()[1], refused


async def _copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while data := await reader.read(65536):
        writer.write(data)
        await writer.drain()


def command_of(body: bytes) -> dict[str, Any]:
    """The command of an OP_MSG, with the documents of its sequences where the driver put them aside."""
    command: dict[str, Any] = {}
    aside: dict[str, list[dict[str, Any]]] = {}
    at = 4
    while at < len(body) - 3:
        kind, at = body[at], at + 1
        (size,) = struct.unpack_from("<i", body, at)
        if kind == 0:
            command = bson.decode(body[at : at + size])
        else:
            name_end = body.index(b"\0", at + 4)
            aside[body[at + 4 : name_end].decode()] = bson.decode_all(body[name_end + 1 : at + size])
        at += size
    return command | aside


def answer(request: int, document: Mapping[str, Any]) -> bytes:
    body = b"\0\0\0\0\0" + bson.encode(document)
    return HEADER.pack(HEADER.size + len(body), 0, request, OP_MSG) + body
