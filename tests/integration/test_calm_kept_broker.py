"""A consumer that looks for news by itself gets its messages from a broker whose log lies in a store and takes a moment."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from aiokafka import AIOKafkaProducer

from chassis.kafka import fair_consumer
from chassis.kafka.fair_consumer import FairConsumer
from screenalytics.local.servers.seaweedfs import SeaweedFS
from screenalytics.local.servers.tansu import BUCKET, Tansu

pytestmark = pytest.mark.integration

TOPIC = "news"


@pytest.fixture
async def kept(tmp_path: Path) -> AsyncIterator[Tansu]:
    """A broker that keeps its log in an S3 store, as the machine of `--keep` has it."""
    store = SeaweedFS(directory=tmp_path / "store", log_path=tmp_path / "store.log", buckets=[BUCKET])
    broker = Tansu(directory=tmp_path / "broker", log_path=tmp_path / "broker.log", storage=store)
    await store.run()
    try:
        await broker.run()
        yield broker
    finally:
        await broker.stop()
        await store.stop()


async def test_messages_after_a_calm_arrive_from_a_broker_that_has_them_elsewhere(
    kept: Tansu, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fair_consumer, "LULL_AFTER_S", 0.1)
    async with AIOKafkaProducer(bootstrap_servers=kept.bootstrap_servers) as producer:
        await producer.send_and_wait(TOPIC, b"0")
        consumer = FairConsumer(
            TOPIC,
            bootstrap_servers=kept.bootstrap_servers,
            look_every_s=0.1,
            fetch_max_wait_ms=200,
            auto_offset_reset="earliest",
        )
        async with consumer:
            for number in range(1, 4):
                assert (await asyncio.wait_for(consumer.getone(), 10.0)).value == str(number - 1).encode()
                await asyncio.sleep(0.5)
                await producer.send_and_wait(TOPIC, str(number).encode())
