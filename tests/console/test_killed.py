"""The API's process is killed amid a hundred answers: every one is done, in the order in which it was given, and once."""

from __future__ import annotations

import asyncio
import os
import signal
from urllib.parse import urlsplit

import psutil
import pytest
from playwright.async_api import Page, expect

from tests.console.browser import what_broke
from tests.console.conftest import EP, Console, until
from tests.console.test_screens import show

pytestmark = pytest.mark.e2e

ANSWERS = 100
KILLED_AFTER = {3, 29, 58, 97}
"""Counts of keys right after which the process ends, whatever it is at: among answers and among undos."""
AT_ONCE = 8
WITHIN_MS = 240_000

GIVEN = """
window.given = [];
window.refused = [];
new MutationObserver(() => {
  const told = document.querySelector("[data-tone=refused] p")?.innerText;
  if (told && told !== window.refused.at(-1)) window.refused.push(told);
}).observe(document, {subtree: true, childList: true, characterData: true});
const keep = Storage.prototype.setItem;
Storage.prototype.setItem = function (name, value) {
  if (name === "screenalytics.unsent") {
    for (const one of JSON.parse(value)) if (!window.given.includes(one.key)) window.given.push(one.key);
  }
  return keep.call(this, name, value);
};
"""
"""Remembers the key of everything that was given on this page, and what was said to be refused."""
ALL_SENT = "() => localStorage.getItem('screenalytics.unsent') === '[]'"
OTHER_QUESTION = "(before) => location.hash !== before || !document.querySelector('article h1')"


async def test_the_api_is_killed_amid_a_hundred_answers_and_each_is_done_once(page: Page, console: Console) -> None:
    await page.add_init_script(GIVEN)
    await show(page, console, "review")
    before = await asyncio.to_thread(_asked, console)
    keys = Keys(page, console)
    while keys.pressed < ANSWERS:
        answered = 0
        while answered < AT_ONCE and await page.locator("article h1").count():
            question = await page.evaluate("location.hash")
            await keys.press("e")
            await page.wait_for_function(OTHER_QUESTION, arg=question)
            answered += 1
        assert answered > 0, "there is something to answer"
        await page.wait_for_function(ALL_SENT, timeout=WITHIN_MS)
        for _ in range(answered):
            await keys.press("u")
        await page.wait_for_function(ALL_SENT, timeout=WITHIN_MS)
        await until(lambda: _asked(console) == before, within_s=WITHIN_MS / 1000)
        await page.goto(console.episode("review"))
        await expect(page.locator("article h1")).to_be_visible()
    given = await page.evaluate("window.given")
    assert await page.evaluate("window.refused") == []
    assert len(given) == keys.pressed >= ANSWERS
    assert keys.killed == len(KILLED_AFTER)
    assert _done(console, set(given)) == given
    assert await what_broke(page) == []


class Keys:
    """Presses keys, and ends the API's process with SIGKILL right after some of them."""

    def __init__(self, page: Page, console: Console) -> None:
        self.page, self.console = page, console
        self.pressed = self.killed = 0

    async def press(self, key: str) -> None:
        await self.page.keyboard.press(key)
        self.pressed += 1
        if self.pressed in KILLED_AFTER:
            await asyncio.to_thread(_kill, self.console.url)
            self.killed += 1


def _kill(url: str) -> None:
    """End the process that listens there. It does: everything that was given before the last time was stored since."""
    port = urlsplit(url).port
    listening = [one.pid for one in psutil.net_connections("tcp4") if one.status == "LISTEN" and one.laddr.port == port]
    assert listening, "the API runs"
    for pid in listening:
        os.kill(pid, signal.SIGKILL)


def _asked(console: Console) -> list[str]:
    return [one.id for one in console.api.read_review(EP).data.questions]


def _done(console: Console, given: set[str]) -> list[str | None]:
    """Which of these were done, the first at the beginning."""
    steps = console.api.read_history(EP, limit=500).data.items
    return [one.command_id for one in reversed(steps) if one.command_id in given]
