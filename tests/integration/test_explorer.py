"""`/explorer`: Swagger UI behind the key, in a browser, under a policy that lets it load and ask nothing from elsewhere."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
import pytest_asyncio

from chassis.health import Health
from chassis.http import application
from chassis.http.keys import ApiKeys
from chassis.mongo.database import Database
from chassis.service import serve_http
from chassis.settings import ApiSettings, AuthSettings, ChassisSettings, HttpSettings
from screenalytics import api_server, explorer
from screenalytics.local.servers.ports import choose_free_port
from tests.console.browser import chromium, watched, what_broke

pytestmark = pytest.mark.integration


@pytest_asyncio.fixture
async def url(database: Database) -> AsyncIterator[str]:
    """The front of all services, with keys; nothing is behind it but who may call."""
    settings = ChassisSettings(
        auth=AuthSettings(mode="keys"), http=HttpSettings(port=choose_free_port()), api=ApiSettings(explorer=True)
    )
    app = api_server.build(settings)
    application.connect(app, settings, database, [])
    async with serve_http(app, Health({}, away={}), settings.http) as server:
        while not server.started:
            await asyncio.sleep(0.01)
        yield f"http://{settings.http.host}:{settings.http.port}"


@pytest_asyncio.fixture
async def key(database: Database) -> str:
    return (await ApiKeys(database).create(name="Vera", role="viewer", shows=["my-show"]))[1]


async def test_without_a_key_there_is_nothing_to_see(url: str, key: str) -> None:
    async with httpx.AsyncClient(base_url=url) as http:
        for path in ("/explorer", "/explorer/start.js", "/explorer/swagger-ui-bundle.js", "/explorer/swagger-ui.css"):
            assert (await http.get(path)).status_code == 401
            assert (await http.get(path, headers={"X-API-Key": "sk_wrong"})).status_code == 401
            answer = await http.get(path, headers={"X-API-Key": key})
            assert answer.status_code == 200 and len(answer.content) > 400
            again = await http.get(path, headers={"X-API-Key": key, "If-None-Match": answer.headers["etag"]})
            assert again.status_code == 304
        page = await http.get("/explorer", headers={"X-API-Key": key})
        policy = dict(part.split(" ", 1) for part in page.headers["content-security-policy"].split("; "))
        assert (policy["default-src"], policy["script-src"], policy["connect-src"]) == ("'none'", "'self'", "'self'")
        assert "<script>" not in page.text and "http" not in page.text.replace("HTTP API", "")
        for path in ("/explorer/index.html", "/explorer/%2e%2e/api_server.py", "/explorer/core.py"):
            assert (await http.get(path, headers={"X-API-Key": key})).status_code == 404


async def test_it_is_off_where_a_setting_says_so(database: Database, key: str) -> None:
    settings = ChassisSettings(auth=AuthSettings(mode="keys"), api=ApiSettings(explorer=False))
    app = api_server.build(settings)
    application.connect(app, settings, database, [])
    transport = httpx.ASGITransport(app=app)
    async with httpx.AsyncClient(transport=transport, base_url="http://api") as http:
        assert (await http.get("/explorer", headers={"X-API-Key": key})).status_code == 404
        assert (await http.get("/openapi.json", headers={"X-API-Key": key})).status_code == 200


async def test_it_is_no_operation_of_the_api() -> None:
    found = explorer.files()
    assert found is not None
    described = application.build("x", [explorer.router(found)]).openapi()
    assert described["paths"] == {}


async def test_whoever_is_signed_in_reads_and_tries_it_out(url: str, key: str) -> None:
    async with chromium() as browser:
        context = await browser.new_context()
        signed_in = await context.request.post(f"{url}/session", headers={"X-API-Key": key})
        assert signed_in.ok
        asked: list[Any] = []
        context.on("request", lambda request: asked.append(request))
        page = await watched(context)
        page.set_default_timeout(120_000)  # two megabytes of script on a machine that does other things besides
        await page.goto(f"{url}/explorer")
        await page.wait_for_selector(".opblock")
        assert await page.locator(".opblock").count() > 100
        assert "Screenalytics" in await page.inner_text(".info .title")

        # A question of the API, asked as whoever is signed in.
        operation = page.locator(".opblock", has=page.locator('[data-path="/session"]')).filter(has_text="GET")
        await operation.first.locator(".opblock-summary-control").click()
        await operation.first.get_by_role("button", name="Try it out").click()
        await operation.first.get_by_role("button", name="Execute").click()
        await page.wait_for_selector(".live-responses-table .response .microlight")
        assert '"name": "Vera"' in await page.inner_text(".live-responses-table .response")

        # A command carries what a session has to send.
        await operation.first.locator(".opblock-summary-control").click()
        leaving = page.locator(".opblock-delete", has=page.locator('[data-path="/session"]')).first
        await leaving.locator(".opblock-summary-control").click()
        await leaving.get_by_role("button", name="Try it out").click()
        async with page.expect_response(lambda one: one.request.method == "DELETE") as told:
            await leaving.get_by_role("button", name="Execute").click()
        answer = await told.value
        assert answer.status == 200, await answer.text()

        assert await what_broke(page) == []
        assert {request.url.split("/")[2] for request in asked if not request.url.startswith("data:")} == {
            url.removeprefix("http://")
        }
