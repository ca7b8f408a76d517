"""The command line against the real routers of all services, on the embedded servers, as `serve api` has them.

Every service's API runs as its own tests run it; a front gives each its paths, as an Ingress does. What the services
publish is handled in the background, so that commands can wait for their effect.
"""

from __future__ import annotations

import asyncio
import io
import json
import socket
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager, redirect_stderr, redirect_stdout, suppress
from dataclasses import dataclass
from typing import Any
from unittest import mock

import httpx
import uvicorn

from chassis.mongo.database import Database
from screenalytics.cli.app import app
from screenalytics.commands.errors import report_and_exit
from screenalytics.local.servers import Stack
from tests.support.grouper_system import GrouperSystem, grouper_system
from tests.support.identity_rig import IdentityRig, identity_rig
from tests.support.ingest_api import IngestApi, ingest_api

OWNERS = {"clusters": "grouper", "edits": "grouper", "episodes": "ingest", "uploads": "ingest", "audit": "ingest"}
"""Who serves which first part of a path; identity serves the others."""


@dataclass(frozen=True)
class Done:
    """What a command printed, and its exit status."""

    status: int
    raw: bytes
    said: str

    @property
    def out(self) -> str:
        return self.raw.decode()

    @property
    def rows(self) -> list[Any]:
        """The JSON objects that were printed, one a line."""
        return [json.loads(line) for line in self.out.splitlines()]


def screenalytics(*arguments: str, **variables: str) -> Done:
    """Run the command line in this process as `main` runs it."""
    out, error = io.TextIOWrapper(io.BytesIO(), write_through=True), io.StringIO()
    status: int | str | None = 0
    with mock.patch.dict("os.environ", variables), redirect_stdout(out), redirect_stderr(error):
        try:
            with report_and_exit():
                app(list(arguments), prog_name="screenalytics")
        except SystemExit as stop:
            status = stop.code
        sys.stdout.flush()
    assert isinstance(out.buffer, io.BytesIO)
    return Done(int(status or 0), out.buffer.getvalue(), error.getvalue())


class Front:
    """ASGI: hands a request to the application that serves its path."""

    def __init__(self, apps: Mapping[str, Any]) -> None:
        self._apps = apps

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        first = scope["path"].strip("/").split("/")[0]
        await self._apps[OWNERS.get(first, "identity")](scope, receive, send)


@dataclass(frozen=True, kw_only=True)
class OperatorRig:
    """Use `operator_rig`."""

    url: str
    ingest: IngestApi
    grouper: GrouperSystem
    identity: IdentityRig

    async def run(self, *arguments: str, status: int = 0) -> Done:
        """Run a command as an operator; its exit status must be the expected one."""
        done = await asyncio.to_thread(screenalytics, *arguments, SCREENALYTICS_API_URL=self.url)
        assert done.status == status, (done.out, done.said)
        return done


@asynccontextmanager
async def operator_rig(stack: Stack, database: Database, *, handles: bool = True) -> AsyncIterator[OperatorRig]:
    """All services' APIs at one address. Without `handles` commands are stored and published, and have no effect yet."""
    async with AsyncExitStack() as opened:
        ingest = await opened.enter_async_context(ingest_api(stack, database))
        grouper = await opened.enter_async_context(grouper_system(stack, database))
        identity = await opened.enter_async_context(identity_rig(stack, database))
        transport: Any = identity.client._transport
        assert isinstance(transport, httpx.ASGITransport)
        apps = {"ingest": ingest.app, "grouper": grouper.app, "identity": transport.app}
        url = await opened.enter_async_context(_served(Front(apps)))
        if handles:
            opened.push_async_callback(_stop, asyncio.create_task(_handle(grouper, identity)))
        yield OperatorRig(url=url, ingest=ingest, grouper=grouper, identity=identity)


async def _handle(grouper: GrouperSystem, identity: IdentityRig) -> None:
    while True:
        await grouper.settle()
        await identity.bus.deliver()
        await asyncio.sleep(0.02)


async def _stop(task: asyncio.Task[None]) -> None:
    """End the handling; what went wrong in it is the test's failure. PyMongo may swallow a cancellation: it is repeated."""
    while not task.done():
        task.cancel()
        await asyncio.wait([task], timeout=0.2)
    with suppress(asyncio.CancelledError):
        await task


@asynccontextmanager
async def _served(front: Front) -> AsyncIterator[str]:
    listening = socket.create_server(("127.0.0.1", 0))
    config = uvicorn.Config(front, log_config=None, access_log=False, lifespan="off")
    server = uvicorn.Server(config)
    serving = asyncio.create_task(server._serve([listening]))
    try:
        yield f"http://127.0.0.1:{listening.getsockname()[1]}"
    finally:
        server.should_exit = True
        await serving
        listening.close()
