"""What is sent and how it is signed: Standard Webhooks 1.0 (standardwebhooks.com, symmetric signatures `v1`). Pure."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime

from contracts.events import Event, to_payload

SECRET_PREFIX = "whsec_"  # noqa: S105 - the prefix, not a secret
TEST = "webhook.test"
"""Type of the message that only tries out an address."""


@dataclass(frozen=True, kw_only=True)
class Message:
    """One thing to tell; `message_id` stays the same however often it is sent, so that a receiver knows it again."""

    message_id: str
    kind: str
    body: str


def message_of(event: Event, event_id: str, happened_at: datetime) -> Message:
    """An event as a message: its `type` is the topic, its `data` the event as the schemas describe it."""
    return Message(message_id=event_id, kind=event.TOPIC, body=_body(event.TOPIC, happened_at, to_payload(event)))


def test_message(message_id: str, webhook_id: str, now: datetime) -> Message:
    """A message that says nothing but that the address is reached."""
    return Message(message_id=message_id, kind=TEST, body=_body(TEST, now, {"webhook_id": webhook_id}))


def secret_text(random: bytes) -> str:
    """A secret as it is shown, made from random bytes."""
    return SECRET_PREFIX + base64.b64encode(random).decode()


def headers_of(message: Message, secrets: Iterable[str], now: datetime) -> dict[str, str]:
    """The headers of one try: a signature by each secret in force, over id, time of the try, and body."""
    timestamp = str(int(now.timestamp()))
    signed = f"{message.message_id}.{timestamp}.{message.body}".encode()
    return {
        "content-type": "application/json",
        "user-agent": "Screenalytics-Webhooks/1",
        "webhook-id": message.message_id,
        "webhook-timestamp": timestamp,
        "webhook-signature": " ".join(_signature(secret, signed) for secret in secrets),
    }


def _signature(secret: str, signed: bytes) -> str:
    key = base64.b64decode(secret.removeprefix(SECRET_PREFIX))
    return "v1," + base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()


def _body(kind: str, happened_at: datetime, data: dict[str, object]) -> str:
    timestamp = happened_at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    return json.dumps({"type": kind, "timestamp": timestamp, "data": data}, ensure_ascii=False, separators=(",", ":"))
