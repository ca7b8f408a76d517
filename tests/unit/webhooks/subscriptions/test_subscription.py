"""What a webhook is told of, and what it is not."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from contracts.events import EVENTS, EpisodeFailed, EpisodeProgress, Event, ScreenTimeReported, ScreenTimeSigned
from services.webhooks.subscriptions.subscription import (
    ANYBODY,
    EVENT_NAMES,
    TOLD,
    Secret,
    Webhook,
    Wish,
    people_in,
    show_of_event,
)
from tests.support.examples import EXAMPLES

BORN = datetime(2026, 1, 2, tzinfo=UTC)
REPORT = next(event for event in EXAMPLES if isinstance(event, ScreenTimeReported))
FAILED = next(event for event in EXAMPLES if isinstance(event, EpisodeFailed))


def webhook(**fields: object) -> Webhook:
    values = {
        "webhook_id": "w",
        "url": "https://example.com/hook",
        "wish": Wish(),
        "secrets": (Secret(text="whsec_AAAA"),),
        "created_at": BORN,
        "created_by": "ada",
    }
    return Webhook(**(values | fields))  # type: ignore[arg-type]


def test_every_name_is_an_event_that_is_told() -> None:
    assert tuple(event.TOPIC for event in TOLD) == EVENT_NAMES
    assert set(TOLD) <= set(EVENTS.values())
    assert EpisodeProgress not in TOLD


@pytest.mark.parametrize("event", [event for event in EXAMPLES if type(event) in TOLD], ids=lambda event: event.TOPIC)
def test_every_event_belongs_to_a_show(event: Event) -> None:
    assert show_of_event(event) == "my-show"
    assert Wish(shows=("my-show",)).includes(event)
    assert not Wish(shows=("another",)).includes(event)


def test_only_the_events_that_are_named() -> None:
    wish = Wish(events=("episode.failed",))
    assert wish.includes(FAILED)
    assert not wish.includes(REPORT)


@pytest.mark.parametrize(
    ("wish", "wanted"),
    [
        (Wish(), True),
        (Wish(min_visible_s=12.5), True),
        (Wish(min_visible_s=12.6), False),
        (Wish(cast_ids=("ada",), min_visible_s=10), True),
        (Wish(cast_ids=("ben",), min_visible_s=10), False),
        (Wish(cast_ids=("ada",)), True),
    ],
)
def test_reports_only_from_a_threshold_on(wish: Wish, wanted: bool) -> None:
    assert [(one.cast_id, one.visible_s) for one in REPORT.cast] == [("ada", 12.5)]
    assert wish.includes(REPORT) is wanted
    assert wish.includes(FAILED), "the threshold is of reports"


def test_somebody_without_a_second_is_not_visible() -> None:
    absent = REPORT.model_copy(update={"cast": (REPORT.cast[0].model_copy(update={"visible_s": 0.0}),)})
    assert not Wish(cast_ids=("ada",)).includes(absent)
    assert not Wish(min_visible_s=0).includes(absent)


def test_what_happened_before_is_no_news_and_one_that_is_off_hears_nothing() -> None:
    assert webhook().wants(REPORT, BORN)
    assert not webhook().wants(REPORT, BORN - timedelta(seconds=1))
    assert not webhook(enabled=False).wants(REPORT, BORN)


def test_an_old_secret_ends() -> None:
    secrets = (Secret(text="new"), Secret(text="old", until=BORN + timedelta(hours=24)))
    found = webhook(secrets=secrets)
    assert found.secrets_at(BORN) == ("new", "old")
    assert found.secrets_at(BORN + timedelta(hours=24)) == ("new",)


def test_the_order_of_a_wish_makes_no_other_webhook() -> None:
    one = webhook(wish=Wish(shows=("a", "b")))
    assert one.sameness == webhook(wish=Wish(shows=("b", "a"))).sameness
    assert one.sameness != webhook(wish=Wish(shows=("a",))).sameness


def test_people_are_found_in_whatever_names_them() -> None:
    named = {event.TOPIC: people_in(event) for event in EXAMPLES if type(event) in TOLD}
    assert {topic for topic, people in named.items() if people == ("ada",)} == {
        "screentime.reported",
        "cast.linked",
        "links.changed",
        "cast.changed",
        "cast.described",
        "facebank.updated",
        "person.erased",
    }
    signed = next(event for event in EXAMPLES if isinstance(event, ScreenTimeSigned))
    assert signed.signed_off is not None
    noted = signed.model_copy(update={"signed_off": signed.signed_off.model_copy(update={"note": "Ada is right now"})})
    bare = signed.model_copy(update={"signed_off": signed.signed_off.model_copy(update={"note": None, "changes": ()})})
    assert (people_in(noted), people_in(bare)) == ((ANYBODY,), ())
