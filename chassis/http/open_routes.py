"""Routes that are open to anybody: browsers ask them before they are signed in.

The invariant: **what is open is named here, reads no body and changes nothing that is kept**; a router that has another one
is refused when the application is built.
"""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from typing import Any

from fastapi import APIRouter
from fastapi.routing import APIRoute
from starlette.requests import Request
from starlette.responses import Response

from chassis.http.errors import ERROR_RESPONSES
from chassis.settings import OIDC_CALLBACK

SIGN_IN_OPTIONS, OIDC_START = "/session/options", "/session/oidc/start"
OPEN = frozenset({SIGN_IN_OPTIONS, OIDC_START, OIDC_CALLBACK})


class OpenRoute(APIRoute):
    """A route without a role."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """Raises TypeError for a path that is not named as open, and for what is no GET."""
        if self.path not in OPEN or self.methods != {"GET"} or self.body_field is not None:
            raise TypeError(f"{self.path}: an open route is a GET of one of {sorted(OPEN)}")
        return super().get_route_handler()


class OpenRouter(APIRouter):
    """A router of open routes that says which errors they answer."""

    def __init__(self, *, tags: list[Any]) -> None:
        super().__init__(tags=tags, responses=ERROR_RESPONSES, route_class=OpenRoute)
