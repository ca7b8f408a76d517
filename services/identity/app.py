"""Wiring of the identity service."""

from __future__ import annotations

from collections.abc import Sequence

from fastapi import APIRouter

from chassis.http.audit_log import AuditLog
from chassis.mongo.episode_facts import EpisodeReadModel
from chassis.mongo.grouper_read_model import GrouperReadModel
from chassis.mongo.outbox import Outbox
from chassis.s3.artifact_reader import ArtifactReader
from chassis.service import Resources, Wiring, run
from contracts.events import (
    CastChanged,
    CastDescribed,
    CastUploaded,
    EpisodeChanged,
    EpisodeDeleted,
    EpisodeGrouped,
    LinksChanged,
    ReportRequested,
    ScreenTimeSigned,
    ShowDeleted,
)
from services.identity.commands.cast import CastCommands
from services.identity.commands.consent import ConsentCommands
from services.identity.commands.descriptions import DescriptionCommands
from services.identity.commands.episode_erasure import EpisodeErasures
from services.identity.commands.erasure import Erasures
from services.identity.commands.extras import ExtrasCommands
from services.identity.commands.face_references import FaceReferenceCommands
from services.identity.commands.history import HistoryCommands
from services.identity.commands.links import LinkCommands
from services.identity.commands.purge import RevisionPurge
from services.identity.commands.reference_images import ReferenceImageCommands
from services.identity.commands.review import ReviewCommands
from services.identity.commands.settle_references import SettleReferences
from services.identity.commands.shows import ShowDeletion
from services.identity.commands.sign_off import SignOffCommands
from services.identity.commands.suggestions import SuggestionCommands
from services.identity.handlers import FacebankHandlers, IdentityHandlers
from services.identity.media.crop_urls import CropUrls
from services.identity.media.examiner import Examiner
from services.identity.media.picture_files import PictureFiles
from services.identity.queries.appearances import AppearanceExports
from services.identity.queries.changes import ChangeFeed
from services.identity.queries.episodes import EpisodeReader
from services.identity.queries.faces import FaceQueries
from services.identity.queries.people import PeopleQueries
from services.identity.queries.personal_data import PersonalData
from services.identity.queries.review import ReviewQueries
from services.identity.queries.revisions import ScreenTimeReports
from services.identity.queries.search import EpisodeSearch
from services.identity.queries.timeline import TimelineQueries
from services.identity.queries.versions import VersionQueries
from services.identity.reporter.reporter import Reporter
from services.identity.settings import IdentitySettings
from services.identity.store.changes import ChangeStore
from services.identity.store.erasures import ErasureStore
from services.identity.store.facebanks import FacebankStore
from services.identity.store.links import LinkStore
from services.identity.store.people import PeopleStore
from services.identity.store.presence import PresenceStore
from services.identity.store.review import PutOffStore
from services.identity.store.revisions import RevisionStore
from services.identity.store.shown import ShownRevisions
from services.identity.store.sign_offs import SignOffStore


def wire(resources: Resources[IdentitySettings]) -> Wiring:
    database, bus = resources.database, resources.bus
    erased = ErasureStore(database)
    outbox = Outbox(bus, [database["facebanks"], database["identities"], erased.collection])
    facebanks = FacebankStore(database, outbox, require_consent=resources.settings.facebank.require_consent)
    links = LinkStore(database, outbox)
    revisions, people = RevisionStore(database), PeopleStore(database)
    presence = PresenceStore(database)
    reader, examiner = ArtifactReader(resources.storage), Examiner(resources)

    reporter = Reporter(
        resources,
        links=links,
        revisions=revisions,
        facebanks=facebanks,
        people=people,
        facts=EpisodeReadModel(database),
        reader=reader,
    )
    shows = ShowDeletion(facebanks, links, resources.storage)
    episodes = EpisodeReader(
        links=links,
        revisions=revisions,
        facebanks=facebanks,
        reader=reader,
        rules=resources.settings.recognition,
        visibility=resources.settings.visibility,
    )
    grouper = GrouperReadModel(database)
    purge = RevisionPurge(resources.storage, links, revisions, grouper)
    erasures = Erasures(
        erased,
        facebanks=facebanks,
        links=links,
        episodes=EpisodeErasures(
            bus, links=links, revisions=revisions, reader=reader, reporter=reporter, grouper=grouper, purge=purge
        ),
        audit=AuditLog(database),
        storage=resources.storage,
        outbox=outbox,
        settings=resources.settings.erasure,
    )
    link_commands = LinkCommands(links, episodes)
    put_off = PutOffStore(database)
    review = ReviewQueries(episodes, facebanks, put_off, reader)
    sign_offs = SignOffCommands(links, SignOffStore(database, outbox), episodes, review)
    cast = CastCommands(facebanks, links, link_commands)
    reports, search, exports, versions, faces, files = reading_parts(resources, revisions, reader)
    settle = SettleReferences(
        links=links,
        episodes=episodes,
        facebanks=facebanks,
        cast=cast,
        files=files,
        reader=reader,
        storage=resources.storage,
    )
    taking = FaceReferenceCommands(
        links=link_commands,
        cast=cast,
        episodes=episodes,
        faces=faces,
        settle=settle,
        consent_required=resources.settings.facebank.require_consent,
    )
    handlers = IdentityHandlers(reporter, links, revisions, people, shows, settle, facebanks, presence)
    bus.on(CastUploaded, FacebankHandlers(resources, facebanks, examiner).cast_uploaded)
    bus.on(EpisodeGrouped, handlers.episode_grouped)
    bus.on(LinksChanged, handlers.links_changed, fenced=False)
    bus.on(ScreenTimeSigned, handlers.screen_time_signed, fenced=False)
    bus.on(CastChanged, handlers.cast_changed)
    bus.on(CastDescribed, handlers.cast_described)
    bus.on(EpisodeChanged, handlers.episode_changed)
    bus.on(ReportRequested, handlers.report_requested, fenced=False)
    bus.on(EpisodeDeleted, handlers.episode_deleted)
    bus.on(ShowDeleted, handlers.show_deleted)

    personal = PersonalData(
        resources.storage, resources.database, facebanks=facebanks, links=links, revisions=revisions, reader=reader
    )
    return Wiring(
        routers=routers,
        parts=(
            episodes,
            link_commands,
            SuggestionCommands(link_commands, episodes),
            ExtrasCommands(link_commands, episodes),
            cast,
            erasures,
            shows,
            ConsentCommands(facebanks),
            DescriptionCommands(facebanks),
            personal,
            ReferenceImageCommands(resources, facebanks, cast, examiner),
            PeopleQueries(people, facebanks, episodes),
            TimelineQueries(episodes, reader),
            review,
            ReviewCommands(link_commands, episodes, review, put_off),
            sign_offs,
            HistoryCommands(link_commands, sign_offs, facebanks, episodes),
            taking,
            ChangeFeed(ChangeStore(database, grouper, presence, resources.fence), resources.settings.changes),
            presence,
            reports,
            search,
            exports,
            versions,
            faces,
            files,
        ),
        background=(outbox.run, erasures.run),
    )


def reading_parts(
    resources: Resources[IdentitySettings], revisions: RevisionStore, reader: ArtifactReader
) -> tuple[ScreenTimeReports, EpisodeSearch, AppearanceExports, VersionQueries, FaceQueries, PictureFiles]:
    """What the routers that only read work with: screen time, questions to it, exports, versions, faces and pictures."""
    storage, settings = resources.storage, resources.settings
    reports = ScreenTimeReports(revisions, storage, reader, settings.api)
    pictures, files = CropUrls(storage, settings.api), PictureFiles(storage)
    faces = FaceQueries(reports, pictures, files, storage, settings.recognition.representative)
    exports = AppearanceExports(reports, EpisodeReadModel(resources.database))
    search = EpisodeSearch(revisions, ShownRevisions(resources.database))
    return (reports, search, exports, VersionQueries(reports), faces, files)


def routers() -> Sequence[APIRouter]:
    """What answers HTTP; loaded when it is wanted."""
    from services.identity.routers import ROUTERS

    return ROUTERS


async def main() -> None:
    await run("identity", IdentitySettings(), wire, inference=True)
