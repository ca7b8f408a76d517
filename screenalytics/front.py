"""The HTTP API of all services in one process: for one machine, and wherever routing by path is not worth an Ingress.

It consumes no events. What a command changes is in MongoDB together with its event; the services do the work.
"""

from __future__ import annotations

import asyncio
import importlib
import signal
from collections.abc import Sequence
from contextlib import AsyncExitStack, suppress

from fastapi import APIRouter, FastAPI

from chassis import service, store, telemetry
from chassis.api import application
from chassis.bus import Bus
from chassis.delivery import backoff
from chassis.health import Health
from chassis.settings import ChassisSettings
from contracts.events import Stage
from screenalytics.commands.config import settings_class

OWNERS: tuple[Stage, ...] = ("ingest", "grouper", "identity")
"""The services that own state people touch."""

TITLE = "Screenalytics"


def routers() -> list[APIRouter]:
    """Every router of every service, connected to nothing: enough to describe the API."""
    found: list[APIRouter] = []
    for owner in OWNERS:
        found += importlib.import_module(f"services.{owner}.routers").ROUTERS
    return found


def describe() -> FastAPI:
    """The application as OpenAPI describes it."""
    return application.build(TITLE, routers())


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
            parts += importlib.import_module(f"services.{owner}.app").wire(resources).parts
            buses.append(resources.bus)
            stack.push_async_callback(resources.bus.stop)
        app = describe()
        application.connect(app, settings, resources.database, parts)

        async def mongo() -> bool:
            return await store.reachable(resources.database)

        health = Health({"mongo": mongo, "s3": resources.storage.reachable, "kafka": buses[0].reachable}, away={})
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
        attempt = 0
        while True:
            try:
                await bus.start_publishing()
                break
            except Exception as error:
                attempt += 1
                telemetry.logger().warning("waiting for Kafka", error=str(error)[:300], attempt=attempt)
                await asyncio.sleep(backoff(attempt, first_s=0.2, max_s=5.0, jitter=0.0))
    service.spare_the_collector()
    telemetry.logger().info("service started")
