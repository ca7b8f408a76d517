"""What FastStream is given in place of its own parts, so that messages are consumed and settled as delivery promises."""

from __future__ import annotations

import dataclasses
from collections.abc import Awaitable, Callable, Iterable
from functools import partial
from typing import Any, cast

from aiokafka import AIOKafkaConsumer, ConsumerRebalanceListener, ConsumerRecord, TopicPartition
from faststream import BaseMiddleware
from faststream.kafka import KafkaBroker, KafkaMessage

from chassis.kafka.delivery import Delivery
from chassis.kafka.fair_consumer import FairConsumer


class Assignments(ConsumerRebalanceListener):  # type: ignore[misc]  # aiokafka has no types
    """Tells which partitions are new to this consumer."""

    def __init__(self, assigned: Callable[[Iterable[TopicPartition]], None]) -> None:
        self._assigned = assigned

    def on_partitions_revoked(self, revoked: Iterable[TopicPartition]) -> None:
        """Whoever is given them is told."""

    def on_partitions_assigned(self, assigned: Iterable[TopicPartition]) -> None:
        self._assigned(assigned)


class Broker(KafkaBroker):
    """FastStream's broker, whose subscribers consume with partitions taking turns."""

    look_every_s: float | None = None
    """How often they look for news in a calm, see `FairConsumer`."""

    async def _connect(self) -> Callable[..., AIOKafkaConsumer]:
        builder = cast("partial[AIOKafkaConsumer]", await super()._connect())
        taking_turns = partial(FairConsumer, look_every_s=self.look_every_s, **builder.keywords)
        self.config.broker_config.builder = taking_turns
        return taking_turns


def delivery_middleware(delivery: Delivery) -> type[BaseMiddleware]:
    class DeliveryMiddleware(BaseMiddleware):
        """The one place where messages are settled: see `chassis.kafka.delivery`."""

        async def consume_scope(self, call_next: Callable[[Any], Awaitable[Any]], msg: Any) -> Any:
            async def handle(_record: ConsumerRecord[Any, Any]) -> None:
                await call_next(msg)

            await delivery.process(msg.raw_message, msg.consumer, handle)

    return DeliveryMiddleware


async def parse(record: ConsumerRecord[Any, Any], original: Callable[[Any], Awaitable[KafkaMessage]]) -> KafkaMessage:
    """Parse without headers: FastStream's parser fails on those that are not UTF-8, before any middleware sees them."""
    message = await original(dataclasses.replace(record, headers=()))
    message.raw_message = record
    return message


async def raw_record(message: KafkaMessage) -> ConsumerRecord[Any, Any]:
    return cast("ConsumerRecord[Any, Any]", message.raw_message)
