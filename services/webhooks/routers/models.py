"""What the routers of webhooks take and give."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any

from pydantic import Field, StringConstraints

from chassis.http.results import ApiModel
from contracts.ids import Slug
from services.webhooks.subscriptions.addresses import LONGEST_URL
from services.webhooks.subscriptions.deliveries import Delivery, State
from services.webhooks.subscriptions.subscription import EventName, Webhook

Url = Annotated[str, StringConstraints(min_length=1, max_length=LONGEST_URL)]
Description = Annotated[str, StringConstraints(max_length=200, pattern=r"^[^\x00-\x1f\x7f-\x9f]*$")]
Events = Annotated[tuple[EventName, ...], Field(max_length=20, description="Which events; all where none is named.")]
Shows = Annotated[tuple[Slug, ...], Field(max_length=200, description="Of which shows; of all where none is named.")]
Cast = Annotated[
    tuple[Slug, ...], Field(max_length=200, description="Only reports in which one of these is visible long enough.")
]
Seconds = Annotated[float, Field(ge=0, le=1e6, allow_inf_nan=False)]


class NewWebhook(ApiModel):
    """An address to tell, and of what."""

    url: Url
    events: Events = ()
    shows: Shows = ()
    cast_ids: Cast = ()
    min_visible_s: Seconds | None = Field(
        default=None, description="Of `screentime.reported` only those in which somebody is visible for so long."
    )
    description: Description = ""


class WebhookChange(ApiModel):
    """What is to be otherwise; what is not named stays."""

    url: Url | None = None
    events: Events | None = None
    shows: Shows | None = None
    cast_ids: Cast | None = None
    min_visible_s: Seconds | None = Field(default=None, description="`null` takes the threshold away.")
    description: Description | None = None
    enabled: bool | None = None


class WebhookView(ApiModel):
    """A webhook. Its secret is shown when it is made, and never again."""

    webhook_id: str
    url: str
    events: tuple[EventName, ...]
    shows: tuple[str, ...]
    cast_ids: tuple[str, ...]
    min_visible_s: float | None
    description: str
    enabled: bool
    why_off: str | None = Field(description="Why nothing is told, where that is not a person's decision.")
    created_at: datetime
    created_by: str


class WebhookWithSecret(WebhookView):
    """A webhook with its new secret, which is shown this once."""

    secret: str = Field(description="`whsec_…`, as the libraries of Standard Webhooks take it.")


class TryView(ApiModel):
    """One try."""

    at: datetime
    took_s: float
    status: int | None = Field(description="HTTP status of the answer; null where there was none.")
    error: str | None


class DeliveryView(ApiModel):
    """Something that was or is to be told."""

    message_id: str = Field(description="As `webhook-id` says it; the id of the event.")
    event: str
    ep_id: str | None
    show: str | None
    occurred_at: datetime
    state: State = Field(description="`dead` after the last try: nothing more is done until it is asked for again.")
    tries: int
    due_at: datetime | None
    log: tuple[TryView, ...]


class ReplayRequest(ApiModel):
    """What to tell again: the messages named here, or all in a state."""

    message_ids: tuple[Annotated[str, StringConstraints(min_length=1, max_length=100)], ...] = Field(
        default=(), max_length=500
    )
    state: State | None = Field(default=None, description="`dead` where nothing else is said.")


class Replayed(ApiModel):
    """How many messages are told again."""

    messages: int


def view_of(webhook: Webhook) -> WebhookView:
    return WebhookView(**_shown(webhook))


def with_secret(webhook: Webhook, secret: str) -> WebhookWithSecret:
    return WebhookWithSecret(**_shown(webhook), secret=secret)


def delivery_view(delivery: Delivery) -> DeliveryView:
    return DeliveryView(
        message_id=delivery.message.message_id,
        event=delivery.message.kind,
        ep_id=delivery.ep_id,
        show=delivery.show,
        occurred_at=delivery.occurred_at,
        state=delivery.state,
        tries=delivery.tries,
        due_at=delivery.due_at,
        log=tuple(TryView(at=one.at, took_s=one.took_s, status=one.status, error=one.error) for one in delivery.log),
    )


def _shown(webhook: Webhook) -> dict[str, Any]:
    return {
        name: getattr(webhook if hasattr(webhook, name) else webhook.wish, name) for name in WebhookView.model_fields
    }
