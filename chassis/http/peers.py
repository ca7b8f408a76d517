"""What one service asks another one's HTTP API for, in the name of who calls.

The invariant: **a caller gets from another service what they would get there themselves**: their own credential goes
along and is checked there, so no service has rights over another one's state. Where one process serves all of them
(`serve api`), the request takes the same way without a socket.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

import httpx
from fastapi import FastAPI, Request
from pydantic import BaseModel

from chassis.errors import DependencyUnavailable
from chassis.http.errors import ApiError
from chassis.settings import PeerSettings

PASSED_ON = ("x-api-key", "authorization", "cookie", "x-csrf-token", "origin", "host", "sec-fetch-site")
"""What says who calls, and from which page."""
TIMEOUT_S = 30.0

M = TypeVar("M", bound=BaseModel)
_ETAG = re.compile(r'^(?:W/)?"([0-9]{1,15})"$')


@dataclass(frozen=True, kw_only=True)
class Told(Generic[M]):
    """The data of an answer, and the version that its ETag says; 0 where it says none."""

    data: M
    version: int


class Grouper:
    """The API of the grouper, as one caller may use it."""

    def __init__(self, request: Request) -> None:
        self._app: FastAPI = request.app
        self._url = request.app.state.parts[PeerSettings].grouper
        self._headers = {name: request.headers[name] for name in PASSED_ON if name in request.headers}

    async def call(
        self,
        method: str,
        path: str,
        answer: type[M],
        *,
        params: dict[str, Any] | None = None,
        body: dict[str, Any] | None = None,
        headers: dict[str, str] | None = None,
    ) -> Told[M]:
        """A successful answer.

        Raises:
            ApiError: as the grouper refuses it.
            DependencyUnavailable: `grouper`, when it does not answer.
        """
        transport = None if self._url else httpx.ASGITransport(app=self._app, raise_app_exceptions=False)
        base = self._url or "http://api"
        try:
            async with httpx.AsyncClient(transport=transport, base_url=base, timeout=TIMEOUT_S) as client:
                sent = {**self._headers, **(headers or {})}
                found = await client.request(method, path, params=params, json=body, headers=sent)
            told = found.json()
        except (httpx.HTTPError, ValueError) as error:
            raise DependencyUnavailable("grouper", f"{type(error).__name__} {error}"[:300]) from error
        if found.is_success:
            tagged = _ETAG.match(found.headers.get("etag", ""))
            return Told(data=answer.model_validate(told["data"]), version=int(tagged[1]) if tagged else 0)
        problem = told.get("error") or {}
        if problem.get("code") == "not_found":  # the caller may see the episode, or would not be here
            missing = f"{path} is not served at {base}: set SCREENALYTICS_PEERS__GROUPER"
            raise DependencyUnavailable("grouper", missing)
        kept = {name: found.headers[name] for name in ("etag", "retry-after") if name in found.headers}
        raise ApiError(
            found.status_code,
            str(problem.get("code", "http_error")),
            str(problem.get("message", "The grouper refused it.")),
            details=problem.get("details"),
            headers=kept,
        )
