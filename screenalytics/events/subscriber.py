"""Reads events as an outside subscriber: without a consumer group, from now on or from the beginning."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

from chassis import telemetry
from chassis.kafka.connection import client_options, kafka_away
from chassis.kafka.fair_consumer import FairConsumer
from chassis.settings import KafkaSettings
from contracts import envelope
from contracts.envelope import InvalidEvent, Received


class Subscription:
    """Events of some topics, in the order they arrive here."""

    def __init__(self, consumer: FairConsumer) -> None:
        self._consumer = consumer

    async def next(self, timeout_s: float) -> Received | None:
        """The next readable event, None when none came in time."""
        deadline = asyncio.get_running_loop().time() + timeout_s
        while (left := deadline - asyncio.get_running_loop().time()) > 0:
            try:
                record = await asyncio.wait_for(self._consumer.getone(), left)
            except TimeoutError:
                return None
            try:
                return envelope.decode(record.value, record.headers, topic=record.topic)
            except InvalidEvent as error:
                telemetry.logger().debug("unreadable event passed over", topic=record.topic, code=error.code)
        return None


@asynccontextmanager
async def subscribe(
    settings: KafkaSettings, topics: Sequence[str], *, from_beginning: bool = False
) -> AsyncIterator[Subscription]:
    """Follow topics: events published after this is entered are all seen; some before it may be, too.

    Raises:
        DependencyUnavailable: where Kafka does not answer.
    """
    consumer = FairConsumer(
        *topics,
        **client_options(settings),
        look_every_s=settings.look_every_s,
        group_id=None,
        auto_offset_reset="earliest",
        fetch_max_wait_ms=settings.fetch_max_wait_ms,
        enable_auto_commit=False,
    )
    try:
        with kafka_away():
            await consumer.start()
            if not from_beginning:
                for partition, offset in (await consumer.end_offsets(consumer.assignment())).items():
                    consumer.seek(partition, offset)
        yield Subscription(consumer)
    finally:
        await consumer.stop()
