"""Who is calling and what they may do: API keys, OIDC bearer tokens, roles, shows."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from enum import IntEnum
from typing import Annotated, Any

from fastapi import Depends, Security
from fastapi.security import APIKeyHeader, HTTPBearer
from fastapi.security.http import HTTPAuthorizationCredentials
from starlette.requests import HTTPConnection

from chassis.http.errors import ApiError
from chassis.http.keys import ApiKeys
from chassis.http.tokens import Tokens
from chassis.settings import AuthSettings
from contracts.ids import show_of

_header = APIKeyHeader(name="X-API-Key", auto_error=False, description="A key made with `screenalytics keys create`.")
_bearer = HTTPBearer(auto_error=False, description="An access token of the configured OIDC issuer, or an API key.")


class Role(IntEnum):
    """What a caller may do; each role may do all that those below it may."""

    viewer = 1
    operator = 2
    admin = 3


@dataclass(frozen=True, kw_only=True)
class Principal:
    """The caller. `shows` are the slugs of the shows they may touch; None means all."""

    name: str
    role: Role
    shows: frozenset[str] | None = None

    def may_see(self, show: str) -> bool:
        return self.shows is None or show in self.shows


LOCAL = Principal(name="local", role=Role.admin)
"""Everybody, where authentication is off."""


class Authenticator:
    """Turns credentials into principals."""

    def __init__(self, settings: AuthSettings, keys: ApiKeys, tokens: Tokens | None = None) -> None:
        self._settings = settings
        self._keys = keys
        self._tokens = tokens or Tokens(settings)

    async def principal(self, *, key: str | None, bearer: str | None) -> Principal:
        """The caller these credentials are of.

        Raises:
            ApiError: 401 `not_authenticated`, one sentence for every reason.
        """
        if self._settings.mode == "off":
            return LOCAL
        presented = key or bearer
        if presented is None:
            raise _not_authenticated("Send an API key in X-API-Key or a bearer token.")
        if self._settings.takes_keys:
            found = await self._keys.find(presented)
            if found is not None:
                return Principal(name=found.name, role=Role[found.role], shows=found.shows)
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
        return Principal(name=str(claims.get("sub", "unknown")), role=Role[role], shows=None if "*" in named else named)


def _not_authenticated(message: str) -> ApiError:
    return ApiError(401, "not_authenticated", message, headers={"WWW-Authenticate": "Bearer"})


async def current_principal(
    connection: HTTPConnection,
    key: Annotated[str | None, Security(_header)] = None,
    bearer: Annotated[HTTPAuthorizationCredentials | None, Security(_bearer)] = None,
) -> Principal:
    """The caller of this request, remembered with it for the audit log."""
    authenticator: Authenticator = connection.app.state.parts[Authenticator]
    principal = await authenticator.principal(key=key, bearer=bearer.credentials if bearer else None)
    connection.state.principal = principal
    return principal


def require(role: Role) -> Callable[..., Awaitable[Principal]]:
    """A dependency: the caller has the role, and may touch the episode or show that the path names.

    To callers of other shows an episode does not exist, so that nobody learns titles by asking.
    """

    async def principal_with_role(
        connection: HTTPConnection, principal: Annotated[Principal, Depends(current_principal)]
    ) -> Principal:
        connection.state.is_command = role > Role.viewer or getattr(connection.state, "is_command", False)
        if principal.role < role:
            raise ApiError(403, "forbidden", f"This needs the role {role.name}; you are {principal.role.name}.")
        show = show_in(connection.path_params)
        if show is not None and not principal.may_see(show):
            raise ApiError(404, "not_found", "There is nothing at this address.")
        return principal

    return principal_with_role


def show_in(path_params: dict[str, Any]) -> str | None:
    """The show that a path speaks of, if any."""
    ep_id = str(path_params.get("ep_id", "")).strip().lower()
    if "-s" in ep_id:
        return show_of(ep_id)
    return str(path_params["show"]).strip().lower() if "show" in path_params else None


Viewer = Annotated[Principal, Depends(require(Role.viewer))]
Operator = Annotated[Principal, Depends(require(Role.operator))]
Admin = Annotated[Principal, Depends(require(Role.admin))]
