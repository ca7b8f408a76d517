"""One history and one undo over HTTP: the grouper's log and identity's as one, taken back in the order they came."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
import pytest_asyncio

from chassis.mongo.database import Database
from chassis.settings import PeerSettings
from screenalytics.local.servers import Stack
from tests.support.api_examples import hold
from tests.support.grouper_system import APPEARANCES, Take
from tests.support.identity_rig import BLUE, EP, GREEN, RED, Somebody
from tests.support.operator_rig import operator_rig

pytestmark = pytest.mark.integration

THREE = "identity-00003"
PEOPLE = [Somebody(1, RED, 0, 10), Somebody(2, GREEN, 12, 20), Somebody(3, BLUE, 22, 28)]


@pytest_asyncio.fixture
async def api(stack: Stack, database: Database) -> AsyncIterator[httpx.AsyncClient]:
    """All services, each behind its own application; one person is locked, then another one linked."""
    async with operator_rig(stack, database) as rig:
        rig.identity.app.state.parts[PeerSettings] = PeerSettings(grouper=rig.url)
        await rig.grouper.group(Take(APPEARANCES))
        await rig.identity.group(PEOPLE)
        await rig.identity.cast({"rita": ("Rita", RED)})
        async with httpx.AsyncClient(base_url=rig.url, timeout=30) as client:
            people = (await client.get(f"/clusters/{EP}")).json()["data"]["items"]
            locked = people[0]["identity_id"]
            await sent(client, "POST", f"/clusters/{EP}/lock", {"identity_id": locked})
            await sent(client, "PUT", f"/links/{EP}/{THREE}", {"cast_id": "rita"})
            yield client


async def sent(
    client: httpx.AsyncClient, method: str, path: str, body: Any = None, *, match: str = "*", key: str | None = None
) -> Any:
    """The data of a command that succeeds, or the code of its refusal."""
    headers = {"If-Match": match} | ({"Idempotency-Key": key} if key else {})
    answer = await client.request(method, path, json=body, headers=headers)
    told = answer.json()
    return told["data"] if answer.is_success else (answer.status_code, told["error"]["code"])


async def test_a_link_does_not_call_somebody_by_the_name_that_came_of_it_when_it_is_reported(
    api: httpx.AsyncClient,
) -> None:
    async with asyncio.timeout(60):
        while "Rita" not in (await api.get(f"/screen-time/{EP}")).text:
            await asyncio.sleep(0.05)
    page = (await api.get(f"/history/{EP}?limit=1")).json()["data"]
    assert [one["sentence"] for one in page["items"]] == ["Person 3 is Rita"]


async def test_one_undo_takes_back_whatever_came_last(api: httpx.AsyncClient) -> None:
    undo, redo = f"/history/{EP}/undo", f"/history/{EP}/redo"
    first = await sent(api, "POST", undo, {}, match='"2"', key="a")
    assert (first["step"]["kind"], first["version"]) == ("link", 3)
    again = await sent(api, "POST", undo, {}, match='"2"', key="a")
    assert (again["step"]["kind"], again["version"]) == ("link", 3), (
        "the same command changes nothing, though it is late"
    )
    assert await sent(api, "POST", undo, {}, match='"2"', key="b") == (412, "version_conflict")
    second = await sent(api, "POST", undo, {}, match='"3"', key="c")
    assert (second["step"]["source"], second["step"]["kind"], second["version"]) == ("clusters", "lock", 4)
    assert await sent(api, "POST", undo, {}) == (409, "nothing_to_undo")
    page = (await api.get(f"/history/{EP}?limit=3")).json()["data"]
    assert [(one["source"], one["action"], one["active"]) for one in page["items"]] == [
        ("clusters", "undo", False),
        ("links", "undo", False),
        ("links", "do", False),
    ]
    rest = (await api.get(f"/history/{EP}", params={"limit": 3, "cursor": page["next_cursor"]})).json()["data"]
    assert [(one["source"], one["action"]) for one in rest["items"]] == [("clusters", "do")]
    assert rest["next_cursor"] is None
    back = await sent(api, "POST", redo, {}, match='"4"')
    assert back["step"]["source"] == "clusters"
    named = await sent(api, "POST", redo, {"step": "links:1"})
    assert named["step"]["sentence"] == "Person 3 is Rita"
    assert await sent(api, "POST", redo, {}) == (409, "nothing_to_redo")
    assert await sent(api, "POST", undo, {"step": "links:99"}) == (404, "unknown_step")


async def test_the_api_answers_as_the_page_says(api: httpx.AsyncClient) -> None:
    await hold("history.md", api, {"ep_id": EP, "identity_id": THREE})
