"""Every handler of every service, called again with what it has seen: the same answer, and nothing changes."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from contextlib import AsyncExitStack
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
import pytest_asyncio
from hypothesis import given, settings
from hypothesis import strategies as st

from chassis.kafka.bus import Origin
from chassis.mongo.database import COLLECTIONS
from chassis.service import connect
from contracts.events import (
    CastChanged,
    CastDescribed,
    CastUploaded,
    ClustersEdited,
    EpisodeChanged,
    EpisodeDeleted,
    EpisodeFailed,
    EpisodeGrouped,
    EpisodeProgress,
    EpisodeUploaded,
    Event,
    LinksChanged,
    PersonErased,
    ReportRequested,
    ScreenTimeReported,
    ScreenTimeSigned,
    SegmentEmbedded,
    SegmentReady,
    SegmentTracked,
    ShowDeleted,
    Stage,
    TracksErased,
)
from services.detector import app as detector
from services.detector.settings import DetectorSettings
from services.embedder import app as embedder
from services.embedder.settings import EmbedderSettings
from services.grouper import app as grouper
from services.grouper.settings import GrouperSettings
from services.identity import app as identity
from services.identity.settings import IdentitySettings
from services.ingest import app as ingest
from services.ingest.settings import IngestSettings
from tests.chaos.machine import environment
from tests.e2e.conftest import SHOW
from tests.support.pipeline import Pipeline, Seen

pytestmark = [pytest.mark.e2e, pytest.mark.integration]

EPISODE = f"{SHOW}-s01e60"
Handler = Callable[[Any, Origin], Awaitable[Iterable[Event] | None]]

SERVICES: tuple[tuple[Stage, ModuleType, type[Any], bool], ...] = (
    ("ingest", ingest, IngestSettings, False),
    ("detector", detector, DetectorSettings, True),
    ("embedder", embedder, EmbedderSettings, True),
    ("grouper", grouper, GrouperSettings, False),
    ("identity", identity, IdentitySettings, True),
)
CONSUMED = {
    ("ingest", EpisodeUploaded),
    ("ingest", EpisodeProgress),
    ("ingest", ScreenTimeReported),
    ("ingest", EpisodeFailed),
    ("detector", SegmentReady),
    ("embedder", SegmentTracked),
    ("grouper", SegmentEmbedded),
    ("identity", EpisodeGrouped),
    ("identity", CastUploaded),
}

OF_OPERATORS = {
    ClustersEdited,
    LinksChanged,
    CastChanged,
    CastDescribed,
    EpisodeChanged,
    ReportRequested,
    ScreenTimeSigned,
    EpisodeDeleted,
    PersonErased,
    TracksErased,
    ShowDeleted,
}
"""What follows commands over HTTP: repeated in tests/integration/test_regrouping.py, test_identity_revisions.py,
test_api_sign_off.py, test_api_deletion.py and test_api_privacy.py, where there are commands."""


@dataclass(frozen=True, kw_only=True)
class Finished:
    """A finished episode and every event of it that some handler takes, as it was published."""

    run_id: str
    consumed: tuple[Seen, ...]


@pytest_asyncio.fixture(scope="module")
async def handlers(pipeline: Pipeline) -> AsyncIterator[dict[tuple[Stage, type[Event]], Handler]]:
    """The handlers of all services, wired as in their processes, on the stores of the running machine."""
    found: dict[tuple[Stage, type[Event]], Handler] = {}
    async with AsyncExitStack() as stack:
        stack.enter_context(environment(pipeline.machine.stack.environment()))
        for name, app, settings_of, needs_inference in SERVICES:
            resources = await stack.enter_async_context(connect(name, settings_of(), inference=needs_inference))
            app.wire(resources)
            found |= {(name, kind): handler for kind, handler in resources.bus._handlers.items()}
        yield found


@pytest_asyncio.fixture(scope="module")
async def finished(pipeline: Pipeline, short_video: Path) -> Finished:
    upload = await pipeline.upload(short_video, EPISODE)
    report = await pipeline.finished(upload)
    await pipeline.log.quiet(1.0)
    taken = {kind for _, kind in CONSUMED}
    seen = [seen for seen in pipeline.log.seen if type(seen.event) in taken]
    own = [seen for seen in seen if getattr(seen.event, "ep_id", EPISODE) == EPISODE]
    return Finished(run_id=report.run_id, consumed=tuple(own))


def origin_of(seen: Seen) -> Origin:
    headers = dict(seen.record.headers)
    return Origin(
        event_id=seen.event_id, time=datetime.fromisoformat(headers["ce_time"].decode()), topic=seen.record.topic
    )


async def kept(pipeline: Pipeline, *about: str) -> tuple[list[str], set[str]]:
    """Every document and every object that has to do with an episode or the show's cast."""
    documents = []
    for collection in COLLECTIONS:
        if collection.name != "service_instances":
            async for document in pipeline.database[collection.name].find({}):
                text = json.dumps(document, default=str, sort_keys=True)
                if any(word in text for word in about):
                    documents.append(text)
    return sorted(documents), await pipeline.objects("")


def contents(events: Iterable[Event] | None) -> list[tuple[str, str]]:
    return [(event.event_id, event.model_dump_json(by_alias=True)) for event in events or ()]


def test_no_handler_is_forgotten_here(handlers: dict[tuple[Stage, type[Event]], Handler]) -> None:
    assert set(handlers) >= CONSUMED
    assert {kind for _, kind in handlers} <= {kind for _, kind in CONSUMED} | {EpisodeFailed} | OF_OPERATORS


@settings(max_examples=6, deadline=None)
@given(data=st.data())
async def test_whatever_is_delivered_again_in_any_order_is_answered_as_before(
    pipeline: Pipeline,
    handlers: dict[tuple[Stage, type[Event]], Handler],
    finished: Finished,
    data: st.DataObject,
) -> None:
    chosen = data.draw(st.lists(st.sampled_from(finished.consumed), min_size=4, max_size=10))
    before = await kept(pipeline, EPISODE, SHOW)
    said = {seen.event_id: seen.event.model_dump_json(by_alias=True) for seen in pipeline.log.seen}
    for seen in chosen:
        for (_, kind), handler in handlers.items():
            if kind is type(seen.event):
                first = contents(await handler(seen.event, origin_of(seen)))
                assert contents(await handler(seen.event, origin_of(seen))) == first
                assert {event_id: said.get(event_id) for event_id, _ in first} == dict(first)
    assert await kept(pipeline, EPISODE, SHOW) == before


def renamed(event: Event, ep_id: str, run_id: str) -> Any:
    return event.model_copy(update={"ep_id": ep_id, "run_id": run_id})


@settings(max_examples=3, deadline=None)
@given(data=st.data())
async def test_a_new_run_comes_out_the_same_however_its_segments_arrive(
    pipeline: Pipeline,
    handlers: dict[tuple[Stage, type[Event]], Handler],
    finished: Finished,
    data: st.DataObject,
) -> None:
    """Detector and embedder of one segment; the grouper with all of them in any order, some of them twice."""
    tail = "".join(data.draw(st.lists(st.sampled_from("0123456789ABCDEF"), min_size=8, max_size=8)))
    ep_id, run_id = f"{SHOW}-s02e01", finished.run_id[:-8] + tail
    events = [renamed(seen.event, ep_id, run_id) for seen in finished.consumed if hasattr(seen.event, "run_id")]
    origin = origin_of(finished.consumed[0])

    async def twice(service: Stage, event: Event) -> list[Event]:
        handler = handlers[service, type(event)]
        first = list(await handler(event, origin) or ())
        after = await kept(pipeline, run_id)
        assert contents(await handler(event, origin)) == contents(first)
        assert await kept(pipeline, run_id) == after
        return first

    requests = [event for event in events if isinstance(event, SegmentReady)]
    tracked = (await twice("detector", data.draw(st.sampled_from(requests))))[0]
    await twice("embedder", tracked)

    embedded = [event for event in events if isinstance(event, SegmentEmbedded)]
    order = data.draw(st.permutations([*embedded, *data.draw(st.lists(st.sampled_from(embedded), max_size=3))]))
    grouped = [said for event in order for said in await twice("grouper", event) if isinstance(said, EpisodeGrouped)]
    assert len({content for _, content in contents(grouped)}) == 1
    reports = [said for said in await twice("identity", grouped[0]) if isinstance(said, ScreenTimeReported)]
    (expected,) = [seen.event for seen in finished.consumed if isinstance(seen.event, ScreenTimeReported)]
    assert [await pipeline.figures(report) for report in reports] == [await pipeline.figures(expected)]
