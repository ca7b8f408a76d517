"""Progress as server-sent events, over a real HTTP server."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

import httpx
import pytest
import pytest_asyncio

from chassis import service
from chassis.health import Health
from chassis.mongo.database import Database
from chassis.settings import HttpSettings
from contracts.events import EpisodeProgress, ScreenTimeReported, Stage
from screenalytics.local.servers import Stack
from services.ingest.runs.records import Failure
from services.ingest.store.runs import IngestStore
from tests.support.ingest_api import EPISODE, IngestApi, ingest_api
from tests.support.rig import until
from tests.support.server_sent_events import Event, events_in
from tests.support.stub_stages import NOTHING, SEGMENTS, save_plan

pytestmark = pytest.mark.integration

RUN = "01JGFJJZ00ABCDEFGHJKMNPQR0"
LATER = "01JGFJJZ00ABCDEFGHJKMNPQR1"


@dataclass(frozen=True)
class Served:
    """The API behind two servers: two replicas of the service."""

    addresses: tuple[str, str]
    store: IngestStore


@pytest_asyncio.fixture
async def served(stack: Stack, database: Database) -> AsyncIterator[Served]:
    async with (
        ingest_api(stack, database) as one,
        ingest_api(stack, database) as two,
        _serving(one) as first,
        _serving(two) as second,
    ):
        yield Served((first, second), IngestStore(database))


@asynccontextmanager
async def _serving(api: IngestApi) -> AsyncIterator[str]:
    async with service.serve_http(api.app, Health({}, away={}), HttpSettings()) as server:
        await until("the server", lambda: server.started)
        yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"


async def listen(address: str, *, last: str | None = None, query: str = "") -> AsyncIterator[Event]:
    """The events of the episode until the stream ends; heartbeats have the kind `ping`."""
    headers = {"Last-Event-ID": last} if last else {}
    async with (
        httpx.AsyncClient(timeout=20) as client,
        client.stream("GET", f"{address}/episodes/{EPISODE}/events{query}", headers=headers) as answer,
    ):
        async for event in events_in(answer):
            yield event


def piece(stage: Stage, segment: int | None, run_id: str = RUN) -> EpisodeProgress:
    total = 1 if segment is None else SEGMENTS
    return EpisodeProgress(ep_id=EPISODE, run_id=run_id, stage=stage, segment=segment, done=1, total=total)


def report(run_id: str = RUN, revision: int = 1) -> ScreenTimeReported:
    return ScreenTimeReported(
        ep_id=EPISODE,
        run_id=run_id,
        revision=revision,
        duration_s=80.0,
        report=NOTHING,
        manifests={},
        cast=(),
        unidentified=0,
    )


async def test_readers_of_any_replica_get_every_change_once_and_the_end(served: Served) -> None:
    await save_plan(served.store, EPISODE, RUN)
    heard: list[list[Event]] = [[] for _ in range(10)]

    async def read(number: int) -> None:
        async for event in listen(served.addresses[number % 2]):
            if event.kind != "ping":
                heard[number].append(event)

    readers = [asyncio.create_task(read(number)) for number in range(len(heard))]
    await until("all readers", lambda: all(heard))
    for segment in range(SEGMENTS):
        await served.store.record_progress(piece("detector", segment))
        await served.store.record_progress(piece("detector", segment))
        wanted = segment + 1
        await until("the change", lambda: all(_done(events, "detector") == wanted for events in heard))  # noqa: B023
    await served.store.finish(report())
    await asyncio.wait_for(asyncio.gather(*readers), 20)
    for events in heard:
        assert [event.kind for event in events] == ["run", *["progress"] * (SEGMENTS + 1), "report", "end"]
        counts = [event.data["stages"]["detector"]["fraction"] for event in events[1 : SEGMENTS + 1]]
        assert counts == [0.25, 0.5, 0.75, 1.0]
        assert [set(event.data["stages"]) for event in events[1 : SEGMENTS + 1]] == [{"detector"}] * SEGMENTS
        assert set(events[-3].data["stages"]) == {"ingest", "embedder", "grouper", "identity"}
        assert events[-1].data["state"] == "finished"
        numbers = [int(event.id.rpartition("-")[2]) for event in events if event.id]
        assert numbers == sorted(set(numbers))


async def test_a_reader_that_comes_back_gets_what_it_missed(served: Served) -> None:
    await save_plan(served.store, EPISODE, RUN)
    first = await anext(listen(served.addresses[0]))
    await served.store.record_progress(piece("detector", 0))
    await served.store.record_progress(piece("detector", 1))
    await served.store.record_progress(piece("embedder", 1))
    missed = await anext(listen(served.addresses[1], last=first.id))
    assert missed.kind == "progress"
    assert {stage: progress["done"] for stage, progress in missed.data["stages"].items()} == {
        "detector": 2,
        "embedder": 1,
    }
    silence = await anext(listen(served.addresses[0], last=missed.id))
    assert silence.kind == "ping"
    await served.store.fail(RUN, Failure(stage="detector", code="unreadable", message="$x is unreadable."))
    events = [event async for event in listen(served.addresses[0], last=missed.id)]
    assert [event.kind for event in events] == ["end"]
    assert events[0].data["failure"]["code"] == "unreadable"
    async with httpx.AsyncClient() as client:
        url = f"{served.addresses[1]}/episodes/{EPISODE}/events"
        assert (await client.get(url, headers={"Last-Event-ID": str(events[0].id)})).status_code == 204
        assert (await client.get(url.replace(EPISODE, "no-show-s01e01"))).status_code == 404


async def test_a_stream_goes_on_over_runs(served: Served) -> None:
    await save_plan(served.store, EPISODE, RUN)
    heard: list[Event] = []

    async def read() -> None:
        async for event in listen(served.addresses[0], query="?follow=true"):
            if event.kind != "ping":
                heard.append(event)  # noqa: PERF401 - one by one, while the test looks

    reading = asyncio.create_task(read())
    await until("the run", lambda: [event.kind for event in heard] == ["run"])
    await served.store.finish(report())
    await until("its end", lambda: heard[-1].kind == "end")
    await served.store.finish(report(revision=2))
    await until("a revision", lambda: (heard[-1].kind, heard[-1].data.get("revision")) == ("report", 2))
    await save_plan(served.store, EPISODE, LATER)
    await until("the next run", lambda: (heard[-1].kind, heard[-1].data["run_id"]) == ("run", LATER))
    await served.store.record_progress(piece("detector", 0))  # of the run before
    await served.store.record_progress(piece("embedder", 3, LATER))
    await until("its progress", lambda: heard[-1].kind == "progress")
    assert (heard[-1].data["run_id"], set(heard[-1].data["stages"])) == (LATER, {"embedder"})
    reading.cancel()


def _done(events: list[Event], stage: str) -> int:
    found = [event.data["stages"][stage]["done"] for event in events if stage in event.data.get("stages", {})]
    return int(found[-1]) if found else 0
