"""Deliveries in MongoDB: what is to be told to whom, what came of it; for two weeks, then MongoDB removes them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any

from chassis.http.results import Page, bad_cursor, decode_cursor, encode_cursor
from chassis.mongo.database import Database, Document
from services.webhooks.rules import CLAIMED_FOR, TRIES_KEPT
from services.webhooks.subscriptions.deliveries import Delivery, State, Try
from services.webhooks.subscriptions.messages import Message
from services.webhooks.subscriptions.subscription import ANYBODY


class DeliveryStore:
    """The log of what is told; several replicas may work on it, each delivery is claimed by one at a time."""

    def __init__(self, database: Database) -> None:
        self._deliveries = database["webhook_deliveries"]

    async def add(self, delivery: Delivery) -> None:
        """Keep something to tell; what is known already stays as it is, so that a repeated event changes nothing."""
        now = datetime.now(UTC)
        fields = {
            "webhook_id": delivery.webhook_id,
            "message_id": delivery.message.message_id,
            "kind": delivery.message.kind,
            "body": delivery.message.body,
            "occurred_at": delivery.occurred_at,
            "kept_since": now,
            "show": delivery.show,
            "ep_id": delivery.ep_id,
            "cast_ids": list(delivery.cast_ids),
            "state": "waiting",
            "tries": 0,
            "log": [],
            "due_at": now,
        }
        await self._deliveries.update_one(
            {"_id": _id(delivery.webhook_id, delivery.message.message_id)}, {"$setOnInsert": fields}, upsert=True
        )

    async def webhooks_due(self) -> list[str]:
        """Ids of the webhooks for which something is due."""
        found = await self._deliveries.distinct("webhook_id", {"due_at": {"$lte": datetime.now(UTC)}})
        return sorted(map(str, found))

    async def claim_due(self, webhook_id: str) -> Delivery | None:
        """What has waited longest of what is due for a webhook, for the caller alone."""
        now = datetime.now(UTC)
        due = {"webhook_id": webhook_id, "due_at": {"$lte": now}}
        async for found in self._deliveries.find(due, {"due_at": 1}).sort("due_at", 1).limit(5):
            claimed = await self._deliveries.find_one_and_update(
                {"_id": found["_id"], "due_at": found["due_at"]}, {"$set": {"due_at": now + CLAIMED_FOR}}
            )
            if claimed is not None:
                return _read(claimed)
        return None

    async def note(self, delivery: Delivery, done: Try, state: State, due_at: datetime | None) -> None:
        """Note a try and what becomes of the delivery."""
        update: Document = {
            "$set": {"state": state, "tries": delivery.tries + 1} | ({"due_at": due_at} if due_at is not None else {}),
            "$push": {"log": {"$each": [asdict(done)], "$slice": -TRIES_KEPT}},
        }
        if due_at is None:
            update["$unset"] = {"due_at": ""}
        await self._deliveries.update_one({"_id": _id(delivery.webhook_id, delivery.message.message_id)}, update)

    async def replay(self, webhook_id: str, *, message_ids: Sequence[str] = (), state: State | None = None) -> int:
        """Tell again what was told or given up: some messages, or all in a state. Returns how many there are."""
        wanted: Document = {"webhook_id": webhook_id}
        if message_ids:
            wanted["message_id"] = {"$in": list(message_ids)}
        if state is not None:
            wanted["state"] = state
        again = {"state": "waiting", "tries": 0, "due_at": datetime.now(UTC)}
        return (await self._deliveries.update_many(wanted, {"$set": again})).matched_count

    async def forget_webhook(self, webhook_id: str) -> None:
        await self._deliveries.delete_many({"webhook_id": webhook_id})

    async def forget_episode(self, ep_id: str, before: datetime) -> None:
        """Remove what was or is to be told of an episode that is gone."""
        await self._deliveries.delete_many({"ep_id": ep_id, "occurred_at": {"$lt": before}})

    async def forget_show(self, show: str, before: datetime) -> None:
        await self._deliveries.delete_many({"show": show, "occurred_at": {"$lt": before}})

    async def forget_person(self, show: str, cast_id: str, before: datetime) -> None:
        """Remove what names a cast member, or may."""
        named = {"$in": [cast_id, ANYBODY]}
        await self._deliveries.delete_many({"show": show, "cast_ids": named, "occurred_at": {"$lt": before}})

    async def page(self, webhook_id: str, *, state: State | None, cursor: str | None, limit: int) -> Page[Delivery]:
        """The deliveries of a webhook, the latest event first.

        Raises:
            BadInput: `bad_cursor`.
        """
        wanted: list[Document] = [{"webhook_id": webhook_id}]
        if state is not None:
            wanted.append({"state": state})
        if cursor is not None:
            wanted.append(_after(cursor))
        listed = self._deliveries.find({"$and": wanted}).sort([("occurred_at", -1), ("_id", -1)]).limit(limit + 1)
        found = [document async for document in listed]
        last = found[limit - 1] if len(found) > limit else None
        return Page(
            items=tuple(_read(document) for document in found[:limit]),
            next_cursor=encode_cursor(_milliseconds(last["occurred_at"]), str(last["_id"])) if last else None,
        )

    async def count(self, webhook_id: str, state: State) -> int:
        return await self._deliveries.count_documents({"webhook_id": webhook_id, "state": state})


def _id(webhook_id: str, message_id: str) -> str:
    return f"{webhook_id}/{message_id}"


def _milliseconds(at: datetime) -> int:
    return round(at.timestamp() * 1000)


def _after(cursor: str) -> Document:
    """Deliveries behind the one that a cursor names."""
    milliseconds, delivery = decode_cursor(cursor, kinds=(int, str))
    try:
        at = datetime.fromtimestamp(milliseconds / 1000, UTC)
    except (ValueError, OverflowError, OSError):
        raise bad_cursor() from None
    return {"$or": [{"occurred_at": {"$lt": at}}, {"occurred_at": at, "_id": {"$lt": delivery}}]}


def _read(document: Document) -> Delivery:
    tries: list[dict[str, Any]] = document["log"]
    return Delivery(
        webhook_id=document["webhook_id"],
        message=Message(message_id=document["message_id"], kind=document["kind"], body=document["body"]),
        occurred_at=document["occurred_at"],
        show=document["show"],
        ep_id=document["ep_id"],
        cast_ids=tuple(document["cast_ids"]),
        state=document["state"],
        tries=document["tries"],
        due_at=document.get("due_at"),
        log=tuple(Try(**one) for one in tries),
    )
