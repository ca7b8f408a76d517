"""Watching the ends of partitions, on a broker of a few lines that answers what the test says."""

from __future__ import annotations

import asyncio
import struct
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from io import BytesIO

import pytest
from aiokafka import TopicPartition
from aiokafka.protocol.offset import OffsetRequest_v1, OffsetResponse_v1

from chassis.kafka import ends as subject
from chassis.kafka.ends import until_news

FIRST, SECOND, OTHER = TopicPartition("a", 0), TopicPartition("a", 1), TopicPartition("b", 0)
EVERY_S = 0.02


class Broker:
    """Says the ends it is told to."""

    def __init__(self) -> None:
        self.ends = {FIRST: 7, SECOND: 0, OTHER: 3}
        self.errors: dict[TopicPartition, int] = {}
        self.is_silent = False
        self.sends_pieces = False
        self.hangs_up = False
        self.questions = 0
        self.connections = 0
        self.port = 0

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        try:
            while not self.hangs_up:
                (length,) = struct.unpack(">i", await reader.readexactly(4))
                question = BytesIO(await reader.readexactly(length))
                number = _number(question)
                asked = OffsetRequest_v1.decode(question).topics
                assert {(topic, number) for topic, parts in asked for number, _ in parts} == set(self.ends)
                assert {time for _, parts in asked for _, time in parts} == {-1}, "the end is asked for"
                self.questions += 1
                if not self.is_silent:
                    await self._answer(writer, number)
        except asyncio.IncompleteReadError:
            pass
        finally:
            writer.close()

    async def _answer(self, writer: asyncio.StreamWriter, correlation_id: int) -> None:
        topics = [
            (
                topic,
                [
                    (place.partition, self.errors.get(place, 0), -1, end)
                    for place, end in self.ends.items()
                    if place.topic == topic
                ],
            )
            for topic in ("a", "b")
        ]
        answer = struct.pack(">i", correlation_id) + OffsetResponse_v1(topics).encode()
        whole = struct.pack(">i", len(answer)) + answer
        for piece in (whole[:2], whole[2:9], whole[9:]) if self.sends_pieces else (whole,):
            writer.write(piece)
            await writer.drain()
            await asyncio.sleep(0.002)


def _number(question: BytesIO) -> int:
    """The number of a question, whose header is read."""
    _key, _version, number, name = struct.unpack(">hhih", question.read(10))
    question.read(name)
    return int(number)


@asynccontextmanager
async def serving(broker: Broker) -> AsyncIterator[None]:
    server = await asyncio.start_server(broker.serve, "127.0.0.1", 0)
    broker.port = server.sockets[0].getsockname()[1]
    async with server:
        yield


async def watch(broker: Broker, *, wanted: bool = True, every_s: float = EVERY_S) -> None:
    here = {FIRST: 7, SECOND: 0, OTHER: 3}
    await until_news("127.0.0.1", broker.port, here, every_s=every_s, is_wanted=lambda: wanted)


async def asked_at_least(broker: Broker, questions: int) -> None:
    while broker.questions < questions:
        await asyncio.sleep(0.005)


@pytest.fixture(autouse=True)
async def bounded() -> AsyncIterator[None]:
    async with asyncio.timeout(20):
        yield


async def test_an_end_that_is_named_too_early_is_no_news_and_one_that_moves_is() -> None:
    broker = Broker()
    broker.ends[FIRST] = 5
    async with serving(broker):
        watching = asyncio.create_task(watch(broker))
        await asked_at_least(broker, 5)
        assert not watching.done()
        broker.ends[FIRST] = 4
        await watching


@pytest.mark.parametrize("sends_pieces", [False, True])
async def test_it_lasts_until_a_partition_has_a_new_end(sends_pieces: bool) -> None:
    broker = Broker()
    broker.sends_pieces = sends_pieces
    async with serving(broker):
        watching = asyncio.create_task(watch(broker))
        await asked_at_least(broker, 5)
        assert not watching.done()
        broker.ends[SECOND] = 1
        await watching
    assert broker.connections == 1


async def test_what_came_before_the_first_question_is_news_but_not_asked_for_at_once() -> None:
    broker = Broker()
    broker.ends[OTHER] = 4
    async with serving(broker):
        begun = asyncio.get_running_loop().time()
        await watch(broker, every_s=0.1)
        assert asyncio.get_running_loop().time() - begun >= 0.09
    assert broker.questions == 1


async def test_an_error_ends_it() -> None:
    broker = Broker()
    async with serving(broker):
        watching = asyncio.create_task(watch(broker))
        await asked_at_least(broker, 2)
        broker.errors[FIRST] = 3
        await watching


async def test_it_ends_when_nobody_wants_it_any_more() -> None:
    broker = Broker()
    async with serving(broker):
        await watch(broker, wanted=False)
    assert broker.questions == 0


async def test_a_broker_that_does_not_answer_is_not_waited_for_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(subject, "PATIENCE_S", 0.1)
    broker = Broker()
    broker.is_silent = True
    async with serving(broker):
        await watch(broker)
    assert broker.questions == 1, "a second question would come behind the first"


async def test_a_broker_that_is_away_or_hangs_up_costs_the_pause() -> None:
    broker = Broker()
    broker.hangs_up = True
    loop = asyncio.get_running_loop()
    async with serving(broker):
        begun = loop.time()
        await watch(broker, every_s=0.1)
        assert loop.time() - begun >= 0.09
    begun = loop.time()
    await watch(broker, every_s=0.1)
    assert loop.time() - begun >= 0.09


async def test_who_ends_it_leaves_no_connection_and_no_timer() -> None:
    broker = Broker()
    async with serving(broker):
        watching = asyncio.create_task(watch(broker))
        await asked_at_least(broker, 2)
        watching.cancel()
        await asyncio.gather(watching, return_exceptions=True)
        assert watching.cancelled()
        asked = broker.questions
        await asyncio.sleep(5 * EVERY_S)
        assert broker.questions == asked
