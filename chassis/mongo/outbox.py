"""Events that leave with a change: written into the changed document in one atomic write, published afterwards.

The invariant: **a change that people made and its event exist both or not at all**. Publishing may fail, or happen twice
under the same event id; the sweep publishes what is left, so nothing waits for longer than a sweep.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from pymongo.asynchronous.collection import AsyncCollection

from chassis import metrics, telemetry
from chassis.kafka.bus import Bus
from chassis.mongo.database import Document
from contracts.events import Event, event_class

FIELD = "outbox"
SINCE = "outbox_since"
SWEEP_EVERY_S = 2.0
LEFT_ALONE_S = 1.0
"""How long the writer of a change has to publish it before the sweep does."""


def enqueue(events: Iterable[Event], update: Document | None = None, *, at: datetime | None = None) -> Document:
    """A MongoDB update that also puts events into the document's outbox.

    `update` may have any operators; its `$push` and `$min` must not name the outbox's own fields. `at` is the events'
    CloudEvents time, which is what it is however late they leave; MongoDB keeps milliseconds of it.
    """
    now = datetime.now(UTC)
    traceparent = telemetry.current_traceparent()
    entries = [
        {
            "id": event.event_id,
            "type": event.TYPE,
            "event": event.model_dump(mode="json", by_alias=True),
            "traceparent": traceparent,
            "at": at or now,
        }
        for event in events
    ]
    merged = {operator: dict(fields) for operator, fields in (update or {}).items()}
    merged.setdefault("$push", {})[FIELD] = {"$each": entries}
    merged.setdefault("$min", {})[SINCE] = now
    return merged


class Outbox:
    """Relays the outboxes of some collections."""

    def __init__(self, bus: Bus, collections: Sequence[AsyncCollection[Document]]) -> None:
        self._bus = bus
        self._collections = tuple(collections)
        self._asked: set[tuple[str, Any]] = set()
        self._relaying: dict[tuple[str, Any], asyncio.Task[None]] = {}

    async def relay(self, collection: AsyncCollection[Document], document_id: Any) -> int:
        """Publish what a document has in its outbox, in order, and take it out; returns how many."""
        document = await collection.find_one({"_id": document_id}, {FIELD: 1})
        entries = (document or {}).get(FIELD) or []
        for entry in entries:
            model = event_class(entry["type"])
            if model is None:
                telemetry.logger().error("unknown event in an outbox", type=entry["type"], document=str(document_id))
                continue
            with telemetry.span("outbox relay", traceparent=entry.get("traceparent"), event_type=entry["type"]):
                await self._bus.publish(model.model_validate(entry["event"]), time=entry["at"])
        if entries:
            await collection.update_one(
                {"_id": document_id}, {"$pull": {FIELD: {"id": {"$in": [entry["id"] for entry in entries]}}}}
            )
        await collection.update_one({"_id": document_id, FIELD: []}, {"$unset": {SINCE: ""}})
        return len(entries)

    async def publish_soon(self, collection: AsyncCollection[Document], document_id: Any) -> None:
        """Relay now; where Kafka is away the sweep does it later, and the caller's change stands."""
        try:
            await self.relay(collection, document_id)
        except Exception as error:
            telemetry.logger().warning("event not published yet", document=str(document_id), error=str(error)[:300])

    def publish_later(self, collection: AsyncCollection[Document], document_id: Any) -> None:
        """As `publish_soon` without waiting for it: the change is stored, and whoever made it need not wait for Kafka.

        One relay at a time works on a document, so its events leave in order.
        """
        key = (collection.name, document_id)
        self._asked.add(key)
        if key not in self._relaying:
            self._relaying[key] = asyncio.create_task(self._relay_asked(collection, document_id))

    async def _relay_asked(self, collection: AsyncCollection[Document], document_id: Any) -> None:
        key = (collection.name, document_id)
        try:
            while key in self._asked:
                self._asked.discard(key)
                await self.publish_soon(collection, document_id)
        finally:
            del self._relaying[key]  # at once, so that whoever asks from now on gets a relay of their own

    async def sweep(self) -> int:
        """Relay everything that its writer did not; returns how many events."""
        now = datetime.now(UTC)
        late = {SINCE: {"$lt": now - timedelta(seconds=LEFT_ALONE_S)}}
        waiting = [
            (collection, found) for collection in self._collections async for found in collection.find(late, {SINCE: 1})
        ]
        metrics.outbox_age.set(max(((now - found[SINCE]).total_seconds() for _, found in waiting), default=0.0))
        return sum([await self.relay(collection, found["_id"]) for collection, found in waiting])

    async def run(self) -> None:
        """Sweep for as long as the service runs; several replicas may."""
        while True:
            try:
                await self.sweep()
            except Exception as error:
                telemetry.logger().warning("outbox sweep failed", error=str(error)[:300])
            await asyncio.sleep(SWEEP_EVERY_S)
