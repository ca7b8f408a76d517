"""Two people at one episode: each sees at once what the other does, and where they are."""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from playwright.async_api import Browser, Page, Route, expect

from screenalytics.http_client import models
from tests.console.browser import barriers, watched, what_broke
from tests.console.conftest import EP, SIZE, Console, until
from tests.console.test_screens import save, show

pytestmark = pytest.mark.e2e
AGREE_MS = 15_000
"""Longest on a machine that does other things, too; the goal is two seconds, and `benchmarks/console.py` measures it."""
FORGOTTEN_MS = 45_000
"""A window that ended without a word is told of for half a minute, and one of the test before may have."""


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


async def test_an_answer_does_not_overrule_what_somebody_else_just_decided(page: Page, console: Console) -> None:
    await show(page, console, "review")
    asked = console.api.read_review(EP).data.questions
    who = next(one.identity_id for one in asked if one.id in page.url)
    decided: list[str] = []

    async def is_slower(route: Route) -> None:
        if not decided:
            body = models.LinkRequest(cast_id="mira")
            await asyncio.to_thread(console.api.link_identity, EP, who, body, if_match="*")
            decided.append(console.api.read_history(EP).data.items[0].step)
        await route.continue_()

    await page.route("**/links/**", is_slower)
    await page.keyboard.press("w")
    await page.keyboard.type("Somebody Else")
    await page.keyboard.press("Control+Enter")
    await expect(page.get_by_role("status").filter(has_text="decided meanwhile")).to_be_visible()
    assert console.api.read_history(EP).data.items[0].step == decided[0], "it stays as it was decided first"
    console.api.undo_step(EP, models.WhichStep(step=decided[0]), if_match="*")
    assert await what_broke(page) == []


async def test_an_answer_does_not_overrule_what_was_told_but_is_not_read_yet(page: Page, console: Console) -> None:
    """Versions are told at once, what came of them is read: an answer between the two was given without knowing it."""
    await show(page, console, "review")
    asked = console.api.read_review(EP).data.questions
    who = next(one.identity_id for one in asked if one.id in page.url)
    may_be_read = asyncio.Event()

    async def is_read_later(route: Route) -> None:
        await may_be_read.wait()
        await route.continue_()

    sent: list[str] = []
    page.on("request", lambda request: sent.append(request.url) if "/extras/" in request.url else None)
    await page.route("**/review/*", is_read_later)
    async with page.expect_request("**/review/*"):
        body = models.LinkRequest(cast_id="mira")
        await asyncio.to_thread(console.api.link_identity, EP, who, body, if_match="*")
    decided = console.api.read_history(EP).data.items[0].step
    await page.keyboard.press("e")
    await page.wait_for_function("() => localStorage.getItem('screenalytics.unsent') !== '[]'")
    may_be_read.set()
    await expect(page.get_by_role("status").filter(has_text="decided meanwhile")).to_be_visible()
    assert console.api.read_history(EP).data.items[0].step == decided, "it stays as it was decided first"
    assert sent == []
    console.api.undo_step(EP, models.WhichStep(step=decided), if_match="*")
    assert await what_broke(page) == []


async def test_where_somebody_is_is_told_in_words_until_they_leave(page: Page, other: Page, console: Console) -> None:
    await show(page, console, "result")
    who = console.api.list_identities(EP, state="linked").data.items[0]
    third = models.Beat(page="a-third-window", screen="history", subject=None)
    console.api.be_present(EP, third)  # however many are there, each is told of
    await other.goto(console.episode(f"person/{who.identity_id}"))
    here = page.get_by_text(f"is looking at {who.name}")
    await expect(here).to_be_visible(timeout=AGREE_MS)
    assert await barriers(page) == []
    await expect(page.get_by_text("others are here: ").and_(here)).to_be_visible()
    console.api.leave_episode(EP, page=third.page)
    await expect(page.get_by_text("is reading the history")).to_be_hidden(timeout=FORGOTTEN_MS)
    await save(page, "state-somebody-else")
    await other.goto(console.at("episodes"))
    await expect(here).to_be_hidden(timeout=FORGOTTEN_MS)


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
