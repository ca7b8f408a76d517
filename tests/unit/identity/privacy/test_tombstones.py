from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from chassis.errors import Conflict
from contracts.events import EVENTS
from contracts.topics import TOPICS
from services.identity.commands.cast import Member, judge_rows
from services.identity.facebank.admission import check_may_be_compared
from services.identity.facebank.cast import Show
from services.identity.privacy.receipt import HELD, kafka_holdings
from services.identity.privacy.tombstones import Tombstones, new_salt

SALT = new_salt()
STONES = Tombstones(salt=SALT, erasures={Tombstones(salt=SALT).digest("rita"): "erasure-1"})


def test_an_erased_member_is_known_again_and_cannot_be_read() -> None:
    assert "rita" in STONES
    assert "greta" not in STONES
    assert STONES.erasure_of("rita") == "erasure-1"
    assert "rita" not in str(STONES)
    assert "rita" not in Tombstones()
    assert Tombstones(salt=new_salt()).digest("rita") != STONES.digest("rita")


def test_an_erased_member_is_neither_imported_nor_compared() -> None:
    rows = [Member(name="Rita"), Member(name="Greta")]
    assert [row.verdict for row in judge_rows({}, rows, erased=STONES)] == ["refused", "added"]
    show = Show(show="s", members={"greta": "Greta"}, erased=STONES)
    with pytest.raises(Conflict) as erased:
        check_may_be_compared(show, "rita", consent_required=False)
    with pytest.raises(Conflict) as unasked:
        check_may_be_compared(show, "greta", consent_required=True)
    assert (erased.value.code, unasked.value.code) == ("person_erased", "consent_missing")
    check_may_be_compared(show, "greta", consent_required=False)


def test_the_receipt_knows_every_topic_whose_events_can_name_somebody() -> None:
    naming = {"cast_id", "name", "cast", "verdicts", "texts"}
    told = {event.TOPIC for event in EVENTS.values() if naming & set(event.model_fields)}
    letters = {topic.name for topic in TOPICS if topic.name.endswith(".dead-letter")}
    assert told | letters == set(HELD)


def test_kafka_holds_what_was_said_last_until_its_retention_is_over() -> None:
    last = datetime(2026, 3, 1, tzinfo=UTC)
    held = {entry.topic: entry.until - last for entry in kafka_holdings(last)}
    assert held["screentime.reported"] == timedelta(days=90)
    assert held["person.erased"] == timedelta(days=7)
    assert held["identity.dead-letter"] == timedelta(days=30)
