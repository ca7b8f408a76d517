"""A subscriber that counts: by event id, by content, and what went to dead letters."""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections import defaultdict
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any, Self, TypeVar

from aiokafka import AIOKafkaConsumer, ConsumerRecord
from aiokafka.errors import KafkaError

from chassis.kafka.connection import client_options
from chassis.settings import KafkaSettings
from contracts import envelope
from contracts.events import (
    EVENTS,
    STAGES,
    CastLinked,
    EpisodeFailed,
    EpisodeGrouped,
    EpisodeUploaded,
    Event,
    RunCancelled,
    RunStarted,
    ScreenTimeReported,
    SegmentEmbedded,
    SegmentReady,
    SegmentTracked,
)
from contracts.topics import dead_letter_topic

E = TypeVar("E", bound=Event)

MEASURED = frozenset({"busy_s", "cpu_s", "stage_seconds", "stage_cpu_seconds", "detail"})
"""Fields that say how long the work took, and counts for people that a repeat leaves out."""


@dataclass(frozen=True, kw_only=True)
class Arrival:
    """One message as it arrived."""

    record: ConsumerRecord[Any, Any]
    event: Event
    event_id: str
    content: str
    at_s: float
    """When it arrived, on the event loop's clock."""


class Subscriber:
    """Reads every topic from the beginning, without a group, so nothing can be taken from it."""

    def __init__(self, consumer: AIOKafkaConsumer) -> None:
        self._consumer = consumer
        self.arrivals: list[Arrival] = []
        self.dead_letters: list[ConsumerRecord[Any, Any]] = []
        self._news = asyncio.Condition()

    @classmethod
    @asynccontextmanager
    async def on(cls, settings: KafkaSettings) -> AsyncIterator[Self]:
        topics = [event.TOPIC for event in EVENTS.values()] + [dead_letter_topic(stage) for stage in STAGES]
        consumer = AIOKafkaConsumer(
            *sorted(topics),
            **client_options(settings),
            group_id=None,
            auto_offset_reset="earliest",
            enable_auto_commit=False,
            fetch_max_wait_ms=100,
        )
        async with consumer:
            subscriber = cls(consumer)
            following = asyncio.create_task(subscriber._follow())
            try:
                yield subscriber
            finally:
                following.cancel()
                with contextlib.suppress(asyncio.CancelledError):
                    await following

    async def _follow(self) -> None:
        while True:
            try:
                async for record in self._consumer:
                    await self._note(record)
            except KafkaError:
                await asyncio.sleep(0.2)  # the broker is away; the consumer keeps its place

    async def _note(self, record: ConsumerRecord[Any, Any]) -> None:
        if record.topic.endswith(".dead-letter"):
            self.dead_letters.append(record)
            return
        received = envelope.decode(record.value, record.headers, topic=record.topic)
        arrival = Arrival(
            record=record,
            event=received.event,
            event_id=received.event_id,
            content=content_of(record.value),
            at_s=asyncio.get_running_loop().time(),
        )
        async with self._news:
            self.arrivals.append(arrival)
            self._news.notify_all()

    def of(self, kind: type[E], **fields: object) -> list[E]:
        """Events of a class with these field values, repeats included."""
        return [arrival.event for arrival in self.arrivals if _matches(arrival.event, kind, fields)]  # type: ignore[misc]

    async def first(self, *kinds: type[Event], **fields: object) -> Arrival:
        """Wait for the first arrival of an event of these classes with these field values."""
        position = 0
        async with self._news:
            while True:
                for arrival in self.arrivals[position:]:
                    if _matches(arrival.event, kinds, fields):
                        return arrival
                position = len(self.arrivals)
                await self._news.wait()

    async def quiet(self, seconds: float) -> None:
        """Wait until nothing has arrived for so long."""
        count = -1
        while count != len(self.arrivals):
            count = len(self.arrivals)
            await asyncio.sleep(seconds)

    def violations(self, upload: EpisodeUploaded, *, segments: int, linked: frozenset[str]) -> list[str]:
        """What was lost, doubled or changed of the run that an upload started, as sentences; empty where nothing was.

        `linked`: the identities that have a cast member in the result.
        """
        starts = self.of(RunStarted, upload_event_id=upload.event_id)
        runs = {start.run_id for start in starts}
        if len(runs) != 1:
            return [f"{len(runs)} runs were started instead of one"]
        run_id = runs.pop()
        about = [arrival for arrival in self.arrivals if getattr(arrival.event, "run_id", None) == run_id]
        expected: dict[type[Event], int] = {
            RunStarted: 1,
            SegmentReady: segments,
            SegmentTracked: segments,
            SegmentEmbedded: segments,
            EpisodeGrouped: 1,
            ScreenTimeReported: 1,
            CastLinked: len(linked),
            EpisodeFailed: 0,
            RunCancelled: 0,
        }
        found = [
            f"{kind.TOPIC}: {count} different events instead of {wanted}"
            for kind, wanted in expected.items()
            if (count := len({arrival.event_id for arrival in about if type(arrival.event) is kind})) != wanted
        ]
        told = {arrival.event.identity_id for arrival in about if isinstance(arrival.event, CastLinked)}
        if told != linked:
            found.append(f"cast.linked of {sorted(told)} instead of {sorted(linked)}")
        found += _mixed_up(about)
        letters = [letter for letter in self.dead_letters if run_id.encode() in (letter.value or b"")]
        found += [f"a dead letter in {letter.topic}: {_reason(letter)}" for letter in letters]
        return found


def content_of(value: bytes | None) -> str:
    """What an event says, as one comparable text, without how long the work took."""
    payload = json.loads(value or b"{}")
    return json.dumps({name: said for name, said in payload.items() if name not in MEASURED}, sort_keys=True)


def _matches(event: Event, kind: type[Event] | tuple[type[Event], ...], fields: dict[str, object]) -> bool:
    return isinstance(event, kind) and all(getattr(event, name) == value for name, value in fields.items())


def _mixed_up(arrivals: list[Arrival]) -> list[str]:
    """Ids that stood for two things, and things that came under two ids."""
    contents: dict[tuple[str, str], set[str]] = defaultdict(set)
    ids: dict[tuple[str, str], set[str]] = defaultdict(set)
    for arrival in arrivals:
        topic = arrival.record.topic
        contents[topic, arrival.event_id].add(arrival.content)
        ids[topic, arrival.content].add(arrival.event_id)
    changed = [f"{topic}: one id with {len(said)} contents" for (topic, _), said in contents.items() if len(said) > 1]
    doubled = [f"{topic}: the same content under {len(used)} ids" for (topic, _), used in ids.items() if len(used) > 1]
    return changed + doubled


def _reason(letter: ConsumerRecord[Any, Any]) -> str:
    headers = dict(letter.headers)
    return (headers.get("dlq-message") or b"").decode(errors="replace")[:200]
