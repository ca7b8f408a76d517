"""The committed schemas are what the code says, and the events obey them."""

from __future__ import annotations

import json

import pytest
from jsonschema import Draft202012Validator

from contracts import export
from contracts.events import EVENTS, Event, to_payload
from contracts.topics import TOPICS
from tests.support.examples import EXAMPLES


def test_nothing_drifted() -> None:
    assert export.drift() == []


@pytest.mark.parametrize("event", EXAMPLES, ids=lambda event: event.TOPIC)
def test_payloads_validate_against_the_published_schema(event: Event) -> None:
    schema = json.loads((export.SCHEMAS / f"{event.TYPE}.json").read_text())
    Draft202012Validator(schema).validate(to_payload(event))


@pytest.mark.parametrize("path", sorted(export.SCHEMAS.glob("*.json")), ids=lambda path: path.stem)
def test_every_schema_is_a_valid_schema(path: object) -> None:
    document = json.loads((export.SCHEMAS / str(path).rpartition("/")[2]).read_text())
    if "asyncapi" not in document:
        Draft202012Validator.check_schema(document)


def test_asyncapi_names_every_event_and_its_schema() -> None:
    document = json.loads((export.SCHEMAS / "asyncapi.json").read_text())
    assert document["asyncapi"].startswith("3.")
    assert set(document["channels"]) == {event.TOPIC for event in EVENTS.values()}
    for message in document["components"]["messages"].values():
        assert (export.SCHEMAS / message["payload"]["$ref"]).is_file()


def test_every_event_has_a_declared_topic() -> None:
    assert {event.TOPIC for event in EVENTS.values()} <= {topic.name for topic in TOPICS}
