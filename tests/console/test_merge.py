"""A wrong merge is one answer: it is seen at once for what it did, and one more key takes it back, seconds and all."""

from __future__ import annotations

from itertools import combinations
from typing import Any

import pytest
from playwright.async_api import Page, expect

from screenalytics.http_client.client import Client
from tests.console.browser import what_broke
from tests.console.conftest import EP, Console, until
from tests.console.test_states import changing

pytestmark = pytest.mark.e2e
SAME = "q-0000000000000001"


def seconds(api: Client) -> dict[str, float]:
    """Visible seconds of everybody who is somebody in the episode."""
    of = api.read_timeline(EP).data.identities
    return dict(zip(of.identity_id, of.visible_s, strict=True))


def never_together(api: Client) -> tuple[str, str]:
    """Two strangers who are never on screen at once, who has more seconds first."""
    timeline = api.read_timeline(EP).data
    strangers = [row for row, name in enumerate(timeline.identities.name) if name is None]
    tracks = timeline.tracks
    times = {
        row: [
            (start, end)
            for start, end, whose in zip(tracks.start_ms, tracks.end_ms, tracks.identity, strict=True)
            if whose == row
        ]
        for row in strangers
    }
    for one, other in combinations(strangers, 2):
        if all(a[1] <= b[0] or b[1] <= a[0] for a in times[one] for b in times[other]):
            kept, gone = sorted((one, other), key=lambda row: -timeline.identities.visible_s[row])
            return timeline.identities.identity_id[kept], timeline.identities.identity_id[gone]
    raise AssertionError("everybody is on screen with everybody")


async def test_a_wrong_merge_is_seen_and_taken_back_with_one_key_and_the_seconds_are_as_before(
    page: Page, console: Console
) -> None:
    api = console.api
    before = seconds(api)
    kept, gone = never_together(api)

    def ask(review: dict[str, Any]) -> None:
        """The first question is whether they are the same: the sample has nobody of whom that is asked by itself."""
        known = {one["identity_id"]: one for one in review["questions"]}
        if gone in known:
            merge = {"kind": "merge", "target": kept, "sources": [gone]}
            answer = {
                "answer": "yes",
                "effect_s": None,
                "method": "POST",
                "path": f"/clusters/{EP}/merge",
                "body": merge,
            }
            more = {"id": SAME, "kind": "same", "sentence": "", "other_id": kept, "answers": [answer]}
            review["questions"].insert(0, known[gone] | more)

    await changing(page, "**/review/**", ask)
    await page.goto(console.episode("review"))
    await expect(page.get_by_role("heading", name="Same person?")).to_be_visible()
    undecided = await page.inner_text("aside .big")
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("status").filter(has_text="One person now")).to_be_visible()
    await until(lambda: gone not in seconds(api))
    assert seconds(api)[kept] == pytest.approx(before[kept] + before[gone], abs=0.5)
    merged = api.read_history(EP).data.items[0]
    assert (merged.kind, merged.active) == ("merge", True)
    await page.keyboard.press("u")
    await expect(page.get_by_role("heading", name="Same person?")).to_be_visible()
    await until(lambda: seconds(api) == before)
    await until(lambda: not next(one for one in api.read_history(EP).data.items if one.step == merged.step).active)
    await expect(page.locator("aside .big")).to_have_text(undecided)
    assert await what_broke(page) == []
