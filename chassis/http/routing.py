"""Routes that know who may call them, and refuse everybody else before a byte of the body is read.

FastAPI reads and parses a body first and asks the dependencies afterwards. Here the caller, the role, the show, and the
kind and length of the body are checked first, so nothing is read that is not allowed.
"""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Iterator
from enum import Enum
from typing import Any

from fastapi import APIRouter
from fastapi import params as fastapi_params
from fastapi.dependencies.models import Dependant
from fastapi.routing import APIRoute
from starlette.requests import Request
from starlette.responses import Response

from chassis.http.auth import Require, current_principal
from chassis.http.bodies import Bodies, BodyKind
from chassis.http.errors import ERROR_RESPONSES

ROLE = "x-role"
"""What the API's description says of each operation: the least role that may call it."""


class GuardedRoute(APIRoute):
    """A route with a role: one of its parameters is a Viewer, an Operator or an Admin."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """The route's handler behind its guard.

        Raises:
            TypeError: for a route that names no role.
        """
        handler = super().get_route_handler()
        guard = self._guard()
        self.openapi_extra = {**(self.openapi_extra or {}), ROLE: guard.role.name}
        kind = self._body_kind()

        async def guarded(request: Request) -> Response:
            guard.check(request, await current_principal(request))
            bodies: Bodies = request.app.state.parts[Bodies]
            async with bodies.reading(request, kind) as bounded:
                return await handler(bounded)

        return guarded

    def _guard(self) -> Require:
        """The strictest of the roles that the endpoint or what it depends on asks for."""
        guards = [found.call for found in _all(self.dependant) if isinstance(found.call, Require)]
        if not guards:
            raise TypeError(f"{self.path}: an operation has to say who may call it: give it a Viewer or an Operator")
        return max(guards, key=lambda guard: guard.role)

    def _body_kind(self) -> BodyKind:
        if self.body_field is None:
            return BodyKind.none
        return BodyKind.files if isinstance(self.body_field.field_info, fastapi_params.Form) else BodyKind.json


def _all(dependant: Dependant) -> Iterator[Dependant]:
    yield dependant
    for inner in dependant.dependencies:
        yield from _all(inner)


class Router(APIRouter):
    """A router of guarded routes that says which errors they answer."""

    def __init__(self, *, tags: list[str | Enum]) -> None:
        super().__init__(tags=tags, responses=ERROR_RESPONSES, route_class=GuardedRoute)
