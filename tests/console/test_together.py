"""Two people at one episode: each sees at once what the other does, and where they are."""

from __future__ import annotations

import re
import time
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from playwright.async_api import Browser, Page, expect

from tests.console.browser import barriers, watched, what_broke
from tests.console.conftest import EP, SIZE, Console, until
from tests.console.test_screens import save, show

pytestmark = pytest.mark.e2e
AGREE_MS = 15_000
"""Longest on a machine that does other things, too; the goal is two seconds, and `benchmarks/console.py` measures it."""


@pytest_asyncio.fixture
async def other(browser: Browser) -> AsyncIterator[Page]:
    """Somebody else's browser."""
    context = await browser.new_context(viewport=SIZE, reduced_motion="reduce")
    yield await watched(context)
    await context.close()


async def test_what_one_decides_the_other_sees_without_asking(page: Page, other: Page, console: Console) -> None:
    await show(other, console, "people")
    await show(page, console, "people")
    extras = other.get_by_role("option", name=re.compile(", extra$"))
    before = await extras.count()
    asked: list[float] = []
    other.on("request", lambda request: asked.append(time.monotonic()) if "/timeline/" in request.url else None)
    await page.get_by_role("option", name=re.compile(r"^Person \d+, [\d.]+ s$")).first.click()
    await page.get_by_role("button", name="Extras").last.click()
    await expect(extras).to_have_count(before + 1, timeout=AGREE_MS)
    read = len(asked)
    await other.wait_for_timeout(2500)
    assert len(asked) == read, "who is told does not ask"
    await page.keyboard.press("u")
    await expect(extras).to_have_count(before, timeout=AGREE_MS)
    await until(lambda: console.api.read_history(EP).data.items[0].action == "undo")
    assert await what_broke(page) == []
    assert await what_broke(other) == []


async def test_where_somebody_is_is_told_in_words_until_they_leave(page: Page, other: Page, console: Console) -> None:
    await show(page, console, "result")
    who = console.api.list_identities(EP, state="linked").data.items[0]
    await other.goto(console.episode(f"person/{who.identity_id}"))
    here = page.get_by_text(f"is looking at {who.name}")
    await expect(here).to_be_visible(timeout=AGREE_MS)
    assert await barriers(page) == []
    await save(page, "state-somebody-else")
    await other.goto(console.at("episodes"))
    await expect(here).to_be_hidden(timeout=AGREE_MS)


async def test_an_episode_is_read_once_for_all_its_screens(page: Page, console: Console) -> None:
    await show(page, console, "people")
    asked: list[str] = []
    page.on(
        "request",
        lambda request: asked.append(request.url) if re.search("/(timeline|changes)/[^/?]+$", request.url) else None,
    )
    for name, sign in (("Watch", "video"), ("Result", "h2"), ("History", "h1"), ("People", "[role=option]")):
        await page.get_by_role("link", name=name, exact=True).click()
        await page.wait_for_selector(sign)
    assert asked == []


async def test_a_line_that_breaks_is_taken_up_again_and_nothing_is_missed(
    page: Page, other: Page, console: Console
) -> None:
    await page.route("**/changes/*", lambda route: route.abort())
    await show(page, console, "history")
    newest = page.locator("tbody tr").first.locator("th")
    before, latest = await newest.inner_text(), console.api.read_history(EP).data.items[0]
    await show(other, console, "review")
    await other.keyboard.press("l")
    await until(lambda: console.api.read_history(EP).data.items[0] != latest)
    assert await newest.inner_text() == before, "the line is broken"
    await page.unroute_all()
    await expect(newest).not_to_have_text(before, timeout=AGREE_MS)
    decided = await newest.inner_text()
    await other.keyboard.press("u")
    await expect(newest).not_to_have_text(decided, timeout=AGREE_MS)
    assert await what_broke(other) == []
