"""A message that ends the processes that handle it is given up after as many tries as any other, and holds up nobody."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from aiokafka import ConsumerRecord, TopicPartition
from hypothesis import given
from hypothesis import strategies as st
from pymongo.errors import AutoReconnect

from chassis.errors import DependencyUnavailable, WorkerDied
from chassis.kafka.delivery import Delivery
from chassis.kafka.tries import Tried
from chassis.settings import KafkaSettings
from contracts.events import EpisodeProgress
from tests.unit.chassis.kafka.test_delivery import Consumer, record

MAX_TRIES = 3
Record = ConsumerRecord


class Killed(BaseException):
    """The process has ended: nothing that comes after it in the code happens."""


class Kept:
    """Attempts as MongoDB keeps them; counts reads and writes."""

    def __init__(self) -> None:
        self.read_for: list[int] = []
        self.known: dict[tuple[str, int, int], Tried] = {}
        self.asked = 0
        self.is_away = False

    async def read(self, given: ConsumerRecord[Any, Any]) -> Tried:
        self._ask()
        self.read_for.append(given.offset)
        return self.known.get(_place(given), Tried())

    async def write(self, given: ConsumerRecord[Any, Any], tried: Tried) -> None:
        self._ask()
        if tried.tries:
            self.known[_place(given)] = tried
        else:
            self.known.pop(_place(given), None)

    def _ask(self) -> None:
        if self.is_away:
            raise AutoReconnect("away")
        self.asked += 1


class Service:
    """Processes that handle messages, one after the other; each `start` is a new one."""

    def __init__(self, attempts: Kept) -> None:
        self.attempts = attempts
        self.consumer = Consumer()
        self.handled: list[int] = []
        self.dead: list[int] = []
        self.failed: list[BaseException] = []
        self.start()

    def start(self, *partitions: int) -> None:
        settings = KafkaSettings(max_tries=MAX_TRIES, backoff_first_s=60.0, backoff_max_s=60.0)
        self.delivery = Delivery(settings, give_up=self._give_up, fail_episode=self._fail, attempts=self.attempts)
        self.consumer.paused.clear()
        self.delivery.tries.assigned([TopicPartition("segment.ready", number) for number in partitions])

    async def take(self, given: ConsumerRecord[Any, Any], outcome: BaseException | None = None) -> bool:
        """Lets the handler end so; False where the process is gone then."""

        async def handle(_record: ConsumerRecord[Any, Any]) -> None:
            self.handled.append(given.offset)
            if outcome is not None:
                raise outcome

        try:
            await self.delivery.process(given, self.consumer, handle)
        except (Killed, asyncio.CancelledError) as end:
            self.delivery.close()
            self.start()
            return isinstance(end, asyncio.CancelledError)
        return True

    async def _give_up(self, given: ConsumerRecord[Any, Any], error: BaseException, _attempts: int) -> None:
        self.dead.append(given.offset)

    async def _fail(self, given: ConsumerRecord[Any, Any], error: BaseException, _attempts: int) -> None:
        self.failed.append(error)


@pytest.fixture
def service() -> Service:
    return Service(Kept())


async def test_a_message_that_kills_every_worker_is_given_up_and_the_next_is_handled(service: Service) -> None:
    for _ in range(20):
        await service.take(record(5), Killed())
        if service.dead:
            break
        # The worker that has started again puts it off first: others come before it.
    assert service.handled == [5] * MAX_TRIES
    assert service.dead == [5]
    assert [type(error) for error in service.failed] == [WorkerDied]
    assert getattr(service.failed[0], "code", None) == "worker_crashed"
    assert service.attempts.known == {}
    await service.take(record(6))
    assert service.handled[-1] == 6
    assert service.consumer.committed[TopicPartition("segment.ready", 0)] == 7


async def test_a_worker_that_starts_again_does_not_begin_with_what_ended_the_last_one(service: Service) -> None:
    await service.take(record(5), Killed())
    await service.take(record(5))
    assert service.handled == [5], "put off"
    assert TopicPartition("segment.ready", 0) in service.consumer.paused
    await service.take(record(8, partition=1))
    assert service.handled == [5, 8], "another show does not wait"
    await service.take(record(5))
    assert service.handled == [5, 8, 5]
    assert service.attempts.known == {}


async def test_messages_behind_one_that_was_settled_are_not_looked_up(service: Service) -> None:
    await service.take(record(5))
    read = [*service.attempts.read_for]
    for offset in range(6, 60):
        await service.take(record(offset))
    assert service.attempts.read_for == read
    assert service.attempts.known == {}
    service.delivery.tries.assigned([TopicPartition("segment.ready", 0)])
    await service.take(record(60))
    assert service.attempts.read_for == [*read, 60], "after a rebalance others may have tried it"


async def test_notes_of_progress_behind_one_that_was_settled_cost_nothing(service: Service) -> None:
    await service.take(record(5, topic=EpisodeProgress.TOPIC))
    asked = service.attempts.asked
    for offset in range(6, 60):
        await service.take(record(offset, topic=EpisodeProgress.TOPIC))
    assert service.attempts.asked == asked


@pytest.mark.parametrize(("topic", "more"), [("segment.ready", 0), (EpisodeProgress.TOPIC, 1)])
async def test_a_message_in_the_middle_ends_no_more_workers_than_any_other(
    service: Service, topic: str, more: int
) -> None:
    await service.take(record(5, topic=topic))
    for _ in range(20):
        await service.take(record(6, topic=topic), Killed())
        if service.dead:
            break
    assert service.handled == [5] + [6] * (MAX_TRIES + more)


async def test_waiting_for_a_dependency_and_being_told_to_stop_are_no_tries(service: Service) -> None:
    for _ in range(10):
        assert await service.take(record(5), DependencyUnavailable("triton", "away"))
        assert await service.take(record(5), asyncio.CancelledError())
    assert service.dead == []
    assert service.attempts.known == {}
    await service.take(record(5))
    assert service.consumer.committed[TopicPartition("segment.ready", 0)] == 6


async def test_defects_are_counted_over_restarts(service: Service) -> None:
    for number in range(MAX_TRIES):
        await service.take(record(5), ValueError(number))
        service.delivery.close()
        service.start()
    assert service.dead == [5]
    assert [str(error) for error in service.failed] == [str(MAX_TRIES - 1)], "the error itself, not that a worker died"


async def test_what_cannot_be_counted_is_not_tried(service: Service) -> None:
    service.attempts.is_away = True
    await service.take(record(5))
    assert service.handled == []
    assert service.delivery.away.keys() == {"mongo"}
    service.attempts.is_away = False
    await service.take(record(5))
    assert service.handled == [5]
    service.delivery.close()


async def test_another_message_at_the_same_place_has_its_own_tries(service: Service) -> None:
    """After the broker came back empty, offsets begin anew; the store tells messages apart."""
    await service.take(record(5), ValueError("x"))
    await service.take(record(7))
    assert service.handled == [5, 7]
    assert service.dead == []


OUTCOMES = st.sampled_from(["done", "defect", "killed", "away", "stopped", "restart"])


@given(st.lists(OUTCOMES, max_size=30))
def test_no_message_is_tried_more_often_than_allowed_or_given_up_earlier(outcomes: list[str]) -> None:
    asyncio.run(_tried(outcomes))


async def _tried(outcomes: list[str]) -> None:
    service = Service(Kept())
    bad = 0
    for outcome in outcomes:
        if service.dead or TopicPartition("segment.ready", 0) in service.consumer.committed:
            break
        tried = len(service.handled)
        error: dict[str, BaseException | None] = {
            "defect": ValueError("x"),
            "killed": Killed(),
            "away": DependencyUnavailable("s3", "x"),
            "stopped": asyncio.CancelledError(),
        }
        if outcome == "restart":
            service.delivery.close()
            service.start()
            continue
        await service.take(record(5), error.get(outcome))
        if len(service.handled) > tried:
            bad += outcome in {"defect", "killed"}
        assert bad <= MAX_TRIES
        assert not service.dead or bad == MAX_TRIES
    service.delivery.close()


def _place(given: ConsumerRecord[Any, Any]) -> tuple[str, int, int]:
    return given.topic, given.partition, given.offset
