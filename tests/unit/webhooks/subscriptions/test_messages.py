"""What is sent is what the library of Standard Webhooks reads, and the schedule of tries."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

import pytest
from standardwebhooks import Webhook, WebhookVerificationError

from contracts.events import ScreenTimeReported
from services.webhooks.subscriptions.deliveries import Schedule, Try
from services.webhooks.subscriptions.messages import Message, headers_of, message_of, secret_text
from tests.support.examples import EXAMPLES

NEW, OLD = secret_text(bytes(range(32))), secret_text(bytes(32))
THEN = datetime(2026, 1, 2, 3, 4, 5, 678_000, tzinfo=UTC)
REPORT = next(event for event in EXAMPLES if isinstance(event, ScreenTimeReported))
SCHEDULE = Schedule(max_tries=3, first_s=5.0, max_s=60.0)


def message() -> Message:
    return message_of(REPORT, REPORT.event_id, THEN)


@pytest.mark.parametrize("secret", [NEW, OLD])
def test_the_library_reads_it_with_either_secret_while_both_are_good(secret: str) -> None:
    headers = headers_of(message(), [NEW, OLD], datetime.now(UTC))
    read = Webhook(secret).verify(message().body, headers)
    assert read["type"] == "screentime.reported"
    assert read["timestamp"] == "2026-01-02T03:04:05.678Z"
    assert ScreenTimeReported.model_validate(read["data"]) == REPORT
    assert headers["webhook-id"] == REPORT.event_id


def test_the_library_refuses_another_body_another_secret_and_another_time() -> None:
    headers = headers_of(message(), [NEW], datetime.now(UTC))
    for secret, body, sent in (
        (NEW, message().body + " ", headers),
        (OLD, message().body, headers),
        (NEW, message().body, headers_of(message(), [NEW], datetime.now(UTC) - timedelta(hours=1))),
    ):
        with pytest.raises(WebhookVerificationError):
            Webhook(secret).verify(body, sent)


def test_the_body_keeps_letters_of_any_script() -> None:
    titled = REPORT.model_copy(update={"changes": ("Žofia is named",)})
    body = message_of(titled, "id", THEN).body
    assert "Žofia" in body
    assert json.loads(body)["data"]["changes"] == ["Žofia is named"]


def tried(status: int | None, retry_after_s: float | None = None) -> Try:
    return Try(at=THEN, took_s=0.1, status=status, retry_after_s=retry_after_s)


def test_rests_grow_until_it_is_given_up() -> None:
    rests = [SCHEDULE.after(tried(500), tries, jitter=0.0) for tries in (1, 2, 3)]
    assert rests == [
        ("waiting", THEN + timedelta(seconds=5)),
        ("waiting", THEN + timedelta(seconds=10)),
        ("dead", None),
    ]


@pytest.mark.parametrize("status", [None, 302, 400, 404, 500])
def test_only_a_2xx_is_taken(status: int | None) -> None:
    assert SCHEDULE.after(tried(status), 1, jitter=0.0)[0] == "waiting"
    assert SCHEDULE.after(tried(204), 1, jitter=0.0) == ("delivered", None)


def test_a_receiver_says_when_and_whether() -> None:
    assert SCHEDULE.after(tried(429, 30), 1, jitter=0.0)[1] == THEN + timedelta(seconds=30)
    assert SCHEDULE.after(tried(503, 10**9), 1, jitter=0.0)[1] == THEN + timedelta(hours=24)
    assert SCHEDULE.after(tried(410), 1, jitter=0.0) == ("dead", None)
