"""Identities, suggestions, review, conflicts and people across episodes over HTTP."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from chassis.mongo.database import Database
from contracts.events import LinksChanged
from contracts.ids import identity_id
from screenalytics.local.servers import Stack
from tests.support.identity_rig import (
    BLUE,
    EP,
    GREEN,
    GREY,
    LATER_RUN,
    OTHER_EP,
    RED,
    SHOW,
    Colour,
    IdentityRig,
    Somebody,
    identity_rig,
)

pytestmark = pytest.mark.integration

ONE, TWO, THREE, FOUR, FIVE = (identity_id(number) for number in range(1, 6))
CAST: dict[str, tuple[str, Colour]] = {"rita": ("Rita", RED), "greta": ("Greta", GREEN), "bob": ("Bob", BLUE)}


@pytest_asyncio.fixture
async def rig(stack: Stack, database: Database) -> AsyncIterator[IdentityRig]:
    """An episode that was grouped before its show had a cast, so that everything is a suggestion."""
    async with identity_rig(stack, database) as running:
        await running.group(
            [
                Somebody(1, RED),
                Somebody(2, GREEN, 20, 25, locked=True),
                Somebody(3, RED, 5, 8),
                Somebody(4, GREY, 30, 50),
                Somebody(5, None, 26, 27),
                Somebody(6, BLUE, 52, 54),
            ]
        )
        await running.cast(CAST)
        yield running


async def test_identities_come_in_pages_most_visible_first_with_their_best_suggestion(rig: IdentityRig) -> None:
    first = await rig.call("GET", f"/identities/{EP}?limit=4")
    page = first.json()["data"]
    assert first.headers["etag"] == '"0"'
    assert [item["identity_id"] for item in page["items"]] == [FOUR, ONE, TWO, THREE]
    assert (page["total"], page["items"][1]["visible_s"], page["items"][1]["best"]["name"]) == (6, 10.0, "Rita")
    rest = await rig.data("GET", f"/identities/{EP}?limit=4&cursor={page['next_cursor']}")
    assert [item["identity_id"] for item in rest["items"]] == [identity_id(6), FIVE]
    assert rest["next_cursor"] is None
    await rig.data("PUT", f"/links/{EP}/{ONE}", {"cast_id": "rita"}, version=0)
    linked = await rig.data("GET", f"/identities/{EP}?state=linked")
    assert [(item["name"], item["linked_by"]) for item in linked["items"]] == [("Rita", "operator")]
    assert (await rig.data("GET", f"/identities/{EP}?state=unidentified"))["total"] == 5


async def test_one_identity_is_told_in_full(rig: IdentityRig) -> None:
    found = await rig.data("GET", f"/identities/{EP}/{ONE}")
    assert (found["intervals_s"], found["suggestions"]["matches"][0]["cast_id"]) == ([[0.0, 10.0]], "rita")
    assert (await rig.call("GET", f"/identities/{EP}/identity-00099")).status_code == 404
    assert (await rig.call("GET", f"/identities/{EP}/nonsense")).status_code == 422


async def test_apply_all_takes_what_is_sure_as_one_version_and_says_why_not_the_rest(rig: IdentityRig) -> None:
    done = await rig.data("POST", f"/suggestions/{EP}/apply-all", {"min_probability": 0.9}, version=0)
    assert (done["version"], [(link["identity_id"], link["by"]) for link in done["applied"]]) == (
        1,
        [(identity_id(6), "suggestion")],
    )
    skipped = {entry["identity_id"]: entry["code"] for entry in done["skipped"]}
    assert skipped == {
        ONE: "simultaneous",
        TWO: "locked",
        THREE: "simultaneous",
        FOUR: "no_suggestion",
        FIVE: "no_suggestion",
    }
    await rig.data("PUT", f"/links/{EP}/{THREE}", {"cast_id": "bob"}, version=1)
    await rig.data("POST", f"/suggestions/{EP}/dismiss", {"identity_id": THREE, "cast_id": "rita"}, version=2)
    done = await rig.data("POST", f"/suggestions/{EP}/apply-all", {"min_probability": 0.9}, version=3)
    assert [(link["identity_id"], link["cast_id"]) for link in done["applied"]] == [(ONE, "rita")]
    codes = {entry["identity_id"]: entry["code"] for entry in done["skipped"]}
    assert (codes[THREE], codes[TWO], codes[identity_id(6)]) == ("decided", "locked", "decided")
    again = await rig.data("POST", f"/suggestions/{EP}/apply-all", {"min_probability": 0.9}, version=4)
    assert (again["version"], again["changed"], again["applied"]) == (4, False, [])
    assert len(rig.bus.of(LinksChanged)) == 4


async def test_all_applied_again_under_the_same_key_is_answered_as_before(rig: IdentityRig) -> None:
    path, body = f"/suggestions/{EP}/apply-all", {"min_probability": 0.9}
    sent = await rig.data("POST", path, body, version=0, Idempotency_Key="k")
    await rig.data("POST", f"/suggestions/{EP}/dismiss", {"identity_id": THREE, "cast_id": "rita"}, version=1)
    again = await rig.data("POST", path, body, version=0, Idempotency_Key="k")
    assert sent["skipped"] == again["skipped"] != []
    assert sent | {"revision": None} == again | {"revision": None}


async def test_many_applied_at_once_are_undone_at_once(rig: IdentityRig) -> None:
    await rig.data("POST", f"/suggestions/{EP}/dismiss", {"identity_id": THREE}, version=0)
    done = await rig.data("POST", f"/suggestions/{EP}/apply-all", {}, version=1)
    assert len(done["applied"]) == 2
    assert rig.bus.of(LinksChanged)[-1].identities == (ONE, identity_id(6))
    await rig.data("POST", f"/links/{EP}/undo", {}, version=2)
    assert (await rig.data("GET", f"/links/{EP}"))["links"] == []


async def test_one_suggestion_is_applied_as_such_and_others_are_refused(rig: IdentityRig) -> None:
    done = await rig.data("POST", f"/suggestions/{EP}/apply", {"identity_id": ONE, "cast_id": "rita"}, version=0)
    link = done["changes"][0]["after"]
    assert (link["by"], link["probability"] > 0.9) == ("suggestion", True)
    refused = await rig.call("POST", f"/suggestions/{EP}/apply", {"identity_id": FOUR, "cast_id": "rita"}, version=1)
    assert (refused.status_code, refused.json()["error"]["code"]) == (409, "not_suggested")


async def test_a_dismissed_suggestion_is_gone_until_it_is_restored_also_after_a_rerun(rig: IdentityRig) -> None:
    pair = {"identity_id": ONE, "cast_id": "rita"}

    async def suggested() -> bool:
        return any(
            match["cast_id"] == "rita" for match in (await rig.data("GET", f"/suggestions/{EP}/{ONE}"))["matches"]
        )

    assert await suggested()
    await rig.data("POST", f"/suggestions/{EP}/dismiss", pair, version=0)
    assert not await suggested()
    await rig.group([Somebody(1, RED), Somebody(6, BLUE, 52, 54)], run_id=LATER_RUN)
    assert not await suggested()
    assert [link["identity_id"] for link in (await rig.data("GET", f"/links/{EP}"))["links"]] == [identity_id(6)]
    await rig.data("POST", f"/suggestions/{EP}/restore", pair, version=1)
    assert await suggested()
    everything = await rig.data("GET", f"/suggestions/{EP}")
    assert [item["identity_id"] for item in everything["items"]] == [ONE, identity_id(6)]


async def test_who_is_long_on_screen_and_unknown_is_reviewed_first(rig: IdentityRig) -> None:
    queue = await rig.data("GET", f"/suggestions/{EP}/review?limit=2")
    assert queue["items"][0]["identity_id"] == FOUR
    assert queue["total"] == 5


async def test_one_member_in_two_places_is_a_conflict(rig: IdentityRig) -> None:
    assert (await rig.data("GET", f"/suggestions/{EP}/conflicts"))["items"] == []
    await rig.data("PUT", f"/links/{EP}/{ONE}", {"cast_id": "rita"}, version=0)
    await rig.data("PUT", f"/links/{EP}/{THREE}", {"cast_id": "rita"}, version=1)
    (clash,) = (await rig.data("GET", f"/suggestions/{EP}/conflicts"))["items"]
    assert (clash["identity_ids"], clash["start_s"], clash["seconds"]) == ([ONE, THREE], 5.0, 3.0)


async def test_nobody_recognisable_is_suggested_by_place_and_time(rig: IdentityRig) -> None:
    assert await rig.data("GET", f"/suggestions/{EP}/temporal") == []
    await rig.data("PUT", f"/links/{EP}/{THREE}", {"cast_id": "bob"}, version=0)
    await rig.group(
        [Somebody(2, GREEN, 20, 25), Somebody(5, None, 26, 27), Somebody(6, BLUE, 52, 54)], run_id=LATER_RUN
    )
    found = await rig.data("GET", f"/suggestions/{EP}/temporal")
    assert [(entry["identity_id"], entry["cast_id"], entry["gap_s"]) for entry in found] == [(FIVE, "greta", 1.0)]


async def test_a_person_is_found_in_other_episodes_of_the_show(rig: IdentityRig) -> None:
    await rig.group([Somebody(1, GREY), Somebody(2, RED, 12, 14)], ep_id=OTHER_EP, run_id=LATER_RUN)
    found = await rig.data("GET", f"/people/{SHOW}/similar?ep_id={EP}&identity_id={FOUR}&limit=1")
    assert [(entry["sighting"]["ep_id"], entry["sighting"]["identity_id"]) for entry in found] == [(OTHER_EP, ONE)]
    assert found[0]["distance"] < 0.01 and found[0]["probability"] > 0.9
    nobody = await rig.data("GET", f"/people/{SHOW}/similar?ep_id={EP}&identity_id={FIVE}")
    assert nobody == []
    other = await rig.call("GET", f"/people/another/similar?ep_id={EP}&identity_id={FOUR}")
    assert (other.status_code, other.json()["error"]["code"]) == (422, "other_show")


async def test_a_shows_people_are_its_members_over_all_episodes_and_everybody_unnamed(rig: IdentityRig) -> None:
    await rig.group([Somebody(2, RED, 12, 14), Somebody(7, BLUE, 20, 21)], ep_id=OTHER_EP, run_id=LATER_RUN)
    await rig.data("PUT", f"/links/{EP}/{ONE}", {"cast_id": "rita"}, version=0)
    await rig.bus.deliver()
    named = await rig.data("GET", f"/people/{SHOW}?state=linked")
    assert [(person["name"], person["visible_s"]) for person in named["items"]] == [("Rita", 12.0), ("Bob", 1.0)]
    assert [sighting["ep_id"] for sighting in named["items"][0]["sightings"]] == [EP, OTHER_EP]
    assert (await rig.data("GET", f"/people/{SHOW}?state=unidentified"))["total"] == 5
