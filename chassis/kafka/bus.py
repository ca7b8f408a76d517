"""Kafka as the services see it: events in, events out. One subscriber per service, FastStream on aiokafka below."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, TypeVar, cast

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, ConsumerRecord, TopicPartition
from faststream import AckPolicy

from chassis import metrics, telemetry
from chassis.errors import BadInput, WorkerDied
from chassis.kafka.connection import DEAD_LETTER_BYTES, client_options, ensure_topics, kafka_away, security
from chassis.kafka.delivery import Delivery, dead_letter_headers
from chassis.kafka.fair_consumer import FairConsumer
from chassis.kafka.faststream_parts import Assignments, Broker, delivery_middleware, parse, raw_record
from chassis.kafka.tries import Attempts
from chassis.settings import KafkaSettings
from contracts import envelope
from contracts.events import STAGES, EpisodeFailed, Event, Service, Stage
from contracts.topics import dead_letter_topic

E = TypeVar("E", bound=Event)

REPLAY_TRACE_HEADER = "dlq-replay-traceparent"
"""Header of a replayed dead letter: the trace context of the try that gave up on it."""

FAILURE_MESSAGE_LENGTH = 1000


@dataclass(frozen=True, kw_only=True)
class Origin:
    """Where an event came from, for handlers that need more than the event."""

    event_id: str
    time: datetime
    topic: str


@dataclass(frozen=True, slots=True)
class _Try:
    """The last try of a message that is not settled: traces lead from the next one back to it."""

    offset: int
    number: int
    traceparent: str | None


Handler = Callable[[E, Origin], Awaitable[Iterable[Event] | None]]
"""Takes an event, makes its effects durable, and returns the events to publish before the offset is committed."""

Fence = Callable[[Event], Awaitable[bool]]
"""Says whether an event belongs to a run that still counts."""


class Bus:
    """A service's connection to Kafka.

    Args:
        service: The service's name: its consumer group, its dead-letter topic, its CloudEvents source.
        fence: Asked before every handler but those registered as unfenced; events it refuses are acknowledged and dropped.
        attempts: Where tries outlive the process; without it a message that kills its worker is tried for ever.
    """

    def __init__(
        self,
        service: Service,
        settings: KafkaSettings,
        *,
        fence: Fence | None = None,
        attempts: Attempts | None = None,
        grace_s: float = 25.0,
    ) -> None:
        self.service = service
        self._settings = settings
        self._fence = fence
        self._handlers: dict[type[Event], Handler[Any]] = {}
        self._unfenced: set[type[Event]] = set()
        self._tries: dict[TopicPartition, _Try] = {}
        self.delivery = Delivery(
            settings,
            give_up=self._dead_letter,
            fail_episode=self._publish_failure if service in STAGES else None,
            describe=_log_fields,
            attempts=attempts,
        )
        self.broker = Broker(
            settings.bootstrap_servers,
            client_id=f"screenalytics-{service}",
            security=security(settings),
            enable_idempotence=settings.enable_idempotence,
            acks="all",
            graceful_timeout=grace_s,
            request_timeout_ms=20_000,
            allow_auto_create_topics=False,
            apply_types=False,
            logger=None,
            middlewares=[delivery_middleware(self.delivery)],
        )
        self.broker.look_every_s = settings.look_every_s
        self._subscriber: Any = None
        self._handling: ConsumerRecord[Any, Any] | None = None
        self._beginning: asyncio.Task[None] | None = None

    def on(self, event: type[E], handler: Handler[E], *, fenced: bool = True) -> None:
        """Register the handler of an event; before `start`.

        Args:
            fenced: False for a handler that decides itself about runs that no longer count.
        """
        self._handlers[event] = handler
        if not fenced:
            self._unfenced.add(event)

    async def start(self) -> None:
        """Create missing topics, join the consumer group and begin to handle events."""
        if self._settings.manage_topics:
            await ensure_topics(self._settings)
        if self._subscriber is None:
            self._subscribe()
        await self.broker.start()

    async def start_publishing(self) -> None:
        """Connect for publishing only: nothing is consumed."""
        if self._settings.manage_topics:
            await ensure_topics(self._settings)
        await self.broker.start()

    def _subscribe(self) -> None:
        settings = self._settings
        self._subscriber = self.broker.subscriber(
            *sorted(event.TOPIC for event in self._handlers),
            group_id=self.service,
            group_instance_id=settings.group_instance_id,
            auto_offset_reset="earliest",
            ack_policy=AckPolicy.MANUAL,
            fetch_max_wait_ms=settings.fetch_max_wait_ms,
            session_timeout_ms=settings.session_timeout_ms,
            heartbeat_interval_ms=settings.heartbeat_interval_ms,
            max_poll_interval_ms=settings.max_poll_interval_ms,
            rebalance_timeout_ms=settings.rebalance_timeout_ms,
            parser=parse,
            decoder=raw_record,
            listener=Assignments(self._assigned),
        )
        self._subscriber(self._receive)

    def _assigned(self, partitions: Iterable[TopicPartition]) -> None:
        """Note which partitions are new to this consumer, and see beside its work that the group has a place in each."""
        self.delivery.tries.assigned(partitions)
        consumer = self.consumer()
        self._leave_beginnings()
        if consumer is not None:
            self._beginning = asyncio.create_task(self.delivery.commit_beginnings(list(partitions), consumer))

    def _leave_beginnings(self) -> None:
        if self._beginning is not None:
            self._beginning.cancel()

    async def stop(self) -> None:
        """Let the running handler finish within the grace period, then leave the group."""
        self._leave_beginnings()
        await self.broker.stop()
        self._leave_beginnings()  # partitions may have been given to us while we left
        self.delivery.close()

    async def reachable(self) -> bool:
        """Whether a broker answers."""
        return bool(await self.broker.ping(timeout=3.0))

    def consumer(self) -> AIOKafkaConsumer | None:
        """The consumer underneath, for lag and for tests."""
        return getattr(self._subscriber, "consumer", None)

    async def upcoming(self, event: type[E]) -> E | None:
        """The event that is handled next, where it is one of these, has been read already and belongs to a run that counts.

        For work that may begin before its turn and is thrown away if that does not come. **Only while a message is handled
        for the first time**: what ends the process is counted for that one, and if it was not to blame it is handled alone
        the next time. Raises what Kafka and the fence raise.
        """
        if self._handling is None or self.delivery.tries.has_failed(self._handling):
            return None
        consumer = self.consumer()
        record = await consumer.upcoming() if isinstance(consumer, FairConsumer) else None
        if record is None or record.topic != event.TOPIC:
            return None
        try:
            found = _decode(record).event
        except envelope.InvalidEvent:
            return None
        return found if isinstance(found, event) and await self._counts(found) else None

    async def lag(self) -> dict[TopicPartition, int]:
        """Messages not yet acknowledged in the partitions that this consumer has now, as the broker counts them."""
        consumer = self.consumer()
        if consumer is None:
            return {}
        with kafka_away():
            ends = await consumer.end_offsets(sorted(consumer.assignment()))
            starts = await consumer.beginning_offsets(list(ends))
            done = {partition: await consumer.committed(partition) for partition in ends}
        return {
            partition: max(0, end - max(done[partition] or 0, starts[partition])) for partition, end in ends.items()
        }

    async def publish(self, *events: Event, time: datetime | None = None) -> None:
        """Publish events in order and wait until the brokers have them.

        Args:
            time: When what they say happened, as CloudEvents `time`; now where it is not given.

        Raises:
            DependencyUnavailable: when Kafka does not take them.
        """
        for event in events:
            message = envelope.encode(
                event, source=f"/screenalytics/{self.service}", time=time, traceparent=telemetry.current_traceparent()
            )
            headers = {name: value.decode() for name, value in message.headers}
            with kafka_away():
                await self.broker.publish(message.value, topic=message.topic, key=message.key, headers=headers)
            metrics.published.labels(message.topic).inc()

    async def _receive(self, record: ConsumerRecord[Any, Any]) -> None:
        """Handle one message; the middleware around this settles what it raises."""
        received = _decode(record)
        event = received.event
        handler = self._handlers.get(type(event))
        if handler is None or record.topic != type(event).TOPIC:
            raise envelope.InvalidEvent("wrong_topic", f"{type(event).TYPE} does not belong into {record.topic}.")
        origin = Origin(event_id=received.event_id, time=received.time, topic=record.topic)
        subject = _subject_fields(event)
        with self._trying(record, received, subject), self._at_hand(record), telemetry.log_context(**subject):
            log = telemetry.logger().bind(topic=record.topic)
            if not await self._counts(event):
                metrics.fenced.labels(record.topic).inc()
                log.info("event of an older run dropped")
                return
            started = time.perf_counter()
            answers = tuple(await self._bounded(handler(event, origin)) or ())
            await self.publish(*answers)
            took_s = time.perf_counter() - started
            metrics.handler_seconds.labels(record.topic).observe(took_s)
            log.info("event handled", seconds=round(took_s, 3), published=len(answers))

    async def _counts(self, event: Event) -> bool:
        return self._fence is None or type(event) in self._unfenced or await self._fence(event)

    async def _bounded(self, handling: Awaitable[Iterable[Event] | None]) -> Iterable[Event] | None:
        """Wait for a handler, but not so long that the group takes its partition away and gives it to the next victim."""
        longest_s = self._settings.handler_timeout_s
        try:
            async with asyncio.timeout(longest_s) as bound:
                return await handling
        except TimeoutError as error:
            if not bound.expired():
                raise
            raise TimeoutError(f"the handler was not done after {longest_s:g} s") from error

    @contextmanager
    def _at_hand(self, record: ConsumerRecord[Any, Any]) -> Iterator[None]:
        self._handling = record
        try:
            yield
        finally:
            self._handling = None

    @contextmanager
    def _trying(
        self, record: ConsumerRecord[Any, Any], received: envelope.Received, context: dict[str, Any]
    ) -> Iterator[None]:
        """The span of one try, linked to the try before and, for a replayed dead letter, to the one that gave up."""
        place = TopicPartition(record.topic, record.partition)
        before = self._try_of(record)
        gave_up = dict(record.headers).get(REPLAY_TRACE_HEADER) or b""
        number = before.number + 1 if before else 1
        attributes = {key: value for key, value in context.items() if value is not None}
        with telemetry.span(
            f"{self.service} {record.topic}",
            traceparent=received.traceparent,
            links=[before.traceparent if before else None, gave_up.decode("ascii", "replace")],
            attempt=number,
            **attributes,
        ):
            self._tries[place] = _Try(record.offset, number, telemetry.current_traceparent())
            yield
        self._tries.pop(place, None)  # no exception: there is no next try

    def _try_of(self, record: ConsumerRecord[Any, Any]) -> _Try | None:
        found = self._tries.get(TopicPartition(record.topic, record.partition))
        return found if found is not None and found.offset == record.offset else None

    async def _dead_letter(self, record: ConsumerRecord[Any, Any], error: BaseException, attempts: int) -> None:
        last = self._try_of(record)
        headers = dead_letter_headers(
            record,
            service=self.service,
            error=error,
            attempts=attempts,
            traceparent=last.traceparent if last else None,
        )
        with kafka_away():
            # A producer of its own: FastStream's publish takes text headers, a dead letter keeps every byte.
            options = client_options(self._settings) | {"acks": "all", "max_request_size": DEAD_LETTER_BYTES}
            async with AIOKafkaProducer(**options) as producer:
                topic = dead_letter_topic(self.service)
                await producer.send_and_wait(topic, value=record.value, key=record.key, headers=headers)

    async def _publish_failure(self, record: ConsumerRecord[Any, Any], error: BaseException, _attempts: int) -> None:
        """Tell subscribers that the episode of this message cannot be finished."""
        received = _decode(record)
        ep_id = getattr(received.event, "ep_id", None)
        if ep_id is None:
            return
        code, sentence = (
            "internal_error",
            "Screenalytics could not handle this episode; the logs and the dead letter say why.",
        )
        if isinstance(error, BadInput | WorkerDied):
            code, sentence = error.code, error.message
        run_id = getattr(received.event, "run_id", None)
        failure = EpisodeFailed(
            ep_id=ep_id,
            run_id=run_id,
            upload_event_id=received.event_id if run_id is None else None,
            stage=cast("Stage", self.service),
            segment=getattr(received.event, "segment", None),
            code=code,
            message=sentence[:FAILURE_MESSAGE_LENGTH],
        )
        last = self._try_of(record)
        with telemetry.span(
            f"{self.service} failed", traceparent=received.traceparent, links=[last.traceparent if last else None]
        ):
            await self.publish(failure)


def _decode(record: ConsumerRecord[Any, Any]) -> envelope.Received:
    headers = [(name, value or b"") for name, value in record.headers]  # a header may be null
    return envelope.decode(record.value, headers, topic=record.topic, default_time=_record_time(record))


def _subject_fields(event: Event) -> dict[str, str | int]:
    """What an event is about, as fields of spans and log lines."""
    named = {name: getattr(event, name, None) for name in ("ep_id", "run_id", "segment")}
    return {name: value for name, value in named.items() if value is not None}


def _log_fields(record: ConsumerRecord[Any, Any]) -> dict[str, str | int]:
    """What log lines about a message that failed carry; nothing where it cannot be read."""
    try:
        received = _decode(record)
    except envelope.InvalidEvent:
        return {}
    trace_id = telemetry.trace_id_of(received.traceparent)
    return _subject_fields(received.event) | ({"trace_id": trace_id} if trace_id else {})


def _record_time(record: ConsumerRecord[Any, Any]) -> datetime:
    return datetime.fromtimestamp(record.timestamp / 1000, UTC)
