"""API keys and outboxes on a real MongoDB server and a real broker."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from chassis.errors import DependencyUnavailable, NotFound
from chassis.http.keys import ApiKeys
from chassis.mongo.database import Database
from chassis.mongo.outbox import FIELD, SINCE, Outbox, enqueue
from contracts.events import EpisodeChanged, Event
from tests.support.outboxes import all_published
from tests.support.rig import Rig

pytestmark = pytest.mark.integration


def changed(version: int) -> EpisodeChanged:
    return EpisodeChanged(ep_id="my-show-s01e02", action="updated", version=version)


async def test_a_key_is_found_by_its_text_until_it_is_revoked(database: Database) -> None:
    keys = ApiKeys(database)
    key, text = await keys.create(name="Otto", role="operator", shows=["My-Show"])
    found = await keys.find(text)
    assert found is not None
    assert (found.name, found.role, found.shows) == ("Otto", "operator", frozenset({"my-show"}))
    stored = await database["api_keys"].find_one({"_id": key.key_id})
    secret = text.split("_", 2)[2]  # the secret itself may hold underscores
    assert stored is not None and secret not in str(stored)
    await keys.revoke(key.key_id)
    assert await ApiKeys(database).find(text) is None
    with pytest.raises(NotFound):
        await keys.revoke("000000000000")


@pytest.mark.parametrize("damage", ["x", "sk_", "sk_abcdefabcdef_" + "A" * 43])
async def test_other_texts_are_no_keys(database: Database, damage: str) -> None:
    keys = ApiKeys(database)
    _, text = await keys.create(name="Otto", role="viewer")
    assert await keys.find(damage) is None
    assert await keys.find(text[:-1] + ("A" if text[-1] != "A" else "B")) is None


async def test_a_change_and_its_events_are_one_write_and_leave_in_order(database: Database, rig: Rig) -> None:
    bus = rig.bus("ingest")
    await bus.start_publishing()
    box = Outbox(bus, [database["things"]])
    await database["things"].update_one(
        {"_id": "a"}, enqueue([changed(1), changed(2)], {"$set": {"value": 7}}), upsert=True
    )
    assert await box.relay(database["things"], "a") == 2
    said = await rig.events(EpisodeChanged.TOPIC)
    assert [event.event_id for event in said] == [changed(1).event_id, changed(2).event_id]
    assert await database["things"].find_one({"_id": "a"}) == {"_id": "a", "value": 7, FIELD: []}
    assert await box.relay(database["things"], "a") == 0


class DeafBus:
    """A bus whose broker is away."""

    async def publish(self, *_events: Event, **_how: Any) -> None:
        raise DependencyUnavailable("kafka", "away")


async def test_what_could_not_be_published_is_swept_later(database: Database, rig: Rig, monkeypatch: Any) -> None:
    monkeypatch.setattr("chassis.mongo.outbox.LEFT_ALONE_S", 0.0)
    things = database["things"]
    await things.update_one({"_id": "a"}, enqueue([changed(3)]), upsert=True)
    deaf: Any = DeafBus()
    await Outbox(deaf, [things]).publish_soon(things, "a")
    waiting = await things.find_one({"_id": "a"})
    assert waiting is not None and len(waiting[FIELD]) == 1 and SINCE in waiting

    bus = rig.bus("ingest")
    await bus.start_publishing()
    assert await Outbox(bus, [things]).sweep() == 1
    assert [event.event_id for event in await rig.events(EpisodeChanged.TOPIC)] == [changed(3).event_id]
    assert await Outbox(bus, [things]).sweep() == 0


class HeldBus:
    """A bus that publishes when it is let go; notes what, and how many ever were at it at once."""

    def __init__(self) -> None:
        self.published: list[str] = []
        self.at_once = 0
        self.let_go = asyncio.Event()
        self._busy = 0

    async def publish(self, *events: Event, **_how: Any) -> None:
        self._busy += 1
        self.at_once = max(self.at_once, self._busy)
        await self.let_go.wait()
        self._busy -= 1
        self.published += [event.event_id for event in events]


async def test_whoever_publishes_later_does_not_wait_and_events_leave_once_in_order(database: Database) -> None:
    things, held = database["things"], HeldBus()
    bus: Any = held
    box = Outbox(bus, [things])
    for version in range(1, 6):
        await things.update_one({"_id": "a"}, enqueue([changed(version)]), upsert=True)
        box.publish_later(things, "a")
    assert held.published == []
    held.let_go.set()
    await all_published(things)
    assert held.published == [changed(version).event_id for version in range(1, 6)]
    assert held.at_once == 1


async def test_what_could_not_be_published_later_waits_for_the_sweep(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("chassis.mongo.outbox.LEFT_ALONE_S", 0.0)
    things = database["things"]
    deaf: Any = DeafBus()
    box = Outbox(deaf, [things])
    await things.update_one({"_id": "a"}, enqueue([changed(3)]), upsert=True)
    box.publish_later(things, "a")
    await asyncio.sleep(0.2)
    held: Any = HeldBus()
    held.let_go.set()
    assert await Outbox(held, [things]).sweep() == 1
    assert held.published == [changed(3).event_id]
