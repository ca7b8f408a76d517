"""A running machine as end-to-end tests see it: every event that was published, uploads, and figures of results."""

from __future__ import annotations

import asyncio
import contextlib
import json
import uuid
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, ConsumerRecord

from chassis.kafka.connection import client_options
from chassis.mongo import database as mongo
from chassis.s3.storage import Storage
from chassis.settings import ChassisSettings
from contracts import envelope
from contracts.events import EVENTS, EpisodeFailed, EpisodeUploaded, Event, RunStarted, ScreenTimeReported
from contracts.rows import ScreenTimeDocument
from screenalytics.events import emitter
from screenalytics.local.machine import Machine

E = TypeVar("E", bound=Event)
PATIENCE_S = 90.0
TOPICS = tuple(sorted(event.TOPIC for event in EVENTS.values()))


@dataclass(frozen=True, kw_only=True)
class Seen:
    """One published message."""

    record: ConsumerRecord[Any, Any]
    event: Event
    event_id: str


class EventLog:
    """Everything that was published since the machine started, in the order it arrived here."""

    def __init__(self, consumer: AIOKafkaConsumer) -> None:
        self._consumer = consumer
        self.seen: list[Seen] = []
        self._news = asyncio.Condition()

    async def follow(self) -> None:
        async for record in self._consumer:
            try:
                received = envelope.decode(record.value, record.headers, topic=record.topic)
            except envelope.InvalidEvent:
                continue  # a test's own nonsense
            async with self._news:
                self.seen.append(Seen(record=record, event=received.event, event_id=received.event_id))
                self._news.notify_all()

    def of(self, kind: type[E], **fields: object) -> list[E]:
        """Events of a class with these field values."""
        return [
            seen.event
            for seen in self.seen
            if isinstance(seen.event, kind)
            and all(getattr(seen.event, name) == value for name, value in fields.items())
        ]

    async def first(self, kind: type[E], *, within_s: float = PATIENCE_S, **fields: object) -> E:
        """Wait for an event. A failure of the same episode or run ends the wait with its message."""
        async with asyncio.timeout(within_s), self._news:
            while not (found := self.of(kind, **fields)):
                for failure in self.of(EpisodeFailed):
                    about = fields.get("run_id") or fields.get("upload_event_id")
                    if kind is not EpisodeFailed and about and about in {failure.run_id, failure.upload_event_id}:
                        raise AssertionError(f"{failure.stage} gave up: {failure.code}: {failure.message}")
                await self._news.wait()
        return found[0]

    async def quiet(self, seconds: float) -> None:
        """Wait until nothing was published for so long."""
        count = -1
        while count != len(self.seen):
            count = len(self.seen)
            await asyncio.sleep(seconds)


class Pipeline:
    """Use `pipeline_on`."""

    def __init__(
        self, machine: Machine, log: EventLog, storage: Storage, database: mongo.Database, producer: AIOKafkaProducer
    ) -> None:
        self.machine = machine
        self.log = log
        self.storage = storage
        self.database = database
        self._producer = producer

    @property
    def settings(self) -> ChassisSettings:
        return self.machine.settings

    async def emit(self, event: Event, *, traceparent: str | None = None) -> str:
        """Publish as an outside emitter; returns the event's id."""
        return await emitter.publish(self.settings.kafka, event, traceparent=traceparent)

    async def upload(
        self, video: Path, ep_id: str, *, force: bool = False, traceparent: str | None = None
    ) -> EpisodeUploaded:
        """Upload a video and say so; a call is a request of its own."""
        reference = await emitter.upload_video(self.storage, video, ep_id)
        event = emitter.episode_uploaded(ep_id, reference, profile="low_power", force=force)
        await self.emit(event, traceparent=traceparent)
        return event

    async def started(self, upload: EpisodeUploaded) -> RunStarted:
        return await self.log.first(RunStarted, upload_event_id=upload.event_id)

    async def finished(self, upload: EpisodeUploaded) -> ScreenTimeReported:
        """The result of an upload's run."""
        return await self.log.first(ScreenTimeReported, run_id=(await self.started(upload)).run_id)

    async def republish(self, seen: Seen) -> None:
        """Deliver a message once more, byte for byte."""
        record = seen.record
        await self._producer.send_and_wait(
            record.topic, record.value, key=record.key, headers=list(record.headers), partition=record.partition
        )

    async def figures(self, report: ScreenTimeReported) -> dict[str, object]:
        """What a result says, without the ids of its episode and run."""
        document = await self.storage.get_document(report.manifests["screen_time.json"], ScreenTimeDocument)
        return figures_of(document)

    async def objects(self, prefix: str) -> set[str]:
        return {key async for key in self.storage.list_keys(prefix)}


def figures_of(document: ScreenTimeDocument) -> dict[str, object]:
    """Seconds, intervals and coverage."""
    return {
        "duration_s": document.duration_s,
        "cast": {person.cast_id: (person.visible_s, person.intervals_s) for person in document.cast},
        "unidentified": sorted(person.visible_s for person in document.unidentified),
        "coverage": document.coverage,
    }


def content_of(seen: Seen) -> str:
    """What an event says, as one comparable text."""
    return json.dumps(json.loads(seen.record.value), sort_keys=True)


@asynccontextmanager
async def pipeline_on(machine: Machine) -> AsyncIterator[Pipeline]:
    """The clients of a test session on a running machine."""
    settings = machine.settings
    options = client_options(settings.kafka)
    consumer = AIOKafkaConsumer(
        *TOPICS, **options, group_id=None, auto_offset_reset="earliest", fetch_max_wait_ms=50, enable_auto_commit=False
    )
    async with (
        consumer,
        AIOKafkaProducer(**options, acks="all") as producer,
        Storage.connect(settings.s3) as storage,
        mongo.connect(settings.mongo) as database,
    ):
        log = EventLog(consumer)
        following = asyncio.create_task(log.follow())
        try:
            yield Pipeline(machine, log, storage, database, producer)
        finally:
            following.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await following


@asynccontextmanager
async def everything_twice(pipeline: Pipeline, *, about: Callable[[Event], bool]) -> AsyncIterator[None]:
    """Deliver every event that `about` picks once more as soon as it was published."""

    async def repeat() -> None:
        done: set[str] = set()
        position = len(pipeline.log.seen)
        while True:
            while position < len(pipeline.log.seen):
                seen = pipeline.log.seen[position]
                position += 1
                if about(seen.event) and seen.event_id not in done:
                    done.add(seen.event_id)
                    await pipeline.republish(seen)
            await asyncio.sleep(0.01)

    repeating = asyncio.create_task(repeat())
    try:
        yield
        await pipeline.log.quiet(1.0)
    finally:
        repeating.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await repeating


def parse_spans(log: str) -> list[Mapping[str, Any]]:
    """The spans that the console exporter wrote between the lines of a service's log."""
    spans: list[Mapping[str, Any]] = []
    decoder, position = json.JSONDecoder(), 0
    while (position := log.find("{", position)) >= 0:
        try:
            found, length = decoder.raw_decode(log[position:])
        except ValueError:
            position += 1
            continue
        position += length
        if isinstance(found, dict) and "trace_id" in found.get("context", {}):
            spans.append(found)
    return spans


def parse_log_lines(log: str) -> list[Mapping[str, Any]]:
    """The structured lines of a service's log."""
    return [json.loads(line) for line in log.splitlines() if line.startswith("{") and line.endswith("}")]


def new_traceparent() -> tuple[str, str]:
    """A trace id and the header that starts it."""
    trace_id = uuid.uuid4().hex
    return trace_id, f"00-{trace_id}-{uuid.uuid4().hex[:16]}-01"
