"""The one place where the services meet: their settings, wiring and routers by name. Only what is asked for is loaded."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Protocol, assert_never, cast

from chassis.settings import ChassisSettings
from contracts.events import SERVICES, Service

if TYPE_CHECKING:  # the command line starts fast: the web framework is loaded by those who serve
    from fastapi import APIRouter

    from chassis.service import Resources, Wiring

OWNERS: tuple[Service, ...] = ("ingest", "grouper", "identity", "webhooks")
"""The services that own state people touch, and so have routers."""


class ServiceApp(Protocol):
    """A service's `app` module."""

    def wire(self, resources: Resources[Any], /) -> Wiring: ...

    async def main(self) -> None: ...


class OwnerApp(ServiceApp, Protocol):
    """The `app` module of a service that owns state people touch."""

    def routers(self) -> Sequence[APIRouter]: ...


def app_of(name: Service) -> ServiceApp:
    """The `app` module of a service."""
    match name:
        case "ingest":
            from services.ingest import app as ingest

            return ingest
        case "detector":
            from services.detector import app as detector

            return detector
        case "embedder":
            from services.embedder import app as embedder

            return embedder
        case "grouper":
            from services.grouper import app as grouper

            return grouper
        case "identity":
            from services.identity import app as identity

            return identity
        case "webhooks":
            from services.webhooks import app as webhooks

            return webhooks
        case _:
            assert_never(name)


def settings_class(name: Service) -> type[ChassisSettings]:
    """The settings class of a service; imports no more than that."""
    match name:
        case "ingest":
            from services.ingest.settings import IngestSettings

            return IngestSettings
        case "detector":
            from services.detector.settings import DetectorSettings

            return DetectorSettings
        case "embedder":
            from services.embedder.settings import EmbedderSettings

            return EmbedderSettings
        case "grouper":
            from services.grouper.settings import GrouperSettings

            return GrouperSettings
        case "identity":
            from services.identity.settings import IdentitySettings

            return IdentitySettings
        case "webhooks":
            from services.webhooks.settings import WebhooksSettings

            return WebhooksSettings
        case _:
            assert_never(name)


def routers_of(name: Service) -> Sequence[APIRouter]:
    """The routers of a service, connected to nothing: enough to describe its API; none of one without state people touch."""
    return cast("OwnerApp", app_of(name)).routers() if name in OWNERS else ()


def settings_in_force(name: Service | None = None) -> dict[str, dict[str, Any]]:
    """Service -> settings, secrets masked."""
    names: Sequence[Service] = [name] if name else SERVICES
    return {one: settings_class(one)().model_dump(mode="json") for one in names}
