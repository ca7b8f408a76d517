"""Every state that an operator may meet, each with a sentence and a way on."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest
from playwright.async_api import Page, Route

from tests.console.browser import all_sent, barriers, what_broke
from tests.console.conftest import EP, SHOW, Console
from tests.console.test_screens import save, show


def body(data: Any) -> dict[str, Any]:
    return {"content_type": "application/json", "body": json.dumps({"success": True, "data": data, "error": None})}


def refusal(status: int, code: str, message: str) -> dict[str, Any]:
    error = {"success": False, "data": None, "error": {"code": code, "message": message, "details": {}}}
    return {"status": status, "content_type": "application/json", "body": json.dumps(error)}


async def answering(page: Page, pattern: str, **answer: Any) -> None:
    """Have the API answer so from now on."""
    await page.route(pattern, lambda route: route.fulfill(**answer))


async def changing(page: Page, pattern: str, change: Any) -> None:
    """Have the API answer as it does, but for a change."""

    async def handle(route: Route) -> None:
        response = await route.fetch()
        answer = await response.json()
        change(answer["data"])
        await route.fulfill(response=response, body=json.dumps(answer))

    await page.route(pattern, handle)


async def seen(page: Page, text: str, name: str) -> None:
    """The sentence is there, for everybody, and nothing broke."""
    await page.wait_for_selector(f"text={text}")
    await save(page, f"state-{name}")
    assert await barriers(page) == []
    assert await what_broke(page) == []


pytestmark = pytest.mark.e2e


async def test_no_episodes_says_three_ways_to_begin(page: Page, console: Console) -> None:
    await answering(page, "**/episodes?*", **body({"items": [], "next_cursor": None, "total": 0}))
    await page.goto(console.at("episodes"))
    await seen(page, "make demo", "no-episodes")


async def test_waiting_shows_its_outline_and_then_says_for_what(page: Page, console: Console) -> None:
    never = asyncio.Event()
    await page.route("**/timeline/**", lambda _route: never.wait())
    await page.goto(console.episode("people"))
    await page.wait_for_selector(".wait i")
    await seen(page, "Waiting for the people of this episode", "waiting")
    never.set()
    await page.unroute_all(behavior="ignoreErrors")


async def test_before_the_first_grouping_the_review_says_when_it_opens(page: Page, console: Console) -> None:
    early = refusal(409, "not_grouped_yet", "The episode is not grouped yet.")
    for pattern in ("**/timeline/**", "**/review/**"):
        await answering(page, pattern, **early)
    await page.goto(console.episode("review"))
    await seen(page, "The review opens at the first grouping", "not-grouped-yet")


async def test_nothing_left_to_decide_leads_to_the_result(page: Page, console: Console) -> None:
    await changing(page, "**/review/**", lambda data: data.update(questions=[], undecided_s=0.2, pays=0, total=0))
    await page.goto(console.episode("review"))
    await seen(page, "Everything above half a second is decided", "queue-empty")


async def test_no_faces_says_so(page: Page, console: Console) -> None:
    await changing(page, "**/review/**", lambda data: data.update(questions=[], undecided_s=0, decided_s=0, total_s=0))
    await page.goto(console.episode("review"))
    await seen(page, "No faces were found", "no-faces")


async def test_a_run_under_way_shows_how_far_it_is(page: Page, console: Console) -> None:
    def run(data: dict[str, Any]) -> None:
        for one in data["items"]:
            one["current_run"]["state"] = "running"

    await changing(page, "**/episodes?*", run)
    await changing(page, "**/status", lambda data: data["run"].update(state="running", fraction=0.42, seconds_left=75))
    await page.goto(console.at("episodes"))
    await seen(page, "42 % · 1:15 left", "running")


async def test_a_failed_run_says_why_and_goes_on_with_a_click(page: Page, console: Console) -> None:
    def fail(data: dict[str, Any]) -> None:
        for one in data["items"]:
            one["current_run"]["state"] = "failed"

    why = {"stage": "detector", "code": "truncated_video", "message": "The end of the file is missing."}
    await changing(page, "**/episodes?*", fail)
    await changing(page, "**/status", lambda data: data["run"].update(state="failed", failure=why))
    await page.goto(console.at("episodes"))
    await seen(page, "The end of the file is missing.", "failed")
    assert await page.get_by_role("button", name=f"Resume the run of {EP}").is_visible()


async def test_a_refusal_gives_the_reason_and_the_question_back(page: Page, console: Console) -> None:
    await show(page, console, "review")
    question = await page.evaluate("location.hash")
    refused = refusal(409, "identity_locked", "The identity is locked: unlock it first.")
    for pattern in ("**/extras/**", "**/links/**"):
        await answering(page, pattern, **refused)
    await page.keyboard.press("e")
    await page.wait_for_selector("text=The identity is locked: unlock it first.")
    await page.goto(console.url + "/" + question)
    await seen(page, "The identity is locked", "refused")


async def test_a_stale_answer_is_sent_again_by_itself_when_its_question_stands(page: Page, console: Console) -> None:
    tries: list[str] = []

    async def stale_once(route: Route) -> None:
        tries.append(route.request.headers["if-match"])
        if len(tries) == 1:
            await route.fulfill(**refusal(412, "version_conflict", "Somebody else was faster."))
        else:
            await route.fulfill(**body({"version": 1, "changed": True, "changes": [], "revision": None}))

    await show(page, console, "review")
    await page.route("**/extras/**", stale_once)
    await page.keyboard.press("e")
    await page.wait_for_selector("text=saved")
    await all_sent(page)
    assert len(tries) == 2


async def test_a_viewer_sees_everything_and_no_control(page: Page, console: Console) -> None:
    await answering(page, "**/session", **body(SESSION | {"role": "viewer"}))
    await show(page, console, "review")
    await seen(page, "You may look; an operator decides.", "viewer")
    assert await page.get_by_role("list", name="Answers").count() == 0
    await page.keyboard.press("e")
    assert await page.evaluate("window.pressed") == []
    await page.goto(console.at("episodes"))
    await page.wait_for_selector("table")
    assert await page.get_by_role("button", name="Run again").count() == 0


async def test_nobody_signed_in_is_asked_for_a_key(page: Page, console: Console) -> None:
    await answering(page, "**/session", **refusal(401, "not_authenticated", "That key is not in force."))
    await page.goto(console.at("episodes"))
    await page.get_by_label("API key").fill("not-a-key")
    await page.get_by_role("button", name="Sign in").click()
    await seen(page, "This key is not valid, or not any more", "sign-in")


async def test_whoever_has_an_account_elsewhere_signs_in_there_and_comes_back_to_the_same_place(
    page: Page, console: Console
) -> None:
    await answering(page, "**/session", **refusal(401, "not_authenticated", "Say who you are."))
    options = {"authentication": True, "key": True, "token": True, "oidc_start": "/session/oidc/start"}
    await answering(page, "**/session/options", **body(options))
    await page.goto(console.url + f"/?sign_in_failed=no_role#/ep/{EP}/people")
    link = page.get_by_role("link", name="Sign in with your organisation")
    assert await link.get_attribute("href") == f"/session/oidc/start?return_to=%2F%23%2Fep%2F{EP}%2Fpeople"
    await seen(page, "not as somebody who may use this", "sign-in-elsewhere")


async def test_what_is_not_there_or_not_ours_says_so(page: Page, console: Console) -> None:
    await page.goto(console.at("ep/no-such-show-s01e01/review"))
    await seen(page, "Not here, or not yours", "not-here")


async def test_a_service_that_is_down_is_said_and_tried_again(page: Page, console: Console) -> None:
    away = refusal(503, "dependency_unavailable", "The database does not answer.")
    await answering(page, "**/episodes?*", **away)
    await page.goto(console.at("episodes"))
    await seen(page, "The database does not answer.", "down")
    await page.unroute_all()
    await page.wait_for_selector("table")


SESSION = {
    "name": "Kim",
    "role": "admin",
    "shows": None,
    "by": "session",
    "expires_at": None,
    "csrf_token": "",
}
PLAYBACK = {
    "ep_id": EP,
    "state": "not_made",
    "source": "proxy",
    "why": "codec",
    "starts_at_s": 0,
    "fraction": None,
    "failure": None,
    "url": None,
    "url_expires_in_s": None,
}


async def test_a_video_that_is_being_made_playable_says_how_far(page: Page, console: Console) -> None:
    await answering(page, "**/playback", **body(PLAYBACK | {"state": "making", "fraction": 0.31}))
    await page.goto(console.episode("watch"))
    await seen(page, "A version that plays here is being made: 31 %", "proxy-making")


async def test_a_video_that_cannot_be_played_leaves_lanes_and_pictures(page: Page, console: Console) -> None:
    error = {"code": "unreadable", "message": "It cannot be decoded."}
    await answering(page, "**/playback", **body(PLAYBACK | {"state": "failed", "failure": error}))
    await page.goto(console.episode("watch"))
    await seen(page, "It cannot be decoded.", "unplayable")
    assert await page.locator(".lanes canvas").is_visible()


async def test_a_picture_that_is_gone_leaves_its_place_with_words(page: Page, console: Console) -> None:
    await answering(page, "**/media/*/pictures/**", status=404, body="")
    await show(page, console, "review")
    await seen(page, "no picture", "picture-gone")


async def test_a_deleted_episode_says_so_while_it_is_looked_at(page: Page, console: Console) -> None:
    gone = 'event: end\ndata: {"state": "deleted"}\n\n'
    await answering(page, "**/changes/*", content_type="text/event-stream", body=gone)
    await page.goto(console.episode("people"))
    await seen(page, "This episode was deleted.", "deleted")


async def test_an_empty_cast_says_how_it_fills(page: Page, console: Console) -> None:
    await answering(page, f"**/shows/{SHOW}/cast?*", **body({"items": [], "next_cursor": None, "total": 0}))
    await page.goto(console.at(f"show/{SHOW}/cast"))
    await seen(page, "Nobody is in the cast yet", "cast-empty")


async def test_no_such_page(page: Page, console: Console) -> None:
    await page.goto(console.at(f"ep/{EP}/nonsense"))
    await seen(page, "There is no such page", "no-such-page")
