"""What is open to anybody is named, and no more than read."""

from __future__ import annotations

from typing import Any

import pytest
from fastapi import APIRouter

from chassis.http import application
from chassis.http.open_routes import OPEN, SIGN_IN_OPTIONS, OpenRouter
from tests.support.asgi import call
from tests.support.small_api import app_of


async def answer() -> str:
    return "open"


def test_a_path_that_is_not_named_is_not_open() -> None:
    with pytest.raises(TypeError, match="/session/another"):
        OpenRouter(tags=[]).get("/session/another")(answer)


@pytest.mark.parametrize("method", ["post", "put", "delete"])
def test_what_is_open_only_reads(method: str) -> None:
    with pytest.raises(TypeError, match="open route"):
        getattr(OpenRouter(tags=[]), method)(SIGN_IN_OPTIONS)(answer)


def test_an_open_route_reads_no_body() -> None:
    async def taking(body: dict[str, Any]) -> str:
        return str(body)

    with pytest.raises(TypeError, match="open route"):
        OpenRouter(tags=[]).get(SIGN_IN_OPTIONS)(taking)


def test_a_route_that_is_neither_guarded_nor_open_is_refused() -> None:
    router = APIRouter()
    router.get(SIGN_IN_OPTIONS)(answer)
    with pytest.raises(TypeError, match="without a guard"):
        application.build("Test", [router])


@pytest.mark.parametrize("headers", [{}, {"x-api-key": "unknown"}, {"cookie": "screenalytics=over"}])
async def test_nobody_is_asked_who_they_are(headers: dict[str, str]) -> None:
    router = OpenRouter(tags=[])
    for path in OPEN:
        router.get(path)(answer)
    app = app_of([router])
    for path in sorted(OPEN):
        assert (await call(app, "GET", path, headers=headers)).status == 200
