"""Which runs still count."""

from __future__ import annotations

import pytest

from chassis.kafka.bus import Origin
from chassis.mongo.database import Database, Document
from chassis.mongo.run_fence import RunFence
from contracts.events import CastUploaded, EpisodeEvent, EpisodeFailed, EpisodeProgress, Event
from tests.support.examples import EXAMPLES
from tests.support.rig import Rig, segment_ready, until

pytestmark = pytest.mark.integration

EPISODE = "fenced-s01e01"
EARLIER, RUN, LATER = (f"01JGFJJZ00ABCDEFGHJKMNPQR{number}" for number in range(3))


def progress(run_id: str) -> EpisodeProgress:
    return EpisodeProgress(ep_id=EPISODE, run_id=run_id, stage="detector", segment=0, done=1, total=1)


@pytest.mark.parametrize(
    ("episode", "state", "run_id", "is_open"),
    [
        (None, None, RUN, True),
        ({}, None, RUN, True),
        ({"current_run_id": RUN}, None, RUN, True),
        ({"current_run_id": RUN}, "running", RUN, True),
        ({"current_run_id": RUN}, "finished", RUN, True),
        ({"current_run_id": RUN}, "failed", RUN, True),
        ({"current_run_id": RUN}, "cancelled", RUN, False),
        ({"current_run_id": RUN}, "superseded", RUN, False),
        ({"current_run_id": RUN}, "running", EARLIER, False),
        ({"current_run_id": RUN}, "cancelled", LATER, True),
        ({"current_run_id": RUN, "deleted": True, "last_run_id": RUN}, "running", RUN, False),
        ({"deleted": True, "last_run_id": RUN}, None, EARLIER, False),
        ({"current_run_id": LATER, "last_run_id": RUN}, None, RUN, False),
        ({"current_run_id": LATER, "last_run_id": RUN}, None, LATER, True),
    ],
)
async def test_a_run_counts_while_its_episode_names_it_and_nobody_closed_it(
    database: Database, episode: Document | None, state: str | None, run_id: str, is_open: bool
) -> None:
    if episode is not None:
        await database["episodes"].insert_one({"_id": EPISODE, **episode})
    if state is not None:
        await database["runs"].insert_one({"_id": RUN, "ep_id": EPISODE, "state": state})
    fence = RunFence(database)
    assert await fence(progress(run_id)) == is_open
    assert await fence(segment_ready(0, ep_id=EPISODE, run_id=run_id)) == is_open


async def test_an_answer_is_believed_for_a_moment_only(database: Database) -> None:
    await database["episodes"].insert_one({"_id": EPISODE, "current_run_id": RUN})
    patient, fence = RunFence(database, max_age_s=3600.0), RunFence(database, max_age_s=0.0)
    assert await patient(progress(RUN))
    await database["episodes"].update_one({"_id": EPISODE}, {"$set": {"current_run_id": LATER}})
    assert await patient(progress(RUN))
    assert not await fence(progress(RUN))


async def test_what_is_about_no_run_is_let_through(database: Database) -> None:
    fence = RunFence(database)
    assert await fence(CastUploaded(show="fenced", cast=(), request_id="r"))
    assert await fence(EpisodeFailed(ep_id=EPISODE, run_id=RUN, stage="ingest", code="x", message="x"))


async def test_every_event_of_an_older_run_is_dropped_and_every_one_of_the_current_run_handled(
    rig: Rig, database: Database
) -> None:
    about_runs = [event for event in EXAMPLES if isinstance(event, EpisodeEvent)]
    current = about_runs[0].model_copy(update={"run_id": LATER}).run_id
    await database["episodes"].insert_one({"_id": about_runs[0].ep_id, "current_run_id": current})
    handled: list[tuple[str, str]] = []

    async def note(event: EpisodeEvent, _origin: Origin) -> list[Event]:
        handled.append((event.TOPIC, event.run_id))
        return []

    bus = rig.bus("grouper", fence=RunFence(database))
    for event in about_runs:
        bus.on(type(event), note)
    await bus.start()
    for event in about_runs:
        older = event.model_copy(update={"run_id": EARLIER})
        await rig.send(older, older, event.model_copy(update={"run_id": current}), older, partition=0)

    async def all_committed() -> bool:
        return all([await rig.committed("grouper", event.TOPIC, 0) == 4 for event in about_runs])

    await until("every commit", all_committed)
    assert sorted(handled) == sorted((event.TOPIC, current) for event in about_runs)
    assert len(about_runs) >= 9


async def test_a_handler_that_decides_itself_gets_the_events_of_older_runs(rig: Rig, database: Database) -> None:
    await database["episodes"].insert_one({"_id": EPISODE, "current_run_id": LATER})
    handled: list[str] = []

    async def note(event: EpisodeProgress, _origin: Origin) -> list[Event]:
        handled.append(event.run_id)
        return []

    bus = rig.bus("grouper", fence=RunFence(database))
    bus.on(EpisodeProgress, note, fenced=False)
    await bus.start()
    await rig.send(progress(RUN), partition=0)

    async def handled_it() -> bool:
        return handled == [RUN]

    await until("the event of an older run", handled_it)


async def test_a_deleted_run_stays_deleted(database: Database) -> None:
    fence = RunFence(database)
    assert not await fence.is_deleted(EPISODE, RUN)
    await database["episodes"].insert_one({"_id": EPISODE, "current_run_id": LATER, "last_run_id": RUN})
    assert [await fence.is_deleted(EPISODE, run) for run in (EARLIER, RUN, LATER)] == [True, True, False]
