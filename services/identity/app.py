"""Wiring of the identity service."""

from __future__ import annotations

from chassis.reading import ArtifactReader
from chassis.service import Resources, Wiring, run
from contracts.events import CastUploaded, EpisodeGrouped
from services.identity.exporting import AppearanceExports
from services.identity.facebank_handlers import FacebankHandlers
from services.identity.faces_desk import FacesDesk
from services.identity.handlers import IdentityHandlers
from services.identity.picture_objects import PictureObjects
from services.identity.reports import ScreenTimeReports
from services.identity.routers import ROUTERS
from services.identity.settings import IdentitySettings
from services.identity.store import FacebankStore, IdentityStore


def wire(resources: Resources[IdentitySettings]) -> Wiring:
    facebanks = FacebankStore(resources.database)
    resources.bus.on(CastUploaded, FacebankHandlers(resources, facebanks).cast_uploaded)
    handlers = IdentityHandlers(resources, IdentityStore(resources.database), facebanks)
    resources.bus.on(EpisodeGrouped, handlers.episode_grouped)
    return Wiring(routers=ROUTERS, parts=reading_parts(resources))


def reading_parts(resources: Resources[IdentitySettings]) -> tuple[object, ...]:
    """What the routers that only read work with: screen time, exports, faces and pictures."""
    storage, settings = resources.storage, resources.settings
    reports = ScreenTimeReports(resources.database, storage, ArtifactReader(storage), settings.api)
    pictures = PictureObjects(storage, settings.api)
    faces = FacesDesk(reports, pictures, storage, settings.recognition.representative)
    return (reports, AppearanceExports(reports), faces)


async def main() -> None:
    await run("identity", IdentitySettings(), wire, inference=True)
