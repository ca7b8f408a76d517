"""A consumer without messages asks for them less often, and as often as before when one has come."""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import Callable
from contextlib import suppress
from types import SimpleNamespace
from typing import Any

import pytest
from aiokafka import ConsumerRecord, TopicPartition
from aiokafka.consumer.fetcher import Fetcher

from chassis.kafka import fair_consumer
from chassis.kafka.ends import Positions
from chassis.kafka.fair_consumer import CALM_AFTER_S, CALM_WAIT_MS, LOOK_EVERY_S, LULL_LOOK_S, FairConsumer, _Kept


class FetcherOfNothing(SimpleNamespace):
    async def close(self) -> None:
        """Nothing is open."""


class ClientOfNothing(FetcherOfNothing):
    """A client without a connection."""


def a_record() -> ConsumerRecord[bytes, bytes]:
    return ConsumerRecord("topic", 0, 0, 0, 0, None, b"", None, 0, 0, ())


async def test_the_longest_wait_grows_in_a_calm_and_is_short_again_after_a_message(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(fair_consumer, "CALM_AFTER_S", 0.05)
    consumer = FairConsumer("topic", fetch_max_wait_ms=20)
    fetcher = FetcherOfNothing(_fetch_max_wait_ms=20, _fetcher_timeout=LOOK_EVERY_S)
    consumer._fetcher = fetcher
    consumer._noted(a_record())
    assert (fetcher._fetch_max_wait_ms, fetcher._fetcher_timeout) == (20, LOOK_EVERY_S)
    await asyncio.sleep(0.2)
    assert (fetcher._fetch_max_wait_ms, fetcher._fetcher_timeout) == (CALM_WAIT_MS, CALM_WAIT_MS / 1000)
    consumer._noted(a_record())
    assert (fetcher._fetch_max_wait_ms, fetcher._fetcher_timeout) == (20, LOOK_EVERY_S)
    await consumer.stop()
    await asyncio.sleep(0.2)
    assert fetcher._fetch_max_wait_ms == 20, "a consumer that was stopped changes nothing any more"


async def test_who_waits_longer_than_that_anyway_goes_on_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fair_consumer, "CALM_AFTER_S", 0.0)
    consumer = FairConsumer("topic", fetch_max_wait_ms=900)
    consumer._fetcher = SimpleNamespace(_fetch_max_wait_ms=900)
    consumer._noted(a_record())
    await asyncio.sleep(0.02)
    assert consumer._fetcher._fetch_max_wait_ms == 900


def test_the_fetcher_reads_the_numbers_that_are_set() -> None:
    assert {"_fetch_max_wait_ms", "_fetcher_timeout"} <= set(Fetcher._get_actions_per_node.__code__.co_names)
    assert inspect.signature(Fetcher).parameters["fetcher_timeout"].default == LOOK_EVERY_S


HERE, THERE = TopicPartition("topic", 0), TopicPartition("topic", 1)


class Looking:
    """A consumer of two partitions that looks for news by itself, without a broker; what it does is noted."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.has_messages = False
        self.watched: list[tuple[str, int, Positions]] = []
        self.every_s: list[float] = []
        self.is_wanted: Callable[[], bool] | None = None
        self.answer, self.news = asyncio.Event(), asyncio.Event()
        self.answer.set()
        self.states = {
            place: SimpleNamespace(has_valid_position=True, paused=False, position=5) for place in (HERE, THERE)
        }
        self.assignment = SimpleNamespace(tps=frozenset(self.states), state_value=self.states.get, active=True)
        self.consumer = FairConsumer("topic", fetch_max_wait_ms=20, look_every_s=0.22)
        self.consumer._fetcher = FetcherOfNothing(_fetch_max_wait_ms=20, _fetcher_timeout=LOOK_EVERY_S)
        broker = SimpleNamespace(host="broker", port=9092)
        self.consumer._client = ClientOfNothing(cluster=SimpleNamespace(broker_metadata=lambda _node: broker))
        monkeypatch.setattr(fair_consumer, "until_news", self._until_news)

    async def _until_news(
        self, host: str, port: int, positions: Positions, *, every_s: float, is_wanted: Callable[[], bool]
    ) -> None:
        self.watched.append((host, port, positions))
        self.every_s.append(every_s)
        self.is_wanted = is_wanted
        await self.news.wait()

    def asking(self, *partitions: TopicPartition, at: int = 5) -> asyncio.Task[bool]:
        """What the fetcher does with a request for these partitions."""

        async def fetch(*_request: Any) -> bool:
            with suppress(asyncio.CancelledError):  # as aiokafka's does
                await self.answer.wait()
            return self.has_messages

        request = SimpleNamespace(topics=[("topic", [(place.partition, at, 1024) for place in partitions])])
        return asyncio.create_task(self.consumer._fetch_and_rest(fetch, self.assignment, 1, request))


async def test_in_a_calm_it_asks_only_when_there_is_news(monkeypatch: pytest.MonkeyPatch) -> None:
    looking = Looking(monkeypatch)
    looking.consumer._become_calm()
    fetcher = looking.consumer._fetcher
    assert (fetcher._fetch_max_wait_ms, fetcher._fetcher_timeout) == (20, CALM_AFTER_S)
    asking = looking.asking(HERE, THERE)
    await asyncio.sleep(0.1)
    assert looking.watched == [("broker", 9092, {HERE: 5, THERE: 5})] and not asking.done()
    looking.news.set()
    assert await asking is False, "the fetcher asks anew, and has the messages then"
    looking.has_messages = True
    assert await looking.asking(HERE, THERE) is True
    assert len(looking.watched) == 1


async def test_in_a_lull_it_looks_by_itself_soon_and_less_often_when_that_lasts(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(fair_consumer, "LULL_AFTER_S", 0.02)
    monkeypatch.setattr(fair_consumer, "CALM_AFTER_S", 0.2)
    looking = Looking(monkeypatch)
    looking.consumer._noted(a_record())
    assert await looking.asking(HERE, THERE) is False and not looking.watched, "the next message often comes soon"
    await asyncio.sleep(0.1)
    asking = looking.asking(HERE, THERE)
    await asyncio.sleep(0.01)
    assert looking.every_s == [LULL_LOOK_S]
    assert looking.is_wanted is not None and looking.is_wanted()
    await asyncio.sleep(0.2)
    assert not looking.is_wanted(), "it is watched at the pace of the lull no longer"
    looking.news.set()
    await asking
    await looking.asking(HERE, THERE)
    assert looking.every_s == [LULL_LOOK_S, 0.22]
    await looking.consumer.stop()


async def test_it_asks_for_messages_now_and_then_whatever_is_said_of_the_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fair_consumer, "LONGEST_REST_S", 0.05)
    looking = Looking(monkeypatch)
    looking.consumer._become_calm()
    assert await asyncio.wait_for(looking.asking(HERE, THERE), 1.0) is False
    assert len(looking.watched) == 1


async def test_with_work_it_asks_as_it_always_did(monkeypatch: pytest.MonkeyPatch) -> None:
    looking = Looking(monkeypatch)
    looking.consumer._become_calm()
    looking.consumer._noted(a_record())
    fetcher = looking.consumer._fetcher
    assert (fetcher._fetch_max_wait_ms, fetcher._fetcher_timeout) == (20, LOOK_EVERY_S)
    assert await looking.asking(HERE, THERE) is False
    assert not looking.watched
    await looking.consumer.stop()


@pytest.mark.parametrize("why", ["one partition has messages left", "one is paused", "one has no position", "moved"])
async def test_news_is_not_watched_for_where_something_else_is_wanted_than_was_asked_for(
    monkeypatch: pytest.MonkeyPatch, why: str
) -> None:
    looking = Looking(monkeypatch)
    looking.consumer._become_calm()
    there = looking.states[THERE]
    asked: tuple[TopicPartition, ...] = (HERE, THERE)
    match why:
        case "one partition has messages left":
            asked = (HERE,)
        case "one is paused":
            there.paused = True
        case "one has no position":
            there.has_valid_position = False
        case _:
            there.position = 4
    begun = asyncio.get_running_loop().time()
    assert await looking.asking(*asked) is False
    assert not looking.watched
    assert asyncio.get_running_loop().time() - begun >= 0.04, "without a pause it would ask again at once"


async def test_a_watch_is_not_wanted_any_more_when_a_message_is_to_be_read_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    looking = Looking(monkeypatch)
    looking.consumer._become_calm()
    asking = looking.asking(HERE, THERE)
    await asyncio.sleep(0.02)
    assert looking.is_wanted is not None and looking.is_wanted()
    looking.states[HERE].position = 4
    assert not looking.is_wanted()
    looking.states[HERE].position = 5
    looking.assignment.active = False
    assert not looking.is_wanted()
    asking.cancel()
    assert await asking is False, "aiokafka's fetcher awaits what it has cancelled"


async def test_a_request_that_is_cancelled_is_not_followed_by_a_watch(monkeypatch: pytest.MonkeyPatch) -> None:
    looking = Looking(monkeypatch)
    looking.consumer._become_calm()
    looking.answer = asyncio.Event()
    asking = looking.asking(HERE, THERE)
    await asyncio.sleep(0.02)
    asking.cancel()
    assert await asyncio.wait_for(asking, 1.0) is False, "a consumer that stops waits for it"
    assert not looking.watched


async def test_what_was_seen_ahead_is_not_given_while_its_partition_may_go_to_another_consumer() -> None:
    consumer = FairConsumer("topic")
    consumer._fetcher = FetcherOfNothing(_records={})
    subscription = consumer._subscription
    subscription.subscribe(topics={"topic"})
    subscription.assign_from_subscribed([HERE])
    subscription.subscription.assignment.state_value(HERE).seek(1)
    kept = consumer._kept = _Kept(a_record(), consumer._assignment())
    assert consumer._take_kept() is kept.record
    subscription.begin_reassignment()
    consumer._kept = kept
    assert consumer._take_kept() is None
    subscription.assign_from_subscribed([HERE])
    subscription.subscription.assignment.state_value(HERE).seek(1)
    consumer._kept = kept
    assert consumer._take_kept() is None, "it is read again from what was committed"


def test_a_request_is_handled_where_this_consumer_says() -> None:
    assert "_proc_fetch_request" in Fetcher._fetch_requests_routine.__code__.co_names
    assert list(inspect.signature(Fetcher._proc_fetch_request).parameters) == [
        "self",
        "assignment",
        "node_id",
        "request",
    ]
