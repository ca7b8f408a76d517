from __future__ import annotations

import asyncio

import pytest

from chassis.cache import Latest, Memo


async def test_a_value_that_several_ask_for_at_once_is_made_once() -> None:
    made = []

    async def make() -> int:
        await asyncio.sleep(0)
        made.append(1)
        return len(made)

    memo: Memo[int] = Memo(2)
    assert await asyncio.gather(*(memo.get("a", make) for _ in range(5))) == [1] * 5
    assert await memo.get("b", make) == 2


async def test_the_value_not_asked_for_longest_is_forgotten() -> None:
    made: list[str] = []
    memo: Memo[str] = Memo(2)

    async def ask(key: str) -> None:
        async def make() -> str:
            made.append(key)
            return key

        await memo.get(key, make)

    for key in ("a", "b", "a", "c", "a", "b"):
        await ask(key)
    assert made == ["a", "b", "c", "b"]


async def test_a_failure_is_told_and_not_remembered() -> None:
    answers: list[Exception | int] = [ValueError("away"), 7]

    async def make() -> int:
        answer = answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer

    memo: Memo[int] = Memo(2)
    with pytest.raises(ValueError, match="away"):
        await memo.get("a", make)
    assert await memo.get("a", make) == 7


async def test_a_caller_that_gives_up_takes_the_value_from_nobody() -> None:
    ready = asyncio.Event()

    async def make() -> int:
        await ready.wait()
        return 3

    memo: Memo[int] = Memo(2)
    impatient = asyncio.create_task(memo.get("a", make))
    patient = asyncio.create_task(memo.get("a", make))
    await asyncio.sleep(0)
    impatient.cancel()
    ready.set()
    assert await patient == 3


def test_the_latest_values_are_those_stored_or_asked_for_last() -> None:
    latest: Latest[str, int] = Latest(2)
    assert [latest.put(key, number) for number, key in enumerate("ab")] == [0, 1]
    assert latest.get("a") == 0
    latest.put("c", 2)
    assert [latest.get(key) for key in "abc"] == [0, None, 2]
    latest.put("a", 3)
    latest.forget("c")
    latest.forget("never stored")
    assert [latest.get(key) for key in "abc"] == [3, None, None]
