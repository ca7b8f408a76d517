"""`/session`: a browser signs in with a key, a token or at the OIDC issuer, once, and is known by a cookie from then on."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Annotated, Literal

from fastapi import Depends, Request, Response
from pydantic import BaseModel, Field

from chassis.http.auth import Authenticator, Principal, Viewer
from chassis.http.errors import ApiError
from chassis.http.parts import Provide
from chassis.http.results import ApiResult, ok
from chassis.http.routing import Router
from chassis.http.sessions import PLAIN_COOKIE, SECURE_COOKIE, Session, Sessions, cookie_in, csrf_token

router = Router(tags=["session"])
Kept = Annotated[Sessions, Depends(Provide(Sessions))]
Authentication = Annotated[Authenticator, Depends(Provide(Authenticator))]
LOOPBACK_NAMES = frozenset({"localhost", "127.0.0.1", "::1"})


class SessionView(BaseModel):
    """Who is calling, and by what."""

    name: str
    role: Literal["viewer", "operator", "admin"]
    shows: tuple[str, ...] | None = Field(description="Slugs of the shows they may touch; null: all.")
    by: Literal["session", "key", "token", "nothing"] = Field(
        description="`nothing`: authentication is off, everybody is admin."
    )
    expires_at: datetime | None = Field(default=None, description="Of the session.")
    csrf_token: str | None = Field(
        default=None,
        description="To be sent as `X-CSRF-Token` with whatever is no GET, where the cookie says who calls.",
    )


@router.post("/session")
async def sign_in(
    request: Request, response: Response, principal: Viewer, sessions: Kept, authentication: Authentication
) -> ApiResult[SessionView]:
    """Begin a session for whoever sends a key or a token with this; the answer sets a cookie that scripts cannot read."""
    request.state.is_command = True
    if authentication.is_off:
        return ok(_view(principal, "nothing"))
    if request.state.session is not None:
        raise ApiError(409, "signed_in_already", "There is a session: sign out first, or send a key or a token.")
    check_is_private(request)
    session, token = await authentication.begin_session(request.headers, principal, sessions)
    set_session_cookie(request, response, session, token)
    return ok(_view(principal, "session", session, token))


@router.get("/session")
async def read_session(
    request: Request, principal: Viewer, sessions: Kept, authentication: Authentication
) -> ApiResult[SessionView]:
    """Tell who is calling, and what a page has to send with its session."""
    if authentication.is_off:
        return ok(_view(principal, "nothing"))
    if request.state.session is None:
        return ok(_view(principal, "key" if principal.id.startswith("key:") else "token"))
    session = await sessions.find(request.state.session)
    return ok(_view(principal, "session", session, request.state.session))


@router.delete("/session")
async def sign_out(request: Request, response: Response, _principal: Viewer, sessions: Kept) -> ApiResult[bool]:
    """End the session, whatever its cookie would still be good for; `true` where there was one."""
    request.state.is_command = True
    token = cookie_in(request.headers)
    if token is not None and request.state.session == token:
        await sessions.end(token)
    for name, secure in ((SECURE_COOKIE, True), (PLAIN_COOKIE, False)):
        response.delete_cookie(name, path="/", secure=secure, httponly=True, samesite="strict")
    return ok(token is not None)


def check_is_private(request: Request) -> None:
    """Raises ApiError 403 `insecure_connection` where others may read along."""
    if request.url.scheme != "https" and request.url.hostname not in LOOPBACK_NAMES:
        raise ApiError(403, "insecure_connection", "A session needs HTTPS: use the https address.")


def set_session_cookie(request: Request, response: Response, session: Session, token: str) -> None:
    """The cookie of a session that was begun."""
    secure = request.url.scheme == "https"
    response.set_cookie(
        SECURE_COOKIE if secure else PLAIN_COOKIE,
        token,
        max_age=_seconds_left(session),
        path="/",
        secure=secure,
        httponly=True,
        samesite="strict",
    )


def _view(
    principal: Principal,
    by: Literal["session", "key", "token", "nothing"],
    session: Session | None = None,
    token: str | None = None,
) -> SessionView:
    return SessionView(
        name=principal.name,
        role=principal.role.name,  # type: ignore[arg-type]
        shows=None if principal.shows is None else tuple(sorted(principal.shows)),
        by=by,
        expires_at=session.expires_at if session else None,
        csrf_token=csrf_token(token) if token else None,
    )


def _seconds_left(session: Session) -> int:
    return max(1, int((session.expires_at - datetime.now(UTC)) / timedelta(seconds=1)))
