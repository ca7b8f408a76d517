"""Whatever is sent to the identity routers, the answer is never a server error."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any
from urllib.parse import quote

import pytest
import pytest_asyncio
from fastapi.routing import APIRoute

from chassis.store import Database
from contracts.ids import identity_id
from screenalytics.stack import Stack
from services.identity.routers import ROUTERS
from tests.support.identity_rig import EP, GREEN, RED, SHOW, IdentityRig, Somebody, identity_rig

pytestmark = pytest.mark.integration

ROUTES = [route for router in ROUTERS for route in router.routes if isinstance(route, APIRoute)]
USUAL: dict[str, Any] = {
    "ep_id": EP,
    "show": SHOW,
    "cast_id": "rita",
    "identity_id": identity_id(1),
    "picture": "0" * 16,
}
TEXTS = ["", " ", "\x00", "a\x00b", "$where", "a.b", "../..", "x" * 5000, "ä\u202e", "null", "-1", "identity-00001\n"]
VALUES: list[Any] = [*TEXTS, None, -1, 10**30, 1e308, True, [], {}, {"$gt": ""}, [[[]]]]
FIELDS = ("name", "show", "cast_id", "identity_id", "why", "version", "min_probability", "min_margin", "members")
QUERIES = ("limit", "cursor", "state", "wait_s", "ep_id", "identity_id", "unlink", "why", "history")


@pytest_asyncio.fixture
async def rig(stack: Stack, database: Database) -> AsyncIterator[IdentityRig]:
    async with identity_rig(stack, database) as running:
        await running.cast({"rita": ("Rita", RED)})
        await running.group([Somebody(1, RED), Somebody(2, GREEN, 20, 25)])
        yield running


def path_of(route: APIRoute, **values: str) -> str:
    return route.path.format(**{key: quote(str((USUAL | values)[key]), safe="") for key in USUAL})


async def send(rig: IdentityRig, method: str, path: str, **what: Any) -> None:
    answer = await rig.client.request(method, path, **what)
    assert answer.status_code < 500, f"{method} {path} {str(what)[:200]}: {answer.text}"
    assert answer.json()["success"] is answer.is_success


@pytest.mark.parametrize("route", ROUTES, ids=lambda route: route.name)
async def test_nonsense_is_never_a_server_error(rig: IdentityRig, route: APIRoute) -> None:
    (method,) = route.methods
    any_version = {"If-Match": "*"}
    names = [name for name in USUAL if "{" + name + "}" in route.path]
    for name in names:
        for text in TEXTS:
            await send(rig, method, path_of(route, **{name: text or "%00"}), headers=any_version)
    for name in QUERIES:
        for text in TEXTS:
            await send(rig, method, path_of(route), params={name: text, "wait_s": "0"}, headers=any_version)
    for header in ('""', "W/", "9" * 40, "\x7f", '"999999999999999"'):
        await send(rig, method, path_of(route), json={}, headers={"If-Match": header})
    if method not in {"POST", "PUT", "PATCH"}:
        return
    for content in (
        b"",
        b"{",
        b"\xff\xfe",
        b'"\\ud800"',
        b"[" * 2000,
        b'{"min_probability": NaN}',
        b'{"name": "\\ud800"}',
    ):
        headers = {**any_version, "Content-Type": "application/json"}
        await send(rig, method, path_of(route), content=content, headers=headers)
    usual = {"name": "Rita", "cast_id": "rita", "identity_id": identity_id(1)}
    known = set(getattr(route.body_field and route.body_field.field_info.annotation, "model_fields", ()))
    for field in [field for field in FIELDS if field in known]:
        for value in VALUES:
            body = {key: text for key, text in usual.items() if key in known} | {field: value}
            await send(rig, method, path_of(route), json=body, headers=any_version)
