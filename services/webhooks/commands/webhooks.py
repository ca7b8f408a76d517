"""What people do with webhooks: make, change and remove them, change their secrets, try them out, tell again."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

from ulid import ULID

from chassis.errors import Conflict
from chassis.http.auth import Principal
from chassis.http.results import Page
from chassis.retrying import until_stored
from services.webhooks.rules import OLD_SECRET_LASTS, SECRET_BYTES
from services.webhooks.sending.sender import networks_of
from services.webhooks.settings import WebhookSettings
from services.webhooks.store.deliveries import DeliveryStore
from services.webhooks.store.webhooks import WebhookStore, unknown_webhook
from services.webhooks.subscriptions.addresses import check_url
from services.webhooks.subscriptions.deliveries import Delivery, State
from services.webhooks.subscriptions.messages import secret_text, test_message
from services.webhooks.subscriptions.subscription import Secret, Webhook, Wish


@dataclass(frozen=True, kw_only=True)
class WithSecret:
    """A webhook and its new secret, which is shown this once."""

    webhook: Webhook
    secret: str


class WebhookCommands:
    """To a caller of some shows there are only the webhooks that tell of nothing else."""

    def __init__(self, webhooks: WebhookStore, deliveries: DeliveryStore, settings: WebhookSettings) -> None:
        self._webhooks = webhooks
        self._deliveries = deliveries
        self._settings = settings

    async def create(self, principal: Principal, url: str, wish: Wish, description: str) -> WithSecret:
        """A new webhook; it is told of what happens from now on.

        Raises:
            BadInput: `bad_webhook_url`.
            Conflict: `webhook_exists`, `too_many_webhooks`.
        """
        self._check(url)
        secret = secret_text(secrets.token_bytes(SECRET_BYTES))
        webhook = Webhook(
            webhook_id=str(ULID()),
            url=url,
            wish=wish,
            secrets=(Secret(text=secret),),
            created_at=_now(),
            created_by=principal.name,
            description=description,
        )
        await self._webhooks.add(webhook)
        return WithSecret(webhook=webhook, secret=secret)

    async def all(self, principal: Principal) -> list[Webhook]:
        """The webhooks that the caller may know of."""
        return [webhook for webhook in await self._webhooks.all() if may_touch(principal, webhook.wish)]

    async def find(self, principal: Principal, webhook_id: str) -> Webhook:
        """One of them.

        Raises:
            NotFound: `unknown_webhook`.
        """
        webhook = await self._webhooks.find(webhook_id)
        if not may_touch(principal, webhook.wish):
            raise unknown_webhook(webhook_id)
        return webhook

    async def change(
        self, principal: Principal, webhook_id: str, *, wish: dict[str, Any], fields: dict[str, Any]
    ) -> Webhook:
        """Change what is named: fields of the wish, and others. Turned on again, it is told of what happens from then on.

        Raises:
            BadInput: `bad_webhook_url`.
            Conflict: `webhook_exists`, `contended`.
            NotFound: `unknown_webhook`, also where the caller may not tell of those shows.
        """
        if "url" in fields:
            self._check(fields["url"])

        def changed(webhook: Webhook) -> Webhook:
            new = replace(webhook, wish=replace(webhook.wish, **wish), **fields)
            if not may_touch(principal, new.wish):
                raise unknown_webhook(webhook_id)
            if new.enabled and not webhook.enabled:
                new = replace(new, why_off=None, created_at=_now())
            return new

        return await self._change(principal, webhook_id, changed)

    async def remove(self, principal: Principal, webhook_id: str) -> None:
        """Delete a webhook with all that was to be told.

        Raises:
            NotFound: `unknown_webhook`.
        """
        await self.find(principal, webhook_id)
        await self._webhooks.remove(webhook_id)
        await self._deliveries.forget_webhook(webhook_id)

    async def rotate(self, principal: Principal, webhook_id: str) -> WithSecret:
        """A new secret. For a day everything is signed with the one before as well, so that no message is refused.

        Raises:
            Conflict: `contended`.
            NotFound: `unknown_webhook`.
        """
        new = Secret(text=secret_text(secrets.token_bytes(SECRET_BYTES)))
        until = _now() + OLD_SECRET_LASTS

        def rotated(webhook: Webhook) -> Webhook:
            return replace(webhook, secrets=(new, replace(webhook.secrets[0], until=until)))

        return WithSecret(webhook=await self._change(principal, webhook_id, rotated), secret=new.text)

    async def test(self, principal: Principal, webhook_id: str) -> Delivery:
        """Tell the address something that means nothing; what came of it is in the deliveries.

        Raises:
            Conflict: `webhook_off`.
            NotFound: `unknown_webhook`.
        """
        webhook = await self.find(principal, webhook_id)
        _check_on(webhook)
        now = _now()
        message = test_message(f"test_{ULID()}", webhook_id, now)
        delivery = Delivery(webhook_id=webhook_id, message=message, occurred_at=now, due_at=now)
        await self._deliveries.add(delivery)
        return delivery

    async def deliveries(
        self, principal: Principal, webhook_id: str, *, state: State | None, cursor: str | None, limit: int
    ) -> Page[Delivery]:
        """What was and is to be told, the latest first.

        Raises:
            BadInput: `bad_cursor`.
            NotFound: `unknown_webhook`.
        """
        await self.find(principal, webhook_id)
        return await self._deliveries.page(webhook_id, state=state, cursor=cursor, limit=limit)

    async def replay(
        self, principal: Principal, webhook_id: str, *, message_ids: Sequence[str], state: State | None
    ) -> int:
        """Tell again: those messages, or all in that state. Returns how many there are.

        Raises:
            Conflict: `webhook_off`.
            NotFound: `unknown_webhook`.
        """
        _check_on(await self.find(principal, webhook_id))
        return await self._deliveries.replay(webhook_id, message_ids=message_ids, state=state)

    async def _change(self, principal: Principal, webhook_id: str, step: Callable[[Webhook], Webhook]) -> Webhook:
        async def attempt() -> Webhook | None:
            return await self._webhooks.replace(step(await self.find(principal, webhook_id)))

        busy = Conflict("contended", f"The webhook {webhook_id} is being changed by many at once: try again.")
        return await until_stored(attempt, busy=busy)

    def _check(self, url: str) -> None:
        check_url(url, allow_http=self._settings.allow_http, allowed=networks_of(self._settings))


def may_touch(principal: Principal, wish: Wish) -> bool:
    """Whether the caller may know all that a webhook tells."""
    return principal.shows is None or (bool(wish.shows) and set(wish.shows) <= principal.shows)


def _check_on(webhook: Webhook) -> None:
    if not webhook.enabled:
        why = f" ({webhook.why_off})" if webhook.why_off else ""
        raise Conflict("webhook_off", f"The webhook {webhook.webhook_id} is off{why}: turn it on first.")


def _now() -> datetime:
    """To the millisecond, as MongoDB keeps times."""
    now = datetime.now(UTC)
    return now.replace(microsecond=now.microsecond // 1000 * 1000)
