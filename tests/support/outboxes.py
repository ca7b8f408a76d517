"""Waiting until what HTTP commands changed is published: they answer before."""

from __future__ import annotations

import asyncio

from pymongo.asynchronous.collection import AsyncCollection

from chassis.mongo.database import Document
from chassis.mongo.outbox import SINCE

LOOK_EVERY_S = 0.01
PATIENCE_S = 10.0


async def all_published(*collections: AsyncCollection[Document]) -> None:
    """Wait until no document of the collections has an event in its outbox."""
    async with asyncio.timeout(PATIENCE_S):
        for collection in collections:
            while await collection.find_one({SINCE: {"$exists": True}}, {"_id": 1}) is not None:
                await asyncio.sleep(LOOK_EVERY_S)
