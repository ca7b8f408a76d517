"""`screenalytics dlq`: what services gave up on can be looked at, delivered again once, or put aside."""

from __future__ import annotations

import json

import pytest

from chassis.errors import BadInput
from chassis.kafka.bus import REPLAY_TRACE_HEADER, Origin
from chassis.mongo.database import Database
from contracts import envelope
from contracts.events import Event, SegmentReady
from screenalytics.commands import dlq
from screenalytics.local.servers import Stack
from tests.support.rig import Rig, segment_ready, until

pytestmark = pytest.mark.integration

TOPIC = SegmentReady.TOPIC
STRANGE = [("theirs", b"\xff\x00"), ("null", None), ("twice", b"1"), ("twice", b"2")]


@pytest.fixture
def addresses(rig: Rig, stack: Stack, database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    """The command line sees the rig's broker and the test's database."""
    for name, value in stack.environment().items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("SCREENALYTICS_KAFKA__BOOTSTRAP_SERVERS", rig.broker.settings.bootstrap_servers)
    monkeypatch.setenv("SCREENALYTICS_MONGO__DATABASE", database.name)


async def give_up_on(rig: Rig, *segments: int) -> list[str]:
    """Let a detector give up on some requests; returns the places of the dead letters."""
    bus = rig.bus(max_tries=1)

    async def handle(event: SegmentReady, _origin: Origin) -> list[Event]:
        raise RuntimeError(f"boom \x1b[31m {event.segment}")

    bus.on(SegmentReady, handle)
    await bus.start()
    for segment in segments:
        message = envelope.encode(segment_ready(segment), source="/test")
        await rig.send_raw(TOPIC, message.value, [*message.headers, *STRANGE], key=message.key, partition=3)

    async def all_given_up() -> bool:
        return await rig.committed("detector", TOPIC, 3) == len(segments)

    await until("every commit", all_given_up)
    await bus.stop()
    return [f"detector/0/{record.offset}" for record in await rig.records("detector.dead-letter")]


async def test_a_replayed_letter_is_the_original_message_and_is_delivered_once(
    rig: Rig, addresses: None, capsys: pytest.CaptureFixture[str]
) -> None:
    first, second = await give_up_on(rig, 1, 2)
    assert await dlq.list_letters("detector", everything=False) == 0
    listed = capsys.readouterr().out
    assert first in listed
    assert "RuntimeError: boom" in listed
    assert "\x1b" not in listed

    await dlq.show(first)
    shown = json.loads(capsys.readouterr().out)
    assert (shown["state"], shown["reason"]["topic"], shown["reason"]["kind"]) == ("waiting", TOPIC, "defect")
    assert json.loads(shown["value"])["segment"] == 1
    assert ["theirs", "\\xff\x00"] in shown["headers"]

    assert await dlq.replay([first], again=False) == 0
    assert f"{first}: published to {TOPIC}" in capsys.readouterr().out
    assert await dlq.replay([first], again=False) == 0
    assert "was replayed before, nothing done" in capsys.readouterr().out
    original = envelope.encode(segment_ready(1), source="/test")
    copies = [record for record in await rig.records(TOPIC) if record.value == original.value]
    assert len(copies) == 2
    assert copies[0].key == copies[1].key == original.key
    assert list(copies[1].headers)[: len(copies[0].headers)] == list(copies[0].headers)
    assert [name for name, _ in copies[1].headers[len(copies[0].headers) :]] in ([], [REPLAY_TRACE_HEADER])
    assert list(copies[0].headers)[-len(STRANGE) :] == STRANGE

    await dlq.list_letters("detector", everything=False)
    left = capsys.readouterr().out
    assert first not in left
    assert second in left
    assert await dlq.replay([first], again=True) == 0
    assert len([record for record in await rig.records(TOPIC) if record.value == original.value]) == 3


async def test_a_dropped_letter_is_not_listed_and_not_replayed(
    rig: Rig, addresses: None, capsys: pytest.CaptureFixture[str]
) -> None:
    (place,) = await give_up_on(rig, 1)
    await dlq.drop([place])
    await dlq.drop([place])
    out = capsys.readouterr().out
    assert f"{place}: dropped" in out
    assert f"{place}: was dropped before, nothing done" in out
    await dlq.replay([place], again=False)
    assert "was dropped before" in capsys.readouterr().out
    assert len(await rig.records(TOPIC)) == 1
    await dlq.list_letters(None, everything=True)
    assert place in capsys.readouterr().out


async def test_a_replay_that_was_interrupted_is_done_by_the_next(
    rig: Rig, addresses: None, database: Database, capsys: pytest.CaptureFixture[str]
) -> None:
    (place,) = await give_up_on(rig, 1)
    await database["dead_letters"].insert_one({"_id": place, "state": "replaying"})
    await dlq.list_letters("detector", everything=False)
    assert place in capsys.readouterr().out
    await dlq.replay([place], again=False)
    assert len(await rig.records(TOPIC)) == 2


@pytest.mark.parametrize(
    ("place", "code"),
    [
        ("detector/0/999999", "unknown_dead_letter"),
        ("detector/zero/1", "bad_dead_letter_place"),
        ("detector", "bad_dead_letter_place"),
        ("painter/0/1", "unknown_service"),
    ],
)
async def test_a_place_where_nothing_is_gets_one_sentence(rig: Rig, addresses: None, place: str, code: str) -> None:
    with pytest.raises(BadInput) as caught:
        await dlq.show(place)
    assert caught.value.code == code
