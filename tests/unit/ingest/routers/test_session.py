"""Signing in: what the cookie may do, what pages from elsewhere may not, and when it ends."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import timedelta

import pytest
import pytest_asyncio

from chassis.http import keys as keys_module
from chassis.http.sessions import PLAIN_COOKIE, SECURE_COOKIE
from tests.support.signing_in import Signing


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
