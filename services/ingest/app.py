"""Wiring of the ingest service."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from fastapi import APIRouter

from chassis.http.audit_log import AuditLog
from chassis.mongo.outbox import Outbox
from chassis.s3.artifact_reader import ArtifactReader
from chassis.service import Resources, Wiring, run
from chassis.video import limited
from contracts.events import (
    EpisodeFailed,
    EpisodeProgress,
    EpisodeUploaded,
    PersonErased,
    ScreenTimeReported,
    ShowDeleted,
)
from services.ingest.commands.control_run import RunSteering
from services.ingest.commands.deletion import Deletion
from services.ingest.commands.episodes import EpisodeCommands
from services.ingest.commands.proxies import ProxyMaker
from services.ingest.commands.reconciler import Reconciler
from services.ingest.commands.start_run import RunStarter
from services.ingest.commands.uploads import UploadCommands
from services.ingest.handlers import IngestHandlers, PrivacyHandlers
from services.ingest.queries.playback import PlaybackQueries
from services.ingest.queries.progress_stream import ProgressFeed
from services.ingest.queries.runs import RunQueries
from services.ingest.queries.video import VideoQueries
from services.ingest.settings import IngestSettings
from services.ingest.store.proxies import ProxyStore
from services.ingest.store.runs import IngestStore
from services.ingest.store.uploads import UploadStore

IN_CHILDREN = tuple(f"services.ingest.video.{name}" for name in ("probing", "clips", "frame_scan", "proxy"))
"""What reads strangers' videos."""


def wire(resources: Resources[IngestSettings]) -> Wiring:
    settings, database, storage = resources.settings, resources.database, resources.storage
    limited.prepare(*IN_CHILDREN)
    store, uploads = IngestStore(database), UploadStore(database)
    outbox = Outbox(resources.bus, [store.episodes.collection, store.collection])
    handlers = IngestHandlers(resources, store, outbox)
    resources.bus.on(EpisodeUploaded, handlers.episode_uploaded)
    resources.bus.on(EpisodeProgress, handlers.episode_progress)
    resources.bus.on(ScreenTimeReported, handlers.screen_time_reported)
    resources.bus.on(EpisodeFailed, handlers.episode_failed)
    starter, steering = RunStarter(store, outbox), RunSteering(store, outbox)
    uploading = UploadCommands(uploads, store, storage, starter, settings.uploads)
    proxies = ProxyStore(database)
    reading = asyncio.Semaphore(1)  # clips and times of frames one after the other: each takes the processor it gets
    making = ProxyMaker(store, proxies, storage, settings.proxies, settings.decoding)
    deletion = Deletion(store, uploads, proxies, storage, outbox, settings.deletion)
    privacy = PrivacyHandlers(store, deletion)
    resources.bus.on(PersonErased, privacy.person_erased)
    resources.bus.on(ShowDeleted, privacy.show_deleted)
    return Wiring(
        routers=routers,
        parts=(
            EpisodeCommands(store, outbox),
            RunQueries(store, ArtifactReader(storage)),
            starter,
            steering,
            uploading,
            VideoQueries(store, storage, settings.api, settings.decoding, reading),
            PlaybackQueries(store, proxies, storage, settings.api, settings.decoding, reading),
            ProgressFeed(store, settings.progress),
            deletion,
            making,
            AuditLog(database),
        ),
        background=(
            Reconciler(store, resources.bus, settings.reconciler).run,
            outbox.run,
            deletion.run,
            uploading.run,
            making.run,
        ),
    )


def routers() -> Sequence[APIRouter]:
    """What answers HTTP; loaded when it is wanted."""
    from services.ingest.routers import ROUTERS

    return ROUTERS


async def main() -> None:
    limited.prepare(*IN_CHILDREN, at_once=True)
    await run("ingest", IngestSettings(), wire)
