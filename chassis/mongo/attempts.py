"""Tries of messages, kept where the death of the process that tries does not reach them."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any, Final

from aiokafka import ConsumerRecord

from chassis.kafka.tries import Tried
from chassis.mongo.database import Database

COLLECTION: Final = "delivery_attempts"


class Attempts:
    """The tries of one service's messages that are not settled; a message without a document was never tried before.

    Documents of messages that nobody settles any more (their topic is gone) are removed by MongoDB after two weeks.
    """

    def __init__(self, database: Database, service: str) -> None:
        self._collection = database[COLLECTION]
        self._service = service

    async def read(self, record: ConsumerRecord[Any, Any]) -> Tried:
        found = await self._collection.find_one({"_id": self._id(record)})
        return Tried(tries=int(found["tries"]), running=bool(found["running"])) if found is not None else Tried()

    async def write(self, record: ConsumerRecord[Any, Any], tried: Tried) -> None:
        """Replaces what is known of a message; one with no tries is forgotten."""
        if tried.tries > 0:
            known = {"tries": tried.tries, "running": tried.running, "at": datetime.now(UTC)}
            await self._collection.update_one({"_id": self._id(record)}, {"$set": known}, upsert=True)
        else:
            await self._collection.delete_one({"_id": self._id(record)})

    def _id(self, record: ConsumerRecord[Any, Any]) -> str:
        """Of this very message: a broker that comes back empty gives its offset to another one."""
        return f"{self._service}/{record.topic}/{record.partition}/{record.offset}/{record.timestamp}"
