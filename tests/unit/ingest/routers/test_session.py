"""Signing in: what the cookie may do, what pages from elsewhere may not, and when it ends."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import timedelta
from types import SimpleNamespace
from typing import Any

import httpx
import pytest
import pytest_asyncio

from chassis.http import application
from chassis.http import keys as keys_module
from chassis.http.auth import Operator
from chassis.http.keys import ApiKeys
from chassis.http.routing import Router
from chassis.http.sessions import PLAIN_COOKIE, SECURE_COOKIE
from chassis.settings import AuthSettings, ChassisSettings
from services.ingest.routers.session import router


class Collection:
    """As much of a collection as keys, sessions and the audit log need."""

    def __init__(self) -> None:
        self.documents: dict[Any, dict[str, Any]] = {}

    async def insert_one(self, document: dict[str, Any]) -> None:
        self.documents[document.get("_id", len(self.documents))] = dict(document)

    async def find_one(self, wanted: dict[str, Any]) -> dict[str, Any] | None:
        return self.documents.get(wanted["_id"])

    async def update_one(self, wanted: dict[str, Any], change: dict[str, Any]) -> Any:
        self.documents[wanted["_id"]] |= change["$set"]
        return SimpleNamespace(matched_count=1)

    async def delete_one(self, wanted: dict[str, Any]) -> None:
        self.documents.pop(wanted["_id"], None)

    async def delete_many(self, wanted: dict[str, Any]) -> None:
        over = [key for key, one in self.documents.items() if one["expires_at"] < wanted["expires_at"]["$lt"]]
        for key in over:
            del self.documents[key]


class Signing:
    """The API of sessions, and a command beside it."""

    def __init__(self, **auth: Any) -> None:
        self.database: Any = {name: Collection() for name in ("api_keys", "sessions", "audit")}
        self.keys = ApiKeys(self.database)
        commands = Router(tags=[])

        @commands.post("/shows/{show}/change", include_in_schema=False)
        async def change(show: str, principal: Operator) -> str:
            return f"{show} by {principal.name}"

        self.app = application.build("Test", [router, commands])
        settings = ChassisSettings(auth=AuthSettings(**({"mode": "keys"} | auth)))
        application.connect(self.app, settings, self.database, [])

    def browser(self, address: str = "http://localhost") -> httpx.AsyncClient:
        return httpx.AsyncClient(transport=httpx.ASGITransport(app=self.app), base_url=address)

    async def signed_in(self, role: Any = "operator", **key: Any) -> tuple[httpx.AsyncClient, str, str]:
        """A browser with a session, its CSRF token, and the id of its key."""
        made, text = await self.keys.create(name="Otto", role=role, **key)
        browser = self.browser()
        answer = await browser.post("/session", headers={"X-API-Key": text})
        assert answer.is_success, answer.text
        return browser, answer.json()["data"]["csrf_token"], made.key_id


@pytest_asyncio.fixture
async def signing(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Signing]:
    monkeypatch.setattr(keys_module, "REMEMBERED_S", 0.0)
    yield Signing()


async def test_a_cookie_says_who_calls_and_scripts_cannot_read_it(signing: Signing) -> None:
    _, text = await signing.keys.create(name="Otto", role="viewer", shows=["my-show"])
    async with signing.browser() as browser:
        answer = await browser.post("/session", headers={"X-API-Key": text})
        cookie = answer.headers["set-cookie"]
        assert cookie.startswith(f"{PLAIN_COOKIE}=") and "HttpOnly" in cookie and "SameSite=strict" in cookie
        assert text not in str(signing.database["sessions"].documents)
        told = (await browser.get("/session")).json()["data"]
        assert (told["name"], told["role"], told["shows"], told["by"]) == ("Otto", "viewer", ["my-show"], "session")
        assert told["csrf_token"] == answer.json()["data"]["csrf_token"]
        again = await browser.post("/session", headers={"X-CSRF-Token": told["csrf_token"]})
        assert (again.status_code, again.json()["error"]["code"]) == (409, "signed_in_already")


async def test_what_changes_something_needs_the_token_of_a_page_of_ours(signing: Signing) -> None:
    browser, csrf, _ = await signing.signed_in(shows=["my-show"])
    path = "/shows/my-show/change"
    for headers in ({}, {"X-CSRF-Token": "0" * 64}):
        refused = await browser.post(path, headers=headers)
        assert (refused.status_code, refused.json()["error"]["code"]) == (403, "csrf_missing")
    foreign = await browser.post(path, headers={"X-CSRF-Token": csrf, "Sec-Fetch-Site": "cross-site"})
    assert (foreign.status_code, foreign.json()["error"]["code"]) == (403, "foreign_page")
    assert (await browser.get("/session", headers={"Sec-Fetch-Site": "same-site"})).status_code == 403
    assert (await browser.post(path, headers={"X-CSRF-Token": csrf})).json() == "my-show by Otto"
    other = await browser.post("/shows/another/change", headers={"X-CSRF-Token": csrf})
    assert other.status_code == 404, "a cookie may do no more than its key"


async def test_a_session_ends_with_its_key_and_when_one_signs_out(signing: Signing) -> None:
    browser, csrf, key_id = await signing.signed_in()
    await signing.keys.revoke(key_id)
    assert (await browser.get("/session")).status_code == 401
    browser, csrf, _ = await signing.signed_in()
    copy = dict(browser.cookies)
    assert (await browser.delete("/session", headers={"X-CSRF-Token": csrf})).json()["data"] is True
    async with signing.browser() as thief:
        thief.cookies.update(copy)
        assert (await thief.get("/session")).status_code == 401
    browser, _, _ = await signing.signed_in(lasts=timedelta(seconds=0.05))
    for document in signing.database["sessions"].documents.values():
        document["expires_at"] -= timedelta(days=2)
    assert (await browser.get("/session")).status_code == 401


async def test_over_tls_the_cookie_is_one_that_nobody_else_can_set_and_never_without_it(signing: Signing) -> None:
    _, text = await signing.keys.create(name="Otto", role="viewer")
    async with signing.browser("https://console.example") as browser:
        cookie = (await browser.post("/session", headers={"X-API-Key": text})).headers["set-cookie"]
        assert cookie.startswith(f"{SECURE_COOKIE}=") and "Secure" in cookie and "Path=/" in cookie
    async with signing.browser("http://console.example") as browser:
        refused = await browser.post("/session", headers={"X-API-Key": text})
        assert (refused.status_code, refused.json()["error"]["code"]) == (403, "insecure_connection")


async def test_a_key_comes_before_a_cookie_and_needs_no_token(signing: Signing) -> None:
    browser, _, _ = await signing.signed_in(role="viewer")
    _, text = await signing.keys.create(name="Ada", role="admin")
    answer = await browser.post("/shows/my-show/change", headers={"X-API-Key": text})
    assert answer.json() == "my-show by Ada"


async def test_where_authentication_is_off_everybody_is_signed_in() -> None:
    async with Signing(mode="off").browser() as browser:
        told = (await browser.post("/session")).json()["data"]
    assert (told["role"], told["by"], told["csrf_token"]) == ("admin", "nothing", None)
