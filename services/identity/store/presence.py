"""Which pages are open on an episode, in MongoDB, so that every replica tells the same. Nothing of it is kept."""

from __future__ import annotations

import hashlib
from contextlib import suppress
from datetime import UTC, datetime, timedelta

from pymongo.errors import DuplicateKeyError

from chassis.mongo.database import Database, Document
from services.identity.changes.people import PersonPresent, shown

LASTS_S = 30.0
"""A page that is not heard of for so long is gone."""


class PresenceStore:
    """One document for each open page."""

    def __init__(self, database: Database) -> None:
        self._presence = database["presence"]

    async def beat(
        self, ep_id: str, *, caller: str, name: str, page: str, screen: str, subject: str | None
    ) -> PersonPresent:
        """A page is there and shows something. Pages that are gone are removed."""
        now = datetime.now(UTC)
        await self._presence.delete_many({"until": {"$lt": now}})
        seen = {"name": name, "screen": screen, "subject": subject, "until": now + timedelta(seconds=LASTS_S)}
        first = {"ep_id": ep_id, "caller": _hash(caller), "since": now}
        key = _page_id(ep_id, caller, page)
        with suppress(DuplicateKeyError):  # two beats of one page at once
            await self._presence.update_one({"_id": key}, {"$set": seen, "$setOnInsert": first}, upsert=True)
        found = await self._presence.find_one({"_id": key}, {"since": 1})
        return _read({"_id": key, **seen, "since": found["since"] if found else now})

    async def leave(self, ep_id: str, *, caller: str, page: str) -> bool:
        """A page is closed; whether it was there."""
        gone = await self._presence.delete_one({"_id": _page_id(ep_id, caller, page)})
        return bool(gone.deleted_count)

    async def of(self, ep_id: str) -> tuple[PersonPresent, ...]:
        """Whose pages are open now."""
        now = datetime.now(UTC)
        found = [
            (str(one["caller"]), _read(one))
            async for one in self._presence.find({"ep_id": ep_id})
            if one["until"] > now
        ]
        return shown(found)

    async def forget(self, ep_id: str) -> None:
        """The episode is deleted."""
        await self._presence.delete_many({"ep_id": ep_id})


def _page_id(ep_id: str, caller: str, page: str) -> str:
    return _hash(f"{ep_id}\n{caller}\n{page}")


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def _read(found: Document) -> PersonPresent:
    return PersonPresent(
        id=found["_id"], name=found["name"], screen=found["screen"], subject=found["subject"], since=found["since"]
    )
