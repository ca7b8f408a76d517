"""Events survive the way through Kafka, and what is no event is told apart by a code."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.envelope import InvalidEvent, decode, encode
from contracts.events import EVENTS, EpisodeProgress, EpisodeUploaded, Event, SegmentReady
from contracts.topics import TOPICS
from tests.support.examples import EXAMPLES

AT = datetime(2026, 1, 2, tzinfo=UTC)


def test_there_is_an_example_of_every_event() -> None:
    assert {type(event) for event in EXAMPLES} == set(EVENTS.values())


@pytest.mark.parametrize("event", EXAMPLES, ids=lambda event: event.TOPIC)
def test_an_event_comes_back_as_it_was_sent(event: Event) -> None:
    message = encode(event, source="/test", time=AT, traceparent="00-" + "1" * 32 + "-" + "2" * 16 + "-01")
    received = decode(message.value, message.headers)
    assert received.event == event
    assert received.event_id == event.event_id
    assert received.time == AT
    assert received.traceparent is not None
    assert message.topic in {topic.name for topic in TOPICS}


@pytest.mark.parametrize("event", EXAMPLES, ids=lambda event: event.TOPIC)
@given(
    extra=st.dictionaries(st.text(min_size=1).map(lambda name: f"new_{name}"), st.integers() | st.text(), max_size=4)
)
def test_fields_of_a_later_version_are_ignored(event: Event, extra: dict[str, object]) -> None:
    message = encode(event, source="/test", time=AT)
    value = json.dumps({**json.loads(message.value), **extra}).encode()
    assert decode(value, message.headers).event == event


@pytest.mark.parametrize("event", EXAMPLES, ids=lambda event: event.TOPIC)
def test_optional_fields_of_an_older_version_may_be_missing(event: Event) -> None:
    message = encode(event, source="/test", time=AT)
    payload = json.loads(message.value)
    required = {field.alias or name for name, field in type(event).model_fields.items() if field.is_required()}
    value = json.dumps({name: content for name, content in payload.items() if name in required}).encode()
    assert type(decode(value, message.headers).event) is type(event)


def test_plain_json_in_a_known_topic_is_read_by_the_topic() -> None:
    upload = EpisodeUploaded.model_validate({"ep_id": "a-s01e01", "video": {"uri": "s3://b/k.mp4"}})
    received = decode(upload.model_dump_json().encode(), [], topic=EpisodeUploaded.TOPIC, default_time=AT)
    assert received.event == upload
    assert received.time == AT


@pytest.mark.parametrize(
    ("value", "headers", "code"),
    [
        (b"{}", [], "no_type"),
        (b"{}", [("ce_type", b"screenalytics.episode.uploaded.v9")], "unknown_type"),
        (b"\xff\x00", [("ce_type", b"screenalytics.episode.uploaded.v1")], "not_json"),
        (b"", [("ce_type", b"screenalytics.episode.uploaded.v1")], "not_json"),
        (None, [("ce_type", b"screenalytics.episode.uploaded.v1")], "not_json"),
        (b"[1]", [("ce_type", b"screenalytics.episode.uploaded.v1")], "schema"),
        (b'{"ep_id": "nope"}', [("ce_type", b"screenalytics.episode.uploaded.v1")], "schema"),
    ],
)
def test_what_is_no_event_is_refused_with_a_code(value: bytes, headers: list[tuple[str, bytes]], code: str) -> None:
    with pytest.raises(InvalidEvent) as refused:
        decode(value, headers)
    assert refused.value.code == code


def test_headers_that_are_not_text_do_not_break_the_reader() -> None:
    message = encode(EXAMPLES[0], source="/test", time=AT)
    assert decode(message.value, [*message.headers, ("x", b"\xff\xfe")]).event == EXAMPLES[0]


def test_segment_work_spreads_and_the_rest_stays_in_order_per_episode() -> None:
    keys = {type(event): event.key for event in EXAMPLES}
    assert keys[SegmentReady] == "my-show-s01e02/00003"
    assert keys[EpisodeProgress] == "my-show-s01e02"
