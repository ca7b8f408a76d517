"""Which services are running, anywhere: each instance leaves a sign of life in MongoDB while it is joined to Kafka."""

from __future__ import annotations

import asyncio
import os
import socket
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta

from pymongo.errors import PyMongoError

from chassis import telemetry
from chassis.mongo.database import Database

EVERY_S = 8.0
GONE_AFTER_S = 20.0
"""Two signs may be late or missing."""


def announce(database: Database, service: str) -> Callable[[], Awaitable[None]]:
    """A background loop that says that this instance is there, and takes the sign away when it ends."""
    instance = f"{service}/{socket.gethostname()}/{os.getpid()}"
    signs = database["service_instances"]

    async def loop() -> None:
        try:
            while True:
                try:
                    now = datetime.now(UTC)
                    await signs.update_one(
                        {"_id": instance}, {"$set": {"service": service, "seen_at": now}}, upsert=True
                    )
                except PyMongoError as error:
                    telemetry.logger().debug("no sign of life left", error=str(error)[:200])
                await asyncio.sleep(EVERY_S)
        finally:
            await asyncio.wait_for(signs.delete_one({"_id": instance}), 2.0)

    return loop


async def running_services(database: Database) -> dict[str, int]:
    """Service -> instances seen lately."""
    since = datetime.now(UTC) - timedelta(seconds=GONE_AFTER_S)
    counts: dict[str, int] = {}
    async for sign in database["service_instances"].find({"seen_at": {"$gt": since}}):
        counts[sign["service"]] = counts.get(sign["service"], 0) + 1
    return counts
