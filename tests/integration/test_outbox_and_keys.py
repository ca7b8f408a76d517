"""API keys and outboxes on a real MongoDB server and a real broker."""

from __future__ import annotations

import asyncio
import random
from datetime import UTC, datetime
from typing import Any

import pytest
from pymongo.asynchronous.collection import AsyncCollection

from chassis import metrics
from chassis.errors import DependencyUnavailable, NotFound
from chassis.http.keys import ApiKeys
from chassis.mongo import outbox
from chassis.mongo.database import Database, Document
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


class WritingBus:
    """A bus that tells of another change while it publishes, as a command does that comes at that moment."""

    def __init__(self, things: AsyncCollection[Document], *, changes: int) -> None:
        self.published: list[str] = []
        self._things, self._left = things, changes

    async def publish(self, *events: Event, **_how: Any) -> None:
        self.published += [event.event_id for event in events]
        if self._left:
            self._left -= 1
            await self._things.update_one({"_id": "a"}, enqueue([changed(10 + self._left)]))


async def test_what_comes_while_others_leave_is_not_taken_out_with_them(database: Database) -> None:
    things = database["things"]
    writing: Any = WritingBus(things, changes=2)
    box = Outbox(writing, [things])
    await things.update_one({"_id": "a"}, enqueue([changed(1), changed(2)]), upsert=True)
    assert await box.relay(things, "a") == 2
    left = await things.find_one({"_id": "a"})
    assert left is not None and [one["id"] for one in left[FIELD]] == [changed(11).event_id, changed(10).event_id]
    assert SINCE in left, "a sweep finds them"
    assert await box.relay(things, "a") == 2
    assert await things.find_one({"_id": "a"}) == {"_id": "a", FIELD: []}
    assert len(writing.published) == len(set(writing.published)) == 4


class EmptyingBus:
    """A bus during whose publishing another replica relays the same outbox, and something new comes then."""

    def __init__(self, things: AsyncCollection[Document]) -> None:
        self._things = things

    async def publish(self, *_events: Event, **_how: Any) -> None:
        await self._things.update_one({"_id": "a"}, {"$set": {FIELD: []}, "$unset": {SINCE: ""}})
        await self._things.update_one({"_id": "a"}, enqueue([changed(9)]))


async def test_what_came_after_another_replica_relayed_the_same_stays(database: Database) -> None:
    things = database["things"]
    emptying: Any = EmptyingBus(things)
    await things.update_one({"_id": "a"}, enqueue([changed(1)]), upsert=True)
    await Outbox(emptying, [things]).relay(things, "a")
    left = await things.find_one({"_id": "a"})
    assert left is not None and [one["id"] for one in left[FIELD]] == [changed(9).event_id]
    assert SINCE in left


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


class PickyBus:
    """A bus that refuses some events, as Kafka refuses a message that is too large for it."""

    def __init__(self, *refused: str, error: Exception | None = None) -> None:
        self.refused = set(refused)
        self.published: list[str] = []
        self._error = error or ValueError("too large")

    async def publish(self, *events: Event, **_how: Any) -> None:
        for event in events:
            if event.event_id in self.refused:
                raise self._error
            self.published.append(event.event_id)


FROM_THE_FUTURE = {"id": "f", "type": "screenalytics.episode.applauded.v1", "event": {}, "at": datetime.now(UTC)}
SPOILT = {"id": "s", "type": EpisodeChanged.TYPE, "event": {"nothing": "of it"}, "at": datetime.now(UTC)}


async def put(things: AsyncCollection[Document], name: str, *entries: Event | dict[str, Any]) -> None:
    for entry in entries:
        if isinstance(entry, Event):
            await things.update_one({"_id": name}, enqueue([entry]), upsert=True)
        else:
            update = {"$push": {FIELD: entry}, "$min": {SINCE: datetime.now(UTC)}}
            await things.update_one({"_id": name}, update, upsert=True)


async def left_in(things: AsyncCollection[Document], name: str) -> list[str]:
    found = await things.find_one({"_id": name})
    assert found is not None
    return [entry["id"] for entry in found[FIELD]]


@pytest.fixture
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """The sweep takes everything, however young."""
    monkeypatch.setattr(outbox, "LEFT_ALONE_S", -1.0)


@pytest.mark.parametrize("entry", [FROM_THE_FUTURE, SPOILT])
async def test_an_event_this_version_cannot_publish_stays_with_those_behind_it(
    database: Database, at_once: None, entry: dict[str, Any]
) -> None:
    things, picky = database["things"], PickyBus()
    await put(things, "a", changed(1), entry, changed(2))
    await put(things, "b", changed(3), changed(4))
    bus: Any = picky
    box = Outbox(bus, [things])
    for _ in range(3):
        await box.sweep()
    assert picky.published == [changed(number).event_id for number in (1, 3, 4)]
    assert await left_in(things, "a") == [entry["id"], changed(2).event_id]
    assert await left_in(things, "b") == []


async def test_a_version_that_knows_the_event_publishes_what_stayed(
    database: Database, at_once: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    things, picky = database["things"], PickyBus()
    bus: Any = picky
    await put(things, "a", changed(1), changed(2))
    with monkeypatch.context() as older:
        older.setattr(outbox, "event_class", lambda _type: None)
        await Outbox(bus, [things]).sweep()
    assert picky.published == []
    assert await Outbox(bus, [things]).sweep() == 2
    assert picky.published == [changed(1).event_id, changed(2).event_id]


@pytest.mark.parametrize("error", [ValueError("too large"), DependencyUnavailable("kafka", "not authorised")])
async def test_a_document_whose_event_is_refused_never_holds_up_the_others(
    database: Database, at_once: None, error: Exception
) -> None:
    things = database["things"]
    picky = PickyBus(changed(1).event_id, changed(4).event_id, error=error)
    for number in range(1, 7):
        await put(things, f"d{number}", changed(number), changed(number + 100))
    bus: Any = picky
    box = Outbox(bus, [things])
    for _ in range(4):
        await box.sweep()
    wanted = [changed(number + more).event_id for number in (2, 3, 5, 6) for more in (0, 100)]
    assert sorted(picky.published) == sorted(wanted)
    picky.refused.clear()
    for _ in range(2):
        await box.sweep()
    assert picky.published[-4:] == [changed(number).event_id for number in (1, 101, 4, 104)]


async def test_what_cannot_be_published_is_counted(database: Database, at_once: None) -> None:
    things = database["things"]
    await put(things, "a", FROM_THE_FUTURE)
    bus: Any = PickyBus()
    before = metrics.outbox_failures.labels("unknown_type")._value.get()
    await Outbox(bus, [things]).sweep()
    assert metrics.outbox_failures.labels("unknown_type")._value.get() == before + 1
    assert metrics.outbox_stuck._value.get() == 1


@pytest.mark.parametrize("seed", range(5))
async def test_whatever_fails_and_whenever_the_events_of_a_document_leave_in_order(
    database: Database, at_once: None, seed: int
) -> None:
    things, chance = database["things"], random.Random(seed)
    picky = PickyBus()
    bus: Any = picky
    boxes = [Outbox(bus, [things]) for _ in range(2)]
    sent: dict[str, list[str]] = {name: [] for name in "abc"}
    for number in range(60):
        name = chance.choice("abc")
        await put(things, name, changed(number + 1))
        sent[name].append(changed(number + 1).event_id)
        picky.refused = {event for events in sent.values() for event in events if chance.random() < 0.2}
        box = chance.choice(boxes)
        await (box.sweep() if chance.random() < 0.5 else box.publish_soon(things, name))
    picky.refused = set()
    await boxes[0].sweep()
    for name, events in sent.items():
        assert [event for event in picky.published if event in events] == events, name
