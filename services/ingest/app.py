"""Wiring of the ingest service."""

from __future__ import annotations

from chassis.outbox import Outbox
from chassis.service import Resources, Wiring, run
from contracts.events import EpisodeFailed, EpisodeProgress, EpisodeUploaded, ScreenTimeReported
from services.ingest.handlers import IngestHandlers
from services.ingest.reconciler import Reconciler
from services.ingest.settings import IngestSettings
from services.ingest.store import IngestStore


def wire(resources: Resources[IngestSettings]) -> Wiring:
    store = IngestStore(resources.database)
    outbox = Outbox(resources.bus, [store.episodes.collection, store.collection])
    handlers = IngestHandlers(resources, store, outbox)
    resources.bus.on(EpisodeUploaded, handlers.episode_uploaded)
    resources.bus.on(EpisodeProgress, handlers.episode_progress)
    resources.bus.on(ScreenTimeReported, handlers.screen_time_reported)
    resources.bus.on(EpisodeFailed, handlers.episode_failed)
    reconciler = Reconciler(store, resources.bus, resources.settings.reconciler)
    return Wiring(background=(reconciler.run, outbox.run))


async def main() -> None:
    await run("ingest", IngestSettings(), wire)
