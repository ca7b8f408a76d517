"""A line that loses requests on their way there, and answers on their way back: everything is done, in order, and once."""

from __future__ import annotations

import json
import re
import uuid
from collections.abc import Callable
from itertools import takewhile
from typing import Any

import pytest
from playwright.async_api import Page, Route, expect

from tests.console.browser import all_sent, what_broke
from tests.console.conftest import EP, Console, until
from tests.console.test_screens import show

ANSWERS = 100
SENT_WITHIN_S = 300


@pytest.mark.e2e
async def test_a_hundred_answers_over_a_line_that_breaks_are_each_done_once(page: Page, console: Console) -> None:
    who = console.api.list_identities(EP, state="linked").data.items[0].identity_id
    run = f"lost-{uuid.uuid4().hex[:8]}"
    kept = [
        {
            "ep": EP,
            "method": "POST",
            "path": f"/clusters/{EP}/{'unlock' if number % 2 else 'lock'}",
            "body": {"identity_id": who},
            "label": f"answer {number}",
            "question": None,
            "about": [who],
            "key": f"{run}-{number:03d}",
        }
        for number in range(ANSWERS)
    ]
    tries = 0

    async def breaks(route: Route) -> None:
        nonlocal tries
        tries += 1
        if tries % 5 == 1:
            await route.abort()
        elif tries % 5 == 3:
            await route.fetch()
            await route.abort()
        else:
            await route.continue_()

    await show(page, console, "people")
    await page.route("**/clusters/**", breaks)
    await page.evaluate("(kept) => localStorage.setItem('screenalytics.unsent', kept)", json.dumps(kept))
    await page.reload()
    sent = "() => localStorage.getItem('screenalytics.unsent') === '[]'"
    await page.wait_for_function(sent, timeout=1000 * SENT_WITHIN_S)
    assert _done(console, run) == [one["key"] for one in kept]
    assert tries > ANSWERS
    assert await what_broke(page) == []


@pytest.mark.e2e
@pytest.mark.parametrize(
    "piece",
    [
        pytest.param(lambda whole: {"status": 200, "body": whole[: len(whole) // 2]}, id="half an answer"),
        pytest.param(lambda _: {"status": 200, "body": b""}, id="nothing of an answer"),
        pytest.param(lambda _: {"status": 500, "body": b"<html>Server error</html>"}, id="page of a proxy"),
    ],
)
async def test_an_answer_that_breaks_off_is_asked_for_again_and_nothing_is_done_twice(
    page: Page, console: Console, piece: Callable[[bytes], dict[str, Any]]
) -> None:
    await show(page, console, "review")
    before = {one.step for one in console.api.read_history(EP).data.items}
    question = await page.evaluate("location.hash")
    keys: list[str] = []

    async def breaks_off(route: Route) -> None:
        keys.append(route.request.headers["idempotency-key"])
        if len(keys) > 1:
            await route.continue_()
            return
        whole = await route.fetch()
        await route.fulfill(**{"headers": whole.headers} | piece(await whole.body()))

    await page.route("**/extras/**", breaks_off)
    await page.keyboard.press("e")
    await all_sent(page)
    assert len(keys) == 2 and keys[0] == keys[1]
    steps = console.api.read_history(EP).data.items
    assert [one.command_id for one in takewhile(lambda one: one.step not in before, steps)] == keys[:1]
    await expect(
        page.locator("[data-tone]").filter(has_text=re.compile("seconds follow|settled|undecided"))
    ).to_be_visible()
    assert await page.locator("[data-tone=refused]").count() == 0
    assert await page.evaluate("location.hash") != question, "it is not asked again"
    await page.keyboard.press("u")
    await until(lambda: console.api.read_history(EP).data.items[0].action == "undo")
    assert await what_broke(page) == []


def _done(console: Console, run: str) -> list[str | None]:
    """Keys of what was kept and is done, the first at the beginning."""
    steps = console.api.read_history(EP, limit=500).data.items
    return [one.command_id for one in reversed(steps) if (one.command_id or "").startswith(run)]
