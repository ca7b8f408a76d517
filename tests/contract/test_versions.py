"""Whatever an event says survives the way through Kafka, and what earlier versions said is still understood."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from contracts import export
from contracts.envelope import decode, encode
from contracts.events import EVENTS, Event, to_payload
from tests.support.event_strategies import events_of

AT = datetime(2026, 1, 2, tzinfo=UTC)
FIRST_VERSIONS = [
    json.loads(line)
    for line in Path(__file__).with_name("first_versions.jsonl").read_text(encoding="utf-8").splitlines()
]
"""One payload of every event as its type was first published. Lines are added, never changed."""
KINDS = pytest.mark.parametrize("kind", EVENTS.values(), ids=lambda kind: kind.TOPIC)
THOROUGH = settings(
    deadline=None, max_examples=60, suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much]
)


def test_every_type_has_a_first_version() -> None:
    assert {line["type"] for line in FIRST_VERSIONS} == set(EVENTS)


def lost(was: object, now: object, place: str = "") -> list[str]:
    """Where a value of `was` is another one in `now`, or gone. What `now` has besides, at any depth, is new."""
    if isinstance(was, dict) and isinstance(now, dict):
        return [where for key, value in was.items() for where in lost(value, now.get(key), f"{place}.{key}")]
    if isinstance(was, list) and isinstance(now, list) and len(was) == len(now):
        pairs = enumerate(zip(was, now, strict=True))
        return [where for index, (old, new) in pairs for where in lost(old, new, f"{place}[{index}]")]
    return [] if was == now else [place]


@pytest.mark.parametrize("line", FIRST_VERSIONS, ids=lambda line: line["type"])
def test_what_was_first_published_is_still_read_with_every_value(line: dict[str, object]) -> None:
    kind, payload = EVENTS[str(line["type"])], line["payload"]
    said = to_payload(kind.model_validate(payload))
    assert lost(payload, said) == []
    schema = json.loads((export.SCHEMAS / f"{kind.TYPE}.json").read_text())
    Draft202012Validator(schema).validate(payload)


@KINDS
@THOROUGH
@given(data=st.data())
def test_any_event_comes_back_as_it_was_sent(kind: type[Event], data: st.DataObject) -> None:
    event = data.draw(events_of(kind))
    message = encode(event, source="/test", time=AT)
    received = decode(message.value, message.headers)
    assert received.event == event
    assert received.event_id == event.event_id == received.event.event_id
    assert decode(message.value, [], topic=kind.TOPIC, default_time=AT).event == event
    Draft202012Validator(json.loads((export.SCHEMAS / f"{kind.TYPE}.json").read_text())).validate(
        json.loads(message.value)
    )


@KINDS
@THOROUGH
@given(
    data=st.data(),
    extra=st.dictionaries(st.text(min_size=1).map("new_{}".format), st.integers() | st.text(), max_size=3),
)
def test_a_reader_of_today_understands_yesterday_and_tomorrow(
    kind: type[Event], data: st.DataObject, extra: dict[str, object]
) -> None:
    event = data.draw(events_of(kind))
    message = encode(event, source="/test", time=AT)
    payload = json.loads(message.value)
    optional = [field.alias or name for name, field in kind.model_fields.items() if not field.is_required()]
    dropped = set(data.draw(st.lists(st.sampled_from(optional), unique=True))) if optional else set()
    older = {name: value for name, value in payload.items() if name not in dropped}
    read = decode(json.dumps(older | extra).encode(), message.headers).event
    kept = {name: value for name, value in to_payload(read).items() if name in older}
    assert kept == older
