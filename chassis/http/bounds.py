"""What every request meets first: who is calling and how often; and what every answer carries: security headers."""

from __future__ import annotations

import re

from starlette.datastructures import MutableHeaders
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from chassis.http.auth import Authenticator, Credentials, Principal
from chassis.http.errors import ApiError, respond
from chassis.http.open_routes import OPEN
from chassis.http.rates import Rates, source_of
from chassis.http.sessions import check_same_page
from chassis.settings import ApiSettings

SECURITY_HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Strict-Transport-Security": "max-age=31536000",
    "Cache-Control": "no-store",
}
INTERNAL = "/internal/"
_PICTURE = re.compile(r"/(?:pictures|sprites)/[^/]+(?:/image)?$")
LOOPBACK_NAMES = frozenset({"localhost", "127.0.0.1", "::1"})


class Bounds:
    """ASGI middleware around everything but `/internal`: it reads headers, never a body.

    Whoever sends no credential goes on as nobody, and the routes refuse them; a wrong credential is refused here.
    """

    def __init__(self, app: ASGIApp, settings: ApiSettings) -> None:
        self._app = app
        self._settings = settings
        self._rates = Rates(settings)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "websocket":
            await send({"type": "websocket.close", "code": 1008})
            return
        if scope["type"] != "http" or str(scope["path"]).startswith(INTERNAL):
            await self._app(scope, receive, send)
            return
        request = Request(scope)
        send = _with_headers(send)
        try:
            request.state.principal = await self._caller(request)
        except Exception as error:  # outside of the application's own handlers
            answer = await respond(request, error)
            await answer(scope, receive, send)
            return
        await self._app(scope, receive, send)

    async def _caller(self, request: Request) -> Principal | None:
        """Whose credential the request has; None where it has none.

        Raises:
            ApiError: 400 `bad_request`, 401 `not_authenticated`, 403 `foreign_page` or `csrf_missing`,
                429 `too_many_requests`.
        """
        authenticator: Authenticator = request.app.state.parts[Authenticator]
        source = source_of(request.client)
        if request.url.path in OPEN:  # whatever a browser still sends, it need not be good for anything here
            request.state.session = None
            await self._rates.request(source)
            return None
        presented = Credentials.of(request.headers)
        request.state.session = presented.session
        if authenticator.is_off:
            _check_page(request, self._settings.cors_origins)
        elif not presented:
            await self._rates.request(source)
            return None
        try:
            principal = await authenticator.caller(presented)
            if presented.session is not None and not authenticator.is_off:
                check_same_page(request.method, request.headers, presented.session)
        except ApiError as refused:
            await (self._rates.failure if refused.status == 401 else self._rates.request)(source)
            raise
        except Exception:  # nobody could say whose it is
            await self._rates.request(source)
            raise
        await (self._rates.picture if _is_picture(request) else self._rates.request)(principal.id)
        return principal


def _is_picture(request: Request) -> bool:
    """Whether a request of a known caller is one of the hundreds that one page of faces makes."""
    return request.method == "GET" and _PICTURE.search(request.url.path) is not None


def _check_page(request: Request, allowed: tuple[str, ...]) -> None:
    """Where everybody is admin, other people's pages in the browser of whoever sits here are not.

    Raises:
        ApiError: 403 `foreign_page`.
    """
    origin = request.headers.get("origin")
    is_browser = origin is not None or "sec-fetch-site" in request.headers
    if not is_browser or origin in allowed:
        return
    host = request.headers.get("host", "")
    is_ours = host.rpartition(":")[0].strip("[]") in LOOPBACK_NAMES or host.strip("[]") in LOOPBACK_NAMES
    is_foreign = request.headers.get("sec-fetch-site", "none") not in {"same-origin", "none"}
    if not is_ours or is_foreign or (origin is not None and origin.partition("://")[2] != host):
        raise ApiError(403, "foreign_page", "Pages from elsewhere may not call this: turn authentication on for that.")


def _with_headers(send: Send) -> Send:
    async def sending(message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = MutableHeaders(scope=message)
            for name, value in SECURITY_HEADERS.items():
                headers.setdefault(name, value)
        await send(message)

    return sending
