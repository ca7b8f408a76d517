"""The fields that services read of each other's documents are what their owners write."""

from __future__ import annotations

import pytest

from chassis.mongo.database import Database
from chassis.mongo.reported_revision import Reported, ReportedScreenTime
from chassis.mongo.run_fence import RunFence
from chassis.mongo.shared_reads import EPISODE_FENCE, REPORTED, RUN_FENCE
from screenalytics.local.servers import Stack
from services.ingest.store.runs import IngestStore
from tests.support.identity_rig import EP, RED, RUN, Somebody, identity_rig
from tests.support.stub_stages import save_plan

pytestmark = pytest.mark.integration


async def test_ingest_writes_what_the_fence_reads(database: Database) -> None:
    store, fence = IngestStore(database), RunFence(database)
    await save_plan(store, EP, RUN)
    episode = await database["episodes"].find_one({"_id": EP}, EPISODE_FENCE.projection)
    run = await database["runs"].find_one({"_id": RUN}, RUN_FENCE.projection)
    assert episode == {"_id": EP, "current_run_id": RUN}
    assert run == {"_id": RUN, "state": "running"}
    assert await fence.is_open(EP, RUN)
    was = await store.episodes.read(EP)
    assert await store.episodes.write_tombstone(was, last_run_id=RUN, cancelled=[], who="me")
    deleted = await database["episodes"].find_one({"_id": EP}, EPISODE_FENCE.projection)
    assert deleted == {"_id": EP, "last_run_id": RUN}
    assert not await fence.is_open(EP, RUN)


async def test_identity_writes_what_is_read_of_its_reports(stack: Stack, database: Database) -> None:
    async with identity_rig(stack, database) as rig:
        await rig.group([Somebody(1, RED)], revision=3)
        found = await database["identities"].find_one({"_id": EP}, REPORTED.projection)
        assert found is not None
        assert set(found) == {"_id", *REPORTED.fields}
        reported = await ReportedScreenTime(database).of(EP)
        assert reported == Reported(run_id=RUN, revision=1, grouping_revision=3)
