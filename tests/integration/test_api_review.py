"""The review queue over HTTP: asked, answered by what each answer says, settled, put off."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from chassis.mongo.database import Database
from chassis.s3.artifacts import ArtifactFolder
from contracts.ids import identity_id
from contracts.rows import GroupingDoubts, LikelyStray
from screenalytics.local.servers import Stack
from tests.support.api_examples import hold
from tests.support.identity_rig import BLUE, EP, GREY, RED, RUN, IdentityRig, Somebody, identity_rig

pytestmark = pytest.mark.integration

ONE, TWO, THREE, FOUR = (identity_id(number) for number in range(1, 5))


@pytest_asyncio.fixture
async def rig(stack: Stack, database: Database) -> AsyncIterator[IdentityRig]:
    """A grouping that doubts a track of the first person."""
    async with identity_rig(stack, database) as running:
        stray = LikelyStray(track_id="track-00000-001", identity_id=ONE, distance=1.7)
        doubts = GroupingDoubts(ep_id=EP, run_id=RUN, revision=1, same=(), strays=(stray,), two=())
        ref = await ArtifactFolder(running.storage, "segments", EP, RUN, "g1").put_document("doubts.json", doubts)
        await running.group(
            [Somebody(1, RED), Somebody(2, GREY, 20, 26), Somebody(3, BLUE, 30, 34), Somebody(4, None, 40, 48)],
            faces_each=3,
            doubts=ref,
        )
        await running.cast({"rita": ("Rita", RED)})
        yield running


async def test_every_kind_comes_with_evidence_and_the_request_of_each_answer(rig: IdentityRig) -> None:
    queue = await rig.data("GET", f"/review/{EP}")
    kinds = {one["kind"] for one in queue["questions"]}
    assert kinds == {"is_this", "who", "belongs"}
    first = queue["questions"][0]
    assert (first["kind"], first["identity_id"], first["cast_name"]) == ("is_this", ONE, "Rita")
    assert len(first["evidence"]) == 3 and first["references"] == [{"cast_id": "rita", "picture": "0" * 16}]
    picture = await rig.call("GET", f"/media/{EP}/pictures/{first['evidence'][0]['picture']}")
    assert picture.status_code == 200
    yes = next(one for one in first["answers"] if one["answer"] == "yes")
    await rig.data(yes["method"], yes["path"], yes["body"], version="*")
    after = await rig.data("GET", f"/review/{EP}")
    assert first["id"] not in [one["id"] for one in after["questions"]]
    doubtful = next(one["worth_s"] for one in after["questions"] if one["kind"] == "belongs")
    assert queue["undecided_s"] - after["undecided_s"] == pytest.approx(yes["effect_s"] - doubtful)
    assert yes["effect_s"] == pytest.approx(10.0)


async def test_people_without_a_name_are_looked_at_together_and_alone_if_not_all_are_extras(rig: IdentityRig) -> None:
    def of(queue: dict, *kinds: str) -> list[dict]:  # type: ignore[type-arg]
        return [one for one in queue["questions"] if one["kind"] in kinds]

    people = [Somebody(number, None, 6.0 * number, 6.0 * number + 4) for number in range(2, 8)]
    await rig.group([Somebody(1, RED), *people], revision=2)
    assert of(await rig.data("GET", f"/review/{EP}"), "extras") == [], "nothing says yet that they are extras"
    await rig.data("POST", f"/extras/{EP}", {"identity_ids": [TWO, THREE, FOUR]}, version=0)
    before = await rig.data("GET", f"/review/{EP}")
    (company,) = of(before, "extras")
    assert company["identity_ids"] == [identity_id(number) for number in (5, 6, 7)]
    assert (company["at_stake_s"], company["sentence"]) == (12.0, "Are these 3 people all extras?")
    no = next(one for one in company["answers"] if one["answer"] == "no")
    settled = await rig.data(no["method"], no["path"], no["body"], version=1)
    assert (settled["version"], len(settled["changes"])) == (2, 3), "one step of the history"
    alone = of(await rig.data("GET", f"/review/{EP}"), "who", "leftover", "extras")
    assert sorted(one["identity_id"] for one in alone) == company["identity_ids"]
    await rig.data("POST", f"/links/{EP}/undo", {}, version=2)
    assert (await rig.data("GET", f"/review/{EP}"))["questions"] == before["questions"]
    yes = next(one for one in company["answers"] if one["answer"] == "yes")
    await rig.data(yes["method"], yes["path"], yes["body"], version="*")
    after = await rig.data("GET", f"/review/{EP}")
    assert (after["extras_s"], of(after, "who", "leftover", "extras")) == (24.0, [])


async def test_a_settled_question_is_not_asked_again_until_that_is_undone(rig: IdentityRig) -> None:
    def asked(queue: dict) -> list[str]:  # type: ignore[type-arg]
        return [one["id"] for one in queue["questions"] if one["kind"] == "belongs"]

    (question,) = asked(await rig.data("GET", f"/review/{EP}"))
    done = await rig.data("POST", f"/review/{EP}/settle", {"id": question}, version=0)
    assert done["changes"][0]["action"] == "settle"
    assert asked(await rig.data("GET", f"/review/{EP}")) == []
    suggestions = await rig.data("GET", f"/suggestions/{EP}/{ONE}")
    assert (suggestions["matches"][0]["cast_id"], suggestions["dismissed"]) == ("rita", []), (
        "it is no dismissal of names"
    )
    again = await rig.call("POST", f"/review/{EP}/settle", {"id": question}, version=1)
    assert (again.status_code, again.json()["error"]["code"]) == (404, "unknown_question")
    await rig.data("POST", f"/links/{EP}/undo", {}, version=1)
    assert asked(await rig.data("GET", f"/review/{EP}")) == [question]


async def test_a_question_that_is_put_off_comes_last_and_back(rig: IdentityRig) -> None:
    first = (await rig.data("GET", f"/review/{EP}"))["questions"][0]["id"]
    assert await rig.data("POST", f"/review/{EP}/later", {"id": first}) == {"later": 1}
    queue = await rig.data("GET", f"/review/{EP}")
    assert (queue["questions"][-1]["id"], queue["later"]) == (first, 1)
    await rig.data("POST", f"/review/{EP}/later", {"id": first, "later": False})
    assert (await rig.data("GET", f"/review/{EP}"))["questions"][0]["id"] == first


async def test_a_grouping_without_doubts_asks_for_names_only(rig: IdentityRig) -> None:
    await rig.group([Somebody(1, RED)], revision=2)
    assert [one["kind"] for one in (await rig.data("GET", f"/review/{EP}"))["questions"]] == ["is_this"]


async def test_the_api_answers_as_the_page_says(rig: IdentityRig) -> None:
    await hold("review.md", rig.client, {"ep_id": EP}, meanwhile=rig.bus.deliver)
