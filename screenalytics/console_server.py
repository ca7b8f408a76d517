"""The console's files alone, for clusters: there every service answers for its part of the API, and the Ingress routes.

Needs no server and no secret: what a page shows it asks the API for, at the same host.
"""

from __future__ import annotations

import asyncio
import signal

from fastapi import FastAPI

from chassis import service, telemetry
from chassis.errors import BadInput
from chassis.health import Health
from chassis.http import application
from chassis.settings import ChassisSettings
from screenalytics import console_files


def build(settings: ChassisSettings) -> FastAPI:
    """The files at `/`, and nothing else. Raises BadInput where they were not installed."""
    found = console_files.folder()
    if found is None:
        raise BadInput(
            "console_missing", "The console's files are not installed: an image has them, a source tree too."
        )
    app = application.build("Screenalytics console", [], documented=False)
    policy = console_files.content_security_policy(console_files.store_origin(settings.s3))
    app.add_middleware(console_files.ConsoleFiles, files=console_files.read(found), policy=policy)
    return app


async def main() -> None:
    """Serve until SIGTERM or SIGINT."""
    settings = ChassisSettings()
    telemetry.configure("console", settings.telemetry)
    app = build(settings)
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    health = Health({}, away={})
    async with service.serve_http(app, health, settings.http):
        telemetry.logger().info("service started")
        await stop.wait()
        health.stopping = True
