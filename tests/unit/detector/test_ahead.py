"""Work that is begun for the event that comes next: taken when it comes, thrown away when another does."""

from __future__ import annotations

import asyncio

import pytest
from structlog.contextvars import bound_contextvars, get_contextvars

from services.detector import ahead as module
from services.detector.ahead import Ahead


class Queue:
    """What comes next, and what is done for it."""

    def __init__(self, *coming: str) -> None:
        self.coming = list(coming)
        self.asked = 0
        self.begun: list[str] = []
        self.stopped: list[str] = []
        self.failing: set[str] = set()
        self.fields: dict[str, object] = {}
        self.done = asyncio.Event()

    async def upcoming(self) -> str | None:
        self.asked += 1
        if self.coming == ["nobody knows"]:
            raise ConnectionError("no broker")
        return self.coming[0] if self.coming else None

    async def work(self, event: str) -> str:
        self.begun.append(event)
        self.fields = get_contextvars()
        try:
            await self.done.wait()
            if event in self.failing:
                raise ValueError(event)
        except asyncio.CancelledError:
            self.stopped.append(event)
            raise
        return f"result of {event}"


async def a_moment() -> None:
    for _ in range(10):
        await asyncio.sleep(0)


async def test_the_work_is_there_when_its_event_comes() -> None:
    queue = Queue("two")
    with bound_contextvars(service="detector"):
        ahead = Ahead(queue.upcoming, queue.work)
        with bound_contextvars(segment="one"):
            ahead.begin()
    await a_moment()
    assert (queue.begun, queue.fields) == (["two"], {"service": "detector"}), "nothing is said of the event before"
    working = await ahead.take("two")
    assert working is not None and not working.done()
    queue.done.set()
    assert await working == "result of two"
    assert await ahead.take("two") is None, "it is given once"


async def test_it_is_begun_once_and_again_when_it_was_taken() -> None:
    queue = Queue("two")
    ahead = Ahead(queue.upcoming, queue.work)
    ahead.begin()
    ahead.begin()
    await a_moment()
    assert queue.asked == 1
    taken = await ahead.take("two")
    queue.coming = ["three"]
    ahead.begin()
    await a_moment()
    assert queue.begun == ["two", "three"]
    queue.done.set()
    third = await ahead.take("three")
    assert taken is not None and third is not None
    assert await asyncio.gather(taken, third) == ["result of two", "result of three"]


async def test_when_another_event_comes_the_work_ends_first() -> None:
    queue = Queue("two")
    ahead = Ahead(queue.upcoming, queue.work)
    ahead.begin()
    await a_moment()
    assert await ahead.take("seven") is None
    assert queue.stopped == ["two"]


@pytest.mark.parametrize("coming", [(), ("nobody knows",)])
async def test_without_a_next_event_nothing_is_begun(coming: tuple[str, ...]) -> None:
    queue = Queue(*coming)
    ahead = Ahead(queue.upcoming, queue.work)
    assert await ahead.take("two") is None
    ahead.begin()
    await a_moment()
    assert (await ahead.take("two"), queue.begun) == (None, [])
    queue.coming = ["two"]
    ahead.begin()
    assert await ahead.take("two") is not None, "the next time it is known"
    queue.done.set()


async def test_what_has_failed_before_its_turn_is_begun_anew() -> None:
    queue = Queue("two")
    queue.failing = {"two"}
    queue.done.set()
    ahead = Ahead(queue.upcoming, queue.work)
    ahead.begin()
    await a_moment()
    assert await ahead.take("two") is None


async def test_what_fails_in_its_turn_fails_the_event() -> None:
    queue = Queue("two")
    queue.failing = {"two"}
    ahead = Ahead(queue.upcoming, queue.work)
    ahead.begin()
    working = await ahead.take("two")
    queue.done.set()
    assert working is not None
    with pytest.raises(ValueError, match="two"):
        await working


async def test_what_nobody_takes_ends_and_is_begun_again_when_it_is_next(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "UNCLAIMED_S", 0.05)
    queue = Queue("two")
    ahead = Ahead(queue.upcoming, queue.work)
    ahead.begin()
    await asyncio.sleep(0.1)
    assert queue.stopped == ["two"]
    assert await ahead.take("two") is None
    ahead.begin()
    await a_moment()
    working = await ahead.take("two")
    await asyncio.sleep(0.1)
    queue.done.set()
    assert working is not None and await working == "result of two", "what was taken is let be"


async def test_a_service_that_stops_does_not_wait_for_who_says_what_comes_next() -> None:
    async def hangs() -> str:
        await asyncio.sleep(60)
        return "two"

    queue = Queue()
    ahead = Ahead(hangs, queue.work)
    running = asyncio.create_task(ahead.until_stopped())
    ahead.begin()
    await a_moment()
    running.cancel()
    await asyncio.wait_for(asyncio.gather(running, return_exceptions=True), 1.0)
    assert queue.begun == []


@pytest.mark.parametrize("is_known", [True, False])
async def test_a_service_that_stops_ends_what_nobody_took_and_begins_nothing(is_known: bool) -> None:
    queue = Queue(*(["two"] if is_known else []))
    ahead = Ahead(queue.upcoming, queue.work)
    running = asyncio.create_task(ahead.until_stopped())
    ahead.begin()
    await a_moment()
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    await a_moment()
    assert queue.stopped == (["two"] if is_known else [])
    queue.coming = ["three"]
    ahead.begin()
    await a_moment()
    assert "three" not in queue.begun
