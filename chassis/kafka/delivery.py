"""What happens to one message: handled, put off, given up on, or refused. Used by every subscriber of every service.

The invariant: **a message's offset is committed only after its effects are durable**. A message that cannot be handled
now is never skipped: its partition is rewound to it and paused, other partitions go on, and the consumer keeps polling,
so heartbeats and rebalances stay alive however long a dependency is away.
Tries are counted in `chassis.kafka.tries`, those that end the process as well.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable, Callable, Iterable, Mapping
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any

from aiokafka import AIOKafkaConsumer, ConsumerRecord, TopicPartition
from aiokafka.errors import IllegalStateError, KafkaError, MessageSizeTooLargeError
from pymongo.errors import ConnectionFailure, ExecutionTimeout, NetworkTimeout, WTimeoutError

from chassis import metrics, telemetry
from chassis.backoff import backoff
from chassis.errors import BadInput, DependencyUnavailable
from chassis.kafka.tries import Attempts, Tries, Waiting
from chassis.settings import KafkaSettings
from contracts.envelope import InvalidEvent

MAX_HEADER_BYTES = 500


class Kind(StrEnum):
    """The four kinds of error."""

    INVALID = "invalid"
    BAD_INPUT = "bad_input"
    DEPENDENCY = "dependency"
    DEFECT = "defect"


def classify(error: BaseException) -> Kind:
    """Which kind an exception of a handler is."""
    if isinstance(error, InvalidEvent):
        return Kind.INVALID
    if isinstance(error, BadInput):
        return Kind.BAD_INPUT
    if isinstance(error, MessageSizeTooLargeError):
        return Kind.DEFECT  # waiting makes no message smaller
    away = (DependencyUnavailable, ConnectionFailure, NetworkTimeout, ExecutionTimeout, WTimeoutError, KafkaError)
    if isinstance(error, away):
        return Kind.DEPENDENCY
    return Kind.DEFECT


def dependency_name(error: BaseException) -> str:
    """Short name of the server that is away."""
    if isinstance(error, DependencyUnavailable):
        return error.dependency
    return "kafka" if isinstance(error, KafkaError) else "mongo"


def dead_letter_headers(
    record: ConsumerRecord[Any, Any],
    *,
    service: str,
    error: BaseException,
    attempts: int,
    traceparent: str | None = None,
) -> list[tuple[str, bytes]]:
    """Headers a dead letter gets beside its own: where it came from and why, each bounded in length.

    `traceparent` is the trace context of the last try.
    """
    fields = {
        "dlq-service": service,
        "dlq-topic": record.topic,
        "dlq-partition": str(record.partition),
        "dlq-offset": str(record.offset),
        "dlq-kind": classify(error).value,
        "dlq-error": type(error).__name__,
        "dlq-message": str(error),
        "dlq-attempts": str(attempts),
        "dlq-time": datetime.now(UTC).isoformat(),
    }
    if traceparent is not None:
        fields["dlq-traceparent"] = traceparent
    own = [(name, value) for name, value in record.headers if not name.startswith("dlq-")]
    return own + [(name, bounded(text)) for name, text in fields.items()]


def bounded(text: str) -> bytes:
    """UTF-8 of at most `MAX_HEADER_BYTES`, no character cut in two."""
    return text.encode("utf-8", "replace")[:MAX_HEADER_BYTES].decode("utf-8", "ignore").encode()


Handle = Callable[[ConsumerRecord[Any, Any]], Awaitable[None]]
GiveUp = Callable[[ConsumerRecord[Any, Any], BaseException, int], Awaitable[None]]
Describe = Callable[[ConsumerRecord[Any, Any]], Mapping[str, str | int]]
"""What log lines say a message is about."""


class Delivery:
    """Carries out the decisions for one consumer."""

    def __init__(
        self,
        settings: KafkaSettings,
        *,
        give_up: GiveUp,
        fail_episode: GiveUp | None,
        describe: Describe = lambda _: {},
        attempts: Attempts | None = None,
    ) -> None:
        self._settings = settings
        self._describe = describe
        self._give_up = give_up
        self._fail_episode = fail_episode
        self._timers: dict[TopicPartition, asyncio.TimerHandle] = {}
        self._committing = asyncio.Lock()
        self.tries = Tries(attempts)
        self.away = self.tries.away
        """Dependencies that messages wait for, with what they said: readiness reads this."""

    async def process(self, record: ConsumerRecord[Any, Any], consumer: AIOKafkaConsumer, handle: Handle) -> None:
        """Handle one message and settle it: commit, put off, or give up and commit. Raises only on cancellation."""
        metrics.consumed.labels(record.topic).inc()
        try:
            await self.tries.begin(record)
            await handle(record)
        except asyncio.CancelledError:  # told to stop: the message is not to blame
            await self.tries.ended(record)
            raise
        except Exception as error:
            await self._settle_failure(record, consumer, error)
        else:
            await self._commit(record, consumer)
            metrics.handled.labels(record.topic).inc()

    async def _settle_failure(
        self, record: ConsumerRecord[Any, Any], consumer: AIOKafkaConsumer, error: Exception
    ) -> None:
        kind = classify(error)
        metrics.failed.labels(record.topic, kind.value).inc()
        waiting = self._note_failure(record, kind, error)
        attempts = waiting.attempts
        log = telemetry.logger().bind(
            topic=record.topic,
            partition=record.partition,
            offset=record.offset,
            attempt=attempts,
            **self._describe(record),
        )
        if kind is Kind.DEPENDENCY:
            log.warning("dependency away, message put off", error=str(error)[:300])
            await self._put_off(record, consumer, attempts)
            return
        if kind is Kind.DEFECT and waiting.defects < self._settings.max_tries:
            log.warning("handler failed, message put off", exc_info=error)
            await self._put_off(record, consumer, attempts)
            return
        try:
            await self._give_up_on(record, error, kind, attempts)
        except Exception as second:
            log.warning("could not give the message up yet", error=str(second)[:300])
            self._note_failure(record, classify(second), second)
            await self._put_off(record, consumer, attempts)
            return
        log.error(
            "message given up", kind=kind.value, error=str(error)[:300], exc_info=error if kind is Kind.DEFECT else None
        )
        await self._commit(record, consumer)

    async def _give_up_on(self, record: ConsumerRecord[Any, Any], error: Exception, kind: Kind, attempts: int) -> None:
        """Say that the episode failed, and keep the message as a dead letter where nobody has an answer to it."""
        answered = False
        if kind is not Kind.INVALID and self._fail_episode is not None:
            try:
                await self._fail_episode(record, error, attempts)
                answered = kind is Kind.BAD_INPUT
            except Exception as second:
                if classify(second) is Kind.DEPENDENCY:
                    raise
                telemetry.logger().error("episode.failed could not be made", exc_info=second)
        if not answered:
            await self._give_up(record, error, attempts)
            metrics.dead_letters.labels(record.topic).inc()

    def _note_failure(self, record: ConsumerRecord[Any, Any], kind: Kind, error: Exception) -> Waiting:
        away = (dependency_name(error), str(error)[:200]) if kind is Kind.DEPENDENCY else None
        return self.tries.failed(record, is_defect=kind is Kind.DEFECT, away=away)

    async def _put_off(self, record: ConsumerRecord[Any, Any], consumer: AIOKafkaConsumer, attempts: int) -> None:
        await self.tries.ended(record)
        partition = TopicPartition(record.topic, record.partition)
        metrics.retries.labels(record.topic).inc()
        delay = backoff(
            attempts,
            first_s=self._settings.backoff_first_s,
            max_s=self._settings.backoff_max_s,
            jitter=random.random(),
        )
        try:
            consumer.seek(partition, record.offset)
            consumer.pause(partition)
        except IllegalStateError:
            self.tries.forget(partition)  # taken away in a rebalance: its new owner reads the message again
            return
        earlier = self._timers.get(partition)
        if earlier is not None:  # of before a rebalance that brought the message back early
            earlier.cancel()
        self._timers[partition] = asyncio.get_running_loop().call_later(delay, self._resume, partition, consumer)
        metrics.paused_partitions.set(len(self._timers))

    def _resume(self, partition: TopicPartition, consumer: AIOKafkaConsumer) -> None:
        self._timers.pop(partition, None)
        metrics.paused_partitions.set(len(self._timers))
        try:
            consumer.resume(partition)
        except IllegalStateError:
            self.tries.forget(partition)

    async def _commit(self, record: ConsumerRecord[Any, Any], consumer: AIOKafkaConsumer) -> None:
        partition = TopicPartition(record.topic, record.partition)
        await self.tries.settled(record)
        try:
            async with self._committing:
                await consumer.commit({partition: record.offset + 1})
                self.tries.committed(record)
        except (KafkaError, IllegalStateError) as error:
            # The effects are durable and idempotent; whoever owns the partition now sees the message again.
            telemetry.logger().warning(
                "offset not committed", topic=record.topic, offset=record.offset, error=str(error)
            )

    async def commit_beginnings(self, partitions: Iterable[TopicPartition], consumer: AIOKafkaConsumer) -> None:
        """Give the group a place in partitions where it has none: the oldest message that is kept, so none is skipped.

        What scales workers reads committed offsets. Brokers forget those of a group that was away for a week, and KEDA
        takes everything that a partition ever held for its lag then: workers would stay until each has a new message.
        """
        try:
            nowhere = [partition for partition in partitions if await consumer.committed(partition) is None]
            for partition, beginning in (await consumer.beginning_offsets(nowhere)).items():
                async with self._committing:
                    if not self.tries.has_committed(partition):
                        await consumer.commit({partition: beginning})
        except (KafkaError, IllegalStateError) as error:
            telemetry.logger().warning("beginnings not committed", error=str(error))

    def close(self) -> None:
        """Forget all timers."""
        for timer in self._timers.values():
            timer.cancel()
        self._timers.clear()
