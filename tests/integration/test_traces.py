"""Traces lead from every try to the one before, and from a replay to the try that gave up."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from opentelemetry import trace
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from chassis.errors import DependencyUnavailable
from chassis.kafka.bus import Bus, Origin
from chassis.mongo.database import Database
from chassis.settings import ChassisSettings, MongoSettings, SecretAddress
from contracts.events import Event, SegmentReady
from screenalytics.events.dead_letters import open_dead_letters
from tests.support.pipeline import new_traceparent
from tests.support.rig import Rig, segment_ready, until

pytestmark = pytest.mark.integration

NAME = f"detector {SegmentReady.TOPIC}"


@pytest.fixture(scope="module")
def exporter() -> InMemorySpanExporter:
    """Collects every span of this process from now on."""
    collected = InMemorySpanExporter()
    provider = TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(collected))
    trace.set_tracer_provider(provider)
    return collected


@pytest.fixture
def spans(exporter: InMemorySpanExporter) -> Iterator[InMemorySpanExporter]:
    exporter.clear()
    yield exporter
    exporter.clear()


def named(spans: InMemorySpanExporter, name: str) -> list[ReadableSpan]:
    return [span for span in spans.get_finished_spans() if span.name == name]


def linked(span: ReadableSpan) -> list[int]:
    """Ids of the spans a span is linked to."""
    return [link.context.span_id for link in span.links]


def id_of(span: ReadableSpan) -> int:
    assert span.context is not None
    return span.context.span_id


def bus_that_fails(rig: Rig, *errors: Exception) -> Bus:
    """A detector whose first tries fail so."""
    left = list(errors)

    async def handle(_event: SegmentReady, _origin: Origin) -> list[Event]:
        if left:
            raise left.pop(0)
        return []

    bus = rig.bus(max_tries=2)
    bus.on(SegmentReady, handle)
    return bus


async def committed(rig: Rig, count: int) -> bool:
    return await rig.committed("detector", SegmentReady.TOPIC, 0) == count


async def test_a_retry_is_linked_to_the_try_before(rig: Rig, spans: InMemorySpanExporter) -> None:
    trace_id, traceparent = new_traceparent()
    bus = bus_that_fails(rig, DependencyUnavailable("s3", "away"), ValueError("x"))
    await bus.start()
    await rig.send(segment_ready(1), partition=0, traceparent=traceparent)
    await rig.send(segment_ready(2), partition=0)
    await until("both commits", lambda: committed(rig, 2))
    first, second, third, other = named(spans, NAME)
    assert [linked(span) for span in (first, second, third, other)] == [[], [id_of(first)], [id_of(second)], []]
    assert {f"{span.context.trace_id:032x}" for span in (first, second, third) if span.context} == {trace_id}
    assert [(span.attributes or {})["attempt"] for span in (first, second, third, other)] == [1, 2, 3, 1]


async def test_a_replay_is_linked_to_the_try_that_gave_up(
    rig: Rig, database: Database, mongo_uri: str, spans: InMemorySpanExporter
) -> None:
    bus = bus_that_fails(rig, ValueError("x"), ValueError("x"))
    await bus.start()
    await rig.send(segment_ready(1), partition=0)
    await until("the commit", lambda: committed(rig, 1))
    gave_up = named(spans, NAME)[-1]
    (told,) = named(spans, "detector failed")
    assert linked(told) == [id_of(gave_up)]

    settings = ChassisSettings(
        kafka=rig.broker.settings, mongo=MongoSettings(uri=SecretAddress(mongo_uri), database=database.name)
    )
    async with open_dead_letters(settings) as letters:
        (letter,) = [found for found in await letters.read(["detector"]) if found.state == "waiting"][-1:]
        assert await letters.replay(letter)
    await until("the replay", lambda: len(named(spans, NAME)) == 3)
    replayed = named(spans, NAME)[-1]
    assert linked(replayed) == [id_of(gave_up)]
