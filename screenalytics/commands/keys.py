"""`screenalytics keys`: who may call the HTTP API."""

from __future__ import annotations

import sys
from typing import cast

from chassis import store
from chassis.api.keys import ApiKeys, RoleName
from chassis.settings import ChassisSettings


async def create(name: str, *, role: str, shows: list[str] | None) -> None:
    """Print the new key on stdout, everything else on stderr."""
    async with store.connect(ChassisSettings().mongo) as database:
        key, text = await ApiKeys(database).create(name=name, role=cast("RoleName", role), shows=shows)
    print(f"key {key.key_id} for {key.name}; keep it now, it cannot be shown again", file=sys.stderr)
    print(text)


async def list_keys() -> None:
    async with store.connect(ChassisSettings().mongo) as database:
        keys = await ApiKeys(database).list()
    print(f"{'key':14}{'name':24}{'role':10}{'shows':24}{'made':12}state")
    for key in keys:
        shows = ", ".join(sorted(key.shows)) if key.shows is not None else "all"
        state = f"revoked {key.revoked_at:%Y-%m-%d}" if key.revoked_at else "in force"
        print(f"{key.key_id:14}{key.name:24}{key.role:10}{shows:24}{key.created_at:%Y-%m-%d}  {state}")


async def revoke(key_id: str) -> None:
    async with store.connect(ChassisSettings().mongo) as database:
        await ApiKeys(database).revoke(key_id)
    print(f"revoked {key_id}", file=sys.stderr)
