"""Events in; what each webhook is to be told of them is kept before the offset is committed."""

from __future__ import annotations

from chassis.kafka.bus import Origin
from contracts.events import EpisodeDeleted, Event, PersonErased, ShowDeleted
from services.webhooks.store.deliveries import DeliveryStore
from services.webhooks.store.webhooks import WebhookStore
from services.webhooks.subscriptions.deliveries import Delivery
from services.webhooks.subscriptions.messages import message_of
from services.webhooks.subscriptions.subscription import people_in, show_of_event


class WebhookHandlers:
    """The same event again is known by its id: it is kept once for each webhook."""

    def __init__(self, webhooks: WebhookStore, deliveries: DeliveryStore) -> None:
        self._webhooks = webhooks
        self._deliveries = deliveries

    async def happened(self, event: Event, origin: Origin) -> None:
        """Keep the event for every webhook that wants it; what may not be kept any more goes first."""
        await self._forget(event, origin)
        for webhook in await self._webhooks.all():
            if webhook.wants(event, origin.time):
                await self._deliveries.add(
                    Delivery(
                        webhook_id=webhook.webhook_id,
                        message=message_of(event, origin.event_id, origin.time),
                        occurred_at=origin.time,
                        show=show_of_event(event),
                        ep_id=getattr(event, "ep_id", None),
                        cast_ids=people_in(event),
                    )
                )

    async def _forget(self, event: Event, origin: Origin) -> None:
        match event:
            case EpisodeDeleted():
                await self._deliveries.forget_episode(event.ep_id, origin.time)
            case ShowDeleted():
                await self._deliveries.forget_show(event.show, origin.time)
            case PersonErased(cast_id=str(cast_id)):
                await self._deliveries.forget_person(event.show, cast_id, origin.time)
            case _:
                pass
