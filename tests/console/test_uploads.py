"""Files that are sent from the browser: stopped and begun again, while one looks at something else, and sent twice."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from playwright.async_api import Page, Route, expect

from tests.console.browser import what_broke
from tests.console.conftest import EP, SHOW, Console, until
from tests.console.numbered import write_numbered
from tests.console.test_screens import show

pytestmark = pytest.mark.e2e

SENT = "film-s01e07"


async def choose(page: Page, path: Path) -> None:
    await page.get_by_label("Video files").set_input_files(path)


async def test_a_video_is_sent_again_after_a_stop_and_while_one_looks_elsewhere(
    page: Page, console: Console, tmp_path: Path
) -> None:
    path = write_numbered(tmp_path / "Film s01e07.mp4")
    may_arrive = asyncio.Event()

    async def put(route: Route) -> None:
        await may_arrive.wait()
        await route.continue_()

    await page.route(lambda url: "partNumber=" in url, put)
    await show(page, console, "episodes")
    await choose(page, path)
    await page.get_by_role("button", name="Send and analyse").click()
    await expect(page.get_by_text("sending")).to_be_visible()
    await page.get_by_role("button", name="Stop").click()
    await page.get_by_role("button", name="Send and analyse").click()
    await expect(page.get_by_text("sending")).to_be_visible()
    await page.evaluate("(place) => { location.hash = place; }", f"#/ep/{EP}/people")
    await expect(page.get_by_role("link", name="sending 1 video")).to_be_visible()
    may_arrive.set()
    await expect(page.get_by_text("Film s01e07.mp4 is sent")).to_be_visible()
    assert console.api.get_episode(SENT).data.has_video
    await page.get_by_role("link", name="Episodes", exact=True).click()
    await expect(page.get_by_role("link", name=f"Open {SENT}")).to_be_visible()
    await page.get_by_role("button", name="Close Film s01e07.mp4").click()
    console.api.delete_episode(SENT)
    await page.unroute_all(behavior="ignoreErrors")
    assert await what_broke(page) == []


async def test_the_same_file_may_be_another_episode_too(page: Page, console: Console, tmp_path: Path) -> None:
    path = write_numbered(tmp_path / "Twice s01e01.mp4")
    await show(page, console, "episodes")
    for number in (1, 2):
        await choose(page, path)
        await page.get_by_label("Episode", exact=True).fill(str(number))
        await page.get_by_role("button", name="Send and analyse").click()
        ep = f"twice-s01e0{number}"
        await expect(page.get_by_role("link", name=f"Open {ep}")).to_be_visible()
        await until(lambda ep=ep: console.api.get_episode(ep).data.has_video)  # type: ignore[misc]
        await page.get_by_role("button", name="Close Twice s01e01.mp4").click()
        console.api.delete_episode(ep)
    assert await what_broke(page) == []


async def test_of_files_that_are_no_pictures_it_is_said_which(page: Page, console: Console, tmp_path: Path) -> None:
    (tmp_path / "notes.pdf").write_bytes(b"%PDF-1.7")
    await show(page, console, "cast")
    before = len(console.api.list_pictures(SHOW, "mira").data)
    await page.get_by_label("Pictures").set_input_files(tmp_path / "notes.pdf")
    await expect(page.get_by_text("No picture: notes.pdf")).to_be_visible()
    assert len(console.api.list_pictures(SHOW, "mira").data) == before
    assert await what_broke(page) == []


async def test_an_empty_file_is_refused_in_a_sentence_and_leaves_nothing(
    page: Page, console: Console, tmp_path: Path
) -> None:
    (tmp_path / "Empty s01e01.mp4").write_bytes(b"")
    await show(page, console, "episodes")
    await choose(page, tmp_path / "Empty s01e01.mp4")
    await page.get_by_role("button", name="Send and analyse").click()
    refusal = page.get_by_role("alert")
    await expect(refusal).to_contain_text("empty")
    assert not [one for one in console.api.list_episodes().data.items if one.show == "empty"]
    assert await what_broke(page) == []
