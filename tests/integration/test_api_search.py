"""Questions over many episodes over HTTP, on real MongoDB and S3 servers."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
import pytest_asyncio

from chassis.http.keys import ApiKeys
from chassis.mongo.database import Database
from chassis.settings import AuthSettings
from screenalytics.local.servers import Stack
from services.identity.queries import search
from tests.support.identity_api import bucket_on, client_of
from tests.support.reported_episode import report_episode

pytestmark = pytest.mark.integration

SHOW = "the-office"
OTHER = "the-office-s2"
"""A show whose ids begin as those of a season of the first one do."""


@pytest_asyncio.fixture(scope="module")
async def bucket(stack: Stack) -> AsyncIterator[Any]:
    async with bucket_on(stack) as opened:
        yield opened


@pytest_asyncio.fixture
async def client(database: Database, bucket: Any) -> AsyncIterator[httpx.AsyncClient]:
    """Five episodes of one show, one of another: Ada and Bo share 10 s in a first revision, 5 s in a second."""
    for number, (ep_id, revisions) in enumerate(
        (
            ("the-office-s01e01", 1),
            ("the-office-s01e02", 2),
            ("the-office-s02e01", 1),
            ("the-office-s02e02", 2),
            ("the-office-s02e03", 1),
            (f"{OTHER}-s01e01", 1),
        )
    ):
        run_id = f"01JCZ5M7Q8XG3V4B2N1K0H9F{number}D"
        await report_episode(database, bucket[1], ep_id=ep_id, run_id=run_id, revisions=revisions)
    await database["identities"].insert_one({"_id": f"{SHOW}-s01e09", "show": SHOW, "links": []})
    async with client_of(database, *bucket) as opened:
        yield opened


async def found(client: httpx.AsyncClient, path: str, **params: Any) -> list[dict[str, Any]]:
    """All items, page by page."""
    items, cursor = [], None
    while True:
        answer = await client.get(path, params=params | ({"cursor": cursor} if cursor else {}))
        assert answer.status_code == 200, answer.text
        page = answer.json()["data"]
        items += page["items"]
        cursor = page["next_cursor"]
        if cursor is None:
            return items


EPISODES = f"/screen-time/shows/{SHOW}/episodes"


async def test_two_people_together_for_so_long(client: httpx.AsyncClient) -> None:
    both = ["ada", "bo"]
    everywhere = await found(client, EPISODES, cast_id=both)
    assert {one["ep_id"]: one["seconds"] for one in everywhere} == {
        "the-office-s01e01": 10.0,
        "the-office-s01e02": 5.0,
        "the-office-s02e01": 10.0,
        "the-office-s02e02": 5.0,
        "the-office-s02e03": 10.0,
    }
    assert [one["ep_id"][-3:] for one in await found(client, EPISODES, cast_id=both, min_s=5.01, season=2)] == [
        "e01",
        "e03",
    ]
    assert await found(client, EPISODES, cast_id=both, min_stretch_s=5.01) == []
    assert everywhere[1]["intervals_s"] == [[5.0, 10.0]] and everywhere[1]["revision"] == 2
    assert await found(client, EPISODES, cast_id=["ada", "zoe"]) == []
    assert len(await found(client, EPISODES, cast_id=["ada", "zoe"], match="any")) == 5


async def test_pages_go_on_where_the_one_before_ended(
    client: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(search, "BATCH", 2)
    for limit in (1, 2, 3, 5, 500):
        items = await found(client, EPISODES, cast_id=["ada", "bo"], min_s=5.01, limit=limit)
        assert [one["ep_id"] for one in items] == ["the-office-s01e01", "the-office-s02e01", "the-office-s02e03"]
    refused = await client.get(EPISODES, params={"cursor": "nonsense"})
    assert (refused.status_code, refused.json()["error"]["code"]) == (422, "bad_cursor")


async def test_nobody_named_lists_the_episodes_with_their_revisions(client: httpx.AsyncClient) -> None:
    items = await found(client, EPISODES)
    assert [(one["ep_id"], one["revision"], one["intervals_s"]) for one in items] == [
        ("the-office-s01e01", 1, []),
        ("the-office-s01e02", 2, []),
        ("the-office-s02e01", 1, []),
        ("the-office-s02e02", 2, []),
        ("the-office-s02e03", 1, []),
    ]
    assert [one["ep_id"] for one in await found(client, f"/screen-time/shows/{OTHER}/episodes")] == [f"{OTHER}-s01e01"]
    assert await found(client, "/screen-time/shows/nothing/episodes") == []


async def test_who_is_only_in_a_season(client: httpx.AsyncClient, database: Database) -> None:
    cast = f"/screen-time/shows/{SHOW}/cast"
    assert await found(client, cast, season=2, only=True) == []
    await database["screen_time"].update_many(
        {"ep_id": {"$in": ["the-office-s01e01", "the-office-s01e02"]}},
        {"$set": {"document.cast.$[].visible_s": 0.0}},
    )
    items = await found(client, cast, season=2, only=True, limit=1)
    assert [(one["cast_id"], one["seconds"], one["episodes"]) for one in items] == [("bo", 65.0, 3), ("ada", 50.0, 3)]
    assert await found(client, cast, season=1) == []
    assert [one["cast_id"] for one in await found(client, cast, min_s=60)] == ["bo"]


async def test_a_key_for_other_shows_sees_nothing(client: httpx.AsyncClient, database: Database, bucket: Any) -> None:
    keys = ApiKeys(database)
    _, key = await keys.create(name="Vera", role="viewer", shows=[OTHER])
    async with client_of(database, *bucket, auth=AuthSettings(mode="keys")) as guarded:
        mine = {"X-API-Key": key}
        assert (await guarded.get(EPISODES, headers=mine)).status_code == 404
        assert (await guarded.get(f"/screen-time/shows/{OTHER}/episodes", headers=mine)).status_code == 200
        assert (await guarded.get(f"/screen-time/shows/{SHOW}/cast", headers=mine)).status_code == 404


@pytest.mark.parametrize(
    "wrong", [{"min_s": "nan"}, {"min_s": -1}, {"season": 100}, {"match": "all"}, {"cast_id": ["a"] * 21}]
)
async def test_what_makes_no_sense_is_refused(client: httpx.AsyncClient, wrong: dict[str, Any]) -> None:
    answer = await client.get(EPISODES, params=wrong)
    assert (answer.status_code, answer.json()["error"]["code"]) == (422, "invalid_request")
