"""Wiring of the webhooks service."""

from __future__ import annotations

from collections.abc import Sequence

from fastapi import APIRouter

from chassis.service import Resources, Wiring, run
from services.webhooks.commands.dispatcher import Dispatcher
from services.webhooks.commands.webhooks import WebhookCommands
from services.webhooks.handlers import WebhookHandlers
from services.webhooks.settings import WebhooksSettings
from services.webhooks.store.deliveries import DeliveryStore
from services.webhooks.store.webhooks import WebhookStore
from services.webhooks.subscriptions.subscription import TOLD


def wire(resources: Resources[WebhooksSettings]) -> Wiring:
    webhooks, deliveries = WebhookStore(resources.database), DeliveryStore(resources.database)
    settings = resources.settings.webhooks
    handlers = WebhookHandlers(webhooks, deliveries)
    for event in TOLD:
        resources.bus.on(event, handlers.happened, fenced=False)
    dispatcher = Dispatcher(webhooks, deliveries, settings)
    return Wiring(
        routers=routers, parts=(WebhookCommands(webhooks, deliveries, settings),), background=(dispatcher.run,)
    )


def routers() -> Sequence[APIRouter]:
    """What answers HTTP; loaded when it is wanted."""
    from services.webhooks.routers import ROUTERS

    return ROUTERS


async def main() -> None:
    await run("webhooks", WebhooksSettings(), wire)
