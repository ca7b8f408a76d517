"""Reading the audit log: who called which command."""

from __future__ import annotations

import re
from collections.abc import Collection
from datetime import UTC, datetime

from bson import ObjectId
from bson.errors import InvalidId
from pydantic import BaseModel, Field

from chassis.domain.redaction import ERASED
from chassis.http.results import Page, bad_cursor, decode_cursor, encode_cursor
from chassis.mongo.database import Database, Document


class AuditEntry(BaseModel):
    """Who called which command, when, and how it was answered."""

    at: datetime
    who: str
    caller: str | None = Field(default=None, description="Whose credential it was: names need not be unique.")
    role: str
    method: str
    path: str
    status: int
    ep_id: str | None = None
    show: str | None = None


class AuditLog:
    """The `audit` collection, which the chassis writes."""

    def __init__(self, database: Database) -> None:
        self._audit = database["audit"]

    async def list(
        self, *, ep_id: str | None, shows: Collection[str] | None, who: str | None, cursor: str | None, limit: int
    ) -> Page[AuditEntry]:
        """Entries, the latest first.

        Raises:
            BadInput: `bad_cursor`.
        """
        wanted: list[Document] = []
        if ep_id is not None:
            wanted.append({"ep_id": ep_id})
        if shows is not None:
            wanted.append(_of_shows(shows))
        if who is not None:
            wanted.append({"who": who})
        if cursor is not None:
            wanted.append(_after(cursor))
        query = {"$and": wanted} if wanted else {}
        listed = self._audit.find(query).sort([("at", -1), ("_id", -1)]).limit(limit + 1)
        found = [entry async for entry in listed]
        last = found[limit - 1] if len(found) > limit else None
        return Page(
            items=tuple(AuditEntry.model_validate(entry) for entry in found[:limit]),
            next_cursor=encode_cursor(round(last["at"].timestamp() * 1000), str(last["_id"])) if last else None,
        )

    async def forget_cast_member(self, show: str, cast_id: str) -> int:
        """Take a cast member's id out of the addresses that were called; returns in how many entries it was."""
        segment = re.compile(rf"/{re.escape(cast_id)}(?=/|$)")
        changed = 0
        named = {"show": show, "path": {"$regex": f"/{re.escape(cast_id)}(/|$)"}}
        async for entry in self._audit.find(named, {"path": 1}):
            path = segment.sub(f"/{ERASED}", entry["path"])
            done = await self._audit.update_one({"_id": entry["_id"]}, {"$set": {"path": path}})
            changed += done.modified_count
        return changed

    async def of_cast_member(self, show: str, cast_id: str) -> tuple[dict[str, str], ...]:
        """The calls whose address named a cast member."""
        named = {"show": show, "path": {"$regex": f"/{re.escape(cast_id)}(/|$)"}}
        found = [
            {name: str(entry[name]) for name in ("at", "who", "method", "path", "status")}
            async for entry in self._audit.find(named)
        ]
        return tuple(found)

    async def count_before(self, before: datetime) -> int:
        """How many entries `expire` would remove."""
        return await self._audit.count_documents({"at": {"$lt": before}})

    async def expire(self, before: datetime) -> int:
        """Remove the entries of before a time; returns how many."""
        return (await self._audit.delete_many({"at": {"$lt": before}})).deleted_count


def _of_shows(shows: Collection[str]) -> Document:
    """Entries about shows or about episodes of them."""
    names = "|".join(re.escape(show) for show in sorted(shows))
    return {"$or": [{"show": {"$in": sorted(shows)}}, {"ep_id": {"$regex": f"^(?:{names})-s[0-9]{{2}}e[0-9]{{2}}$"}}]}


def _after(cursor: str) -> Document:
    """Entries older than the one that a cursor names."""
    key = decode_cursor(cursor, kinds=(int, str))
    try:
        at, entry = datetime.fromtimestamp(key[0] / 1000, UTC), ObjectId(key[1])
    except (InvalidId, ValueError, OverflowError, OSError):
        raise bad_cursor() from None
    return {"$or": [{"at": {"$lt": at}}, {"at": at, "_id": {"$lt": entry}}]}
