"""Strangers who guess keys, and those who have one behind the same address."""

from __future__ import annotations

import asyncio

from tests.hostile.attack import Attack
from tests.hostile.target import Target
from tests.hostile.wire import ask, tally

GUESSES = 300


async def _guess(target: Target, number: int) -> str:
    return await ask(target, "GET", "/episodes", key=f"sk_{number:012d}_{'A' * 43}")


async def _guessing(target: Target) -> str:
    answers = await asyncio.gather(*(_guess(target, number) for number in range(GUESSES)))
    refused = {answer for answer in answers if answer not in {"401", "429"}}
    held = "held back" if answers.count("429") > GUESSES / 2 else "let on"
    return f"{held}, {tally([*refused]) if refused else 'nothing else'}"


async def _valid_meanwhile(target: Target) -> str:
    guessing = [asyncio.create_task(_guess(target, number)) for number in range(GUESSES)]
    answers = [await ask(target, "GET", "/episodes", key=target.keys["viewer"]) for _ in range(50)]
    await asyncio.gather(*guessing)
    return tally(answers)


async def _at_internal_doors(target: Target) -> str:
    paths = ("/internal/ready", "/internal/metrics", "/internal/alive")
    answers = await asyncio.gather(*(ask(target, "GET", paths[number % 3]) for number in range(300)))
    return tally([answer[0] for answer in answers])


ATTACKS = (
    Attack(family="strangers", name=f"{GUESSES} made-up keys", run=_guessing, expected="held back, nothing else"),
    Attack(family="strangers", name="a valid key from the same address", run=_valid_meanwhile, expected="200"),
    Attack(family="strangers", name="300 questions to /internal at once", run=_at_internal_doors, expected="2"),
)
