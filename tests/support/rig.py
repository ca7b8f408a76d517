"""What tests of message delivery need: buses, raw messages in, and a look at what the broker holds."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from typing import Any, TypeAlias

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, ConsumerRecord, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, RecordsToDelete
from aiokafka.protocol.admin import DeleteGroupsRequest

from chassis.kafka.bus import Bus, Fence
from chassis.kafka.connection import client_options
from chassis.settings import KafkaSettings
from contracts import envelope
from contracts.blobs import BlobRef
from contracts.events import Event, SegmentReady, Stage
from contracts.topics import TOPICS
from tests.support.brokers import BrokerUnderTest, partitions_of

RUN = "01JGFJJZ00ABCDEFGHJKMNPQRS"
EPISODE = "my-show-s01e02"
PATIENCE_S = 30.0
"""How long something may take on a busy machine before a test gives up."""

Record: TypeAlias = "ConsumerRecord[Any, Any]"


def segment_ready(segment: int, *, run_id: str = RUN, ep_id: str = EPISODE) -> SegmentReady:
    """A request for one segment of a long episode."""
    return SegmentReady(
        ep_id=ep_id,
        run_id=run_id,
        segment=segment,
        segments=1000,
        video=BlobRef(uri="s3://bucket/v.mp4", sha256="0" * 64, bytes=1, media_type="video/mp4", schema=None),
        stream_index=0,
        origin_s=0.0,
        start_s=segment * 20.0,
        end_s=segment * 20.0 + 20.0,
        duration_s=20_000.0,
        profile="balanced",
    )


async def until(what: str, condition: Callable[[], bool | Awaitable[bool]], *, within_s: float = PATIENCE_S) -> None:
    """Wait for a condition. Raises AssertionError naming `what` when it does not come."""
    deadline = time.monotonic() + within_s
    while True:
        answer = condition()
        if answer if isinstance(answer, bool) else await answer:
            return
        assert time.monotonic() < deadline, f"did not come: {what}"
        await asyncio.sleep(0.02)


class Rig:
    """One broker, seen from a test. Use `rig_on`."""

    def __init__(self, broker: BrokerUnderTest, producer: AIOKafkaProducer, reader: AIOKafkaConsumer) -> None:
        self.broker = broker
        self._producer = producer
        self._reader = reader
        self._begin: dict[TopicPartition, int] = {}
        self._buses: list[Bus] = []

    async def prepare(self) -> None:
        """Note where every topic ends now; `records` gives what comes after."""
        partitions = await partitions_of(self._reader, [topic.name for topic in TOPICS])
        self._reader.assign(partitions)
        self._begin = await self._reader.end_offsets(partitions)

    def bus(
        self, service: Stage = "detector", *, fence: Fence | None = None, grace_s: float = 10.0, **settings: object
    ) -> Bus:
        """A bus that is stopped at the end of the test; keyword arguments replace broker settings."""
        values = {**self.broker.settings.model_dump(), "manage_topics": False, **settings}
        bus = Bus(service, KafkaSettings.model_validate(values), fence=fence, grace_s=grace_s)
        self._buses.append(bus)
        return bus

    async def send(self, *events: Event, partition: int | None = None, traceparent: str | None = None) -> None:
        """Publish events in order, by key or all into one partition."""
        for event in events:
            message = envelope.encode(event, source="/test", traceparent=traceparent)
            await self.send_raw(message.topic, message.value, message.headers, key=message.key, partition=partition)

    async def send_raw(
        self,
        topic: str,
        value: bytes | None,
        headers: Sequence[tuple[str, bytes | None]] = (),
        *,
        key: bytes | None = None,
        partition: int | None = None,
    ) -> None:
        await self._producer.send_and_wait(topic, value, key=key, partition=partition, headers=list(headers))

    async def records(self, topic: str) -> list[Record]:
        """Everything published to a topic since the test began, in order per partition."""
        partitions = [partition for partition in self._begin if partition.topic == topic]
        ends = await self._reader.end_offsets(partitions)
        open_partitions = {p for p in partitions if ends[p] > self._begin[p]}
        self._reader.assign(partitions)
        for partition in partitions:
            self._reader.seek(partition, self._begin[partition])
        found: list[Record] = []
        while open_partitions:
            batch = await self._reader.getmany(*open_partitions, timeout_ms=1000)
            for partition, records in batch.items():
                found += records
                if records[-1].offset + 1 >= ends[partition]:
                    open_partitions.discard(partition)
        return sorted(found, key=lambda record: (record.partition, record.offset))

    async def events(self, topic: str) -> list[Event]:
        return [
            envelope.decode(record.value, record.headers, topic=topic).event for record in await self.records(topic)
        ]

    async def committed(self, service: Stage, topic: str, partition: int) -> int:
        """How many messages of this test a service has acknowledged in a partition."""
        place = TopicPartition(topic, partition)
        options = client_options(self.broker.settings)
        async with AIOKafkaConsumer(**options, group_id=service, enable_auto_commit=False) as consumer:
            consumer.assign([place])
            offset = await consumer.committed(place)
        return (offset or 0) - self._begin[place] if offset is not None else 0

    def begin(self, topic: str, partition: int) -> int:
        """Offset of the test's first message in a partition."""
        return self._begin[TopicPartition(topic, partition)]

    async def end(self, topic: str, partition: int) -> int:
        """How many messages of this test a partition holds."""
        place = TopicPartition(topic, partition)
        return int((await self._reader.end_offsets([place]))[place]) - self._begin[place]

    async def place(self, service: Stage, topic: str, partition: int) -> int | None:
        """The offset that a service has committed in a partition; None where the broker knows of none."""
        place = TopicPartition(topic, partition)
        options = client_options(self.broker.settings)
        async with AIOKafkaConsumer(**options, group_id=service, enable_auto_commit=False) as consumer:
            consumer.assign([place])
            offset: int | None = await consumer.committed(place)
        return offset

    async def forget(self, service: Stage, topic: str) -> None:
        """What a long rest does: the topic's messages are over their time, and so are the places of the group."""
        admin = AIOKafkaAdminClient(**client_options(self.broker.settings))
        await admin.start()
        try:
            places = [place for place in self._begin if place.topic == topic]
            ends = await self._reader.end_offsets(places)
            await admin.delete_records({place: RecordsToDelete(before_offset=end) for place, end in ends.items()})
            coordinator = await admin.find_coordinator(service)
            answer = await admin._send_request(DeleteGroupsRequest([service]), coordinator)
            assert [code for _, code in answer.results] == [0], answer
        finally:
            await admin.close()

    async def stop_buses(self) -> None:
        for bus in self._buses:
            await bus.stop()


@asynccontextmanager
async def rig_on(broker: BrokerUnderTest) -> AsyncIterator[Rig]:
    """A rig with its own clients; stops every bus it gave out."""
    options = client_options(broker.settings)
    async with (
        AIOKafkaProducer(**options, acks="all", max_request_size=2**21) as producer,
        AIOKafkaConsumer(**options, group_id=None, auto_offset_reset="earliest", fetch_max_wait_ms=20) as reader,
    ):
        rig = Rig(broker, producer, reader)
        await rig.prepare()
        try:
            yield rig
        finally:
            await rig.stop_buses()


def assigned(bus: Bus) -> set[TopicPartition]:
    """The partitions a bus has now."""
    consumer = bus.consumer()
    return set(consumer.assignment()) if consumer is not None else set()


def generation(bus: Bus) -> int:
    """The group's generation as the bus knows it: it grows with every rebalance."""
    consumer = bus.consumer()
    assert consumer is not None
    return int(consumer._coordinator.generation)
