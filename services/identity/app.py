"""Wiring of the identity service."""

from __future__ import annotations

from chassis.outbox import Outbox
from chassis.reading import ArtifactReader
from chassis.service import Resources, Wiring, run
from contracts.events import CastChanged, CastUploaded, EpisodeDeleted, EpisodeGrouped, LinksChanged
from services.identity.cast_desk import CastDesk
from services.identity.episodes import EpisodeReader
from services.identity.examination import Examiner
from services.identity.exporting import AppearanceExports
from services.identity.facebank_handlers import FacebankHandlers
from services.identity.facebank_store import FacebankStore
from services.identity.faces_desk import FacesDesk
from services.identity.handlers import IdentityHandlers
from services.identity.link_desk import LinkDesk
from services.identity.link_store import LinkStore
from services.identity.people_desk import PeopleDesk
from services.identity.people_store import PeopleStore
from services.identity.picture_desk import PictureDesk
from services.identity.picture_objects import PictureObjects
from services.identity.reporter import Reporter
from services.identity.reports import ScreenTimeReports
from services.identity.revisions import RevisionStore
from services.identity.routers import ROUTERS
from services.identity.settings import IdentitySettings
from services.identity.suggestion_desk import SuggestionDesk


def wire(resources: Resources[IdentitySettings]) -> Wiring:
    database, bus = resources.database, resources.bus
    outbox = Outbox(bus, [database["facebanks"], database["identities"]])
    facebanks = FacebankStore(database, outbox)
    links = LinkStore(database, outbox)
    revisions, people = RevisionStore(database), PeopleStore(database)
    reader, examiner = ArtifactReader(resources.storage), Examiner(resources)

    reporter = Reporter(resources, links=links, revisions=revisions, facebanks=facebanks, people=people, reader=reader)
    handlers = IdentityHandlers(reporter, links, revisions, people)
    bus.on(CastUploaded, FacebankHandlers(resources, facebanks, examiner).cast_uploaded)
    bus.on(EpisodeGrouped, handlers.episode_grouped)
    bus.on(LinksChanged, handlers.links_changed, fenced=False)
    bus.on(CastChanged, handlers.cast_changed)
    bus.on(EpisodeDeleted, handlers.episode_deleted)

    episodes = EpisodeReader(
        links=links,
        revisions=revisions,
        facebanks=facebanks,
        reader=reader,
        rules=resources.settings.recognition,
    )
    desk = LinkDesk(links, episodes)
    cast = CastDesk(facebanks, links, desk)
    return Wiring(
        routers=ROUTERS,
        parts=(
            episodes,
            desk,
            SuggestionDesk(desk, episodes),
            cast,
            PictureDesk(resources, facebanks, cast, examiner),
            PeopleDesk(people, facebanks, episodes),
            *reading_parts(resources, reader),
        ),
        background=(outbox.run,),
    )


def reading_parts(resources: Resources[IdentitySettings], reader: ArtifactReader) -> tuple[object, ...]:
    """What the routers that only read work with: screen time, exports, faces and pictures."""
    storage, settings = resources.storage, resources.settings
    reports = ScreenTimeReports(resources.database, storage, reader, settings.api)
    pictures = PictureObjects(storage, settings.api)
    faces = FacesDesk(reports, pictures, storage, settings.recognition.representative)
    return (reports, AppearanceExports(reports), faces)


async def main() -> None:
    await run("identity", IdentitySettings(), wire, inference=True)
