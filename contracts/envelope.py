"""CloudEvents 1.0, Kafka binding, binary mode: attributes in `ce_*` headers, the payload alone in the value."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from pydantic import ValidationError

from contracts.events import EVENTS, Event, event_class, to_payload

Headers = list[tuple[str, bytes]]

_TYPE_OF_TOPIC = {event.TOPIC: event.TYPE for event in EVENTS.values()}


class InvalidEvent(ValueError):
    """The message is not an event this version can read. `code` says why: no_type, unknown_type, not_json, schema."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


@dataclass(frozen=True, kw_only=True)
class Message:
    """What goes to Kafka."""

    topic: str
    key: bytes
    value: bytes
    headers: Headers


@dataclass(frozen=True, kw_only=True)
class Received:
    """What came from Kafka."""

    event: Event
    event_id: str
    time: datetime
    traceparent: str | None


def encode(event: Event, *, source: str, time: datetime | None = None, traceparent: str | None = None) -> Message:
    """Turn an event into a Kafka message. `source` is the emitting service, as `/screenalytics/detector`."""
    headers: Headers = [
        ("ce_specversion", b"1.0"),
        ("ce_id", event.event_id.encode()),
        ("ce_type", event.TYPE.encode()),
        ("ce_source", source.encode()),
        ("ce_subject", event.subject.encode()),
        ("ce_time", (time or datetime.now(UTC)).isoformat().encode()),
        ("content-type", b"application/json"),
    ]
    if traceparent:
        headers.append(("traceparent", traceparent.encode()))
    value = json.dumps(to_payload(event), ensure_ascii=False, separators=(",", ":")).encode()
    return Message(topic=event.TOPIC, key=event.key.encode(), value=value, headers=headers)


def decode(
    value: bytes | None,
    headers: Iterable[tuple[str, bytes]] | Mapping[str, bytes | str],
    *,
    topic: str | None = None,
    default_time: datetime | None = None,
) -> Received:
    """Read a Kafka message.

    Args:
        topic: Where it came from: names the type of a plain JSON message that has no `ce_type`.
        default_time: Time of an event that has no `ce_time`, normally the record's timestamp.

    Raises:
        InvalidEvent: when the type is missing or unknown, the value is not JSON, or it breaks the schema.
    """
    pairs = headers.items() if isinstance(headers, Mapping) else headers
    texts = {name: _text(raw) for name, raw in pairs}
    event_type = texts.get("ce_type") or _TYPE_OF_TOPIC.get(topic or "")
    if event_type is None:
        raise InvalidEvent("no_type", "The message has no ce_type header, so nobody can tell which event it is.")
    cls = event_class(event_type)
    if cls is None:
        raise InvalidEvent("unknown_type", f"This version does not know events of type {event_type}.")
    try:
        payload = json.loads(value or b"")
    except ValueError as error:
        raise InvalidEvent("not_json", f"The value of the message is not JSON: {error}") from None
    try:
        event = cls.model_validate(payload)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        where = ".".join(str(part) for part in first["loc"]) or "the event"
        raise InvalidEvent("schema", f"{event_type}: {where}: {first['msg']}") from None
    return Received(
        event=event,
        event_id=texts.get("ce_id") or event.event_id,
        time=_time(texts.get("ce_time"), default_time),
        traceparent=texts.get("traceparent"),
    )


def _text(raw: bytes | str) -> str:
    return raw if isinstance(raw, str) else raw.decode("utf-8", "replace")


def _time(text: str | None, default: datetime | None) -> datetime:
    """Time of the event; never the clock's, so that a repeat is read the same way."""
    try:
        parsed = datetime.fromisoformat(text or "")
    except ValueError:
        return default or datetime.fromtimestamp(0, UTC)
    return parsed if parsed.tzinfo else parsed.replace(tzinfo=UTC)
