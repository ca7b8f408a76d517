"""Event streams of keys that are not in force any more."""

from __future__ import annotations

from datetime import timedelta

from tests.hostile.attack import Attack
from tests.hostile.target import EPISODE, Target
from tests.hostile.wire import head, line_to

STREAM = f"/episodes/{EPISODE}/events?follow=true"
CHANGES = f"/changes/{EPISODE}"


async def _revoked(target: Target) -> str:
    return await _revoked_while(target, STREAM)


async def _revoked_while_told_of_changes(target: Target) -> str:
    return await _revoked_while(target, CHANGES)


async def _revoked_while(target: Target, path: str) -> str:
    key, text = await target.api_keys.create(name="to be revoked", role="viewer")
    async with line_to(target) as line:
        await line.send(head("GET", path, {}, key=text))
        begun = await line.answer()
        await target.api_keys.revoke(key.key_id)
        return f"{begun}, {await line.end(10)}"


async def _expired(target: Target) -> str:
    _, text = await target.api_keys.create(name="for a moment", role="viewer", lasts=timedelta(seconds=2))
    async with line_to(target) as line:
        await line.send(head("GET", STREAM, {}, key=text))
        return f"{await line.answer()}, {await line.end(10)}"


async def _in_force(target: Target) -> str:
    async with line_to(target) as line:
        await line.send(head("GET", STREAM, {}, key=target.keys["viewer"]))
        return f"{await line.answer()}, {await line.end(12)}"


ATTACKS = (
    Attack(family="streams", name="a stream whose key is revoked", run=_revoked, expected="200, ended"),
    Attack(
        family="streams",
        name="a stream of changes whose key is revoked",
        run=_revoked_while_told_of_changes,
        expected="200, ended",
    ),
    Attack(family="streams", name="a stream whose key expires", run=_expired, expected="200, ended"),
    Attack(family="streams", name="a stream whose key is in force", run=_in_force, expected="200, still open"),
)
