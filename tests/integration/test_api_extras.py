"""Background performers over HTTP: marked in bulk, counted apart, taken back."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from chassis.mongo.database import Database
from contracts.ids import identity_id
from screenalytics.local.servers import Stack
from tests.support.identity_rig import BLUE, EP, GREEN, GREY, RED, IdentityRig, Somebody, identity_rig

pytestmark = pytest.mark.integration

ONE, TWO, THREE, FOUR = (identity_id(number) for number in range(1, 5))


@pytest_asyncio.fixture
async def rig(stack: Stack, database: Database) -> AsyncIterator[IdentityRig]:
    async with identity_rig(stack, database) as running:
        await running.cast({"rita": ("Rita", RED), "greta": ("Greta", GREEN)})
        await running.group(
            [Somebody(1, RED), Somebody(2, GREY, 20, 26), Somebody(3, BLUE, 30, 34), Somebody(4, None, 40, 48)]
        )
        yield running


async def test_extras_are_asked_about_no_more_and_counted_apart(rig: IdentityRig) -> None:
    done = await rig.data("POST", f"/extras/{EP}", {"identity_ids": [TWO, THREE]}, version=0)
    assert [change["identity_id"] for change in done["changes"]] == [TWO, THREE]
    await rig.bus.deliver()
    document = await rig.data("GET", f"/screen-time/{EP}")
    assert {one["identity_id"]: one["extra"] for one in document["unidentified"]} == {
        TWO: True,
        THREE: True,
        FOUR: False,
    }
    assert document["coverage"]["extras_s"] == 10.0
    queue = await rig.data("GET", f"/suggestions/{EP}/review")
    assert {entry["identity_id"] for entry in queue["items"]} == {ONE, FOUR}
    people = (await rig.data("GET", f"/timeline/{EP}"))["identities"]
    assert dict(zip(people["identity_id"], people["extra"], strict=True))[TWO]
    await rig.data("POST", f"/links/{EP}/undo", {}, version=1)
    await rig.bus.deliver()
    assert (await rig.data("GET", f"/screen-time/{EP}"))["coverage"]["extras_s"] == 0.0


async def test_all_the_rest_are_extras_at_one_stroke_but_never_who_is_named(rig: IdentityRig) -> None:
    await rig.data("PUT", f"/links/{EP}/{TWO}", {"cast_id": "greta"}, version=0)
    done = await rig.data("POST", f"/extras/{EP}/rest", {}, version=1)
    assert [change["identity_id"] for change in done["changes"]] == [THREE, FOUR]
    again = await rig.data("POST", f"/extras/{EP}", {"identity_ids": [TWO, FOUR]}, version=2)
    assert (again["changed"], [(one["identity_id"], one["code"]) for one in again["skipped"]]) == (
        False,
        [(TWO, "decided"), (FOUR, "extra")],
    )


async def test_an_extra_who_gets_a_name_is_none(rig: IdentityRig) -> None:
    await rig.data("POST", f"/extras/{EP}", {"identity_ids": [TWO]}, version=0)
    await rig.data("PUT", f"/links/{EP}/{TWO}", {"cast_id": "greta"}, version=1)
    people = (await rig.data("GET", f"/timeline/{EP}"))["identities"]
    assert not any(people["extra"])
    unknown = await rig.call("POST", f"/extras/{EP}", {"identity_ids": [identity_id(99)]}, version=2)
    assert unknown.status_code == 404
