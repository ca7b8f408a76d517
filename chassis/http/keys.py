"""API keys in MongoDB: only a hash is stored, the key itself is shown once.

A key is `sk_{id}_{secret}`; the secret has 256 random bits, so a plain SHA-256 is as good as a slow hash here.
"""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import re
import secrets
import time
from collections.abc import Iterable
from contextlib import nullcontext
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Literal

from chassis.cache import Latest
from chassis.errors import NotFound
from chassis.mongo.database import Database, Document

RoleName = Literal["viewer", "operator", "admin"]

REMEMBERED_S = 4.0
"""How long a revoked key may go on in a process that has just seen it."""
MOST_REMEMBERED = 1000
UNKNOWN_AT_ONCE = 4
"""Ids nobody has seen here that are looked up at a time: hundreds of guesses hold up neither MongoDB nor known keys."""

_KEY = re.compile(r"sk_([a-z0-9]{12})_([A-Za-z0-9_-]{43})", re.ASCII)


@dataclass(frozen=True, kw_only=True)
class ApiKey:
    """A stored key. `shows` None means all, `expires_at` None means never."""

    key_id: str
    name: str
    role: RoleName
    shows: frozenset[str] | None
    created_at: datetime
    expires_at: datetime | None = None
    revoked_at: datetime | None = None

    def is_in_force(self, now: datetime) -> bool:
        return self.revoked_at is None and (self.expires_at is None or now < self.expires_at)


class ApiKeys:
    """Makes, finds and revokes keys."""

    def __init__(self, database: Database) -> None:
        self._keys = database["api_keys"]
        self._known: Latest[str, tuple[float, Document]] = Latest(MOST_REMEMBERED)
        self._looking_up = asyncio.Semaphore(UNKNOWN_AT_ONCE)

    async def create(
        self,
        *,
        name: str,
        role: RoleName,
        shows: Iterable[str] | None = None,
        lasts: timedelta | None = None,
    ) -> tuple[ApiKey, str]:
        """A new key and its text, which is nowhere kept."""
        key_id, secret = secrets.token_hex(6), secrets.token_urlsafe(32)
        now = datetime.now(UTC)
        document: Document = {
            "_id": key_id,
            "name": name,
            "hash": _hash(secret),
            "role": role,
            "shows": sorted({show.lower() for show in shows}) if shows is not None else None,
            "created_at": now,
            "expires_at": now + lasts if lasts is not None else None,
        }
        await self._keys.insert_one(document)
        return _read(document), f"sk_{key_id}_{secret}"

    async def find(self, text: str) -> ApiKey | None:
        """The key with this text that is in force; takes as long for every wrong secret."""
        parts = _KEY.fullmatch(text)
        if parts is None:
            return None
        document = await self._document(parts[1])
        stored = str(document["hash"]) if document is not None else "0" * 64
        matches = hmac.compare_digest(stored, _hash(parts[2]))
        if document is None or not matches:
            return None
        key = _read(document)
        return key if key.is_in_force(datetime.now(UTC)) else None

    async def in_force(self, key_id: str) -> ApiKey | None:
        """The key with that id, where it was not revoked and is not over."""
        document = await self._document(key_id)
        key = _read(document) if document is not None else None
        return key if key is not None and key.is_in_force(datetime.now(UTC)) else None

    async def _document(self, key_id: str) -> Document | None:
        """The stored key. Only keys that exist are remembered: whoever makes ids up pushes none of them out."""
        now = time.monotonic()
        known = self._known.get(key_id)
        if known is not None and now - known[0] <= REMEMBERED_S:
            return known[1]
        async with nullcontext() if known is not None else self._looking_up:
            document = await self._keys.find_one({"_id": key_id})
        if document is not None:
            self._known.put(key_id, (now, document))
        return document

    async def list(self) -> list[ApiKey]:
        """All keys, the latest first."""
        found = [_read(document) async for document in self._keys.find({})]
        return sorted(found, key=lambda key: key.created_at, reverse=True)

    async def revoke(self, key_id: str) -> None:
        """End a key.

        Raises:
            NotFound: `unknown_key`.
        """
        done = await self._keys.update_one({"_id": key_id}, {"$set": {"revoked_at": datetime.now(UTC)}})
        if not done.matched_count:
            raise NotFound("unknown_key", f"There is no key {key_id}: `screenalytics keys list` shows those there are.")


def _hash(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()


def _read(document: Document) -> ApiKey:
    shows = document["shows"]
    return ApiKey(
        key_id=str(document["_id"]),
        name=document["name"],
        role=document["role"],
        shows=frozenset(shows) if shows is not None else None,
        created_at=document["created_at"],
        expires_at=document.get("expires_at"),
        revoked_at=document.get("revoked_at"),
    )
