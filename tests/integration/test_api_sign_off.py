"""Signing the screen time off over HTTP: told, carried, stale, taken back."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from chassis.mongo.database import Database
from contracts.events import ScreenTimeReported, ScreenTimeSigned
from contracts.ids import identity_id
from screenalytics.local.servers import Stack
from tests.support.identity_rig import EP, GREEN, RED, IdentityRig, Somebody, identity_rig

pytestmark = pytest.mark.integration

ONE, TWO = (identity_id(number) for number in range(1, 3))
PATH = f"/screen-time/{EP}/sign-off"


@pytest_asyncio.fixture
async def rig(stack: Stack, database: Database) -> AsyncIterator[IdentityRig]:
    async with identity_rig(stack, database) as running:
        await running.cast({"rita": ("Rita", RED), "greta": ("Greta", GREEN)})
        await running.group([Somebody(1, RED), Somebody(2, GREEN, 20, 26)])
        yield running


async def test_a_sign_off_is_told_carried_goes_stale_and_is_taken_back(rig: IdentityRig) -> None:
    signed = await rig.data("POST", PATH, {"revision": 1, "note": "done"}, version=0)
    assert (signed["version"], signed["revision"], signed["signed_off"]["stale"]) == (1, None, False)
    assert 0.0 < signed["signed_off"]["undecided_s"] < 0.1, "what the machine leaves open of its own links"
    await rig.bus.deliver()
    (told,) = rig.bus.of(ScreenTimeSigned)
    assert (told.action, told.signed_off.revision, told.signed_off.note) == ("sign", 1, "done")
    reported = rig.bus.of(ScreenTimeReported)[-1]
    assert (reported.revision, reported.signed_off.revision, reported.signed_off.stale) == (2, 1, False)
    assert reported.changes == ("Revision 1 was signed off by local on " + told.at[:10] + "; nothing was undecided.",)
    first, repeated = await rig.bus.handle(told), await rig.bus.handle(told)
    assert repeated == first
    page = (await rig.storage.get(reported.report)).decode()
    assert "Revision 1 was signed off by local" in page

    again = await rig.call("POST", PATH, {"revision": 2}, version=1)
    assert (again.status_code, again.json()["error"]["code"]) == (409, "nothing_to_change")
    old = await rig.call("POST", PATH, {"revision": 1}, version=1)
    assert (old.status_code, old.json()["error"]["code"]) == (409, "revision_superseded")

    await rig.data("DELETE", f"/links/{EP}/{ONE}", version=0)
    await rig.bus.deliver()
    stale = (await rig.data("GET", PATH))["signed_off"]
    assert stale["stale"] and any("Rita" in sentence for sentence in stale["changes"])
    revisions = (await rig.data("GET", f"/screen-time/{EP}/revisions"))["items"]
    assert [one["signed_off"] and one["signed_off"]["stale"] for one in revisions] == [True, False, None]

    await rig.data("POST", f"/links/{EP}/undo", {}, version=1)
    await rig.bus.deliver()
    assert not (await rig.data("GET", PATH))["signed_off"]["stale"]

    refused = await rig.call("DELETE", PATH, version=0)
    assert refused.status_code == 412
    gone = await rig.data("DELETE", PATH, version=1)
    assert (gone["signed_off"], gone["version"]) == (None, 2)
    await rig.bus.deliver()
    document = await rig.data("GET", f"/screen-time/{EP}")
    assert document["signed_off"] is None
    assert document["changes"][0] == "The sign-off of revision 1 by local was taken back."


async def test_the_same_command_again_changes_nothing_and_somebody_else_may_sign_too(rig: IdentityRig) -> None:
    for _ in range(2):
        data = await rig.data("POST", PATH, {"revision": 1}, version="*", Idempotency_Key="once")
        assert data["version"] == 1
    other = await rig.call("POST", PATH, {"revision": 1, "note": "x"}, version="*", Idempotency_Key="once")
    assert other.status_code == 200, "a note does not make it another command"
    unknown = await rig.call("GET", "/screen-time/my-show-s09e09/sign-off")
    assert (unknown.status_code, unknown.json()["error"]["code"]) == (404, "unknown_episode")


async def test_an_erased_person_goes_from_what_a_sign_off_says(rig: IdentityRig) -> None:
    await rig.data("POST", PATH, {"revision": 1, "note": "Rita looks right"}, version=0)
    await rig.bus.deliver()
    await rig.data("DELETE", f"/links/{EP}/{ONE}", version=0)
    await rig.bus.deliver()
    kept = await rig.database["identities"].find_one({"_id": EP})
    assert kept is not None and kept["sign_offs"][0]["note"] == "Rita looks right"
    from services.identity.store.links import LinkStore

    store = LinkStore(rig.database, None)  # type: ignore[arg-type]
    episode = await store.load(EP, history=True)
    assert episode is not None
    assert await store.forget(episode, "rita", ["Rita"])
    left = await store.load(EP)
    assert left is not None and "Rita" not in (left.sign_offs.log[0].note or "")
