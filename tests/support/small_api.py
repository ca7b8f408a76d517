"""An application of a few routes behind the doors of every service, with three callers and no stores."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from fastapi import APIRouter, FastAPI

from chassis.http import application, parts
from chassis.http.auth import Authenticator, Principal, Role
from chassis.http.bodies import Bodies
from chassis.http.bounds import Bounds
from chassis.http.errors import ApiError
from chassis.settings import ApiSettings


class KnownKeys(Authenticator):
    """Three callers, by key."""

    CALLERS: ClassVar = {
        "viewer": Principal(id="key:1", name="vera", role=Role.viewer, shows=frozenset({"my-show"})),
        "operator": Principal(id="key:2", name="otto", role=Role.operator, shows=frozenset({"my-show"})),
        "admin": Principal(id="key:3", name="ada", role=Role.admin),
    }

    def __init__(self) -> None:
        self.revoked: set[str] = set()

    @property
    def is_off(self) -> bool:
        return False

    async def principal(self, *, key: str | None, bearer: str | None) -> Principal:
        name = bearer or key
        if name not in self.CALLERS or name in self.revoked:
            raise ApiError(401, "not_authenticated", "The key is not valid.")
        return self.CALLERS[name]


def app_of(routers: Sequence[APIRouter], settings: ApiSettings | None = None) -> FastAPI:
    settings = settings or ApiSettings()
    app = application.build("Test", routers)
    parts.install(app, [settings, Bodies(settings)])
    app.state.parts[Authenticator] = KnownKeys()
    app.add_middleware(Bounds, settings=settings)
    return app
