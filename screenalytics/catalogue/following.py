"""Keeps the catalogue current: a subscriber in a consumer group of its own.

**Events say which episode to look at, never what to write**: it is read as it is now, so that repeats, late events and
any order come to the same. Offsets are committed after the files were replaced.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from aiokafka import AIOKafkaConsumer

from chassis.kafka.connection import client_options, kafka_away
from chassis.settings import KafkaSettings
from contracts import envelope
from contracts.envelope import InvalidEvent
from contracts.events import EpisodeChanged, EpisodeDeleted, Event, PersonErased, ScreenTimeReported, ShowDeleted
from screenalytics.catalogue.source import LONGEST_WAIT_S, is_passing
from screenalytics.catalogue.syncing import Sync
from screenalytics.http_client.transport import ApiFailure

FOLLOWED = (ScreenTimeReported, EpisodeChanged, EpisodeDeleted, ShowDeleted, PersonErased)
TOPICS = tuple(event.TOPIC for event in FOLLOWED)
GATHERED_MS = 500
"""How long events are gathered before they are looked at together."""


@dataclass(kw_only=True)
class Work:
    """What some events ask for."""

    episodes: set[str] = field(default_factory=set)
    shows: set[str] = field(default_factory=set)
    forgotten: list[tuple[str, str]] = field(default_factory=list)

    @classmethod
    def of(cls, events: Iterable[Event]) -> Work:
        """Of events in the order they came."""
        work = cls()
        for event in events:
            match event:
                case ScreenTimeReported() | EpisodeChanged() | EpisodeDeleted():
                    work.episodes.add(event.ep_id)
                case ShowDeleted():
                    work.shows.add(event.show)
                case PersonErased(action="requested", cast_id=str(cast_id)):
                    work.forgotten.append((event.show, cast_id))
        return work

    async def do(self, sync: Sync) -> None:
        """Bring the catalogue up to date; raises as `Sync.everything`."""
        for show, cast_id in self.forgotten:
            await sync.forget(show, cast_id)
        for show in sorted(self.shows):
            await sync.everything(show)
        await sync.episodes(self.episodes)


class Follower:
    """Use `following`."""

    def __init__(self, consumer: AIOKafkaConsumer) -> None:
        self._consumer = consumer

    async def look(self, sync: Sync) -> int:
        """Handle what has come, waiting a little for the first; returns how many messages that were.

        An API that is away is waited for. Raises DependencyUnavailable while Kafka is away; ApiFailure where it refuses.
        """
        with kafka_away():
            batches = await self._consumer.getmany(timeout_ms=GATHERED_MS)
        records = [record for batch in batches.values() for record in batch]
        if not records:
            return 0
        work = Work.of(event for record in records if (event := _event(record)) is not None)
        await until_it_answers(lambda: work.do(sync))
        with kafka_away():
            await self._consumer.commit()
        return len(records)


@asynccontextmanager
async def following(settings: KafkaSettings, group: str) -> AsyncIterator[Follower]:
    """Follow as this group: what is published from now on is seen, or from where the group stopped.

    Raises:
        DependencyUnavailable: where Kafka does not answer.
    """
    consumer = AIOKafkaConsumer(
        *TOPICS,
        **client_options(settings),
        group_id=group,
        auto_offset_reset="latest",
        enable_auto_commit=False,
    )
    try:
        with kafka_away():
            await consumer.start()
            # A new group is at the end of what there is from here on, and not only from the first message it fetches.
            places = {partition: await consumer.position(partition) for partition in consumer.assignment()}
            await consumer.commit(places)
        yield Follower(consumer)
    finally:
        await consumer.stop()


async def until_it_answers(do: Callable[[], Awaitable[None]]) -> None:
    """Do it again while the API is away; each try has waited for it already."""
    while True:
        try:
            await do()
        except ApiFailure as failure:
            if not is_passing(failure):
                raise
            await asyncio.sleep(LONGEST_WAIT_S)
        else:
            return


def _event(record: object) -> Event | None:
    try:
        return envelope.decode(record.value, record.headers, topic=record.topic).event  # type: ignore[attr-defined]
    except InvalidEvent:
        return None
