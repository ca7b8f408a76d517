"""`screenalytics retention`: removes what is over its time."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime

from chassis.http.audit_log import AuditLog
from chassis.kafka.bus import Bus
from chassis.mongo import database as mongo
from chassis.mongo.grouper_read_model import GrouperReadModel
from chassis.mongo.outbox import Outbox
from chassis.s3.artifact_reader import ArtifactReader
from chassis.s3.storage import Storage
from chassis.settings import ChassisSettings
from screenalytics.events.servers import reaching_servers
from services.identity.commands.purge import RevisionPurge
from services.identity.commands.retention import Retention
from services.identity.store.erasures import ErasureStore
from services.identity.store.links import LinkStore
from services.identity.store.revisions import RevisionStore


async def run_retention(*, is_trial: bool) -> None:
    """Say what went, or what would go."""
    settings = ChassisSettings()
    days = settings.retention
    if days.revisions_days is None and days.strangers_days is None and days.audit_days is None:
        print("everything is kept: set SCREENALYTICS_RETENTION__REVISIONS_DAYS, …__STRANGERS_DAYS or …__AUDIT_DAYS")
        return
    async with open_retention(settings) as retention:
        done = await retention.run(datetime.now(UTC), is_trial=is_trial)
    verb = "would be removed" if is_trial else "removed"
    print(f"{done.revisions} replaced revisions {verb}" + ("" if is_trial else f" with {done.objects} objects"))
    print(f"{done.strangers} episodes whose strangers' faces {'would go' if is_trial else 'go now'}")
    print(f"{done.audit_entries} audit entries {verb}")


@asynccontextmanager
async def open_retention(settings: ChassisSettings) -> AsyncIterator[Retention]:
    """The retention on a running system's MongoDB and S3; it publishes nothing."""
    with reaching_servers():
        async with mongo.connect(settings.mongo) as database, Storage.connect(settings.s3) as storage:
            yield make_retention(settings, database, storage)


def make_retention(settings: ChassisSettings, database: mongo.Database, storage: Storage) -> Retention:
    """The retention on these stores."""
    links, revisions = LinkStore(database, Outbox(Bus("identity", settings.kafka), ())), RevisionStore(database)
    return Retention(
        settings.retention,
        links=links,
        revisions=revisions,
        erasures=ErasureStore(database),
        purge=RevisionPurge(storage, links, revisions, GrouperReadModel(database)),
        reader=ArtifactReader(storage),
        audit=AuditLog(database),
    )
