"""The decisions of delivery that need no broker."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from typing import Any

import pytest
import structlog
from aiokafka import ConsumerRecord, TopicPartition
from aiokafka.errors import IllegalStateError, KafkaTimeoutError, MessageSizeTooLargeError
from pymongo.errors import AutoReconnect, DuplicateKeyError, NetworkTimeout, ServerSelectionTimeoutError
from structlog.testing import capture_logs
from structlog.typing import EventDict

from chassis.backoff import backoff
from chassis.errors import BadInput, DependencyUnavailable
from chassis.kafka.delivery import MAX_HEADER_BYTES, Delivery, Kind, bounded, classify, dead_letter_headers
from chassis.s3.storage import ObjectMissing
from chassis.settings import KafkaSettings
from contracts.envelope import InvalidEvent


def record(
    offset: int = 5,
    partition: int = 0,
    headers: tuple[tuple[str, bytes], ...] = (),
    topic: str = "segment.ready",
) -> ConsumerRecord[Any, Any]:
    return ConsumerRecord(
        topic=topic,
        partition=partition,
        offset=offset,
        timestamp=0,
        timestamp_type=0,
        key=b"k",
        value=b"v",
        checksum=None,
        serialized_key_size=1,
        serialized_value_size=1,
        headers=headers,
    )


class Consumer:
    """Keeps note of what a delivery asks of its consumer; partitions can be taken away."""

    def __init__(self) -> None:
        self.positions: dict[TopicPartition, int] = {}
        self.paused: set[TopicPartition] = set()
        self.committed: dict[TopicPartition, int] = {}
        self.revoked: set[TopicPartition] = set()

    def seek(self, partition: TopicPartition, offset: int) -> None:
        self._check(partition)
        self.positions[partition] = offset

    def pause(self, partition: TopicPartition) -> None:
        self._check(partition)
        self.paused.add(partition)

    def resume(self, partition: TopicPartition) -> None:
        self._check(partition)
        self.paused.discard(partition)

    async def commit(self, offsets: dict[TopicPartition, int]) -> None:
        for partition in offsets:
            self._check(partition)
        self.committed |= offsets

    def _check(self, partition: TopicPartition) -> None:
        if partition in self.revoked:
            raise IllegalStateError("not assigned")


@pytest.fixture
def log_lines() -> Iterator[list[EventDict]]:
    """What is logged, also below the level that tests show."""
    usual = structlog.get_config()["wrapper_class"]
    structlog.configure(wrapper_class=structlog.BoundLogger)
    with capture_logs() as lines:
        yield lines
    structlog.configure(wrapper_class=usual)


class Outcomes:
    """What a delivery told others."""

    def __init__(self) -> None:
        self.dead: list[int] = []
        self.failed: list[int] = []
        self.kafka_is_away = False

    async def give_up(self, given: ConsumerRecord[Any, Any], _error: BaseException, _attempts: int) -> None:
        if self.kafka_is_away:
            raise DependencyUnavailable("kafka", "away")
        self.dead.append(given.offset)

    async def fail(self, given: ConsumerRecord[Any, Any], _error: BaseException, _attempts: int) -> None:
        if self.kafka_is_away:
            raise DependencyUnavailable("kafka", "away")
        self.failed.append(given.offset)


def delivery(outcomes: Outcomes, *, backoff_s: float = 60.0) -> Delivery:
    settings = KafkaSettings(max_tries=2, backoff_first_s=backoff_s, backoff_max_s=backoff_s)
    return Delivery(settings, give_up=outcomes.give_up, fail_episode=outcomes.fail)


async def process(
    subject: Delivery, consumer: Consumer | Newcomer, given: ConsumerRecord[Any, Any], error: Exception | None
) -> None:
    async def handle(_record: ConsumerRecord[Any, Any]) -> None:
        if error is not None:
            raise error

    await subject.process(given, consumer, handle)


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (InvalidEvent("schema", "x"), Kind.INVALID),
        (BadInput("not_a_video", "x"), Kind.BAD_INPUT),
        (ObjectMissing("s3://b/k"), Kind.BAD_INPUT),
        (DependencyUnavailable("triton", "x"), Kind.DEPENDENCY),
        (AutoReconnect("x"), Kind.DEPENDENCY),
        (NetworkTimeout("x"), Kind.DEPENDENCY),
        (ServerSelectionTimeoutError("x"), Kind.DEPENDENCY),
        (KafkaTimeoutError(), Kind.DEPENDENCY),
        (MessageSizeTooLargeError(), Kind.DEFECT),
        (DuplicateKeyError("x"), Kind.DEFECT),
        (ValueError("x"), Kind.DEFECT),
        (TimeoutError(), Kind.DEFECT),
    ],
)
def test_errors_are_told_apart(error: Exception, kind: Kind) -> None:
    assert classify(error) is kind


def test_the_pause_doubles_up_to_a_limit_and_jitter_takes_at_most_half() -> None:
    pauses = [backoff(attempt, first_s=0.5, max_s=15.0, jitter=0.0) for attempt in range(1, 8)]
    assert pauses == [0.5, 1.0, 2.0, 4.0, 8.0, 15.0, 15.0]
    assert backoff(10_000, first_s=0.5, max_s=15.0, jitter=1.0) == 7.5


@pytest.mark.parametrize("text", ["x" * 600, "é" * 600, "a" + "é" * 600, "\ud800" * 600, ""])
def test_headers_are_bounded_and_stay_text(text: str) -> None:
    made = bounded(text)
    assert len(made) <= MAX_HEADER_BYTES
    made.decode("utf-8")
    assert len(text) < 600 or len(made) > MAX_HEADER_BYTES - 4


def test_a_dead_letter_of_a_replayed_message_speaks_of_the_last_failure_only() -> None:
    given = record(headers=(("ce_id", b"1"), ("dlq-error", b"Older"), ("x", b"\xff")))
    headers = dead_letter_headers(given, service="detector", error=ValueError("newer"), attempts=2)
    assert headers[:2] == [("ce_id", b"1"), ("x", b"\xff")]
    assert [value for name, value in headers if name == "dlq-error"] == [b"ValueError"]


async def test_a_message_put_off_is_rewound_to_and_its_partition_paused_until_the_timer_ends() -> None:
    outcomes, consumer = Outcomes(), Consumer()
    subject, place = delivery(outcomes, backoff_s=0.02), TopicPartition("segment.ready", 0)
    await process(subject, consumer, record(5), DependencyUnavailable("s3", "x"))
    assert (consumer.positions, consumer.paused, consumer.committed) == ({place: 5}, {place}, {})
    async with asyncio.timeout(5):
        while consumer.paused:
            await asyncio.sleep(0.01)
    subject.close()


async def test_readiness_names_a_dependency_until_nothing_waits_for_it() -> None:
    outcomes, consumer = Outcomes(), Consumer()
    subject = delivery(outcomes)
    await process(subject, consumer, record(5, partition=0), DependencyUnavailable("triton", "x"))
    await process(subject, consumer, record(9, partition=1), DependencyUnavailable("s3", "y"))
    assert set(subject.away) == {"triton", "s3"}
    await process(subject, consumer, record(7, partition=2), None)
    assert set(subject.away) == {"triton", "s3"}, "another partition's success says nothing about them"
    await process(subject, consumer, record(5, partition=0), BadInput("unreadable", "x"))
    assert set(subject.away) == {"s3"}
    await process(subject, consumer, record(9, partition=1), None)
    assert subject.away == {}
    subject.close()


async def test_a_partition_taken_away_is_forgotten() -> None:
    outcomes, consumer = Outcomes(), Consumer()
    subject = delivery(outcomes, backoff_s=0.02)
    await process(subject, consumer, record(5), DependencyUnavailable("triton", "x"))
    consumer.revoked.add(TopicPartition("segment.ready", 0))
    async with asyncio.timeout(5):
        while subject.away:
            await asyncio.sleep(0.01)
    await process(subject, consumer, record(5), DependencyUnavailable("triton", "x"))
    assert subject.away == {}
    await process(subject, consumer, record(5), None)
    assert consumer.committed == {}


async def test_an_older_timer_does_not_end_a_newer_pause() -> None:
    outcomes, consumer = Outcomes(), Consumer()
    subject, place = delivery(outcomes), TopicPartition("segment.ready", 0)
    await process(subject, consumer, record(5), DependencyUnavailable("s3", "x"))
    older = subject._timers[place]
    consumer.paused.clear()  # a rebalance brings the partition back without its pause
    await process(subject, consumer, record(5), DependencyUnavailable("s3", "x"))
    assert older.cancelled()
    assert consumer.paused == {place}
    subject.close()
    assert subject._timers == {}


async def test_a_message_stays_while_kafka_does_not_take_its_dead_letter() -> None:
    outcomes, consumer = Outcomes(), Consumer()
    subject = delivery(outcomes)
    outcomes.kafka_is_away = True
    await process(subject, consumer, record(5), InvalidEvent("schema", "x"))
    assert (consumer.committed, set(subject.away)) == ({}, {"kafka"})
    outcomes.kafka_is_away = False
    await process(subject, consumer, record(5), InvalidEvent("schema", "x"))
    assert outcomes.dead == [5]
    assert consumer.committed == {TopicPartition("segment.ready", 0): 6}
    assert subject.away == {}


async def test_every_message_has_its_own_tries() -> None:
    outcomes, consumer = Outcomes(), Consumer()
    subject = delivery(outcomes)
    for offset in (5, 6):
        await process(subject, consumer, record(offset), ValueError("x"))
        assert offset not in outcomes.dead
        await process(subject, consumer, record(offset), ValueError("x"))
    assert outcomes.dead == outcomes.failed == [5, 6]
    subject.close()


async def test_cancellation_settles_nothing() -> None:
    outcomes, consumer = Outcomes(), Consumer()
    subject = delivery(outcomes)

    async def handle(_record: ConsumerRecord[Any, Any]) -> None:
        raise asyncio.CancelledError

    with pytest.raises(asyncio.CancelledError):
        await subject.process(record(5), consumer, handle)
    assert (consumer.committed, consumer.positions, outcomes.dead) == ({}, {}, [])


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (DependencyUnavailable("triton", "away"), "dependency away, message put off"),
        (ValueError("x"), "handler failed, message put off"),
        (BadInput("not_a_video", "x"), "message given up"),
    ],
)
async def test_log_lines_about_a_failure_say_what_the_message_is_about(
    error: Exception, said: str, log_lines: list[EventDict]
) -> None:
    outcomes = Outcomes()
    settings = KafkaSettings(max_tries=2, backoff_first_s=60.0, backoff_max_s=60.0)
    subject = Delivery(
        settings,
        give_up=outcomes.give_up,
        fail_episode=outcomes.fail,
        describe=lambda given: {"ep_id": "show-s01e01", "segment": given.offset},
    )
    await process(subject, Consumer(), record(offset=7), error)
    assert [(line["event"], line["ep_id"], line["segment"], line["offset"]) for line in log_lines] == [
        (said, "show-s01e01", 7, 7)
    ]


class Newcomer:
    """Of a group that has a place in `known` alone; the broker says where partitions begin when it is let."""

    def __init__(self, beginnings: dict[TopicPartition, int], known: set[TopicPartition]) -> None:
        self.revoked: set[TopicPartition] = set()
        self.beginnings = beginnings
        self.known = known
        self.commits: list[tuple[TopicPartition, int]] = []
        self.may_answer = asyncio.Event()

    async def committed(self, partition: TopicPartition) -> int | None:
        return 40 if partition in self.known else None

    async def beginning_offsets(self, partitions: list[TopicPartition]) -> dict[TopicPartition, int]:
        await self.may_answer.wait()
        return {partition: self.beginnings[partition] for partition in partitions}

    async def commit(self, offsets: dict[TopicPartition, int]) -> None:
        if self.revoked & offsets.keys():
            raise IllegalStateError("not assigned")
        self.commits += offsets.items()


def places(*numbers: int) -> list[TopicPartition]:
    return [TopicPartition("segment.ready", number) for number in numbers]


async def test_a_group_without_a_place_gets_one_where_the_partition_begins_and_keeps_those_it_has() -> None:
    first, second, third = places(0, 1, 2)
    consumer = Newcomer({first: 30, third: 0}, known={second})
    consumer.may_answer.set()
    await delivery(Outcomes()).commit_beginnings([first, second, third], consumer)
    assert consumer.commits == [(first, 30), (third, 0)]


async def test_a_place_is_never_put_back_behind_a_message_that_was_handled_meanwhile() -> None:
    first, second = places(0, 1)
    subject, consumer = delivery(Outcomes()), Newcomer({first: 5, second: 5}, known=set())
    beginnings = asyncio.create_task(subject.commit_beginnings([first, second], consumer))
    await asyncio.sleep(0)
    await process(subject, consumer, record(offset=5, partition=0), None)
    consumer.may_answer.set()
    await beginnings
    assert consumer.commits == [(first, 6), (second, 5)]


async def test_a_partition_that_was_taken_away_meanwhile_gets_no_place_here() -> None:
    (first,) = places(0)
    consumer = Newcomer({first: 5}, known=set())
    consumer.revoked.add(first)
    consumer.may_answer.set()
    await delivery(Outcomes()).commit_beginnings([first], consumer)
    assert consumer.commits == []
