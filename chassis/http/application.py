"""The ASGI application around a service's routers: errors, bounds, authentication, audit, health."""

from __future__ import annotations

import asyncio
import ipaddress
import json
import socket
from collections.abc import Iterable, Sequence

from fastapi import APIRouter, FastAPI, Request, Response
from fastapi.middleware.cors import CORSMiddleware

from chassis import telemetry
from chassis.cache import Memo
from chassis.http import errors, parts
from chassis.http.audit import Audit
from chassis.http.auth import Authenticator, Viewer
from chassis.http.bodies import Bodies
from chassis.http.bounds import Bounds
from chassis.http.keys import ApiKeys
from chassis.http.oidc_code import CodeFlow
from chassis.http.open_routes import OpenRoute
from chassis.http.routing import GuardedRoute, Router
from chassis.http.sessions import Sessions
from chassis.http.tokens import Tokens
from chassis.mongo.database import Database
from chassis.settings import ChassisSettings

VERSION = "1.0.0"
DESCRIPTION = """Who was on screen, when and for how long: episodes, runs, people, cast and screen time.

Every answer is an ApiResult: `{success, data, error}`. Commands that change an episode's people carry `If-Match` with the
`ETag` that was read; a command sent again with the same `Idempotency-Key` changes nothing."""


def build(title: str, routers: Sequence[APIRouter], *, documented: bool = True) -> FastAPI:
    """An application with routers and error answers, not yet connected to anything.

    Raises:
        TypeError: for a router whose routes have no guard.
    """
    unguarded = [
        route for router in routers for route in router.routes if not isinstance(route, (GuardedRoute, OpenRoute))
    ]
    if unguarded:
        raise TypeError(f"routes without a guard: {unguarded}")
    app = FastAPI(
        title=title,
        version=VERSION,
        description=DESCRIPTION,
        openapi_url=None,
        docs_url=None,
        redoc_url=None,
        generate_unique_id_function=lambda route: route.name,
    )
    errors.install(app)
    for router in (*routers, *([_description()] if documented else ())):
        app.include_router(router)
    return app


def _description() -> Router:
    """`/openapi.json`, for whoever may read anything at all: it takes seconds, so it is written once, beside the loop."""
    router = Router(tags=[])
    written: Memo[bytes] = Memo(1)

    @router.get("/openapi.json", include_in_schema=False)
    async def describe(request: Request, _principal: Viewer) -> Response:
        text = await written.get("description", lambda: asyncio.to_thread(_write, request.app))
        return Response(text, media_type="application/json")

    return router


def _write(app: FastAPI) -> bytes:
    return json.dumps(app.openapi(), ensure_ascii=False).encode()


def connect(app: FastAPI, settings: ChassisSettings, database: Database, service_parts: Iterable[object]) -> None:
    """Give the application what its routers work with, and put the bounds around it. Before it serves.

    Raises:
        ValueError: when it would listen beyond loopback without authentication.
    """
    check_exposure(settings)
    sessions = Sessions(database)
    tokens = Tokens(settings.auth)
    authenticator = Authenticator(settings.auth, ApiKeys(database), tokens, sessions=sessions)
    code_flow = CodeFlow(settings.auth, tokens)
    parts.install(
        app,
        [
            authenticator,
            sessions,
            code_flow,
            settings.auth,
            settings.api,
            settings.peers,
            Bodies(settings.api),
            *service_parts,
        ],
    )
    app.add_middleware(Audit, database=database)
    app.add_middleware(Bounds, settings=settings.api)
    if settings.api.cors_origins:
        app.add_middleware(
            CORSMiddleware,
            allow_origins=list(settings.api.cors_origins),
            allow_methods=["GET", "POST", "PUT", "PATCH", "DELETE"],
            allow_headers=[
                "Authorization",
                "X-API-Key",
                "If-Match",
                "Idempotency-Key",
                "Content-Type",
                "Last-Event-ID",
            ],
            expose_headers=["ETag"],
        )


def check_exposure(settings: ChassisSettings) -> None:
    """Without authentication the API listens on loopback only, and says so."""
    if settings.auth.mode != "off":
        return
    if not _is_loopback(settings.http.host):
        raise ValueError(
            f"SCREENALYTICS_HTTP__HOST is {settings.http.host}, which others can reach, but SCREENALYTICS_AUTH__MODE is "
            "off: set it to keys, oidc or keys+oidc."
        )
    telemetry.logger().warning("authentication is off: whoever reaches this port is admin", host=settings.http.host)


def _is_loopback(host: str) -> bool:
    try:
        addresses = {str(info[4][0]) for info in socket.getaddrinfo(host, None)}
    except OSError:
        return False
    return all(ipaddress.ip_address(address.split("%")[0]).is_loopback for address in addresses)
