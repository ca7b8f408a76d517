"""Doing things again: writes that were overtaken, starts whose servers are away, loops that never end."""

from __future__ import annotations

import asyncio

import pytest

from chassis import retrying
from chassis.errors import Conflict
from chassis.retrying import MOST_TRIES, keep_doing, until_stored, until_there

BUSY = Conflict("busy", "Try again.")


async def test_a_write_that_was_overtaken_is_made_again_and_its_answer_given() -> None:
    answers = iter([None, None, "stored"])

    async def attempt() -> str | None:
        return next(answers)

    assert await until_stored(attempt, busy=BUSY) == "stored"


async def test_a_write_that_is_always_overtaken_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(retrying, "PAUSE_S", 0.0)
    tries: list[None] = []

    async def attempt() -> None:
        tries.append(None)

    with pytest.raises(Conflict, match="Try again"):
        await until_stored(attempt, busy=BUSY)
    assert len(tries) == MOST_TRIES


async def test_an_answer_that_is_empty_is_an_answer() -> None:
    async def attempt() -> int | None:
        return 0

    assert await until_stored(attempt, busy=BUSY) == 0


async def test_a_start_is_tried_until_what_it_needs_is_there(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(retrying, "backoff", lambda *_args, **_kwargs: 0.0)
    missing = [OSError("away"), OSError("away")]

    async def start() -> None:
        if missing:
            raise missing.pop()

    await until_there(start, waiting_for="a server")
    assert not missing


async def test_a_loop_goes_on_after_a_time_that_failed_and_ends_when_it_is_cancelled() -> None:
    times: list[int] = []

    async def work() -> None:
        times.append(len(times))
        if len(times) == 1:
            raise OSError("away")

    loop = asyncio.create_task(keep_doing(work, every_s=0.0, what="a sweep"))
    async with asyncio.timeout(5):
        while len(times) < 3:
            await asyncio.sleep(0)
    loop.cancel()
    with pytest.raises(asyncio.CancelledError):
        await loop


@pytest.mark.parametrize(("found", "calm"), [(0, True), (3, False)])
async def test_a_loop_that_finds_nothing_looks_less_often_after_a_while(
    found: int, calm: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("chassis.retrying.CALM_AFTER_S", 0.05)
    times = 0

    async def work() -> int:
        nonlocal times
        times += 1
        return found

    loop = asyncio.create_task(keep_doing(work, every_s=0.01, what="a sweep", calm_s=60.0))
    await asyncio.sleep(0.3)
    before = times
    await asyncio.sleep(0.3)
    assert (times == before) is calm
    loop.cancel()
