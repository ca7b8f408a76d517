"""What requests with pictures were answered is remembered, and the facebank does not grow with it."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import bson
import pytest

from chassis.commands import Order
from chassis.errors import Conflict
from chassis.kafka.bus import Bus
from chassis.mongo.database import COLLECTIONS, Database, ensure_indexes
from chassis.mongo.outbox import Outbox
from chassis.settings import KafkaSettings
from contracts.events import CastUploaded, FacebankUpdated, PictureVerdict
from contracts.topics import TOPICS
from services.identity.facebank.cast import Answer, Answering
from services.identity.store.facebank_requests import REMEMBERED_FOR, AnsweredRequests, request_key
from services.identity.store.facebanks import UPLOADED, Change, FacebankStore

pytestmark = pytest.mark.integration

SHOW = "my-show"
PICTURES = 40
REQUESTS = 300


@pytest.fixture
def store(database: Database) -> FacebankStore:
    return FacebankStore(database, Outbox(Bus("identity", KafkaSettings()), []))


def verdicts_of(request: int | str, *, cast_id: str = "rita", pictures: int = PICTURES) -> list[PictureVerdict]:
    return [
        PictureVerdict(
            cast_id=cast_id,
            filename=f"Rita/{'a picture of the premiere ' * 5}{request}-{number}.jpg",
            accepted=False,
            code="image_no_face",
            message="No face was found on this picture: choose one on which the face is seen from the front.",
        )
        for number in range(pictures)
    ]


async def save(store: FacebankStore, request: int | str, verdicts: Sequence[PictureVerdict] | None = None) -> Answer:
    return await store.save(
        SHOW,
        request_id=f"request-{request}",
        members={"rita": ("Rita", None)},
        pictures=(),
        verdicts=verdicts_of(request) if verdicts is None else verdicts,
        replace=False,
    )


async def facebank(database: Database) -> dict[str, Any]:
    found = await database["facebanks"].find_one({"_id": SHOW})
    assert found is not None
    return found


async def unsettled(database: Database, request: int | str) -> None:
    """As it is when a service dies between the facebank's write and the settling."""
    await database["facebank_requests"].update_one(
        {"_id": f"{SHOW}/{request_key(f'request-{request}')}"}, {"$unset": {"revision": ""}}
    )


async def test_the_facebank_stays_small_and_every_request_is_answered_again_as_before(
    store: FacebankStore, database: Database
) -> None:
    await ensure_indexes(database, owner="identity")
    first = [await save(store, request) for request in range(REQUESTS)]
    assert [answer.revision for answer in first] == list(range(1, REQUESTS + 1))
    assert len(bson.encode(await facebank(database))) < 1000
    for request in range(0, REQUESTS, 29):
        assert await store.answered(SHOW, f"request-{request}") == first[request]
        assert await save(store, request, verdicts=()) == first[request]
    assert (await facebank(database))["revision"] == REQUESTS


async def test_requests_are_forgotten_when_they_cannot_come_back_by_themselves(
    store: FacebankStore, database: Database
) -> None:
    for request in range(5):
        await save(store, request)
    long_ago = datetime.now(UTC) - REMEMBERED_FOR - timedelta(minutes=1)
    old = [f"{SHOW}/{request_key(f'request-{request}')}" for request in range(3)]
    await database["facebank_requests"].update_many({"_id": {"$in": old}}, {"$set": {"at": long_ago}})
    await database["facebank_requests"].insert_one({"_id": "other-show/x", "show": "other-show", "at": long_ago})
    await save(store, 5)
    kept = [bool(await store.answered(SHOW, f"request-{request}")) for request in range(6)]
    assert kept == [False, False, False, True, True, True]
    assert await database["facebank_requests"].count_documents({"show": "other-show"}) == 1
    assert (await save(store, 0)).revision == 7, "sent again after that it is handled as a new one"


def test_requests_are_remembered_for_longer_than_kafka_can_bring_them_back() -> None:
    retention = {topic.name: timedelta(milliseconds=topic.retention_ms) for topic in TOPICS}
    uploaded, dead = retention[CastUploaded.TOPIC], retention["identity.dead-letter"]
    assert 2 * uploaded + dead < REMEMBERED_FOR, "in its topic, as a dead letter, and replayed to its topic"


async def test_a_request_that_broke_off_before_it_took_effect_is_handled(
    store: FacebankStore, database: Database
) -> None:
    await AnsweredRequests(database).prepare(
        SHOW, request_key("request-1"), Answer(revision=1, verdicts=tuple(verdicts_of("broken off")))
    )
    assert await store.answered(SHOW, "request-1") is None
    assert await save(store, 1) == Answer(revision=1, verdicts=tuple(verdicts_of(1)))


async def test_a_request_that_took_effect_is_not_handled_again_wherever_it_broke_off(
    store: FacebankStore, database: Database
) -> None:
    first = await save(store, 1)
    await unsettled(database, 1)
    assert await save(store, 1, verdicts=()) == first
    await unsettled(database, 1)
    second = await save(store, 2)
    assert (await save(store, 1, verdicts=()), await save(store, 2, verdicts=())) == (first, second)
    assert (await facebank(database))["revision"] == 2


async def test_one_request_that_comes_many_times_at_once_takes_effect_once(
    store: FacebankStore, database: Database
) -> None:
    answers = await asyncio.gather(*(save(store, 1) for _ in range(12)))
    assert answers == [Answer(revision=1, verdicts=tuple(verdicts_of(1)))] * 12
    others = await asyncio.gather(*(save(store, request) for request in range(2, 10)))
    assert sorted(answer.revision for answer in others) == list(range(2, 10))


async def test_an_answer_and_its_event_are_of_one_revision(store: FacebankStore, database: Database) -> None:
    await save(store, 1)
    told = verdicts_of(2, pictures=1)
    change = Change(
        events=lambda revision: [
            FacebankUpdated(show=SHOW, request_id="request-2", revision=revision, verdicts=tuple(told))
        ],
        verdicts=tuple(told),
    )
    order = Order(who="me", command_id="request-2")
    answer = await store.change(SHOW, order, "f", lambda _: change)
    (waiting,) = (await facebank(database))["outbox"]
    assert (waiting["event"]["revision"], answer.revision) == (2, 2)
    assert await store.change(SHOW, order, "f", lambda _: change) == answer
    assert len((await facebank(database))["outbox"]) == 1


async def test_a_member_who_is_removed_is_in_no_answer_any_more(store: FacebankStore, database: Database) -> None:
    both = [*verdicts_of(1, pictures=2), *verdicts_of(1, cast_id="greta", pictures=3)]
    for request in range(3):
        await save(store, request, both)
    await store.forget_verdicts(SHOW, "greta")
    for collection in COLLECTIONS:
        async for document in database[collection.name].find({}):
            assert "greta" not in json.dumps(document, default=str)
    answer = await store.answered(SHOW, "request-1")
    assert answer == Answer(revision=2, verdicts=tuple(both[:2]))
    assert await save(store, 1, both) == answer, "a repeat does not bring them back"


async def test_settling_and_preparing_change_no_answer_for_good(store: FacebankStore, database: Database) -> None:
    first = await save(store, 1)
    requests = AnsweredRequests(database)
    await requests.prepare(SHOW, request_key("request-1"), Answer(revision=9, fingerprint=UPLOADED))
    await requests.settle(SHOW, Answering(request=request_key("request-1"), revision=9))
    assert await store.answered(SHOW, "request-1") == first


async def test_what_facebanks_kept_of_requests_before_goes_with_the_next_change(
    store: FacebankStore, database: Database
) -> None:
    earlier = {"revision": 3, "members": {"rita": "Rita"}, "requests": {"x": {"revision": 3, "verdicts": []}}}
    await database["facebanks"].insert_one({"_id": SHOW, **earlier})
    assert (await save(store, 1)).revision == 4
    assert "requests" not in await facebank(database)


async def change(store: FacebankStore, key: str, asked: str, **fields: Any) -> Answer:
    order = Order(who="me", command_id=key)
    return await store.change(SHOW, order, asked, lambda _: Change(set={"members": fields}, told=fields))


async def test_a_command_id_belongs_to_one_command_of_the_show(store: FacebankStore, database: Database) -> None:
    first = await change(store, "a", "add rita", rita="Rita")
    assert await change(store, "a", "add rita", rita="Other") == first
    with pytest.raises(Conflict) as refused:
        await change(store, "a", "add greta", greta="Greta")
    assert refused.value.code == "command_id_used"
    assert (await facebank(database))["members"] == {"rita": "Rita"}


async def test_of_two_commands_at_once_under_one_id_one_is_refused_and_the_other_answered_its_own(
    store: FacebankStore, database: Database
) -> None:
    for number in range(10):
        sent = [change(store, f"k{number}", name, **{name: name}) for name in ("rita", "greta")]
        answers = await asyncio.gather(*sent, return_exceptions=True)
        done = [answer for answer in answers if isinstance(answer, Answer)]
        refused = [answer for answer in answers if isinstance(answer, Conflict)]
        assert (len(done), [error.code for error in refused]) == (1, ["command_id_used"])
        assert (await facebank(database))["members"] == done[0].told


async def test_a_member_who_is_removed_is_in_no_row_of_an_import_any_more(
    store: FacebankStore, database: Database
) -> None:
    rows = [{"cast_id": name, "name": name} for name in ("rita", "greta")]
    order = Order(who="me", command_id="import")
    await store.change(SHOW, order, "f", lambda _: Change(always=True, told={"rows": rows}))
    await store.forget_verdicts(SHOW, "greta")
    answer = await store.answered(SHOW, "import")
    assert answer is not None
    assert answer.told == {"rows": rows[:1]}
