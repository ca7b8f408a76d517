"""Wiring of the grouper service."""

from __future__ import annotations

from collections.abc import Sequence

from fastapi import APIRouter

from chassis.mongo.outbox import Outbox
from chassis.mongo.reported_revision import ReportedScreenTime
from chassis.s3.artifact_reader import ArtifactReader
from chassis.service import Resources, Wiring, run
from contracts.events import ClustersEdited, EpisodeDeleted, SegmentEmbedded, TracksErased
from services.grouper.commands.edits import EditCommands
from services.grouper.erasure import TrackErasure
from services.grouper.grouper import Grouper
from services.grouper.handlers import ErasureHandlers, GrouperHandlers
from services.grouper.queries.clusters import ClusterQueries
from services.grouper.settings import GrouperSettings
from services.grouper.store.edits import EditStore
from services.grouper.store.runs import GrouperStore


def wire(resources: Resources[GrouperSettings]) -> Wiring:
    store, edits = GrouperStore(resources.database), EditStore(resources.database)
    reader, settings = ArtifactReader(resources.storage), resources.settings
    grouper = Grouper(
        storage=resources.storage, reader=reader, store=store, rules=settings.grouping, pooling=settings.pooling
    )
    handlers = GrouperHandlers(store=store, edits=edits, grouper=grouper)
    erasure = ErasureHandlers(TrackErasure(resources.storage, store, edits, grouper, settings.pooling))
    resources.bus.on(SegmentEmbedded, handlers.segment_embedded)
    resources.bus.on(ClustersEdited, handlers.clusters_edited)
    resources.bus.on(EpisodeDeleted, handlers.episode_deleted)
    resources.bus.on(TracksErased, erasure.tracks_erased, fenced=False)
    outbox = Outbox(resources.bus, [edits.collection])
    clusters = ClusterQueries(
        reader=reader,
        store=store,
        edits=edits,
        grouper=grouper,
        fence=resources.fence,
        rules=settings.grouping,
        visibility=settings.visibility,
    )
    reported = ReportedScreenTime(resources.database)
    edit_commands = EditCommands(store=store, edits=edits, clusters=clusters, outbox=outbox, reported=reported)
    return Wiring(routers=routers, parts=(clusters, edit_commands), background=(outbox.run,))


def routers() -> Sequence[APIRouter]:
    """What answers HTTP; loaded when it is wanted."""
    from services.grouper.routers import ROUTERS

    return ROUTERS


async def main() -> None:
    await run("grouper", GrouperSettings(), wire)
