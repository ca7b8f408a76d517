"""What becomes of one thing that is told to one webhook. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from chassis.backoff import backoff
from services.webhooks.rules import LONGEST_REST
from services.webhooks.subscriptions.messages import Message

State = Literal["waiting", "delivered", "dead"]
GONE = 410


@dataclass(frozen=True, kw_only=True)
class Try:
    """One try: the status that was answered, or why there was no answer."""

    at: datetime
    took_s: float
    status: int | None = None
    error: str | None = None
    retry_after_s: float | None = None

    @property
    def succeeded(self) -> bool:
        return self.status is not None and 200 <= self.status < 300

    @property
    def is_gone(self) -> bool:
        """The receiver wants no more: Standard Webhooks gives 410 this meaning."""
        return self.status == GONE


@dataclass(frozen=True, kw_only=True)
class Delivery:
    """A message on its way to a webhook. `tries` counts since it was last asked for, `log` holds the latest of all."""

    webhook_id: str
    message: Message
    occurred_at: datetime
    show: str | None = None
    ep_id: str | None = None
    cast_ids: tuple[str, ...] = ()
    state: State = "waiting"
    tries: int = 0
    due_at: datetime | None = None
    log: tuple[Try, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Schedule:
    """How often it is tried, and the rests in between."""

    max_tries: int
    first_s: float
    max_s: float

    def after(self, done: Try, tries: int, jitter: float) -> tuple[State, datetime | None]:
        """What becomes of a delivery after its `tries`-th try, and when it is due again.

        A receiver that says `Retry-After` is left alone at least so long; one that answers 410 for ever.
        """
        if done.succeeded:
            return "delivered", None
        if done.is_gone or tries >= self.max_tries:
            return "dead", None
        rest_s = backoff(tries, first_s=self.first_s, max_s=self.max_s, jitter=jitter)
        asked_s = min(done.retry_after_s or 0.0, LONGEST_REST.total_seconds())
        return "waiting", done.at + timedelta(seconds=max(rest_s, asked_s))
