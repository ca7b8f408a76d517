"""Who is calling and what they may do: API keys, OIDC bearer tokens, roles, shows."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import IntEnum
from typing import Annotated, Any

from fastapi import Depends, Security
from fastapi.security import APIKeyCookie, APIKeyHeader, HTTPBearer
from fastapi.security.http import HTTPAuthorizationCredentials
from starlette.datastructures import Headers
from starlette.requests import HTTPConnection

from chassis.http.errors import ApiError
from chassis.http.keys import ApiKey, ApiKeys
from chassis.http.sessions import SECURE_COOKIE, Session, Sessions, cookie_in
from chassis.http.tokens import Tokens
from chassis.settings import AuthSettings
from contracts.ids import show_of

LONGEST_NAME = 200

_header = APIKeyHeader(name="X-API-Key", auto_error=False, description="A key made with `screenalytics keys create`.")
_bearer = HTTPBearer(auto_error=False, description="An access token of the configured OIDC issuer, or an API key.")

_cookie = APIKeyCookie(
    name=SECURE_COOKIE, auto_error=False, description="The session that POST /session began; with X-CSRF-Token."
)


class Role(IntEnum):
    """What a caller may do; each role may do all that those below it may."""

    viewer = 1
    operator = 2
    admin = 3


@dataclass(frozen=True, kw_only=True)
class Principal:
    """The caller.

    `id` is whose credential it is, and nobody else's; `name` is what people call them, which two may share. `shows` are
    the slugs of the shows they may touch; None means all.
    """

    id: str
    name: str
    role: Role
    shows: frozenset[str] | None = None

    def may_see(self, show: str) -> bool:
        return self.shows is None or show in self.shows


LOCAL = Principal(id="local", name="local", role=Role.admin)
"""Everybody, where authentication is off."""


class Authenticator:
    """Turns credentials into principals."""

    def __init__(
        self,
        settings: AuthSettings,
        keys: ApiKeys,
        tokens: Tokens | None = None,
        sessions: Sessions | None = None,
    ) -> None:
        self._settings = settings
        self._keys = keys
        self._tokens = tokens or Tokens(settings)
        self._sessions = sessions

    @property
    def is_off(self) -> bool:
        return self._settings.mode == "off"

    async def caller(self, presented: Credentials) -> Principal:
        """The caller that a request's credentials are of: a key or token before a cookie; raises as `principal`."""
        if presented.session is None or self.is_off:
            return await self.principal(key=presented.key, bearer=presented.bearer)
        session = await self._sessions.find(presented.session) if self._sessions is not None else None
        if session is not None and session.key_id is not None and self._settings.takes_keys:
            key = await self._keys.in_force(session.key_id)
            if key is not None:
                return _of_key(key)
        if session is not None and session.claims is not None and self._settings.takes_tokens:
            return self._of_claims(session.claims)
        raise _not_authenticated("The session is over: sign in again.")

    async def begin_session(self, headers: Headers, principal: Principal, sessions: Sessions) -> tuple[Session, str]:
        """A session for the key or token that a request was let in by; it ends with the token, or with the key."""
        lasts = timedelta(hours=self._settings.session_hours)
        if principal.id.startswith("key:"):
            return await sessions.begin(name=principal.name, lasts=lasts, key_id=principal.id.removeprefix("key:"))
        claims = await self._tokens.claims(Credentials.of(headers).bearer or "")
        if claims is None:
            raise _not_authenticated("The token is not valid (any more).")
        _, session, token = await self.begin_session_of(claims, sessions)
        return session, token

    async def begin_session_of(self, claims: dict[str, Any], sessions: Sessions) -> tuple[Principal, Session, str]:
        """A session for the claims of a token that was checked just now; it ends with the token.

        Raises:
            ApiError: 403 `no_role`.
        """
        principal, lasts = self._of_claims(claims), timedelta(hours=self._settings.session_hours)
        left = datetime.fromtimestamp(float(claims["exp"]), UTC) - datetime.now(UTC)
        kept = {name: claims[name] for name in self._kept_claims if name in claims}
        return principal, *await sessions.begin(name=principal.name, lasts=min(lasts, left), claims=kept)

    @property
    def _kept_claims(self) -> tuple[str, ...]:
        return "sub", self._settings.oidc_role_claim, self._settings.oidc_shows_claim

    async def principal(self, *, key: str | None, bearer: str | None) -> Principal:
        """The caller these credentials are of.

        Raises:
            ApiError: 401 `not_authenticated`, one sentence for every reason.
        """
        if self.is_off:
            return LOCAL
        presented = key or bearer
        if presented is None:
            raise _not_authenticated("Send an API key in X-API-Key or a bearer token.")
        if self._settings.takes_keys:
            found = await self._keys.find(presented)
            if found is not None:
                return _of_key(found)
        if self._settings.takes_tokens and bearer is not None:
            claims = await self._tokens.claims(bearer)
            if claims is not None:
                return self._of_claims(claims)
        raise _not_authenticated("The key or token is not valid (any more).")

    def _of_claims(self, claims: dict[str, Any]) -> Principal:
        """A token without a known role may do nothing; one without shows may see none."""
        role = str(claims.get(self._settings.oidc_role_claim, ""))
        if role not in Role.__members__:
            raise ApiError(
                403, "no_role", f"The token has no {self._settings.oidc_role_claim} of viewer, operator or admin."
            )
        shows = claims.get(self._settings.oidc_shows_claim, [])
        named = frozenset(str(show).lower() for show in shows) if isinstance(shows, list) else frozenset[str]()
        subject = str(claims["sub"])
        return Principal(
            id=f"oidc:{subject}",
            name=subject[:LONGEST_NAME],
            role=Role[role],
            shows=None if "*" in named else named,
        )


@dataclass(frozen=True, kw_only=True)
class Credentials:
    """What a request presents; not checked."""

    key: str | None
    bearer: str | None
    session: str | None = None
    """The text of a session's cookie; None where there is a key or a token, which say who calls then."""

    @classmethod
    def of(cls, headers: Headers) -> Credentials:
        """The credentials in a request's headers.

        Raises:
            ApiError: 400 `bad_request` for several of a kind, of which a proxy and we might each look at another one.
        """
        for name in ("x-api-key", "authorization"):
            if len(headers.getlist(name)) > 1:
                raise ApiError(400, "bad_request", f"There are several {name} headers: send one.")
        scheme, _, value = headers.get("authorization", "").partition(" ")
        bearer = value.strip() if scheme.lower() == "bearer" else ""
        key = headers.get("x-api-key") or None
        return cls(key=key, bearer=bearer or None, session=None if key or bearer else cookie_in(headers))

    def __bool__(self) -> bool:
        return bool(self.key or self.bearer or self.session)


def _of_key(key: ApiKey) -> Principal:
    return Principal(id=f"key:{key.key_id}", name=key.name, role=Role[key.role], shows=key.shows)


def _not_authenticated(message: str) -> ApiError:
    return ApiError(401, "not_authenticated", message, headers={"WWW-Authenticate": "Bearer"})


async def current_principal(
    connection: HTTPConnection,
    _key: Annotated[str | None, Security(_header)] = None,
    _bearer: Annotated[HTTPAuthorizationCredentials | None, Security(_bearer)] = None,
    _session: Annotated[str | None, Security(_cookie)] = None,
) -> Principal:
    """The caller of this request, as the doors found them. The parameters are for the description of the API only.

    Raises:
        ApiError: 401 `not_authenticated`.
    """
    principal: Principal | None = getattr(connection.state, "principal", None)
    if principal is None:
        raise _not_authenticated("Send an API key in X-API-Key or a bearer token.")
    return principal


class Require:
    """A dependency: the caller has the role, and may touch the episode or show that the path names.

    To callers of other shows an episode does not exist, so that nobody learns titles by asking.
    """

    def __init__(self, role: Role) -> None:
        self.role = role

    async def __call__(
        self, connection: HTTPConnection, principal: Annotated[Principal, Depends(current_principal)]
    ) -> Principal:
        self.check(connection, principal)
        return principal

    def check(self, connection: HTTPConnection, principal: Principal) -> None:
        """Raises:
        ApiError: 403 `forbidden`, 404 `not_found`.
        """
        connection.state.is_command = self.role > Role.viewer or getattr(connection.state, "is_command", False)
        if principal.role < self.role:
            raise ApiError(403, "forbidden", f"This needs the role {self.role.name}; you are {principal.role.name}.")
        show = show_in(connection.path_params)
        if show is not None and not principal.may_see(show):
            raise ApiError(404, "not_found", "There is nothing at this address.")


def show_in(path_params: dict[str, Any]) -> str | None:
    """The show that a path speaks of, if any."""
    ep_id = str(path_params.get("ep_id", "")).strip().lower()
    if "-s" in ep_id:
        return show_of(ep_id)
    return str(path_params["show"]).strip().lower() if "show" in path_params else None


Viewer = Annotated[Principal, Depends(Require(Role.viewer))]
Operator = Annotated[Principal, Depends(Require(Role.operator))]
Admin = Annotated[Principal, Depends(Require(Role.admin))]
