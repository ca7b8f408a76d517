"""An episode's faces as reference pictures over HTTP: taken, at rest while their cause is taken back."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio

from chassis.mongo.database import Database
from contracts.events import EpisodeDeleted
from contracts.ids import identity_id
from screenalytics.local.servers import Stack
from tests.support.identity_rig import BLUE, EP, GREY, RED, RUN, SHOW, IdentityRig, Somebody, identity_rig

pytestmark = pytest.mark.integration

ONE, TWO, THREE = (identity_id(number) for number in range(1, 4))


@pytest_asyncio.fixture
async def rig(stack: Stack, database: Database) -> AsyncIterator[IdentityRig]:
    async with identity_rig(stack, database) as running:
        await running.cast({"rita": ("Rita", RED)})
        await running.group([Somebody(1, RED), Somebody(2, BLUE, 20, 26), Somebody(3, GREY, 30, 34)], faces_each=4)
        yield running


async def pictures_of(rig: IdentityRig, cast_id: str) -> list[Any]:
    """`(face, at rest)` of every picture."""
    found = await rig.data("GET", f"/shows/{SHOW}/cast/{cast_id}/pictures")
    return sorted((one["source"] and one["source"]["face_id"], one["resting"]) for one in found if one["source"])


async def test_faces_become_pictures_and_rest_while_their_cause_is_taken_back(rig: IdentityRig) -> None:
    refused = await rig.call("POST", f"/links/{EP}/{TWO}/references", {}, version=0)
    assert (refused.status_code, refused.json()["error"]["code"]) == (409, "not_linked")
    await rig.data("PUT", f"/links/{EP}/{TWO}", {"cast_id": "rita"}, version=0)
    taken = await rig.data("POST", f"/links/{EP}/{TWO}/references", {"count": 3}, version=1)
    faces = sorted(one["face_id"] for one in taken["references"])
    assert len(faces) == 3 and taken["changes"][0]["action"] == "references"
    assert await pictures_of(rig, "rita") == [(face, False) for face in faces]
    entry = (await rig.data("GET", f"/shows/{SHOW}/cast/rita/pictures"))[-1]
    assert entry["url"] and entry["source"]["ep_id"] == EP and entry["source"]["run_id"] == RUN

    await rig.data("POST", f"/links/{EP}/undo", {"version": 1}, version=2)
    await rig.bus.deliver()
    assert await pictures_of(rig, "rita") == [(face, True) for face in faces], "the link that they stood on is gone"
    await rig.data("POST", f"/links/{EP}/redo", {}, version=3)
    await rig.bus.deliver()
    assert await pictures_of(rig, "rita") == [(face, False) for face in faces]
    await rig.data("POST", f"/links/{EP}/undo", {"version": 2}, version=4)
    await rig.bus.deliver()
    assert await pictures_of(rig, "rita") == [(face, True) for face in faces], "they were taken back themselves"


async def test_somebody_new_is_one_change_and_one_undo(rig: IdentityRig) -> None:
    made = await rig.data("POST", f"/links/{EP}/{TWO}/new-member", {"name": "Bo Lind", "references": 2}, version=0)
    assert (made["changes"][0]["cast_id"], len(made["references"])) == ("bo-lind", 2)
    await rig.bus.deliver()
    assert len(await pictures_of(rig, "bo-lind")) == 2
    assert "bo-lind" in {one["cast_id"] for one in (await rig.data("GET", f"/screen-time/{EP}"))["cast"]}
    await rig.data("POST", f"/links/{EP}/undo", {}, version=1)
    await rig.bus.deliver()
    assert {one["cast_id"] for one in (await rig.data("GET", f"/shows/{SHOW}/cast"))["items"]} == {"rita"}
    await rig.data("POST", f"/links/{EP}/redo", {}, version=2)
    await rig.bus.deliver()
    assert [resting for _, resting in await pictures_of(rig, "bo-lind")] == [False, False]


async def test_an_episode_takes_its_faces_with_it(rig: IdentityRig) -> None:
    await rig.data("POST", f"/links/{EP}/{TWO}/new-member", {"name": "Bo", "references": 2}, version=0)
    await rig.bus.deliver()
    await rig.bus.handle(EpisodeDeleted(ep_id=EP, last_run_id=RUN, version=1, who="kim"))
    assert await pictures_of(rig, "bo") == []


async def test_without_a_legal_basis_nobodys_faces_are_taken(stack: Stack, database: Database) -> None:
    async with identity_rig(stack, database, {"facebank": {"require_consent": True}}) as rig:
        await rig.cast({"rita": ("Rita", RED)})
        await rig.group([Somebody(1, RED)], faces_each=2)
        await rig.data("PUT", f"/links/{EP}/{ONE}", {"cast_id": "rita"}, version="*")
        refused = await rig.call("POST", f"/links/{EP}/{ONE}/references", {}, version="*")
        assert (refused.status_code, refused.json()["error"]["code"]) == (409, "consent_missing")
