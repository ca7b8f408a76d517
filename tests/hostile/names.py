"""Names that lead elsewhere: keys of objects, cursors, and one name of two callers."""

from __future__ import annotations

import json

import httpx

from tests.hostile.attack import Attack
from tests.hostile.target import EPISODE, Target
from tests.hostile.wire import tally

WAYS_OUT = ("..", "../x.mp4", "a/../../x.mp4", "%2e%2e/x.mp4", "a\\..\\x.mp4", "a//x.mp4")


def _client(target: Target, key: str) -> httpx.AsyncClient:
    return httpx.AsyncClient(base_url=target.url, headers={"X-API-Key": key}, timeout=15)


async def _ways_out(target: Target) -> str:
    async with _client(target, target.keys["operator"]) as client:
        answers = [
            await client.post(
                f"/episodes/{EPISODE}/register", json={"uri": f"s3://screenalytics/raw/videos/{EPISODE}/{name}"}
            )
            for name in WAYS_OUT
        ]
    return tally([f"{answer.status_code} {answer.json()['error']['code']}" for answer in answers])


async def _cursors(target: Target) -> str:
    async with _client(target, target.keys["admin"]) as client:
        answers = [
            await client.get(path, params={"cursor": "bm9uc2Vuc2U"})
            for path in ("/shows", "/episodes", f"/episodes/{EPISODE}/runs", "/people/nobody", "/audit")
        ]
    return tally([str(answer.status_code) for answer in answers])


async def _one_name(target: Target) -> str:
    """Two keys of one name, for two shows, with one Idempotency-Key."""
    uploads = []
    for show in ("one-show", "another-show"):
        _, key = await target.api_keys.create(name="ci", role="operator", shows=[show])
        wanted = {"ep_id": f"{show}-s01e01", "filename": "a.mp4", "bytes": 10, "sha256": "0" * 64}
        async with _client(target, key) as client:
            answer = await client.post("/uploads", json=wanted, headers={"Idempotency-Key": "once"})
            uploads.append(json.loads(answer.text)["data"]["ep_id"])
    return ", ".join(uploads)


ATTACKS = (
    Attack(family="names", name="six keys that lead out of their folder", run=_ways_out, expected="400 bad_key"),
    Attack(family="names", name="cursors that no list gave", run=_cursors, expected="422"),
    Attack(
        family="names",
        name="the Idempotency-Key of another key with the same name",
        run=_one_name,
        expected="one-show-s01e01, another-show-s01e01",
    ),
)
