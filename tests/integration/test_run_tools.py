"""`screenalytics runs`: see runs, stop one, take one up again."""

from __future__ import annotations

import json

import pytest

from chassis.errors import BadInput
from chassis.mongo.database import Database
from chassis.mongo.run_fence import RunFence
from contracts.events import EpisodeProgress, RunCancelled, ScreenTimeReported, SegmentReady
from screenalytics.commands import runs
from screenalytics.local.servers import Stack
from services.ingest.runs.records import Failure
from services.ingest.runs.states import CANCELLED, FAILED, OPEN
from services.ingest.store.runs import IngestStore
from tests.support.brokers import BrokerUnderTest
from tests.support.rig import rig_on
from tests.support.stub_stages import NOTHING, SEGMENTS, ready, save_plan

pytestmark = pytest.mark.integration

EPISODE = "steered-show-s01e01"
RUN = "01JGFJJZ00ABCDEFGHJKMNPQR0"
LATER = "01JGFJJZ00ABCDEFGHJKMNPQR1"


@pytest.fixture
def addresses(
    embedded_kafka: BrokerUnderTest, stack: Stack, database: Database, monkeypatch: pytest.MonkeyPatch
) -> BrokerUnderTest:
    """The command line sees the test's broker and database."""
    for name, value in stack.environment().items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("SCREENALYTICS_KAFKA__BOOTSTRAP_SERVERS", embedded_kafka.settings.bootstrap_servers)
    monkeypatch.setenv("SCREENALYTICS_MONGO__DATABASE", database.name)
    return embedded_kafka


async def plan(database: Database) -> IngestStore:
    """A run of four segments; detector and embedder have done all but the third."""
    store = IngestStore(database)
    await save_plan(store, EPISODE, RUN)
    for segment in (0, 1, 3):
        for stage in ("detector", "embedder"):
            await store.record_progress(
                EpisodeProgress(ep_id=EPISODE, run_id=RUN, stage=stage, segment=segment, done=1, total=SEGMENTS)
            )
    return store


async def state_of(database: Database) -> str:
    run = await database["runs"].find_one({"_id": RUN})
    assert run is not None
    return str(run["state"])


async def test_runs_are_listed_and_shown_with_their_progress(
    addresses: BrokerUnderTest, database: Database, capsys: pytest.CaptureFixture[str]
) -> None:
    store = await plan(database)
    await save_plan(store, "other-show-s01e01", LATER)
    await runs.list_runs(episode=None, state=None)
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in lines] == [LATER, RUN]
    await runs.list_runs(episode=EPISODE.upper(), state="running")
    assert [line.split()[0] for line in capsys.readouterr().out.splitlines()] == [RUN]
    await runs.list_runs(episode=EPISODE, state="failed")
    assert capsys.readouterr().out == "no runs\n"
    await runs.show(RUN.lower())
    shown = json.loads(capsys.readouterr().out)
    assert (shown["state"], shown["segments"]) == (OPEN, 4)
    assert shown["segments_done"] == {"detector": 3, "embedder": 3}


async def test_a_cancelled_run_is_closed_told_of_and_fenced_off(addresses: BrokerUnderTest, database: Database) -> None:
    await plan(database)
    fence = RunFence(database)
    async with rig_on(addresses) as rig:
        assert await fence.is_open(EPISODE, RUN)
        await runs.cancel(RUN)
        assert await state_of(database) == CANCELLED
        assert not await fence.is_open(EPISODE, RUN)
        await runs.cancel(RUN)
        said = await rig.events(RunCancelled.TOPIC)
    assert [(event.run_id, event.reason) for event in said if isinstance(event, RunCancelled)] == [
        (RUN, "cancelled")
    ] * 2
    assert len({event.event_id for event in said}) == 1


@pytest.mark.parametrize("closed_by", ["cancelled", "failed"])
async def test_a_resumed_run_is_open_and_asks_for_what_it_lacks(
    addresses: BrokerUnderTest, database: Database, closed_by: str
) -> None:
    store = await plan(database)
    if closed_by == "failed":
        await store.fail(RUN, Failure(stage="detector", code="internal_error", message="x"))
        assert await state_of(database) == FAILED
    else:
        await store.cancel(RUN)
    async with rig_on(addresses) as rig:
        await runs.resume(RUN)
        assert await rig.events(SegmentReady.TOPIC) == [ready(EPISODE, RUN, 2)]
    assert await state_of(database) == OPEN
    run = await store.run(RUN)
    assert run is not None
    assert run.failure is None


async def test_what_cannot_be_steered_gets_one_sentence(addresses: BrokerUnderTest, database: Database) -> None:
    store = await plan(database)
    await store.finish(
        ScreenTimeReported(
            ep_id=EPISODE,
            run_id=RUN,
            revision=1,
            duration_s=80.0,
            report=NOTHING,
            manifests={},
            cast=(),
            unidentified=0,
        )
    )
    assert await refusal(runs.show(LATER)) == "unknown_run"
    assert await refusal(runs.cancel(RUN)) == "run_not_open"
    assert await refusal(runs.resume(RUN)) == "run_finished"
    assert await refusal(runs.list_runs(episode=None, state="asleep")) == "unknown_state"


async def test_a_superseded_run_is_not_resumed(addresses: BrokerUnderTest, database: Database) -> None:
    store = await plan(database)
    await store.cancel(RUN)
    await save_plan(store, EPISODE, LATER)
    assert await refusal(runs.resume(RUN)) == "run_superseded"
    assert await state_of(database) == CANCELLED


async def refusal(command: object) -> str:
    """Code of the error that a command ends with."""
    with pytest.raises(BadInput) as caught:
        await command  # type: ignore[misc]
    return caught.value.code
