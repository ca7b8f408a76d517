"""A line that loses requests on their way there, and answers on their way back: everything is done, in order, and once."""

from __future__ import annotations

import json

import pytest
from playwright.async_api import Page, Route

from tests.console.browser import what_broke
from tests.console.conftest import EP, Console
from tests.console.test_screens import show

ANSWERS = 100
SENT_WITHIN_S = 300


@pytest.mark.e2e
async def test_a_hundred_answers_over_a_line_that_breaks_are_each_done_once(page: Page, console: Console) -> None:
    who = console.api.list_identities(EP, state="linked").data.items[0].identity_id
    kept = [
        {
            "ep": EP,
            "method": "POST",
            "path": f"/clusters/{EP}/{'unlock' if number % 2 else 'lock'}",
            "body": {"identity_id": who},
            "label": f"answer {number}",
            "question": None,
            "about": [who],
            "key": f"lost-{number:03d}",
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
    assert _done(console) == [one["key"] for one in kept]
    assert tries > ANSWERS
    assert await what_broke(page) == []


def _done(console: Console) -> list[str | None]:
    """Keys of what was kept and is done, the first at the beginning."""
    steps = console.api.read_history(EP, limit=500).data.items
    return [one.command_id for one in reversed(steps) if (one.command_id or "").startswith("lost-")]
