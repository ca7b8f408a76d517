"""Signing in with a key, as somebody does it for the first time: by keyboard alone, with everything that can go wrong."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path

import pytest
import pytest_asyncio
from playwright.async_api import Browser, Page, expect

from chassis.http.keys import ApiKeys, RoleName
from chassis.http.sessions import REMEMBERED_S
from chassis.mongo import database as mongo
from chassis.mongo.database import ensure_indexes
from chassis.settings import MongoSettings, SecretAddress
from screenalytics.http_client import models
from screenalytics.http_client.client import Client
from screenalytics.local.servers import ServiceProcess, Stack, check_installed
from screenalytics.local.servers.ports import choose_free_port
from tests.console.browser import all_sent, barriers, go_without, what_broke
from tests.console.test_screens import save

pytestmark = pytest.mark.e2e
EP = "my-show-s01e01"
READY_S = 60.0
REMEMBERED_MS = 1000 * (REMEMBERED_S + 0.5)
"""A session that was found is not looked up again for so long."""


@dataclass(frozen=True)
class Guarded:
    """The console with authentication on, and who gives out keys."""

    url: str
    keys: ApiKeys

    def at(self, place: str) -> str:
        return f"{self.url}/#/{place}"

    async def key(self, name: str, role: RoleName) -> tuple[str, str]:
        """Id and text of a new key."""
        key, text = await self.keys.create(name=name, role=role)
        return key.key_id, text


@pytest_asyncio.fixture(scope="module")
async def guarded(browser: Browser, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Guarded]:
    """An API of its own that takes keys, with one episode that has no video."""
    assert browser.is_connected()
    missing = check_installed()
    if missing:
        go_without(f"embedded servers missing: {missing}")
    folder, port = tmp_path_factory.mktemp("guarded"), choose_free_port()
    async with AsyncExitStack() as opened:
        addresses = (await opened.enter_async_context(Stack(variables={}))).environment()
        settings = MongoSettings(uri=SecretAddress(addresses["SCREENALYTICS_MONGO__URI"]))
        database = await opened.enter_async_context(mongo.connect(settings))
        for owner in ("chassis", "ingest", "grouper", "identity"):
            await ensure_indexes(database, owner=owner)
        service = _api(addresses, port, folder)
        opened.push_async_callback(service.stop)
        service.start()
        await service.wait_ready(READY_S)
        found = Guarded(f"http://127.0.0.1:{port}", ApiKeys(database))
        with Client(found.url, key=(await found.key("Ada", "admin"))[1]) as api:
            api.create_episode(models.NewEpisode(show="my-show", season=1, episode=1, title="The pilot"))
        yield found


def _api(addresses: dict[str, str], port: int, folder: Path) -> ServiceProcess:
    own = {
        "SCREENALYTICS_HTTP__HOST": "127.0.0.1",
        "SCREENALYTICS_HTTP__PORT": str(port),
        "SCREENALYTICS_AUTH__MODE": "keys",
        "SCREENALYTICS_TELEMETRY__LOG_LEVEL": "ERROR",
    }
    return ServiceProcess(
        service="api",
        directory=folder / "api",
        log_path=folder / "api.log",
        variables={**addresses, **own},
        health_url=f"http://127.0.0.1:{port}/",
    )


async def signed_in(page: Page, guarded: Guarded, role: RoleName, place: str = "episodes") -> str:
    """Somebody with a new key, signed in at a place; the key's id."""
    key_id, text = await guarded.key("Kim", role)
    await page.goto(guarded.at(place))
    await expect(page.get_by_label("API key")).to_be_focused()
    await page.keyboard.type(text)
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("banner")).to_be_visible()
    return key_id


async def test_a_newcomer_signs_in_and_out_by_keyboard_alone(page: Page, guarded: Guarded) -> None:
    await signed_in(page, guarded, "operator")
    await expect(page.get_by_role("cell", name="The pilot").or_(page.get_by_text("The pilot"))).to_be_visible()
    await page.reload()
    await expect(page.get_by_role("banner")).to_be_visible()
    await page.keyboard.press("g")
    await page.keyboard.press("k")
    await page.get_by_role("button", name="Sign out").focus()
    await page.keyboard.press("Enter")
    await expect(page.get_by_label("API key")).to_be_focused()
    assert await page.title() == "Sign in · Screenalytics"
    assert await page.get_by_text("You were signed out").count() == 0, "that was asked for"
    assert await page.get_by_label("API key").input_value() == ""
    assert await what_broke(page) == []


@pytest.mark.parametrize(
    ("typed", "told"),
    [
        pytest.param("not-a-key", "not valid, or not any more", id="wrong"),
        pytest.param("ключ", "only plain letters", id="no key at all"),
        pytest.param("sk_1 sk_2", "only plain letters", id="more than a key"),
    ],
)
async def test_a_key_that_is_none_is_told_and_typed_over(page: Page, guarded: Guarded, typed: str, told: str) -> None:
    await page.goto(guarded.at("episodes"))
    await page.keyboard.type(typed)
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("alert").filter(has_text=told)).to_be_visible()
    field = page.get_by_label("API key")
    await expect(field).to_be_focused()
    assert await field.get_attribute("aria-invalid") == "true"
    assert await barriers(page) == []
    await save(page, "state-sign-in-wrong")
    _, text = await guarded.key("Kim", "operator")
    await page.keyboard.type(text)
    assert await field.input_value() == text, "what was wrong is typed over"
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("banner")).to_be_visible()
    assert await what_broke(page) == []


async def test_an_api_that_is_away_is_told_and_the_key_kept_to_try_again(page: Page, guarded: Guarded) -> None:
    _, text = await guarded.key("Kim", "operator")
    await page.goto(guarded.at("episodes"))
    await expect(page.get_by_label("API key")).to_be_focused()
    await page.route("**/session", lambda route: route.abort())
    await page.keyboard.type(f"  {text} ")
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("alert").filter(has_text="The API does not answer")).to_be_visible()
    await page.unroute_all()
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("banner")).to_be_visible()
    assert await what_broke(page) == []


async def test_who_is_signed_out_amid_work_is_told_and_goes_on_where_they_were(page: Page, guarded: Guarded) -> None:
    key_id = await signed_in(page, guarded, "operator", f"ep/{EP}/history")
    await guarded.keys.revoke(key_id)
    await page.wait_for_timeout(REMEMBERED_MS)
    await page.keyboard.press("g")
    await page.keyboard.press("t")
    await expect(page.get_by_role("alert").filter(has_text="You were signed out")).to_be_visible()
    assert await barriers(page) == []
    await save(page, "state-signed-out")
    _, text = await guarded.key("Kim", "operator")
    await page.keyboard.type(text)
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("banner")).to_be_visible()
    assert page.url.endswith(f"#/ep/{EP}/result")
    assert await what_broke(page) == []


async def left_in_the_browser(page: Page, guarded: Guarded, **more: object) -> dict[str, object]:
    """An answer that could not be sent any more, and the page that asks who is there now."""
    left: dict[str, object] = {"ep": EP, "method": "POST", "path": f"/history/{EP}/undo", "body": {"step": "links:1"}}
    left |= {"label": "undo", "question": None, "about": [], "key": "kept-1", **more}
    await page.goto(guarded.at("episodes"))
    await page.evaluate("(kept) => localStorage.setItem('screenalytics.unsent', kept)", json.dumps([left]))
    await page.goto(guarded.at(f"ep/{EP}/history"))
    await page.reload()
    return left


async def kept(page: Page) -> list[dict[str, object]]:
    found: list[dict[str, object]] = json.loads(
        await page.evaluate("() => localStorage.getItem('screenalytics.unsent')")
    )
    return found


async def kim_signs_in(page: Page, guarded: Guarded) -> None:
    _, text = await guarded.key("Kim", "operator")
    await expect(page.get_by_label("API key")).to_be_focused()
    await page.keyboard.type(text)
    await page.keyboard.press("Enter")


async def test_what_was_not_sent_is_told_before_one_signs_in_and_sent_then(page: Page, guarded: Guarded) -> None:
    await left_in_the_browser(page, guarded)
    await expect(page.get_by_text("1 answer kept in this browser is sent as soon as you are signed in")).to_be_visible()
    sent: list[int] = []
    page.on("response", lambda answer: sent.append(answer.status) if answer.url.endswith("/undo") else None)
    await kim_signs_in(page, guarded)
    await all_sent(page)
    assert sent[-1] == 404, "nothing was reported of the episode: that is an answer to whoever is signed in"
    assert await what_broke(page) == []


async def test_what_somebody_else_left_is_not_sent_in_the_name_of_who_signs_in(page: Page, guarded: Guarded) -> None:
    left = await left_in_the_browser(page, guarded, key="kept-2", by="Lee")
    await expect(page.get_by_text("1 answer kept in this browser is sent as soon as Lee is signed in")).to_be_visible()
    sent: list[str] = []
    page.on("request", lambda asked: sent.append(asked.url) if asked.url.endswith("/undo") else None)
    await kim_signs_in(page, guarded)
    await expect(page.get_by_text("Answers of Lee are kept in this browser")).to_be_visible()
    assert (await kept(page), sent) == ([left], [])
    assert await what_broke(page) == []


async def test_what_somebody_else_left_is_thrown_away_by_keyboard_and_brought_back_with_one_key(
    page: Page, guarded: Guarded
) -> None:
    left = await left_in_the_browser(page, guarded, key="kept-3", by="Lee")
    sent: list[str] = []
    page.on("request", lambda asked: sent.append(asked.url) if asked.url.endswith("/undo") else None)
    await kim_signs_in(page, guarded)
    told = page.get_by_text("Answers of Lee are kept in this browser")
    await expect(told).to_be_visible()
    assert await barriers(page) == []
    await save(page, "state-left-by-others")
    for how in ("u", "button"):
        await page.get_by_role("button", name="Throw away 1 answer of Lee").focus()
        await page.keyboard.press("Enter")
        await expect(page.get_by_role("status").filter(has_text="Thrown away: 1 answer of Lee")).to_be_visible()
        await expect(told).to_be_hidden()
        assert await kept(page) == []
        if how == "u":
            await page.keyboard.press("u")
        else:
            await page.get_by_role("status").get_by_role("button", name="Undo").click()
        await expect(told).to_be_visible()
        assert await kept(page) == [left]
    await page.keyboard.press("g")
    await page.keyboard.press("k")
    await page.get_by_role("main").get_by_role("button", name="Throw away 1 answer of Lee").focus()
    await page.keyboard.press("Enter")
    back = page.get_by_role("button", name="Bring back 1 answer of Lee")
    await expect(back).to_be_visible()
    assert await barriers(page) == []
    await page.get_by_role("button", name="Close this message").click()
    await back.focus()
    await page.keyboard.press("Enter")
    await expect(told).to_be_visible()
    assert await kept(page) == [left]
    await page.get_by_role("main").get_by_role("button", name="Throw away 1 answer of Lee").click()
    await page.reload()
    await expect(page.get_by_role("heading", name="Settings")).to_be_visible()
    assert await told.count() == 0, "it is gone for good"
    assert (await kept(page), sent) == ([], []), "and was never sent"
    assert await what_broke(page) == []


async def test_signing_out_while_the_api_is_away_says_that_one_is_still_signed_in(page: Page, guarded: Guarded) -> None:
    await signed_in(page, guarded, "viewer", "settings")
    await page.route("**/session", lambda route: route.abort())
    await page.get_by_role("button", name="Sign out").focus()
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("alert").filter(has_text="You are still signed in")).to_be_visible()
    await page.unroute_all()
    await page.keyboard.press("Enter")
    await expect(page.get_by_label("API key")).to_be_focused()
    assert await what_broke(page) == []
