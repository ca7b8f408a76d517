"""`/session/oidc`: a browser is sent to the OIDC issuer and comes back signed in."""

from __future__ import annotations

from typing import Annotated

from fastapi import Depends, Query, Request, Response
from fastapi.responses import RedirectResponse
from pydantic import BaseModel, Field

from chassis.http.auth import Authenticator
from chassis.http.errors import ApiError
from chassis.http.oidc_code import LASTS_S, PLAIN_COOKIE, SECURE_COOKIE, Attempt, CodeFlow
from chassis.http.open_routes import OIDC_START, SIGN_IN_OPTIONS, OpenRouter
from chassis.http.parts import Provide
from chassis.http.results import ApiResult, ok
from chassis.http.sessions import Sessions, cookie_in
from chassis.settings import OIDC_CALLBACK, AuthSettings
from services.ingest.routers.session import check_is_private, set_session_cookie

router = OpenRouter(tags=["session"])
Flow = Annotated[CodeFlow, Depends(Provide(CodeFlow))]
SEE_OTHER = 303


class SignInOptions(BaseModel):
    """How one may sign in here."""

    authentication: bool = Field(description="Whether callers have to say who they are.")
    key: bool = Field(description="`POST /session` takes a key.")
    token: bool = Field(description="`POST /session` takes an access token.")
    oidc_start: str | None = Field(
        description="Where a browser goes to sign in at the issuer, with `?return_to=/…`; null where it cannot."
    )


@router.get(SIGN_IN_OPTIONS)
async def read_sign_in_options(
    flow: Flow, settings: Annotated[AuthSettings, Depends(Provide(AuthSettings))]
) -> ApiResult[SignInOptions]:
    """Tell how one may sign in, to whoever asks."""
    return ok(
        SignInOptions(
            authentication=settings.mode != "off",
            key=settings.takes_keys,
            token=settings.takes_tokens,
            oidc_start=OIDC_START if flow.is_offered else None,
        )
    )


@router.get(OIDC_START, include_in_schema=False)
async def start_oidc(
    request: Request, flow: Flow, return_to: Annotated[str, Query(min_length=1, max_length=500)] = "/"
) -> Response:
    """Send the browser to the issuer, with a cookie that it comes back with."""
    redirect_uri = _redirect_uri(request, flow)
    attempt = Attempt.begin(return_to)
    answer = RedirectResponse(flow.address(attempt, redirect_uri), status_code=SEE_OTHER)
    secure = request.url.scheme == "https"
    # Lax: the issuer's page, which is another site's, sends the browser back with it.
    answer.set_cookie(
        SECURE_COOKIE if secure else PLAIN_COOKIE,
        attempt.cookie,
        max_age=LASTS_S,
        path="/",
        secure=secure,
        httponly=True,
        samesite="lax",
    )
    return answer


@router.get(OIDC_CALLBACK, include_in_schema=False)
async def finish_oidc(
    request: Request,
    flow: Flow,
    sessions: Annotated[Sessions, Depends(Provide(Sessions))],
    authentication: Annotated[Authenticator, Depends(Provide(Authenticator))],
    settings: Annotated[AuthSettings, Depends(Provide(AuthSettings))],
    state: Annotated[str, Query(max_length=200)] = "",
    code: Annotated[str, Query(max_length=4000)] = "",
    error: Annotated[str, Query(max_length=200)] = "",
    iss: Annotated[str | None, Query(max_length=500)] = None,
) -> Response:
    """Take the browser back: its code becomes a session. Whatever goes wrong is told at the place where it wanted to go."""
    redirect_uri = _redirect_uri(request, flow)
    attempt = Attempt.read(cookie_in(request.headers, (SECURE_COOKIE, PLAIN_COOKIE)))
    if attempt is None or not attempt.is_of(state):
        raise ApiError(400, "sign_in_not_begun", f"This browser did not begin to sign in: go to {OIDC_START}.")
    if error or not code or iss not in {None, settings.oidc_issuer}:
        return _back(attempt.failed("access_denied" if error == "access_denied" else "not_signed_in"))
    claims = await flow.claims(attempt, code, redirect_uri)
    if claims is None:
        return _back(attempt.failed("not_signed_in"))
    try:
        principal, session, token = await authentication.begin_session_of(claims, sessions)
    except ApiError as refused:
        return _back(attempt.failed(refused.body.code))
    request.state.principal, request.state.is_sign_in = principal, True
    answer = _back(attempt.return_to)
    set_session_cookie(request, answer, session, token)
    return answer


def _redirect_uri(request: Request, flow: CodeFlow) -> str:
    redirect_uri = flow.redirect_uri(request.url.scheme, request.url.netloc)
    check_is_private(request)
    return redirect_uri


def _back(place: str) -> Response:
    """To a place of this site; what was sent out with the browser is over."""
    answer = RedirectResponse(place, status_code=SEE_OTHER)
    for name, secure in ((SECURE_COOKIE, True), (PLAIN_COOKIE, False)):
        answer.delete_cookie(name, path="/", secure=secure, httponly=True, samesite="lax")
    return answer
