"""The HTTP API of all services in one process, with the console in front of it.

For one machine, and wherever routing by path is not worth an Ingress.

It consumes no events. What a command changes is in MongoDB together with its event; the services do the work.
"""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Sequence
from contextlib import AsyncExitStack, suppress

from fastapi import APIRouter, FastAPI

from chassis import service, telemetry
from chassis.health import Health
from chassis.http import application
from chassis.kafka.bus import Bus
from chassis.mongo import database as mongo
from chassis.retrying import until_there
from chassis.settings import ChassisSettings
from screenalytics import console_files, explorer
from screenalytics.service_registry import OWNERS, app_of, routers_of, settings_class

TITLE = "Screenalytics"


def routers() -> list[APIRouter]:
    """Every router of every service, connected to nothing: enough to describe the API."""
    return [router for owner in OWNERS for router in routers_of(owner)]


def describe() -> FastAPI:
    """The application as OpenAPI describes it."""
    return application.build(TITLE, routers())


def build(settings: ChassisSettings) -> FastAPI:
    """The application with what is beside the API: the explorer, where it is wanted and its files are."""
    found = explorer.files() if settings.api.explorer else None
    if settings.api.explorer and found is None:
        telemetry.logger().warning("the explorer's files are not here", missing=explorer.PACKAGE)
    return application.build(TITLE, [*routers(), *([explorer.router(found)] if found is not None else ())])


def serve_console(app: FastAPI, settings: ChassisSettings) -> None:
    """Serve the operators' console at `/`, where its files are."""
    found = console_files.folder()
    if found is None:
        telemetry.logger().warning("the console's files are not here: only the API is served")
        return
    policy = console_files.content_security_policy(console_files.store_origin(settings.s3))
    app.add_middleware(console_files.ConsoleFiles, files=console_files.read(found), policy=policy)


async def main() -> None:
    """Serve until SIGTERM or SIGINT."""
    settings = ChassisSettings()
    telemetry.configure("api", settings.telemetry)
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    async with AsyncExitStack() as stack:
        buses: list[Bus] = []
        parts: list[object] = []
        for owner in OWNERS:
            resources = await stack.enter_async_context(
                service.connect(owner, settings_class(owner)(), inference=owner == "identity")
            )
            parts += app_of(owner).wire(resources).parts
            buses.append(resources.bus)
            stack.push_async_callback(resources.bus.stop)
        app = build(settings)
        application.connect(app, settings, resources.database, parts)
        serve_console(app, settings)

        async def mongo_answers() -> bool:
            return await mongo.reachable(resources.database)

        health = Health(
            {"mongo": mongo_answers, "s3": resources.storage.reachable, "kafka": buses[0].reachable}, away={}
        )
        await stack.enter_async_context(service.serve_http(app, health, settings.http))
        starting = asyncio.create_task(_start(buses))
        await stop.wait()
        health.stopping = True
        starting.cancel()
        with suppress(asyncio.CancelledError):
            await starting


async def _start(buses: Sequence[Bus]) -> None:
    """Connect for publishing. Until then changes wait in their outboxes, which the services sweep."""
    for bus in buses:
        await until_there(bus.start_publishing, waiting_for="Kafka")
    service.spare_the_collector()
    telemetry.logger().info("service started")
