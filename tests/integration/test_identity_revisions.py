"""Screen time revisions of the identity service on real MongoDB and S3."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio

from chassis.mongo.database import Database
from contracts.events import (
    CastLinked,
    EpisodeChanged,
    EpisodeDeleted,
    EpisodeProgress,
    ReportRequested,
    ScreenTimeReported,
)
from contracts.ids import identity_id
from screenalytics.local.servers import Stack
from services.identity.store.revisions import RevisionStore
from tests.support.identity_rig import (
    BLUE,
    EP,
    GREEN,
    LATER_RUN,
    RED,
    RUN,
    IdentityRig,
    Somebody,
    identity_rig,
)

pytestmark = pytest.mark.integration

ONE, TWO, THREE = (identity_id(number) for number in (1, 2, 3))
CAST = {"rita": ("Rita", RED), "greta": ("Greta", GREEN)}


@pytest_asyncio.fixture
async def rig(stack: Stack, database: Database) -> AsyncIterator[IdentityRig]:
    async with identity_rig(stack, database) as running:
        yield running


def reported(events: list[Any]) -> ScreenTimeReported:
    return next(event for event in events if isinstance(event, ScreenTimeReported))


def linked(events: list[Any]) -> dict[str, str | None]:
    return {event.identity_id: event.cast_id for event in events if isinstance(event, CastLinked)}


async def test_a_first_revision_names_people_and_says_what_it_is_made_from(rig: IdentityRig) -> None:
    await rig.cast(CAST)
    said = await rig.group([Somebody(1, RED), Somebody(2, GREEN, 20, 25), Somebody(3, BLUE, 30, 34)])
    report = reported(said)
    assert linked(said) == {ONE: "rita", TWO: "greta"}
    assert (report.revision, report.grouping_revision, report.links_version) == (1, 1, 0)
    assert {person.cast_id: person.visible_s for person in report.cast} == {"rita": 10.0, "greta": 5.0}
    assert isinstance(said[-1], EpisodeProgress)


async def test_a_repeated_grouping_is_answered_with_the_same_events(rig: IdentityRig) -> None:
    await rig.cast(CAST)
    event = await rig.grouped([Somebody(1, RED)])
    first, again = await rig.bus.handle(event), await rig.bus.handle(event)
    assert again == first
    assert await rig.database["screen_time"].count_documents({}) == 1


async def test_an_episode_whose_facts_changed_is_reported_once_however_often_that_is_told(rig: IdentityRig) -> None:
    changed = EpisodeChanged(ep_id=EP, action="updated", version=2, title="Pilot")
    assert await rig.bus.handle(changed) == [], "nothing was reported yet"
    await rig.cast(CAST)
    await rig.group([Somebody(1, RED)])
    first, again = await rig.bus.handle(changed), await rig.bus.handle(changed)
    assert [type(event) for event in first] == [ReportRequested]
    assert again == first
    assert await rig.bus.handle(first[0]) == await rig.bus.handle(first[0])
    assert await rig.database["screen_time"].count_documents({}) == 1, "its figures are the same"


async def test_what_a_dead_worker_left_undone_is_done_when_its_event_comes_again(rig: IdentityRig) -> None:
    event = await rig.grouped([Somebody(1, RED)])
    await rig.bus.handle(event)
    await rig.database["people"].delete_many({})
    await rig.database["identities"].delete_many({})
    await rig.storage.delete_prefix(f"artifacts/manifests/{EP}/screen_time.json")
    await rig.bus.handle(event)
    assert await rig.database["people"].count_documents({"_id": EP}) == 1
    assert await rig.database["identities"].count_documents({"_id": EP, "revision": 1}) == 1
    assert await rig.storage.find(f"artifacts/manifests/{EP}/screen_time.json") is not None


async def test_two_workers_at_once_make_one_revision_of_one_grouping(rig: IdentityRig) -> None:
    await rig.cast(CAST)
    event = await rig.grouped([Somebody(1, RED)])
    answers = await asyncio.gather(*(rig.bus.handle(event) for _ in range(4)))
    assert {reported(said).event_id for said in answers} == {reported(answers[0]).event_id}
    assert await rig.database["screen_time"].count_documents({}) == 1


async def test_later_groupings_keep_automatic_links_make_none_and_tell_only_what_changed(rig: IdentityRig) -> None:
    await rig.cast(CAST)
    await rig.group([Somebody(1, RED), Somebody(2, GREEN, 20, 25)])
    said = await rig.group([Somebody(1, RED), Somebody(3, GREEN, 20, 25)], revision=2)
    report = reported(said)
    assert (report.revision, report.grouping_revision) == (2, 2)
    assert linked(said) == {TWO: None}
    assert report.unidentified == 1
    assert any("Greta was removed" in sentence for sentence in report.changes)
    back = await rig.group([Somebody(1, RED), Somebody(2, GREEN, 20, 25)], revision=3)
    assert linked(back) == {TWO: "greta"}


async def test_a_grouping_that_arrives_late_takes_no_later_ones_place(rig: IdentityRig) -> None:
    late = await rig.grouped([Somebody(1, RED)], revision=2)
    await rig.group([Somebody(1, RED), Somebody(2, GREEN, 20, 25)], revision=3)
    said = await rig.bus.handle(late)
    assert reported(said).grouping_revision == 3
    assert await rig.database["screen_time"].count_documents({}) == 1


async def test_the_latest_revision_is_found_without_a_look_at_the_others(rig: IdentityRig) -> None:
    for revision in range(1, 4):
        await rig.group([Somebody(1, RED)], revision=revision)
    store = RevisionStore(rig.database)
    found = await store.last(EP, RUN)
    assert found is not None and found.number == 3
    await rig.database["identities"].update_one({"_id": EP}, {"$set": {"revision": 1}})  # two died before saying so
    for one in (store, RevisionStore(rig.database)):
        found = await one.last(EP, RUN)
        assert found is not None and found.number == 3
    assert await store.last(EP, LATER_RUN) is None
    await store.forget(EP, RUN)
    assert await store.last(EP, RUN) is None


async def test_a_rerun_decides_again_with_the_cast_of_now(rig: IdentityRig) -> None:
    await rig.group([Somebody(1, RED)])
    await rig.cast(CAST)
    said = await rig.group([Somebody(1, RED)], run_id=LATER_RUN)
    assert linked(said) == {ONE: "rita"}
    assert (reported(said).revision, reported(said).changes[0]) == (1, "The episode was analysed again.")
    current = await rig.database["identities"].find_one({"_id": EP})
    assert current is not None and current["run_id"] == LATER_RUN
    await rig.group([Somebody(1, RED)], revision=2)
    current = await rig.database["identities"].find_one({"_id": EP})
    assert current is not None and current["run_id"] == LATER_RUN


async def test_a_deleted_episode_leaves_nothing(rig: IdentityRig) -> None:
    await rig.group([Somebody(1, RED)])
    await rig.bus.handle(EpisodeDeleted(ep_id=EP, last_run_id=RUN, version=1, who="ada"))
    left = {name: await rig.database[name].count_documents({}) for name in ("identities", "screen_time", "people")}
    assert left == {"identities": 0, "screen_time": 0, "people": 0}
