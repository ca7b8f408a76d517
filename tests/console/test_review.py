"""Questions are answered with one key, the effect is there in a second, and one key takes it back."""

from __future__ import annotations

import pytest
from playwright.async_api import Page, expect

from screenalytics.http_client import models
from screenalytics.http_client.client import Client
from tests.console.browser import barriers, what_broke
from tests.console.conftest import EP, Console, until
from tests.console.test_screens import save, show


def named(api: Client) -> dict[str, str]:
    return {one.identity_id: one.name for one in api.list_identities(EP, limit=500).data.items if one.name}


@pytest.mark.e2e
async def test_a_name_is_typed_and_taken_back(page: Page, console: Console) -> None:
    before = named(console.api)
    await show(page, console, "review")
    question = await page.evaluate("location.hash")
    undecided = await page.inner_text("aside .big")
    await page.keyboard.press("w")
    await page.keyboard.type("Somebody New")
    await page.keyboard.press("Control+Enter")
    await page.wait_for_function("(hash) => location.hash !== hash", arg=question)
    await until(lambda: "Somebody New" in named(console.api).values())
    await page.wait_for_function("(was) => document.querySelector('aside .big')?.innerText !== was", arg=undecided)
    await expect(page.get_by_role("status").filter(has_text="undecided")).to_be_visible()
    await page.keyboard.press("u")
    await until(lambda: named(console.api) == before)
    await page.wait_for_function("(hash) => location.hash === hash", arg=question)
    assert await what_broke(page) == []


@pytest.mark.e2e
async def test_an_extra_is_one_key_and_comes_back_with_one(page: Page, console: Console) -> None:
    await show(page, console, "review")
    question = await page.evaluate("location.hash")
    await page.keyboard.press("e")
    await page.wait_for_function("(hash) => location.hash !== hash", arg=question)
    await page.get_by_role("button", name="Undo").click()
    await page.wait_for_function("(hash) => location.hash === hash", arg=question)
    await page.wait_for_selector("text=saved")
    assert await what_broke(page) == []


@pytest.mark.e2e
async def test_what_is_put_off_comes_back_and_the_place_outlasts_a_reload(page: Page, console: Console) -> None:
    await show(page, console, "review")
    first = await page.evaluate("location.hash")
    await page.keyboard.press("ArrowDown")
    second = await page.evaluate("location.hash")
    assert second != first
    await page.reload()
    await page.wait_for_selector("article h1")
    assert await page.evaluate("location.hash") == second
    await page.goto(console.episode("review"))
    await page.keyboard.press("ArrowUp")


@pytest.mark.e2e
async def test_answers_without_a_line_are_kept_and_sent_when_it_is_back(page: Page, console: Console) -> None:
    """Down, and a reload meanwhile: nothing pretends to be saved, and nothing is lost or done twice."""
    before = named(console.api)
    await show(page, console, "review")
    await page.route("**/extras/**", lambda route: route.abort())
    await page.route("**/links/**", lambda route: route.abort())
    await page.keyboard.press("w")
    await page.keyboard.type("Kept Here")
    await page.keyboard.press("Control+Enter")
    await page.wait_for_selector("text=The service does not answer")
    assert await page.locator("text=1 answer kept here").is_visible()
    await page.reload()
    await page.wait_for_selector("text=1 answer kept here")
    assert named(console.api) == before
    await page.unroute_all()
    await until(lambda: "Kept Here" in named(console.api).values())
    await page.wait_for_selector("text=saved")
    await page.keyboard.press("u")
    await until(lambda: named(console.api) == before)


@pytest.mark.e2e
async def test_of_people_looked_at_together_one_key_says_all_extras_or_one_by_one(page: Page, console: Console) -> None:
    api = console.api
    for one in api.read_review(EP, limit=200).data.questions:
        if one.later:
            api.put_question_off(EP, models.LaterRequest(id=one.id, later=False))
    alone = next(one for one in reversed(api.read_review(EP).data.questions) if one.kind == "who" and one.worth_s > 0.1)
    api.mark_extras(EP, models.ExtrasRequest(identity_ids=[alone.identity_id]), if_match="*")
    await until(lambda: api.read_review(EP).data.questions[0].kind == "extras")
    first = api.read_review(EP).data.questions[0]
    together = set(first.identity_ids or ())
    await page.goto(console.episode("review"))
    heading = page.get_by_role("heading", name=f"Are these {len(together)} people all extras?")
    await expect(heading).to_be_visible()
    answers = page.get_by_role("list", name="Answers").get_by_role("button")
    assert [await one.locator("kbd").all_inner_texts() for one in await answers.all()] == [["Enter", "E"], ["N"]]
    assert await page.get_by_text("Nobody in the cast is near").count() == 0
    assert await barriers(page) == []
    await save(page, "state-extras")
    question = await page.evaluate("location.hash")
    await page.evaluate("window.pressed.length = 0")
    for key in ("x", "w", "m", "s", "l", "1"):
        await page.keyboard.press(key)
    assert await page.evaluate("window.pressed") == [], "what is about one person does nothing"
    for key, done in (("e", True), ("Enter", True), ("n", False)):
        before = extras(api)
        await page.keyboard.press(key)
        await page.wait_for_function("(hash) => location.hash !== hash", arg=question)
        await page.wait_for_function("() => localStorage.getItem('screenalytics.unsent') === '[]'")
        assert (extras(api) >= together) is done
        await page.keyboard.press("u")
        await page.wait_for_function("(hash) => location.hash === hash", arg=question)
        await until(lambda: extras(api) == before)  # noqa: B023  (called in this round)
    await until(lambda: api.read_review(EP).data.questions[0].id == first.id)
    api.restore_extras(EP, models.ExtrasRequest(identity_ids=[alone.identity_id]), if_match="*")
    assert await what_broke(page) == []


def extras(api: Client) -> set[str]:
    of = api.read_timeline(EP).data.identities
    return {one for one, is_extra in zip(of.identity_id, of.extra, strict=True) if is_extra}
