"""The audit log says whose credential called what, also where two callers have one name."""

from __future__ import annotations

from typing import Any

import pytest

from chassis.http.audit import Audit
from chassis.http.auth import Operator, Viewer
from chassis.http.bounds import Bounds
from chassis.http.results import ApiResult, ok
from chassis.http.routing import Router
from chassis.settings import ApiSettings
from tests.support.asgi import call
from tests.support.small_api import app_of

router = Router(tags=["test"])


@router.post("/episodes/{ep_id}/notes")
async def write(ep_id: str, _principal: Operator) -> ApiResult[None]:
    return ok(None)


@router.post("/episodes/{ep_id}/questions")
async def ask(ep_id: str, _principal: Viewer) -> ApiResult[None]:
    return ok(None)


class Entries(list[dict[str, Any]]):
    """What is written to the collection."""

    async def insert_one(self, entry: dict[str, Any]) -> None:
        self.append(entry)


@pytest.mark.parametrize(
    ("key", "path", "noted"),
    [
        ("operator", "/episodes/my-show-s01e02/notes", ("otto", "key:2", 200)),
        ("viewer", "/episodes/my-show-s01e02/notes", ("vera", "key:1", 403)),
        ("operator", "/episodes/other-s01e01/notes", ("otto", "key:2", 404)),
        ("viewer", "/episodes/my-show-s01e02/questions", None),
        ("stranger", "/episodes/my-show-s01e02/notes", None),
    ],
)
async def test_commands_are_noted_with_their_caller_refused_ones_too(
    key: str, path: str, noted: tuple[str, str, int] | None
) -> None:
    app, entries = app_of([router]), Entries()
    app.user_middleware.clear()
    database: Any = {"audit": entries}
    app.add_middleware(Audit, database=database)
    app.add_middleware(Bounds, settings=ApiSettings())
    await call(app, "POST", path, headers={"x-api-key": key})
    assert [(entry["who"], entry["caller"], entry["status"]) for entry in entries] == ([noted] if noted else [])
