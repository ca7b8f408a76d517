"""Webhooks in MongoDB. Secrets are kept as they are, for signing: only this service and the API may read them."""

from __future__ import annotations

from dataclasses import asdict, replace
from typing import Any

from pymongo.errors import DuplicateKeyError

from chassis.errors import Conflict, NotFound
from chassis.mongo.database import Database, Document
from services.webhooks.rules import MOST_WEBHOOKS
from services.webhooks.subscriptions.subscription import Secret, Webhook, Wish


class WebhookStore:
    """The webhooks there are."""

    def __init__(self, database: Database) -> None:
        self._webhooks = database["webhooks"]

    async def add(self, webhook: Webhook) -> None:
        """Keep a new webhook.

        Raises:
            Conflict: `webhook_exists` for one that tells the same address the same, `too_many_webhooks`.
        """
        if await self._webhooks.count_documents({}) >= MOST_WEBHOOKS:
            raise Conflict("too_many_webhooks", f"There are {MOST_WEBHOOKS} webhooks: delete one first.")
        try:
            await self._webhooks.insert_one({"_id": webhook.webhook_id, **_fields(webhook)})
        except DuplicateKeyError:
            raise _exists() from None

    async def replace(self, webhook: Webhook) -> Webhook | None:
        """Keep a webhook as it is now, as the next version; None where it is not the one any more that was read.

        Raises:
            Conflict: `webhook_exists`.
        """
        changed = replace(webhook, version=webhook.version + 1)
        try:
            done = await self._webhooks.replace_one(
                {"_id": webhook.webhook_id, "version": webhook.version}, _fields(changed)
            )
        except DuplicateKeyError:
            raise _exists() from None
        return changed if done.matched_count else None

    async def turn_off(self, webhook_id: str, why: str) -> None:
        """Tell an address no more."""
        await self._webhooks.update_one(
            {"_id": webhook_id}, {"$set": {"enabled": False, "why_off": why}, "$inc": {"version": 1}}
        )

    async def remove(self, webhook_id: str) -> None:
        await self._webhooks.delete_one({"_id": webhook_id})

    async def find(self, webhook_id: str) -> Webhook:
        """One webhook.

        Raises:
            NotFound: `unknown_webhook`.
        """
        found = await self._webhooks.find_one({"_id": webhook_id})
        if found is None:
            raise unknown_webhook(webhook_id)
        return _read(found)

    async def all(self) -> list[Webhook]:
        """Every webhook, the oldest first."""
        return [_read(document) async for document in self._webhooks.find({}).sort("_id", 1)]


def unknown_webhook(webhook_id: str) -> NotFound:
    return NotFound("unknown_webhook", f"There is no webhook {webhook_id}: list them to see which there are.")


def _exists() -> Conflict:
    return Conflict(
        "webhook_exists", "This address is told of the same already: change that webhook, or delete it first."
    )


def _fields(webhook: Webhook) -> Document:
    fields: dict[str, Any] = asdict(webhook)
    del fields["webhook_id"]
    return fields | {"sameness": webhook.sameness}


def _read(document: Document) -> Webhook:
    wish: dict[str, Any] = {
        name: tuple(value) if isinstance(value, list) else value for name, value in document["wish"].items()
    }
    return Webhook(
        webhook_id=document["_id"],
        url=document["url"],
        wish=Wish(**wish),
        secrets=tuple(Secret(**secret) for secret in document["secrets"]),
        created_at=document["created_at"],
        created_by=document["created_by"],
        description=document["description"],
        enabled=document["enabled"],
        why_off=document["why_off"],
        version=document["version"],
    )
