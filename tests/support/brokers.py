"""The Kafka brokers that the integration suite runs on, behind one face and a proxy that can make the network fail."""

from __future__ import annotations

import asyncio
import os
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import pytest
from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.errors import CommitFailedError, KafkaError, UnknownTopicOrPartitionError

from chassis.kafka.connection import client_options, ensure_topics
from chassis.settings import KafkaSettings
from contracts.events import STAGES
from contracts.topics import TOPICS
from screenalytics.local.servers import ChildProcess
from screenalytics.local.servers.ports import choose_free_port
from screenalytics.local.servers.tansu import Tansu
from tests.support import apache_kafka, containers
from tests.support.tcp_proxy import TcpProxy

T = TypeVar("T")

SESSION_TIMEOUT_MS = 6000
"""The shortest allowed. On Tansu a consumer waits for half of it whenever it joins its group."""


@dataclass(frozen=True, kw_only=True)
class BrokerUnderTest:
    """A broker with every declared topic, in which no service has anything left to do."""

    name: str
    settings: KafkaSettings
    proxy: TcpProxy
    server: ChildProcess | None = None
    """The broker itself, to be killed and started again; None where it is not ours to kill."""

    @property
    def is_apache(self) -> bool:
        return self.name != "embedded"


def settings_of(port: int) -> KafkaSettings:
    """Settings that make everything that waits on purpose wait as little as possible."""
    return KafkaSettings(
        bootstrap_servers=f"127.0.0.1:{port}",
        session_timeout_ms=SESSION_TIMEOUT_MS,
        heartbeat_interval_ms=500,
        rebalance_timeout_ms=SESSION_TIMEOUT_MS,
        fetch_max_wait_ms=20,
        backoff_first_s=0.05,
        backoff_max_s=0.2,
        max_tries=3,
    )


@asynccontextmanager
async def embedded_broker(directory: Path) -> AsyncIterator[BrokerUnderTest]:
    """A fresh Tansu in memory; it starts in a moment, so every test has its own."""
    proxy_port = choose_free_port()
    tansu = Tansu(directory=directory / "tansu", log_path=directory / "tansu.log", advertised_port=proxy_port)
    await tansu.run()
    try:
        async with TcpProxy(tansu.ports["kafka"], listen_port=proxy_port) as proxy:
            settings = settings_of(proxy_port)
            await ensure_topics(settings)
            yield BrokerUnderTest(name="embedded", settings=settings, proxy=proxy, server=tansu)
    finally:
        await tansu.stop(grace_seconds=0.0)


@asynccontextmanager
async def apache_broker() -> AsyncIterator[BrokerUnderTest]:
    """A real Apache Kafka; it takes seconds to start, so one serves all tests (see `forget_earlier_tests`).

    Skips the test where it cannot be run; in CI that is a failure.
    """
    reason = apache_kafka.available()
    if reason is not None:
        if os.environ.get("CI") == "true":
            pytest.fail(f"no Apache Kafka in CI: {reason}")
        pytest.skip(f"no Apache Kafka: {reason}")
    proxy_port = choose_free_port()
    async with AsyncExitStack() as cleanup:
        scratch = cleanup.enter_context(tempfile.TemporaryDirectory(prefix="screenalytics-kafka-"))
        broker = apache_kafka.ApacheKafka(Path(scratch), advertised_port=proxy_port)
        await cleanup.enter_async_context(broker)
        proxy = await cleanup.enter_async_context(TcpProxy(broker.ports["broker"], listen_port=proxy_port))
        settings = settings_of(proxy_port)
        await ensure_topics(settings)
        yield BrokerUnderTest(name="apache", settings=settings, proxy=proxy, server=broker)


@asynccontextmanager
async def container_broker() -> AsyncIterator[BrokerUnderTest]:
    """The Apache Kafka image of docker-compose.yml. Skips the test where there is no Docker."""
    reason = containers.available()
    if reason is not None:
        pytest.skip(f"no Docker: {reason}")
    broker_port, proxy_port = choose_free_port(), choose_free_port()
    async with AsyncExitStack() as cleanup:
        await cleanup.enter_async_context(containers.kafka(port=broker_port, advertised_port=proxy_port))
        proxy = await cleanup.enter_async_context(TcpProxy(broker_port, listen_port=proxy_port))
        settings = settings_of(proxy_port)
        await ensure_topics(settings)
        yield BrokerUnderTest(name="container", settings=settings, proxy=proxy)


async def forget_earlier_tests(broker: BrokerUnderTest) -> None:
    """Put every service's group at the end of every topic. No service may be running."""
    topics = sorted(topic.name for topic in TOPICS)
    for service in STAGES:
        async with _reader(broker.settings, group=service) as consumer:
            partitions = await partitions_of(consumer, topics)
            consumer.assign(partitions)
            await _commit_once_empty(consumer, await consumer.end_offsets(partitions))


async def _commit_once_empty(consumer: AIOKafkaConsumer, offsets: dict[TopicPartition, int]) -> None:
    """Commit from outside a group, which it allows when it has no members.

    A member that was killed, or has a fixed name, counts as one until its session ends.
    """
    await _again_after(CommitFailedError, lambda: consumer.commit(offsets))


async def partitions_of(consumer: AIOKafkaConsumer, topics: Iterable[str]) -> list[TopicPartition]:
    """Every partition of some topics. A broker that was just started, or is busy, may not tell at once, or know of none."""
    wanted = set(topics)

    async def ask() -> list[TopicPartition]:
        known = await consumer._client.fetch_all_metadata()
        partitions = {topic: known.partitions_for_topic(topic) or () for topic in wanted}
        if not any(partitions.values()):
            raise UnknownTopicOrPartitionError(", ".join(sorted(wanted)))
        return sorted(TopicPartition(topic, number) for topic, numbers in partitions.items() for number in numbers)

    return await _again_after(KafkaError, ask)


async def _again_after(error: type[KafkaError], ask: Callable[[], Awaitable[T]]) -> T:
    """The answer to a question, asked again for three sessions' time while the answer is that error."""
    give_up = time.monotonic() + 3 * SESSION_TIMEOUT_MS / 1000
    while True:
        try:
            return await ask()
        except error:
            if time.monotonic() > give_up:
                raise
        await asyncio.sleep(0.2)


@asynccontextmanager
async def _reader(settings: KafkaSettings, *, group: str | None) -> AsyncIterator[AIOKafkaConsumer]:
    consumer = AIOKafkaConsumer(
        **client_options(settings), group_id=group, enable_auto_commit=False, auto_offset_reset="earliest"
    )
    async with consumer:
        yield consumer
