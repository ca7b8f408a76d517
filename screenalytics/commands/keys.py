"""`screenalytics keys`: who may call the HTTP API."""

from __future__ import annotations

import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import cast

from chassis.http.keys import ApiKey, ApiKeys, RoleName
from chassis.mongo import database as mongo
from chassis.settings import ChassisSettings
from screenalytics.events.servers import reaching_servers


async def create(name: str, *, role: str, shows: list[str] | None, days: int | None) -> None:
    """Print the new key on stdout, everything else on stderr."""
    async with _keys() as keys:
        lasts = timedelta(days=days) if days is not None else None
        key, text = await keys.create(name=name, role=cast("RoleName", role), shows=shows, lasts=lasts)
    print(f"key {key.key_id} for {key.name}; keep it now, it cannot be shown again", file=sys.stderr)
    print(text)


async def list_keys() -> None:
    async with _keys() as keys:
        found = await keys.list()
    now = datetime.now(UTC)
    print(f"{'key':14}{'name':24}{'role':10}{'shows':24}{'made':12}state")
    for key in found:
        shows = ", ".join(sorted(key.shows)) if key.shows is not None else "all"
        print(f"{key.key_id:14}{key.name:24}{key.role:10}{shows:24}{key.created_at:%Y-%m-%d}  {_state(key, now)}")


async def revoke(key_id: str) -> None:
    async with _keys() as keys:
        await keys.revoke(key_id)
    print(f"revoked {key_id}", file=sys.stderr)


def _state(key: ApiKey, now: datetime) -> str:
    if key.revoked_at is not None:
        return f"revoked {key.revoked_at:%Y-%m-%d}"
    if key.expires_at is None:
        return "in force"
    return f"{'in force until' if key.is_in_force(now) else 'expired'} {key.expires_at:%Y-%m-%d}"


@asynccontextmanager
async def _keys() -> AsyncIterator[ApiKeys]:
    with reaching_servers():
        async with mongo.connect(ChassisSettings().mongo) as database:
            yield ApiKeys(database)
