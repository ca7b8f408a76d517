"""Wiring of the identity service."""

from __future__ import annotations

from chassis.service import Resources, Wiring, run
from contracts.events import CastUploaded, EpisodeGrouped
from services.identity.facebank_handlers import FacebankHandlers
from services.identity.handlers import IdentityHandlers
from services.identity.settings import IdentitySettings
from services.identity.store import FacebankStore, IdentityStore


def wire(resources: Resources[IdentitySettings]) -> Wiring:
    facebanks = FacebankStore(resources.database)
    resources.bus.on(CastUploaded, FacebankHandlers(resources, facebanks).cast_uploaded)
    handlers = IdentityHandlers(resources, IdentityStore(resources.database), facebanks)
    resources.bus.on(EpisodeGrouped, handlers.episode_grouped)
    return Wiring()


async def main() -> None:
    await run("identity", IdentitySettings(), wire, inference=True)
