"""Events that leave with a change: written into the changed document in one atomic write, published afterwards.

The invariant: **a change that people made and its event exist both or not at all, and the events of a document leave in
order**. Publishing may fail, or happen twice under the same event id; the sweep publishes what is left, so nothing waits
for longer than a sweep. An event that cannot be published, because this version does not know its type or Kafka does not
take it, stays where it is, with those behind it; it never holds up another document.
"""

from __future__ import annotations

import asyncio
import logging
from collections import Counter
from collections.abc import Iterable, Sequence
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import Any

from pydantic import ValidationError
from pymongo.asynchronous.collection import AsyncCollection

from chassis import metrics, telemetry
from chassis.errors import DependencyUnavailable
from chassis.kafka.bus import Bus
from chassis.mongo.database import Document
from chassis.retrying import keep_doing
from contracts.events import Event, event_class

FIELD = "outbox"
SINCE = "outbox_since"
SWEEP_EVERY_S = 2.0
CALM_SWEEP_S = 15.0
"""How often where nothing was left for a while: a change is published by who makes it, and only a crash leaves its event."""
LEFT_ALONE_S = 1.0
"""How long the writer of a change has to publish it before the sweep does."""


class UnpublishableEvent(Exception):
    """An entry of an outbox that this version of the service cannot publish. `reason` is `unknown_type` or `invalid`."""

    def __init__(self, reason: str, event_type: str, detail: str) -> None:
        super().__init__(f"{event_type}: {detail}")
        self.reason = reason


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
        self._failures: Counter[tuple[str, Any]] = Counter()
        """How often in a row each document could not be relayed: those that fail are swept last."""

    async def relay(self, collection: AsyncCollection[Document], document_id: Any) -> int:
        """Publish what a document has in its outbox, in order, and take it out; returns how many.

        Raises:
            UnpublishableEvent: for an entry that this version cannot publish.
            DependencyUnavailable: while Kafka does not take it.

        Whatever is raised, the entries before it are published and out, it and those behind it stay.
        """
        document = await collection.find_one({"_id": document_id}, {FIELD: 1})
        entries = (document or {}).get(FIELD) or []
        done: list[str] = []
        try:
            for entry in entries:
                with telemetry.span("outbox relay", traceparent=entry.get("traceparent"), event_type=entry["type"]):
                    await self._bus.publish(_event_in(entry), time=entry["at"])
                done.append(entry["id"])
        finally:
            is_empty = bool(done) and await _take_out(collection, document_id, done)
        if not is_empty:
            await collection.update_one({"_id": document_id, FIELD: []}, {"$unset": {SINCE: ""}})
        return len(done)

    async def publish_soon(self, collection: AsyncCollection[Document], document_id: Any) -> None:
        """Relay now; where that fails the sweep does it later, and the caller's change stands."""
        await asyncio.shield(self.publish_later(collection, document_id))

    def publish_later(self, collection: AsyncCollection[Document], document_id: Any) -> asyncio.Task[None]:
        """As `publish_soon` without waiting for it: the change is stored, and whoever made it need not wait for Kafka.

        One relay at a time works on a document, so its events leave in order.
        """
        key = (collection.name, document_id)
        self._asked.add(key)
        if key not in self._relaying:
            self._relaying[key] = asyncio.create_task(self._relay_asked(collection, document_id))
        return self._relaying[key]

    async def _relay_asked(self, collection: AsyncCollection[Document], document_id: Any) -> None:
        key = (collection.name, document_id)
        try:
            while key in self._asked:
                self._asked.discard(key)
                with suppress(DependencyUnavailable):
                    await self._counted(collection, document_id)
        finally:
            del self._relaying[key]  # at once, so that whoever asks from now on gets a relay of their own

    async def sweep(self) -> int:
        """Relay everything that its writer did not; returns how many events.

        A document that cannot be relayed is counted and logged, and the others are relayed. While Kafka is away the
        sweep ends there; the next one begins with the documents that did not fail.
        """
        now = datetime.now(UTC)
        late = {SINCE: {"$lt": now - timedelta(seconds=LEFT_ALONE_S)}}
        waiting = [
            (collection, found) for collection in self._collections async for found in collection.find(late, {SINCE: 1})
        ]
        metrics.outbox_age.set(max(((now - found[SINCE]).total_seconds() for _, found in waiting), default=0.0))
        stuck = {(collection.name, found["_id"]) for collection, found in waiting}
        for key in self._failures.keys() - stuck:
            del self._failures[key]
        waiting.sort(key=lambda one: (self._failures[one[0].name, one[1]["_id"]], one[1][SINCE]))
        relayed = 0
        for collection, found in waiting:
            if (collection.name, found["_id"]) in self._relaying:
                continue
            try:
                relayed += await self._counted(collection, found["_id"])
            except DependencyUnavailable:
                break
        metrics.outbox_stuck.set(len(self._failures))
        return relayed

    async def _counted(self, collection: AsyncCollection[Document], document_id: Any) -> int:
        """As `relay`, but what it raises is counted and logged, and nothing raised but `DependencyUnavailable`."""
        key = (collection.name, document_id)
        try:
            relayed = await self.relay(collection, document_id)
        except Exception as error:
            self._failures[key] += 1
            reason = _reason(error)
            metrics.outbox_failures.labels(reason).inc()
            telemetry.logger().log(
                logging.WARNING if reason == "kafka_away" else logging.ERROR,
                "events stay in an outbox",
                collection=collection.name,
                document=str(document_id),
                reason=reason,
                failures=self._failures[key],
                error=str(error)[:300],
            )
            if isinstance(error, DependencyUnavailable):
                raise
            return 0
        self._failures.pop(key, None)
        return relayed

    async def run(self) -> None:
        """Sweep for as long as the service runs; several replicas may."""
        await keep_doing(self.sweep, every_s=SWEEP_EVERY_S, what="outbox sweep", calm_s=CALM_SWEEP_S)


async def _take_out(collection: AsyncCollection[Document], document_id: Any, done: Sequence[str]) -> bool:
    """Take entries out of an outbox, the first ones of it; whether that was known to leave it empty.

    Mostly nothing came since: then taking them out and noting that nothing waits is one write, of a document that may be
    large.
    """
    nothing_else = {f"{FIELD}.0.id": done[0], f"{FIELD}.{len(done)}": {"$exists": False}}
    emptied = await collection.update_one(
        {"_id": document_id, **nothing_else}, {"$set": {FIELD: []}, "$unset": {SINCE: ""}}
    )
    if not emptied.matched_count:
        await collection.update_one({"_id": document_id}, {"$pull": {FIELD: {"id": {"$in": list(done)}}}})
    return bool(emptied.matched_count)


def _event_in(entry: Document) -> Event:
    """The event of an entry. Raises UnpublishableEvent."""
    model = event_class(entry["type"])
    if model is None:
        raise UnpublishableEvent("unknown_type", entry["type"], "this version of the service does not know it")
    try:
        return model.model_validate(entry["event"])
    except ValidationError as error:
        raise UnpublishableEvent("invalid", entry["type"], str(error)) from error


def _reason(error: Exception) -> str:
    if isinstance(error, UnpublishableEvent):
        return error.reason
    return "kafka_away" if isinstance(error, DependencyUnavailable) else "refused"
