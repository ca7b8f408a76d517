"""What is decided beside the questions: one's own last step, a sign-off, pictures out of an episode."""

from __future__ import annotations

import re

import pytest
from playwright.async_api import Page, expect

from screenalytics.http_client import models
from tests.console.browser import all_sent, barriers, what_broke
from tests.console.conftest import EP, SHOW, Console, until
from tests.console.test_screens import show

pytestmark = pytest.mark.e2e


async def test_undo_takes_back_ones_own_step_and_not_what_somebody_else_did_since(page: Page, console: Console) -> None:
    api = console.api
    await show(page, console, "review")
    question = await page.evaluate("location.hash")
    await page.keyboard.press("e")
    await all_sent(page)
    mine = api.read_history(EP).data.items[0]
    other = api.list_identities(EP, state="linked").data.items[-1].identity_id
    api.lock_cluster(EP, models.LockCluster(identity_id=other), if_match="*")
    theirs = api.read_history(EP).data.items[0]
    await page.keyboard.press("u")
    await page.wait_for_function("(hash) => location.hash === hash", arg=question)
    await until(lambda: not active(console, mine.step))
    assert active(console, theirs.step)
    await page.keyboard.press("Shift+U")
    await until(lambda: active(console, mine.step))
    await page.keyboard.press("u")
    await until(lambda: not active(console, mine.step))
    assert active(console, theirs.step)
    api.undo_step(EP, models.WhichStep(step=theirs.step), if_match="*")
    assert await what_broke(page) == []


def active(console: Console, step: str) -> bool:
    return next(one.active for one in console.api.read_history(EP).data.items if one.step == step)


async def test_what_is_shown_is_signed_and_the_next_revision_carries_it(page: Page, console: Console) -> None:
    await show(page, console, "result")
    shown = int(re.sub(r"\D", "", await page.inner_text("h1 small")))
    await page.get_by_label("Note, if wanted").fill("for the rights desk")
    await page.get_by_role("button", name=f"Sign off revision {shown}").click()
    await expect(page.locator(".head .chip")).to_have_text("signed off")
    await expect(page.get_by_text(f"signed revision {shown},")).to_be_visible()
    await expect(page.get_by_text("“for the rights desk”")).to_be_visible()
    await until(lambda: (console.api.read_sign_off(EP).data.revision or 0) > shown)
    await expect(page.locator("h1 small")).to_have_text(f"revision {console.api.read_sign_off(EP).data.revision}")
    assert await page.get_by_role("button", name="Sign off revision").count() == 0
    assert await barriers(page) == []
    signed = console.api.read_sign_off(EP).data.signed_off
    assert signed is not None
    assert (signed.revision, signed.stale) == (shown, False)
    await page.get_by_role("button", name="Take the sign-off back").click()
    await expect(page.get_by_text("Nobody has signed a revision of this episode.")).to_be_visible()
    assert await what_broke(page) == []


async def test_the_best_faces_of_an_episode_become_pictures_and_go_with_an_undo(page: Page, console: Console) -> None:
    before = len(in_use(console))
    await show(page, console, "cast")
    await page.get_by_role("button", name="Take its best faces").click()
    await expect(page.get_by_text(re.compile(rf"faces? of {EP} (is|are) pictures? of Mira"))).to_be_visible()
    await until(lambda: len(in_use(console)) > before)
    await expect(page.locator(".pictures li")).to_have_count(len(console.api.list_pictures(SHOW, "mira").data))
    await show(page, console, "history")
    taken = console.api.read_history(EP).data.items[0].step
    await page.get_by_role("button", name=re.compile("Take back")).first.click()
    await until(lambda: not active(console, taken))
    await until(lambda: len(in_use(console)) == before)
    await show(page, console, "cast")
    resting = page.locator(".pictures li", has_text="taken back")
    await expect(resting).not_to_have_count(0)
    await expect(resting.first.get_by_role("link", name=re.compile(rf"of {EP}$"))).to_be_visible()
    assert await what_broke(page) == []


def in_use(console: Console) -> list[str]:
    """Pictures of Mira that count."""
    return [one.picture for one in console.api.list_pictures(SHOW, "mira").data if one.used]
