"""Wiring of the ingest service."""

from __future__ import annotations

from chassis.outbox import Outbox
from chassis.reading import ArtifactReader
from chassis.service import Resources, Wiring, run
from contracts.events import EpisodeFailed, EpisodeProgress, EpisodeUploaded, ScreenTimeReported
from services.ingest.audit import AuditLog
from services.ingest.deletion import Deletion
from services.ingest.episode_desk import EpisodeDesk
from services.ingest.handlers import IngestHandlers
from services.ingest.reconciler import Reconciler
from services.ingest.routers import ROUTERS
from services.ingest.run_desk import RunDesk
from services.ingest.settings import IngestSettings
from services.ingest.starting import RunStarter
from services.ingest.steering import RunSteering
from services.ingest.store import IngestStore
from services.ingest.streaming import ProgressFeed
from services.ingest.upload_desk import UploadDesk
from services.ingest.video_desk import VideoDesk


def wire(resources: Resources[IngestSettings]) -> Wiring:
    settings, database, storage = resources.settings, resources.database, resources.storage
    store = IngestStore(database)
    outbox = Outbox(resources.bus, [store.episodes.collection, store.collection])
    handlers = IngestHandlers(resources, store, outbox)
    resources.bus.on(EpisodeUploaded, handlers.episode_uploaded)
    resources.bus.on(EpisodeProgress, handlers.episode_progress)
    resources.bus.on(ScreenTimeReported, handlers.screen_time_reported)
    resources.bus.on(EpisodeFailed, handlers.episode_failed)
    starter, steering = RunStarter(store, outbox), RunSteering(store, outbox)
    uploads = UploadDesk(database, store, storage, starter, settings.uploads)
    deletion = Deletion(database, store, storage, outbox, settings.deletion)
    return Wiring(
        routers=ROUTERS,
        parts=(
            EpisodeDesk(store, outbox),
            RunDesk(store, starter, steering, ArtifactReader(storage)),
            uploads,
            VideoDesk(store, storage, settings.api),
            ProgressFeed(database, settings.progress),
            deletion,
            AuditLog(database),
        ),
        background=(Reconciler(store, resources.bus, settings.reconciler).run, outbox.run, deletion.run, uploads.run),
    )


async def main() -> None:
    await run("ingest", IngestSettings(), wire)
