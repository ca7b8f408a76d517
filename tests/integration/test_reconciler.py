"""Whatever a broker loses, a run is finished from what MongoDB knows."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from prometheus_client import REGISTRY

from chassis.mongo import bitset
from chassis.mongo.database import Database
from contracts.events import EpisodeProgress, ScreenTimeReported, Stage
from services.ingest.commands.reconciler import Reconciler, batch_of, missing_segments
from services.ingest.runs.records import Failure
from services.ingest.runs.states import FAILED, FINISHED
from services.ingest.settings import ReconcilerSettings
from services.ingest.store.runs import IngestStore
from tests.support.brokers import embedded_broker
from tests.support.rig import Rig, rig_on, until
from tests.support.stub_stages import NOTHING, SEGMENTS, StubStages, ready, save_plan

pytestmark = pytest.mark.integration

EPISODE = "lost-show-s01e01"
RUN = "01JGFJJZ00ABCDEFGHJKMNPQR0"
OFTEN = ReconcilerSettings(every_s=0.2, stalled_after_s=1.0)


def run_id(number: int) -> str:
    return f"01JGFJJZ00ABCDEFGHJKMNPQR{number}"


def progress(stage: Stage, segment: int | None = None) -> EpisodeProgress:
    total = 1 if segment is None else SEGMENTS
    return EpisodeProgress(ep_id=EPISODE, run_id=RUN, stage=stage, segment=segment, done=1, total=total)


async def test_a_run_finishes_whatever_event_of_it_was_lost(rig: Rig, database: Database) -> None:
    losses = {
        0: ("segment.ready", 2),
        1: ("segment.tracked", 2),
        2: ("segment.embedded", 1),
        3: ("episode.grouped", 0),
    }
    stages = StubStages(rig, database, lost={(topic, run_id(run), place) for run, (topic, place) in losses.items()})
    await asyncio.gather(*(bus.start() for bus in stages.buses.values()))
    for run, (topic, place) in losses.items():
        requests = await save_plan(stages.store, f"lost-show-s01e{run:02d}", run_id(run))
        await rig.send(*(r for r in requests if (topic, place) != ("segment.ready", r.segment)))
    reconciling = asyncio.create_task(Reconciler(stages.store, stages.buses["ingest"], OFTEN).run())

    async def all_finished() -> bool:
        return await database["runs"].count_documents({"state": FINISHED}) == len(losses)

    try:
        await until("every report", all_finished)
    finally:
        reconciling.cancel()
    rescued = [run async for run in database["runs"].find({})]
    assert {str(run["_id"]) for run in rescued if run["report"]["run_id"] == run["_id"]} == {run_id(n) for n in losses}


async def test_a_run_finishes_on_a_broker_that_came_back_empty(tmp_path: Path, database: Database) -> None:
    async with embedded_broker(tmp_path / "before") as broker, rig_on(broker) as rig:
        stages = StubStages(rig, database)
        requests = await save_plan(stages.store, EPISODE, RUN)
        await asyncio.gather(*(stages.buses[stage].start() for stage in ("ingest", "detector")))
        await rig.send(requests[0])
        await until("one segment", lambda: _done(database, segments=1))
    async with embedded_broker(tmp_path / "after") as broker, rig_on(broker) as rig:
        stages = StubStages(rig, database)
        await asyncio.gather(*(bus.start() for bus in stages.buses.values()))
        reconciling = asyncio.create_task(Reconciler(stages.store, stages.buses["ingest"], OFTEN).run())
        try:
            await until("the report", lambda: _state(database, FINISHED))
        finally:
            reconciling.cancel()


@pytest.mark.parametrize(
    ("done", "grouped", "wanted"),
    [
        ({"detector": range(4), "embedder": [0, 1, 3]}, False, [2]),
        ({"detector": [0, 1, 3], "embedder": [0, 1, 3]}, False, [2]),
        ({}, False, [0, 1, 2, 3]),
        ({"detector": range(4), "embedder": range(4)}, False, [0, 1, 2, 3]),
        ({"detector": range(4), "embedder": range(4)}, True, [3]),
    ],
)
async def test_what_is_asked_for_again_is_what_may_be_missing(
    database: Database, done: dict[Stage, list[int]], grouped: bool, wanted: list[int]
) -> None:
    store = IngestStore(database)
    await save_plan(store, EPISODE, RUN)
    for stage, segments in done.items():
        for segment in segments:
            await store.record_progress(progress(stage, segment))
    if grouped:
        await store.record_progress(progress("grouper"))
    run = await store.run(RUN)
    assert run is not None
    assert [request.segment for request in missing_segments(run, await store.segments(RUN))] == wanted


async def test_only_news_counts_as_progress_and_rescues_without_any_become_rarer(database: Database) -> None:
    store = IngestStore(database)
    await save_plan(store, EPISODE, RUN)
    await _age(database, 61)
    claimed = await store.claim_stalled(60)
    assert claimed is not None
    assert claimed.rescues == 1
    assert await store.claim_stalled(60) is None, "one reconciler moves it on"

    await _age(database, 100)
    assert await store.claim_stalled(60) is None, "patience doubles"
    await _age(database, 121)
    second = await store.claim_stalled(60)
    assert second is not None
    assert second.rescues == 2

    await store.record_progress(progress("detector", 0))
    run = await store.run(RUN)
    assert run is not None
    assert run.rescues == 0
    await _age(database, 61)
    assert await store.claim_stalled(60) is not None
    await store.record_progress(progress("detector", 0))  # a repeat
    run = await store.run(RUN)
    assert run is not None
    assert run.rescues == 1


async def test_the_time_of_a_stages_latest_piece_is_noted(database: Database) -> None:
    store = IngestStore(database)
    await save_plan(store, EPISODE, RUN)
    before = datetime.now(UTC) - timedelta(milliseconds=1)  # the database keeps milliseconds
    await store.record_progress(progress("detector", 0))
    first = await store.run(RUN)
    assert first is not None
    noted = first.progress["detector"].at
    assert noted is not None
    assert before <= noted <= datetime.now(UTC)
    assert "embedder" not in first.progress or first.progress["embedder"].at is None
    await store.record_progress(progress("detector", 0))  # a repeat
    again = await store.run(RUN)
    assert again is not None
    assert again.progress["detector"].at == noted


async def test_only_open_runs_are_moved_on(database: Database) -> None:
    store = IngestStore(database)
    await save_plan(store, EPISODE, RUN)
    await store.fail(RUN, Failure(stage="detector", code="unreadable", message="x"))
    await _age(database, 1000)
    assert await store.claim_stalled(60) is None


async def test_the_metrics_name_every_state_and_forget_none_that_has_emptied(rig: Rig, database: Database) -> None:
    store = IngestStore(database)
    reconciler = Reconciler(store, rig.bus("ingest"), ReconcilerSettings())
    await save_plan(store, EPISODE, RUN)
    await database["runs"].update_one({"_id": RUN}, {"$set": {"created_at": datetime.now(UTC) - timedelta(hours=1)}})
    assert await reconciler.sweep() == 1, "as long as a run is open, the loop does not rest longer"
    assert _gauge("screenalytics_runs") == {"running": 1, "finished": 0, "failed": 0, "cancelled": 0, "superseded": 0}
    assert _gauge("screenalytics_oldest_run_age_seconds")["running"] == pytest.approx(3600, abs=60)
    await store.fail(RUN, Failure(stage="detector", code="unreadable", message="x"))
    assert await reconciler.sweep() == 0
    assert _gauge("screenalytics_runs")["running"] == 0
    assert _gauge("screenalytics_runs")["failed"] == 1
    assert _gauge("screenalytics_oldest_run_age_seconds")["running"] == 0


def _gauge(name: str) -> dict[str, float]:
    return {
        sample.labels["state"]: sample.value
        for family in REGISTRY.collect()
        if family.name == name
        for sample in family.samples
    }


async def test_a_failed_run_is_finished_by_a_late_result(database: Database) -> None:
    store = IngestStore(database)
    await save_plan(store, EPISODE, RUN)
    await store.fail(RUN, Failure(stage="detector", code="internal_error", message="x"))
    assert await _state(database, FAILED)
    report = ScreenTimeReported(
        ep_id=EPISODE, run_id=RUN, revision=1, duration_s=80.0, report=NOTHING, manifests={}, cast=(), unidentified=0
    )
    await store.finish(report)
    run = await store.run(RUN)
    assert run is not None
    assert (run.state, run.failure) == (FINISHED, None)


def test_every_request_of_many_has_its_turn() -> None:
    requests = [ready(EPISODE, RUN, 0).model_copy(update={"segment": number}) for number in range(250)]
    asked = [request.segment for rescue in (1, 2, 3) for request in batch_of(requests, rescue=rescue, size=100)]
    assert set(asked) == set(range(250))
    assert len(asked) == 300


async def _age(database: Database, seconds: float) -> None:
    """Let the run's last sign of life be so long ago."""
    then = datetime.now(UTC) - timedelta(seconds=seconds)
    run = await database["runs"].find_one({"_id": RUN})
    assert run is not None
    times = {"progressed_at": then} | ({"rescued_at": then} if "rescued_at" in run else {})
    await database["runs"].update_one({"_id": RUN}, {"$set": times})


async def _done(database: Database, *, segments: int) -> bool:
    run = await database["runs"].find_one({"_id": RUN})
    return run is not None and bitset.count(run.get("segments_done", {}).get("detector", {})) == segments


async def _state(database: Database, state: str) -> bool:
    run = await database["runs"].find_one({"_id": RUN})
    return run is not None and run["state"] == state
