"""Reading the audit log: who called which command."""

from __future__ import annotations

import re
from collections.abc import Collection
from datetime import UTC, datetime

from bson import ObjectId
from bson.errors import InvalidId
from pydantic import BaseModel, Field

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
