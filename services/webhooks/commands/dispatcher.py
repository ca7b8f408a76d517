"""Tells the webhooks what is due, for as long as the service runs. One that does not answer holds up no other."""

from __future__ import annotations

import asyncio
import random
from datetime import UTC, datetime
from functools import partial

from chassis import metrics, telemetry
from chassis.errors import NotFound
from chassis.retrying import keep_doing
from services.webhooks.rules import AT_ONCE
from services.webhooks.sending.sender import Sender
from services.webhooks.settings import WebhookSettings
from services.webhooks.store.deliveries import DeliveryStore
from services.webhooks.store.webhooks import WebhookStore
from services.webhooks.subscriptions.deliveries import Delivery, Schedule


class Dispatcher:
    """Several replicas may run; each delivery is one's at a time."""

    def __init__(self, webhooks: WebhookStore, deliveries: DeliveryStore, settings: WebhookSettings) -> None:
        self._webhooks = webhooks
        self._deliveries = deliveries
        self._settings = settings
        self._schedule = Schedule(
            max_tries=settings.max_tries, first_s=settings.backoff_first_s, max_s=settings.backoff_max_s
        )
        self._places = asyncio.Semaphore(AT_ONCE)
        self._telling: dict[str, asyncio.Task[None]] = {}

    async def run(self) -> None:
        """Look for what is due, for ever."""
        async with Sender.connected(self._settings) as sender:

            async def look() -> None:
                await self.begin(sender)

            try:
                await keep_doing(look, every_s=self._settings.look_every_s, what="telling webhooks")
            finally:
                for task in self._telling.values():
                    task.cancel()
                await asyncio.gather(*self._telling.values(), return_exceptions=True)

    async def begin(self, sender: Sender) -> None:
        """Begin to tell every webhook for which something is due and that is not being told already."""
        for webhook_id in await self._deliveries.webhooks_due():
            if webhook_id not in self._telling:
                task = asyncio.create_task(self._tell_all(webhook_id, sender))
                self._telling[webhook_id] = task
                task.add_done_callback(partial(self._told, webhook_id))

    def _told(self, webhook_id: str, _: asyncio.Task[None]) -> None:
        self._telling.pop(webhook_id)

    async def finished(self) -> None:
        """Wait for those that are being told."""
        await asyncio.gather(*self._telling.values())

    async def _tell_all(self, webhook_id: str, sender: Sender) -> None:
        """Tell a webhook one thing after the other, until nothing is due or it does not take one."""
        try:
            while await self._tell_next(webhook_id, sender):
                pass
        except Exception as error:  # the claim passes and it is taken up again
            telemetry.logger().warning("telling a webhook failed", webhook=webhook_id, error=str(error)[:300])

    async def _tell_next(self, webhook_id: str, sender: Sender) -> bool:
        async with self._places:
            delivery = await self._deliveries.claim_due(webhook_id)
            return delivery is not None and await self._tell(delivery, sender)

    async def _tell(self, delivery: Delivery, sender: Sender) -> bool:
        """Make one try and note it; returns whether it was taken."""
        try:
            webhook = await self._webhooks.find(delivery.webhook_id)
        except NotFound:
            await self._deliveries.forget_webhook(delivery.webhook_id)
            return False
        if not webhook.enabled:  # waits until it is turned on, or is forgotten with the log
            return False
        done = await sender.send(webhook.url, delivery.message, webhook.secrets_at(datetime.now(UTC)))
        state, due_at = self._schedule.after(done, delivery.tries + 1, random.random())
        await self._deliveries.note(delivery, done, state, due_at)
        if done.is_gone:
            await self._webhooks.turn_off(webhook.webhook_id, "the address answered 410: it wants no more")
        metrics.webhook_tries.labels(state if state != "waiting" else "failed").inc()
        telemetry.logger().info(
            "webhook told" if done.succeeded else "webhook not told",
            webhook=webhook.webhook_id,
            message=delivery.message.message_id,
            event_type=delivery.message.kind,
            status=done.status,
            error=done.error,
            attempt=delivery.tries + 1,
            state=state,
        )
        return done.succeeded
