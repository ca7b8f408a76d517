"""Guesses of keys: what they cost everybody else."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from chassis.http import keys as subject
from chassis.http.keys import ApiKeys


class SlowKeys:
    """The collection, which answers when told to."""

    def __init__(self) -> None:
        self.documents: dict[str, dict[str, Any]] = {}
        self.answers = asyncio.Event()
        self.asked: list[str] = []

    async def insert_one(self, document: dict[str, Any]) -> None:
        self.documents[document["_id"]] = document

    async def find_one(self, wanted: dict[str, Any]) -> dict[str, Any] | None:
        self.asked.append(wanted["_id"])
        await self.answers.wait()
        return self.documents.get(wanted["_id"])


async def test_guesses_are_looked_up_a_few_at_a_time_and_hold_no_known_key_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(subject, "REMEMBERED_S", 0.0)
    collection = SlowKeys()
    database: Any = {"api_keys": collection}
    keys = ApiKeys(database)
    key, text = await keys.create(name="Otto", role="viewer")
    collection.answers.set()
    assert await keys.find(text) is not None, "the process knows it now"
    collection.answers.clear()
    collection.asked.clear()

    guesses = [asyncio.create_task(keys.find(f"sk_{number:012d}_{'A' * 43}")) for number in range(100)]
    await asyncio.sleep(0)
    assert len(collection.asked) == subject.UNKNOWN_AT_ONCE
    known = asyncio.create_task(keys.find(text))
    await asyncio.sleep(0)
    assert collection.asked[-1] == key.key_id, "it is asked for again past all guesses"
    collection.answers.set()
    assert await known is not None
    assert await asyncio.gather(*guesses) == [None] * 100
